"""Straps over Bluetooth, by a fake GATT server behind bleak: every sample once, gaps where they were made."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import math
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ecgomics.errors import SourceError
from ecgomics.live import Hub, pmd
from ecgomics.live.heart_rate import MEASUREMENT, HeartRate
from ecgomics.live.polar import Polar
from ecgomics.live.strap import Radio

_SPEC = importlib.util.spec_from_file_location("fake_straps", Path(__file__).with_name("fake_straps.py"))
fakes = importlib.util.module_from_spec(_SPEC)
sys.modules["fake_straps"] = fakes
_SPEC.loader.exec_module(fakes)

SPEED = 400.0


async def taken(source, one, *, until: int = 1 << 60) -> dict[int, int]:
    """µV by number of what came, until a number, or until the strap has ended."""
    got: dict[int, int] = {}

    async def leave():
        await one.ended.wait()
        await source.close()

    leaving = asyncio.create_task(leave())
    async with contextlib.aclosing(source.blocks()) as blocks:
        async for block in blocks:
            for k, value in enumerate(block.values[0]):
                assert block.first + k not in got
                got[block.first + k] = round(float(value) * 1000)
            if block.stop >= until:
                await source.close()
    leaving.cancel()
    return got


def run(work):
    return asyncio.run(asyncio.wait_for(work, 30))


def test_every_sample_comes_once_and_what_was_lost_is_left_out():
    lost = frozenset({3, 4, 17})

    async def work():
        one = fakes.Peripheral(lost=lost, speed=SPEED, end=40)
        source = Polar(radio=fakes.Air([one]).radio)
        await source.ready()
        assert source.description.name == one.name
        return await taken(source, one, until=40 * fakes.FRAME), source, one

    got, source, one = run(work())
    wanted = [k for frame in range(40) if frame not in lost for k in range(frame * 73, frame * 73 + 73)]
    assert list(got) == wanted
    assert all(got[k] == fakes.ecg_uv(k) for k in got)
    assert source.status.battery == 0.82
    assert source.status.state == "ended"
    assert one.written[0] == bytes((2, 0, 0, 1, 130, 0, 1, 1, 14, 0))
    assert one.written[-1] == pmd.STOP
    assert source.description == Polar()._describe(one.name)


def test_out_of_reach_is_a_gap_by_the_straps_own_clock():
    async def work():
        one = fakes.Peripheral(away=((5.0, 25.0),), speed=50.0, end=200)
        source = Polar(radio=fakes.Air([one]).radio, retry_s=(0.001,))
        states = set()

        async def watch():
            while True:
                states.add(source.status.state)
                await asyncio.sleep(0.001)

        watcher = asyncio.create_task(watch())
        got = await taken(source, one)
        watcher.cancel()
        return got, states, one

    got, states, one = run(work())
    numbers = np.array(list(got))
    jumps = np.flatnonzero(np.diff(numbers) != 1)
    assert len(jumps) == 1
    before, after = numbers[jumps[0]], numbers[jumps[0] + 1]
    assert before < 5.0 * 130 + 73
    assert after >= 25.0 * 130 - 73
    assert all(got[k] == fakes.ecg_uv(k) for k in got)
    assert sorted(got) == [k for f in range(200) if f not in one.missed for k in range(f * 73, f * 73 + 73)]
    assert states >= {"live", "lost"}
    assert one.connections == 2


def test_a_strap_that_samples_a_little_fast_makes_no_gaps():
    async def work():
        one = fakes.Peripheral(speed=5 * SPEED, skew=130 / 130.06, end=500)
        return await taken(Polar(radio=fakes.Air([one]).radio), one, until=500 * fakes.FRAME)

    assert list(run(work())) == list(range(500 * 73))


def test_the_strap_that_is_asked_for_is_taken():
    async def work():
        other = fakes.Peripheral(name="Polar H10 OTHER", address="A0:00:00:00:00:02", speed=SPEED)
        one = fakes.Peripheral(name="Polar H10 9B2A4C21", speed=SPEED)
        for wanted in ("9b2a4c21", one.address.lower()):
            source = Polar(wanted, radio=fakes.Air([other, one]).radio)
            await source.ready()
            assert source.description.name == one.name

    run(work())


def test_without_a_strap_or_bluetooth_it_is_said(monkeypatch):
    monkeypatch.setattr("ecgomics.live.strap.FIND_S", 0.05)

    class NoRadio:
        def __init__(self, *_, **__):
            raise FileNotFoundError(2, "No such file or directory", "/run/dbus/system_bus_socket")

    async def work():
        with pytest.raises(SourceError, match="no Polar H10 near"):
            await Polar(radio=fakes.Air([]).radio).ready()
        with pytest.raises(SourceError, match="Bluetooth") as told:
            await Polar(radio=Radio(scanner=NoRadio)).ready()
        assert "/run" not in str(told.value)

    run(work())


def test_a_strap_that_refuses_is_hopeless_and_one_in_its_charger_is_waited_for():
    async def work():
        one = fakes.Peripheral(refusal=3, speed=SPEED)
        with pytest.raises(SourceError, match="not supported"):
            await taken(Polar(radio=fakes.Air([one]).radio), one, until=1)
        one = fakes.Peripheral(refusal=13, speed=SPEED)
        source = Polar(radio=fakes.Air([one]).radio, retry_s=(0.001,))

        async def unplug():
            await asyncio.sleep(0.05)
            assert "charger" in source.status.reason
            one.refusal, one.end = 0, 1

        task = asyncio.create_task(unplug())
        got = await taken(source, one, until=73)
        await task
        return got

    assert len(run(work())) == 73


def test_hostile_notifications_are_counted_and_left_out():
    async def work():
        one = fakes.Peripheral(speed=1.0)
        source = Polar(radio=fakes.Air([one]).radio)

        async def attack():
            while one.client is None or pmd.DATA not in one.client.heard:
                await asyncio.sleep(0.001)
            for junk in (b"", b"\xff" * 500, b"\0" * 11, fakes.packet(0)[:-1]):
                one.notify(pmd.DATA, junk)
            one.notify(pmd.DATA, fakes.packet(0))
            one.notify(pmd.DATA, fakes.packet(0))
            one.notify(pmd.DATA, fakes.packet(73))

        task = asyncio.create_task(attack())
        got = await taken(source, one, until=146)
        await task
        return got, source

    got, source = run(work())
    assert list(got) == list(range(146))
    assert source.refused == 4


def test_a_sensor_that_does_not_tell_its_charge_still_sends():
    async def work():
        one = fakes.Peripheral(battery=None, speed=SPEED)
        source = Polar(radio=fakes.Air([one]).radio)
        await taken(source, one, until=73)
        return source

    assert math.isnan(run(work()).status.battery)


def test_nothing_for_long_is_a_lost_connection(monkeypatch):
    monkeypatch.setattr("ecgomics.live.strap.STALL_S", 0.05)

    async def work():
        one = fakes.Peripheral(lost=frozenset(range(2, 200)), speed=SPEED, end=500)
        got = await taken(Polar(radio=fakes.Air([one]).radio, retry_s=(0.001,)), one)
        return got, one

    got, one = run(work())
    assert one.connections > 1
    assert list(got)[:147] == [*range(146), min(set(range(200, 500)) - one.missed) * 73]


def test_a_hub_that_closes_tells_the_strap_to_stop(tmp_path):
    one = fakes.Peripheral(speed=10.0)
    hub = Hub(tmp_path / "c.live")
    stream = hub.add(Polar(radio=fakes.Air([one]).radio))
    ends = time.monotonic() + 20
    while stream.next < 146:
        assert time.monotonic() < ends
        time.sleep(0.01)
    hub.stop(stream.id)
    hub.close()
    assert one.written[-1] == pmd.STOP
    assert one.client is None


def test_intervals_become_beats_of_a_stream(tmp_path):
    one = fakes.Peripheral(name="Some Watch")
    hub = Hub(tmp_path / "c.live")
    try:
        stream = hub.add(HeartRate(radio=fakes.Air([one]).radio))
        ends = time.monotonic() + 20
        sent = 0
        while len(hub.reader(stream.id).beats_since(0)) < 20:
            assert time.monotonic() < ends
            if one.client is not None and MEASUREMENT in one.client.heard and sent < 30:
                data, sent = beat(820), sent + 1
                hub._loop.call_soon_threadsafe(one.notify, MEASUREMENT, data)
            time.sleep(0.02)
        beats = hub.reader(stream.id).beats_since(0)
    finally:
        hub.close()
    assert [round(b.rr_s * 1024) for b in beats[1:20]] == [820] * 19


# RR intervals


def beat(*rr: int) -> bytes:
    return bytes((0x16, 60)) + b"".join(one.to_bytes(2, "little") for one in rr)


def test_rr_intervals_come_in_order_and_lost_ones_leave_their_numbers_out(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("ecgomics.live.strap.time", SimpleNamespace(monotonic=lambda: clock[0]))

    async def work():
        one = fakes.Peripheral(name="Some Watch", speed=1.0)
        source = HeartRate(radio=fakes.Air([one]).radio)
        await source.ready()

        async def send():
            while one.client is None or MEASUREMENT not in one.client.heard:
                await asyncio.sleep(0.001)
            # a notification a second; five are lost between 110 and 115
            for second in range(20):
                clock[0] = 101.0 + second
                if not 10 <= second < 15:
                    one.notify(MEASUREMENT, beat(512, 512) if second else beat(1024))
            clock[0] = 121.0
            one.notify(MEASUREMENT, bytes((0x06, 60)))

        task = asyncio.create_task(send())
        blocks = []
        async with contextlib.aclosing(source.blocks()) as coming:
            async for block in coming:
                blocks.append(block)
                if len(blocks) == 15:
                    await source.close()
        await task
        return blocks, source

    blocks, source = run(work())
    assert (source.description.leads, source.description.rate_hz) == ((), 0.0)
    assert source.description.name == "Some Watch"
    firsts = [block.first for block in blocks]
    assert firsts == [0, *range(1, 19, 2), *range(29, 39, 2)]
    assert blocks[0].values.tolist() == [[1.0]]
    assert all(block.values.tolist() == [[0.5, 0.5]] for block in blocks[1:])
