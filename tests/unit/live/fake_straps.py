"""Straps that are not there: GATT servers behind bleak's own seam, with exact frames, and losses a test makes."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field
from typing import Any

from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakError

from ecgomics.live import pmd
from ecgomics.live.heart_rate import MEASUREMENT, HeartRate
from ecgomics.live.strap import BATTERY, Radio

FRAME = 73
EPOCH_NS = 599_616_000_000_000_000


def ecg_uv(number: int) -> int:
    """The ECG of these straps, µV, by the number of the sample: 75 beats a minute."""
    t = (number % 104) / 104
    waves = ((0.20, 0.03, 120), (0.37, 0.008, -150), (0.40, 0.010, 1100), (0.43, 0.010, -250), (0.65, 0.06, 280))
    return round(sum(height * math.exp(-(((t - at) / width) ** 2)) for at, width, height in waves))


_BEAT = [ecg_uv(number).to_bytes(3, "little", signed=True) for number in range(104)]


def packet(number: int, *, count: int = FRAME, skew: float = 1.0) -> bytes:
    """The frame of samples `number` to before `number + count`, by a clock that runs `skew` times too fast."""
    stamp = EPOCH_NS + round((number + count) * 1e9 / pmd.RATE_HZ * skew)
    samples = b"".join(_BEAT[k % 104] for k in range(number, number + count))
    return bytes((pmd.ECG,)) + stamp.to_bytes(8, "little") + b"\0" + samples


@dataclass
class Peripheral:
    """A sensor in the air.

    Attributes
    ----------
    lost
        Numbers of the notifications that never arrive.
    missed
        Numbers of those that nobody heard, once it has run.
    away
        Stretches of its own time, s, during which it is out of reach (its clock goes on).
    speed
        How much faster than life it sends.
    """

    name: str = "Polar H10 FAKE0001"
    address: str = "A0:9E:1A:00:00:01"
    services: tuple[str, ...] = (HeartRate.SERVICE,)
    lost: frozenset[int] = frozenset()
    away: tuple[tuple[float, float], ...] = ()
    speed: float = 1.0
    skew: float = 1.0
    battery: int | None = 82
    refusal: int = 0
    end: int | None = None
    frames: int = 0
    missed: set[int] = field(default_factory=set)
    written: list[bytes] = field(default_factory=list)
    connections: int = 0
    client: Any = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _task: Any = None

    @property
    def now_s(self) -> float:
        """Its own time, s since it was switched on."""
        return self.frames * FRAME / pmd.RATE_HZ

    @property
    def heard(self) -> int:
        """Number after the last notification that somebody heard."""
        return max(set(range(self.frames)) - self.missed, default=-1) + 1

    @property
    def is_near(self) -> bool:
        """Whether it can be reached."""
        return not any(start <= self.now_s < stop for start, stop in self.away)

    def switch_on(self) -> None:
        """Let its clock run."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._live())

    async def _live(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        while self.end is None or self.frames < self.end:
            self.frames += 1
            await asyncio.sleep(max(0.0, began + self.now_s / self.speed - loop.time()))
            if not self.is_near and self.client is not None:
                self.client.drop()
            if self.frames - 1 in self.lost or self.client is None or pmd.DATA not in self.client.heard:
                self.missed.add(self.frames - 1)
            else:
                self.notify(pmd.DATA, packet((self.frames - 1) * FRAME, skew=self.skew))
        self.ended.set()

    def notify(self, uuid: str, data: bytes) -> None:
        """Send a notification to whoever asked for it."""
        if self.client is not None and uuid in self.client.heard:
            self.client.heard[uuid](bytearray(data))


@dataclass
class Air:
    """What is near; `radio` is how a strap of ours reaches it."""

    peripherals: list[Peripheral]

    @property
    def radio(self) -> Radio:
        """bleak's backends for this air."""
        air = self

        class Scanner(BaseBleakScanner):
            def __init__(self, detection_callback: Any, service_uuids: Any, scanning_mode: Any, **_: Any) -> None:
                super().__init__(detection_callback, service_uuids)

            async def start(self) -> None:
                self._task = asyncio.get_running_loop().create_task(self._look())

            async def _look(self) -> None:
                while True:
                    for one in air.peripherals:
                        if one.is_near:
                            told = AdvertisementData(one.name, {}, {}, list(one.services), None, -60, ())
                            device = self.create_or_update_device(one.address, one.address, one.name, one, told)
                            self.call_detection_callbacks(device, told)
                    await asyncio.sleep(0.005)

            async def stop(self) -> None:
                self._task.cancel()

        class Client(_Client):
            pass

        return Radio(scanner=Scanner, client=Client)


class _Client(BaseBleakClient):
    def __init__(self, address_or_ble_device: BLEDevice, **more: Any) -> None:
        super().__init__(
            address_or_ble_device, disconnected_callback=more["disconnected_callback"], timeout=more["timeout"]
        )
        self.one: Peripheral = address_or_ble_device.details
        self.heard: dict[str, Any] = {}
        self._up = False

    async def connect(self, pair: bool, **_: Any) -> None:
        if not self.one.is_near:
            raise BleakError("out of reach")
        self.services = _services(self.one)
        self._up, self.one.client = True, self
        self.one.connections += 1

    async def disconnect(self) -> None:
        self._up, self.one.client = False, None

    def drop(self) -> None:
        self._up, self.one.client = False, None
        self.heard = {}
        if self._disconnected_callback is not None:
            self._disconnected_callback()

    @property
    def is_connected(self) -> bool:
        return self._up

    @property
    def mtu_size(self) -> int:
        return 232

    @property
    def name(self) -> str:
        return self.one.name

    async def pair(self, *args: Any, **kwargs: Any) -> None:
        return None

    async def unpair(self) -> None:
        return None

    async def read_gatt_char(self, characteristic: Any, **_: Any) -> bytearray:
        if characteristic.uuid == BATTERY and self.one.battery is not None:
            return bytearray((self.one.battery,))
        raise BleakError("cannot be read")

    async def write_gatt_char(self, characteristic: Any, data: Any, response: bool) -> None:
        self.one.written.append(bytes(data))
        if characteristic.uuid == pmd.CONTROL:
            answer = bytes((pmd.ANSWER, data[0], data[1], self.one.refusal, 0))
            asyncio.get_running_loop().call_soon(self.heard[pmd.CONTROL], bytearray(answer))
            if data[0] == pmd.START[0] and not self.one.refusal:
                self.one.switch_on()

    async def start_notify(self, characteristic: Any, callback: Any, **_: Any) -> None:
        self.heard[characteristic.uuid] = callback

    async def stop_notify(self, characteristic: Any) -> None:
        self.heard.pop(characteristic.uuid, None)

    async def read_gatt_descriptor(self, descriptor: Any, **_: Any) -> bytearray:
        raise BleakError("no descriptors")

    async def write_gatt_descriptor(self, descriptor: Any, data: Any) -> None:
        raise BleakError("no descriptors")


def _services(one: Peripheral) -> BleakGATTServiceCollection:
    made, handle = BleakGATTServiceCollection(), 1
    battery = {} if one.battery is None else {"0000180f-0000-1000-8000-00805f9b34fb": [BATTERY]}
    for uuid, parts in {
        pmd.SERVICE: [pmd.CONTROL, pmd.DATA],
        HeartRate.SERVICE: [MEASUREMENT],
        **battery,
    }.items():
        service = BleakGATTService(None, handle, uuid)
        made.add_service(service)
        for part in parts:
            handle += 1
            made.add_characteristic(
                BleakGATTCharacteristic(None, handle, part, ["read", "notify"], lambda: 20, service)
            )
        handle += 1
    return made
