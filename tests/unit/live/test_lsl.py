"""The Lab Streaming Layer, with real outlets on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from ecgomics.errors import SourceError
from ecgomics.live.lsl import Lsl, _Stamps

RATE = 250.0


@pytest.fixture(scope="module", autouse=True)
def loopback(tmp_path_factory):
    """The layer looks on this machine alone."""
    path = tmp_path_factory.mktemp("lsl") / "lsl.cfg"
    path.write_text("[multicast]\nResolveScope = machine\n[lab]\nKnownPeers = {127.0.0.1}\n[log]\nlevel = -3\n")
    before = os.environ.get("LSLAPICFG")
    os.environ["LSLAPICFG"] = str(path)
    yield
    if before is None:
        del os.environ["LSLAPICFG"]
    else:
        os.environ["LSLAPICFG"] = before


def outlet(name: str, *, units=("microvolts", "microvolts"), labels=("ii", "V1"), kind="ECG", rate=RATE, types=()):
    import pylsl

    info = pylsl.StreamInfo(name, kind, len(labels), rate, "float32", f"id-{name}")
    channels = info.desc().append_child("channels")
    for k, label in enumerate(labels):
        channel = channels.append_child("channel")
        channel.append_child_value("label", label)
        if units:
            channel.append_child_value("unit", units[k])
        if types:
            channel.append_child_value("type", types[k])
    info.desc().append_child("acquisition").append_child_value("manufacturer", "Maker")
    return pylsl.StreamOutlet(info, max_buffered=60)


def chunk(start: int, stop: int) -> list[list[float]]:
    return [[float(k % 1000), -float(k % 1000)] for k in range(start, stop)]


def run(work):
    return asyncio.run(asyncio.wait_for(work, 30))


async def taken(source, *, until: int, send=None) -> dict[int, float]:
    got = {}
    async with contextlib.aclosing(source.blocks()) as blocks:
        sending = asyncio.create_task(send()) if send else None
        async for block in blocks:
            got |= {block.first + k: round(float(v) * 1000) for k, v in enumerate(block.values[0])}
            if max(got) + 1 >= until:
                await source.close()
        if sending:
            await sending
    return got


def test_samples_stamped_regularly_are_numbered_to_the_sample():
    import pylsl

    async def work():
        out = outlet("Regular")
        source = Lsl("Regular")
        await source.ready()
        description = source.description
        assert (description.leads, description.rate_hz, description.device) == (("II", "V1"), RATE, "Maker")

        async def send():
            while not out.have_consumers():
                await asyncio.sleep(0.01)
            begun = pylsl.local_clock()
            pieces = (
                [(k, k + 10) for k in range(0, 400, 10)] + [(k, k + 10) for k in range(402, 500, 10)] + [(600, 640)]
            )
            for start, stop in pieces:
                stamps = (begun + np.arange(start, stop) / RATE).tolist()
                out.push_chunk(chunk(start, stop), stamps)
                await asyncio.sleep(0.055)

        return await taken(source, until=640, send=send)

    got = run(work())
    # two samples left out by a sender that stamps regularly are seen, once it has proved to do so
    assert list(got) == [*range(400), *range(402, 502), *range(600, 640)]
    assert all(got[k] == k % 1000 for k in got)


SENDER = """
import sys, time, pylsl
info = pylsl.StreamInfo("Killed", "ECG", 1, 250.0, "float32", "id-Killed")
channel = info.desc().append_child("channels").append_child("channel")
channel.append_child_value("label", "II"); channel.append_child_value("unit", "mV")
out = pylsl.StreamOutlet(info)
while not out.have_consumers():
    time.sleep(0.01)
begun = float(sys.argv[1]) or pylsl.local_clock()
print(begun, flush=True)
k = int((pylsl.local_clock() - begun) * 250)
while True:
    out.push_chunk([[float(k + j) / 1000] for j in range(10)], [begun + (k + j) / 250 for j in range(10)])
    k += 10
    time.sleep(max(0, begun + k / 250 - pylsl.local_clock()))
"""


def test_a_sender_that_is_killed_and_comes_back_leaves_a_gap_by_its_stamps():
    def start(begun: float = 0.0):
        return subprocess.Popen([sys.executable, "-c", textwrap.dedent(SENDER), str(begun)], stdout=subprocess.PIPE)

    async def work():
        sender = start()
        source = Lsl("type=ECG", retry_s=(0.05,))
        got = {}
        killed = False
        try:
            async with contextlib.aclosing(source.blocks()) as blocks:
                async for block in blocks:
                    got |= {block.first + k: round(float(v) * 1000) for k, v in enumerate(block.values[0])}
                    if not killed and len(got) > 100:
                        killed = True
                        sender.kill()
                        with sender.stdout:
                            begun = float(sender.stdout.readline())
                        sender.wait()
                        sender = start(begun)
                    if killed and max(got) - len(got) > 20 and len(got) > 300:
                        await source.close()
        finally:
            sender.kill()
            sender.wait()
            sender.stdout.close()
        return got

    got = run(work())
    numbers = np.array(list(got))
    jumps = np.flatnonzero(np.diff(numbers) > 1)
    assert len(jumps) == 1
    # values tell the sender's own count: what is missing in the numbers is what was not sent
    assert all(got[k] - got[0] in (k - 1, k, k + 1) for k in got)


def test_units_types_and_what_is_no_ecg():
    async def work():
        outlets = [
            outlet("Typed", units=("mV", "mV"), labels=("V2", "breath"), types=("ECG", "RESP")),
            outlet("Mixed", units=("celsius", "V"), labels=("heat", "")),
            outlet("Bare", units=(), kind="Odd"),
            outlet("Marks", rate=0.0),
        ]
        typed, mixed = Lsl("Typed"), Lsl("Mixed")
        await typed.ready()
        await mixed.ready()
        assert typed.description.leads == ("V2",)
        assert mixed.description.leads == ("ECG2",)
        assert mixed._scale.tolist() == [1000.0]
        with pytest.raises(SourceError, match="unit=uV"):
            await Lsl("Bare").ready()
        stated = Lsl("source_id=id-Bare?unit=uV")
        await stated.ready()
        assert stated._scale.tolist() == pytest.approx([0.001, 0.001])
        with pytest.raises(SourceError, match="rate"):
            await Lsl("Marks").ready()
        del outlets

    run(work())


def test_a_stream_that_is_not_there_is_said(monkeypatch):
    monkeypatch.setattr("ecgomics.live.lsl.FIND_S", 0.3)
    with pytest.raises(SourceError, match="no stream"):
        run(Lsl("Nothing of the kind").ready())
    for hostile in ("a' or '1'='1", "<x>", "a" * 200):
        with pytest.raises(SourceError, match="no stream can have"):
            Lsl(hostile)


def firsts(stamps_of_pieces: list[np.ndarray]) -> list[int]:
    stamps = _Stamps(RATE)
    return [b.first for p in stamps_of_pieces for b in stamps.blocks((np.zeros((1, len(p)), np.float32), p))]


def test_stamps_as_they_can_be_given_make_no_gaps():
    random = np.random.default_rng(3)
    ends = 5000.0 + np.arange(1, 600) * 20 / RATE + random.uniform(0, 0.03, 599)
    pieces = [end - np.arange(20)[::-1] / RATE for end in ends]
    assert firsts(pieces) == list(range(0, 599 * 20, 20))
    # the same stamp for all is no loss either
    assert firsts([np.full(20, 7.0)] * 50) == list(range(0, 1000, 20))


def test_a_gap_inside_what_came_at_once_is_seen():
    piece = 10.0 + np.r_[0:50, 200:250] / RATE
    assert firsts([piece]) == [0, 200]
