"""`Strap`: a sensor on the body, reached over Bluetooth by the operating system (bleak), that comes back by itself."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from abc import abstractmethod
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ecgomics.errors import FormatError, SourceError
from ecgomics.live.block import Block
from ecgomics.live.source import Description, Source, Status

BATTERY = "00002a19-0000-1000-8000-00805f9b34fb"
"""Battery Level of the Bluetooth SIG: a byte, per cent."""

FIND_S = 20.0
AGAIN_S = 10.0
"""How long is looked for a sensor: at first, and each time it was lost."""
STALL_S = 10.0
"""A connection over which nothing comes for this long is given up."""
MOST_WAITING = 2048
"""Notifications that may wait to be read; beyond them the oldest are lost, which is a gap."""
RETRY_S = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Pauses between attempts to reach a lost sensor; the last one is repeated."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Radio:
    """How Bluetooth is reached: bleak's own backend for the operating system, or others of its kind.

    Attributes
    ----------
    scanner, client
        Subclasses of bleak's ``BaseBleakScanner`` and ``BaseBleakClient``; none for the operating system's.
    """

    scanner: Any = None
    client: Any = None


@dataclass(frozen=True)
class Notice:
    """A notification: what it said, and when it came (s of `time.monotonic`)."""

    data: bytes
    came_s: float


class Strap(Source):
    """A sensor over Bluetooth.

    Parameters
    ----------
    address
        Address (on macOS: id) of the sensor, or a part of its name; empty for the first that is found.
    radio
        How Bluetooth is reached.
    retry_s
        Pauses between attempts to reach it again, s.
    """

    KIND = ""
    WANTED = ""
    SERVICE = ""

    def __init__(self, address: str = "", *, radio: Radio | None = None, retry_s: Sequence[float] = RETRY_S) -> None:
        self._wanted = address.strip().lower()
        self._radio = radio or Radio()
        self._retry_s = tuple(retry_s)
        self._name, self._found = "", ""
        self._status = Status()
        self._over = asyncio.Event()
        self._notices: asyncio.Queue[Notice | None] = asyncio.Queue(MOST_WAITING)
        self.refused = 0

    @property
    def description(self) -> Description:
        """What it is."""
        return self._describe(self._name or self.WANTED)

    @property
    def status(self) -> Status:
        """How it is now, with its battery."""
        return self._status

    async def ready(self) -> None:
        """Look for the sensor. Raises SourceError when there is none, or no Bluetooth."""
        from bleak.exc import BleakError

        try:
            found = await self._find(FIND_S)
        except (BleakError, OSError) as error:
            raise SourceError(
                f"a computer whose Bluetooth cannot be used ({_named(error)})",
                expected="Bluetooth Low Energy, switched on",
                remedy="switch it on and let this program use it",
            ) from None
        if found is None:
            raise SourceError(
                f"no {self.WANTED} near",
                expected="one that is worn, wet at its electrodes, and not connected elsewhere",
                remedy="close other apps that use it, and try again",
            )

    async def close(self) -> None:
        """Let go of the sensor."""
        self._over.set()
        self._put(None)

    async def blocks(self) -> AsyncIterator[Block]:
        """Blocks as they come; a lost connection is tried again until `close`.

        Raises
        ------
        SourceError
            When the sensor refuses what it is asked for.
        """
        from bleak.exc import BleakError

        turn = 0
        while not self._over.is_set():
            try:
                async with self._connected() as client:
                    await self._begin(client)
                    await self._charge(client)
                    async for notice in self._heard():
                        turn = 0
                        block = self._read(notice)
                        if block is not None:
                            yield block
                reason = "out of reach"
            except (BleakError, OSError, TimeoutError, EOFError) as error:
                reason = _named(error)
            if self._over.is_set():
                break
            self._now("lost" if self._status.state != "connecting" else "connecting", reason)
            pause = self._retry_s[min(turn, len(self._retry_s) - 1)]
            turn += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), pause)
        self._now("ended", "")

    @abstractmethod
    def _describe(self, name: str) -> Description: ...

    @abstractmethod
    async def _begin(self, client: Any) -> None:
        """Ask a connected sensor to send; its notifications go to `_take`."""

    @abstractmethod
    async def _stop(self, client: Any) -> None:
        """Ask it to stop."""

    @abstractmethod
    def _block(self, notice: Notice) -> Block | None:
        """A notification as a block; none when there is nothing in it. Raises FormatError."""

    def _take(self, _sender: Any, data: bytearray) -> None:
        self._put(Notice(bytes(data), time.monotonic()))

    def _put(self, notice: Notice | None) -> None:
        if self._notices.full():
            self._notices.get_nowait()
        self._notices.put_nowait(notice)

    def _read(self, notice: Notice) -> Block | None:
        try:
            return self._block(notice)
        except FormatError as error:
            self.refused += 1
            logger.warning("a notification was refused: %s", error)
            return None

    async def _heard(self) -> AsyncIterator[Notice]:
        while True:
            notice = await asyncio.wait_for(self._notices.get(), STALL_S)
            if notice is None:
                return
            self._now("live", "")
            yield notice

    async def _find(self, seconds: float) -> Any:
        from bleak import BleakScanner

        def ours(device: Any, told: Any) -> bool:
            name = told.local_name or device.name or ""
            if self._wanted:
                return device.address.lower() == self._wanted or self._wanted in name.lower()
            return self._is_wanted(name, [str(uuid).lower() for uuid in told.service_uuids])

        more = {} if self._radio.scanner is None else {"backend": self._radio.scanner}
        found = await BleakScanner.find_device_by_filter(ours, timeout=seconds, **more)
        if found is not None:
            self._name = self._name or found.name or ""
            # the same sensor again, not another that is near
            self._wanted = found.address.lower()
        return found

    def _is_wanted(self, name: str, services: list[str]) -> bool:
        return self.SERVICE in services

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[Any]:
        from bleak import BleakClient

        device = await self._find(AGAIN_S)
        if device is None:
            raise TimeoutError
        while not self._notices.empty():
            self._notices.get_nowait()
        more = {} if self._radio.client is None else {"backend": self._radio.client}
        client = BleakClient(device, disconnected_callback=lambda _: self._put(None), **more)
        await client.connect()
        try:
            yield client
        finally:
            if client.is_connected:
                with contextlib.suppress(Exception):
                    await self._stop(client)
                with contextlib.suppress(Exception):
                    await client.disconnect()

    async def _charge(self, client: Any) -> None:
        from bleak.exc import BleakError

        def told(_sender: Any, data: bytearray) -> None:
            if data:
                self._status = replace(self._status, battery=min(data[0], 100) / 100)

        try:
            told(None, await client.read_gatt_char(BATTERY))
            await client.start_notify(BATTERY, told)
        except (BleakError, OSError):
            # a sensor that does not tell its charge still sends
            logger.info("the sensor does not tell its charge")

    def _now(self, state: Any, reason: str) -> None:
        if (state, reason) != (self._status.state, self._status.reason):
            self._status = replace(self._status, state=state, reason=reason)


def _named(error: BaseException) -> str:
    """What went wrong, without the addresses and paths an error's words may hold."""
    if isinstance(error, TimeoutError):
        return "nothing comes from it"
    reason = getattr(error, "reason", None)
    if reason is not None and hasattr(reason, "name"):
        return str(reason.name).lower().replace("_", " ")
    return getattr(error, "strerror", None) or type(error).__name__
