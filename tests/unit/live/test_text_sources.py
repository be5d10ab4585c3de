"""Serial ports (pseudo terminals here) and UDP on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import tty

import pytest

from ecgomics.errors import SourceError
from ecgomics.live.line_source import SerialLines, UdpLines

HEAD = b'# {"rate_hz": 250, "columns": ["seq", "II"], "device": "Board"}\n'


def rows(start: int, stop: int) -> bytes:
    return b"".join(b"%d,%.3f\n" % (k, k % 500 / 1000) for k in range(start, stop))


async def taken(source, *, until: int, then=None) -> dict[int, float]:
    got = {}
    async with contextlib.aclosing(source.blocks()) as blocks:
        async for block in blocks:
            got |= {block.first + k: round(float(v), 4) for k, v in enumerate(block.values[0])}
            if then is not None:
                await then(got)
            if max(got) + 1 >= until:
                await source.close()
    return got


def run(work):
    return asyncio.run(asyncio.wait_for(work, 20))


def wanted(*numbers: int) -> dict[int, float]:
    return {k: k % 500 / 1000 for k in numbers}


@pytest.fixture
def port(tmp_path):
    """A pseudo terminal: where to write, and a name that stays when it is plugged in again."""
    opened = []

    def plug() -> int:
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        link = tmp_path / "ttyFAKE"
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(theirs))
        opened.extend((ours, theirs))
        return ours

    plug.name = str(tmp_path / "ttyFAKE")
    plug.opened = opened
    yield plug
    for handle in opened:
        with contextlib.suppress(OSError):
            os.close(handle)


def test_lines_of_a_serial_port_are_samples(port):
    ours = port()

    async def work():
        source = SerialLines(port.name)
        # opening a port drops what lies in it
        await source._begin()
        os.write(ours, b"e of a line\n7,1\n" + HEAD + rows(0, 100))
        await source.ready()
        assert source.description.leads == ("II",)
        assert (source.description.rate_hz, source.description.device) == (250.0, "Board")
        os.write(ours, b"\xff\xfe junk\n" + rows(100, 150) + rows(160, 200)[:-3])
        os.write(ours, rows(160, 200)[-3:])
        return await taken(source, until=200), source

    got, source = run(work())
    assert got == wanted(*range(150), *range(160, 200))
    assert source.reader.refused == {"a row before its head": 1, "a line that is no ASCII": 1}
    assert source.status.state == "ended"


def test_a_port_that_goes_away_is_opened_again(port):
    ours = port()
    states = []

    async def work():
        source = SerialLines(f"{port.name}?rate=250&columns=seq,II", retry_s=(0.01,))
        await source._begin()
        os.write(ours, b"9,0\n" + rows(0, 50) + b"50,0.0")
        plugged = []

        async def unplug(got):
            if not plugged and max(got) == 49:
                plugged.append(True)
                for handle in port.opened:
                    os.close(handle)
                await asyncio.sleep(0.15)
                states.append(source.status.state)
                back = port()
                await asyncio.sleep(0.1)
                os.write(back, rows(79, 100)[1:])

        return await taken(source, until=100, then=unplug)

    assert run(work()) == wanted(*range(50), *range(80, 100))
    assert states == ["lost"]


@pytest.mark.parametrize(
    "what",
    [
        "",
        "x?baud=fast",
        "x?columns=II",
        "x?rate=250&columns=II,II",
        "x?rate=a&columns=II",
        "x?rate=9&columns=I&modulo=z",
    ],
)
def test_what_cannot_be_understood_is_said(what):
    with pytest.raises(SourceError):
        SerialLines(what)


def test_a_port_that_is_not_there_is_said():
    async def work():
        with pytest.raises(SourceError, match="cannot be opened") as told:
            await SerialLines("/dev/no-such-port").ready()
        assert "no-such" not in str(told.value)

    run(work())


def test_a_port_without_a_head_is_said(port, monkeypatch):
    port()
    monkeypatch.setattr("ecgomics.live.line_source.HEAD_S", 0.1)

    async def work(text: bytes, match: str):
        source = SerialLines(port.name)
        await source._begin()
        os.write(port.opened[0], text)
        with pytest.raises(SourceError, match=match):
            await source.ready()

    run(work(b"1,2\n1,2\n", "without a head"))
    run(work(b"", "nothing comes"))


def test_packets_of_lines_are_samples_also_when_they_come_late_or_twice():
    async def work():
        source = UdpLines("0")
        await source._begin()
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
        ):
            for text in (HEAD, rows(0, 50), rows(60, 70), rows(50, 60), rows(60, 70), rows(80, 90)[:-1]):
                wire.sendto(text, ("127.0.0.1", source.port))
            other.sendto(rows(0, 50), ("127.0.0.1", source.port))
            wire.sendto(b"\x00" * 2000, ("127.0.0.1", source.port))
            wire.sendto(rows(90, 100), ("127.0.0.1", source.port))
            await source.ready()
            return await taken(source, until=100), source

    got, source = run(work())
    assert got == wanted(*range(70), *range(80, 100))
    assert source.reader.refused["a packet of another sender"] == 1
    assert source.reader.refused.total() == 2


def test_a_udp_port_listens_on_this_machine_unless_told_otherwise():
    assert UdpLines("9000")._address == ("127.0.0.1", 9000)
    assert UdpLines("0.0.0.0:9000")._address == ("0.0.0.0", 9000)
    for what in ("", "port", "70000", "1.2.3.4:"):
        with pytest.raises(SourceError):
            UdpLines(what)


def test_a_head_is_json_and_its_unit_is_heeded():
    head = json.dumps({"rate_hz": 100, "columns": ["time_ms", "ECG"], "unit": "uV", "zero": 10})

    async def work():
        source = UdpLines("0")
        await source._begin()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
            wire.sendto(f"# {head}\n0,510\n10,10\n40,1010".encode(), ("127.0.0.1", source.port))
            return await taken(source, until=5)

    assert run(work()) == {0: 0.5, 1: 0.0, 4: 1.0}
