"""Streams of a process: pushes and sources in, readers out, recordings as pins, ends that are told."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator

import numpy as np
import pytest

from ecgomics.errors import SourceError, StreamError
from ecgomics.live import (
    Block,
    Description,
    Hub,
    Reader,
    Source,
    Status,
    Stream,
    begin_recording,
    discard_recording,
    end_recording,
    live_folder,
    recordings_of,
)
from ecgomics.settings import LiveSettings

ONE = Description("strap", "test", ("II",), 100.0)


def block(first: int, stop: int) -> Block:
    return Block(first, np.arange(first, stop, dtype=np.float32)[None] * np.float32(0.001))


@pytest.fixture
def hub(tmp_path):
    made = Hub(tmp_path / "demo.live", settings=LiveSettings(save_every_s=0.1, silent_s=0.5))
    yield made
    made.close()


def until(what, *, seconds: float = 5.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.01)
    raise AssertionError("it did not come about in time")


class Counter(Source):
    """Counts, with one jump, then ends or fails."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.closed = False
        self._status = Status("connecting")

    @property
    def description(self) -> Description:
        return ONE

    @property
    def status(self) -> Status:
        return self._status

    async def blocks(self) -> AsyncIterator[Block]:
        self._status = Status("live", battery=0.8)
        for first in (0, 10, 30):
            yield block(first, first + 10)
            await asyncio.sleep(0)
        if self.fails:
            raise SourceError("a sensor that is not there")
        self._status = Status("ended", battery=0.8)

    async def close(self) -> None:
        self.closed = True


def test_looking_at_streams_loads_no_model_or_compiler():
    code = "import sys, ecgomics.live; print(' '.join(sys.modules))"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert not loaded & {"torch", "numba", "sklearn", "umap", "matplotlib", "panel", "bleak", "pylsl", "serial", "zarr"}


def test_a_cohort_has_its_streams_beside_it(tmp_path):
    assert live_folder(tmp_path / "demo.zarr") == tmp_path / "demo.live"


def test_what_is_pushed_is_seen_by_another_process_at_once(hub):
    feed = hub.feed(ONE, person="p7")
    assert feed.next == 0
    assert feed.push(block(0, 50)) == 50
    other = Hub(hub.folder)
    (seen,) = other.streams()
    assert seen.id == feed.id
    assert seen.head.person == "p7"
    assert seen.next == 50
    assert seen.status.state == "live"


def test_a_sender_goes_on_after_an_interruption(hub):
    feed = hub.feed(ONE)
    feed.push(block(0, 50))
    again = hub.feed(ONE, id=feed.id)
    assert again.next == 50
    assert again.push(block(30, 80)) == 80
    assert hub.reader(feed.id).gaps == ()


def test_a_sender_goes_on_after_the_server_has_gone(tmp_path):
    first = Hub(tmp_path / "x.live")
    feed = first.feed(ONE)
    feed.push(block(0, 50))
    first.stream(feed.id).journal.close()
    second = Hub(tmp_path / "x.live")
    again = second.feed(ONE, id=feed.id)
    assert again.next == 50
    again.push(block(50, 60))
    first_number, values = Reader(tmp_path / "x.live" / feed.id).since(0)
    assert first_number == 0
    np.testing.assert_array_equal(values, block(0, 60).values)
    second.close()
    first.close()


def test_a_new_session_of_a_sensor_comes_after_a_gap_of_the_time_between(tmp_path):
    stream = Stream.begin(tmp_path / "s", ONE)
    stream.push(block(0, 50))
    stream.journal.close()
    time.sleep(0.3)
    again = Stream.begin(tmp_path / "s", ONE, numbers="session")
    reached = again.push(block(0, 10))
    ((start, stop),) = again.reader.gaps
    assert start == 50
    assert 15 <= stop - start <= 300
    assert reached == stop + 10
    again.end()


def test_a_source_runs_until_it_is_over(hub):
    source = Counter()
    stream = hub.add(source)
    until(lambda: stream.ended and source.closed)
    reader = Reader(stream.journal.folder)
    assert reader.next == 40
    assert reader.gaps == ((20, 30),)
    assert reader.status.state == "ended"
    assert reader.status.battery == pytest.approx(0.8)


def test_a_hopeless_source_says_why(hub):
    stream = hub.add(Counter(fails=True))
    until(lambda: stream.ended)
    assert "not there" in Reader(stream.journal.folder).status.reason


def test_a_stream_is_ended_by_another_process(hub):
    feed = hub.feed(ONE)
    feed.push(block(0, 10))
    Hub(hub.folder).stop(feed.id)
    until(lambda: feed.stream.ended)
    with pytest.raises(StreamError, match="ended"):
        feed.push(block(10, 20))


def test_a_silent_stream_is_handed_over_to_the_process_where_it_goes_on(hub):
    feed = hub.feed(ONE)
    feed.push(block(0, 10))
    other = Hub(hub.folder)
    try:
        with pytest.raises(StreamError, match=r"another process.*send again"):
            other.feed(ONE, id=feed.id)
        feed.push(block(10, 20))  # it is alive here: asked for once, it stays
        until(lambda: not (hub.folder / feed.id / "hand-over").exists())
        assert not feed.stream.ended

        def taken():
            try:
                return other.feed(ONE, id=feed.id)
            except StreamError:
                time.sleep(0.1)

        again = until(taken)
        assert feed.stream.ended
        assert again.push(block(20, 30)) == 30
        assert again.stream.reader.gaps == ()
        assert again.stream.reader.status.state == "live"
    finally:
        other.close()


def test_a_stream_that_nobody_takes_in_is_ended_too(tmp_path):
    stream = Stream.begin(tmp_path / "x.live" / "s", ONE)
    stream.push(block(0, 10))
    stream.journal.close()
    other = Hub(tmp_path / "x.live")
    other.stop("s")
    assert other.reader("s").status.state == "ended"
    with pytest.raises(StreamError, match="has ended"):
        other.feed(ONE, id="s")
    other.close()


def test_silence_is_lost_and_comes_back(hub):
    feed = hub.feed(ONE)
    feed.push(block(0, 10))
    reader = Reader(hub.folder / feed.id, settings=hub.settings)
    until(lambda: reader.status.state == "lost")

    def back() -> bool:
        feed.push(block(feed.next, feed.next + 10))
        return reader.status.state == "live"

    until(back)


def test_no_more_streams_than_allowed(tmp_path):
    hub = Hub(tmp_path / "x.live", settings=LiveSettings(most_streams=2))
    feeds = [hub.feed(ONE), hub.feed(ONE)]
    with pytest.raises(StreamError, match="beyond 2"):
        hub.feed(ONE)
    feeds[0].end()
    hub.feed(ONE)
    hub.close()


@pytest.mark.parametrize("id", ["../x", "a/b", "", ".", "x" * 200, "é"])
def test_an_id_is_never_a_path(hub, id):
    with pytest.raises(StreamError):
        hub.reader(id)


def test_samples_wait_for_a_full_disk(hub, monkeypatch):
    import errno
    import os

    full = True
    write = os.write

    def sometimes(handle, data):
        if full and data[:4] == b"ECGF":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(handle, data)

    monkeypatch.setattr("ecgomics.live.journal.os.write", sometimes)
    stream = hub.add(Counter())
    reader = until(lambda: Reader(stream.journal.folder))
    until(lambda: "No space" in reader.status.reason)
    full = False
    until(lambda: stream.ended)
    assert reader.next == 40
    assert reader.gaps == ((20, 30),)


def test_a_recording_is_a_stretch_that_is_kept(hub):
    feed = hub.feed(ONE)
    feed.push(block(0, 100))
    reader = hub.reader(feed.id)
    recording = begin_recording(reader, name="after the run", person="p1")
    feed.push(block(100, 250))
    ended = end_recording(recording)
    assert (ended.first, ended.stop, ended.state) == (100, 250, "ended")
    assert recordings_of(hub.folder) == (ended,)
    with pytest.raises(StreamError, match="ended"):
        end_recording(recording)
    assert discard_recording(ended).state == "discarded"


def test_a_recording_whose_stream_was_cut_is_offered_again(tmp_path):
    stream = Stream.begin(tmp_path / "s", ONE)
    begin_recording(stream.reader)
    assert recordings_of(tmp_path)[0].state == "open"
    stream.push(block(0, 100))
    stream.journal.close()
    assert recordings_of(tmp_path)[0].state == "cut"
    again = Stream.begin(tmp_path / "s", ONE)
    assert recordings_of(tmp_path)[0].state == "open"
    again.end()


def test_a_mark_is_an_event(hub):
    feed = hub.feed(ONE)
    feed.push(block(0, 100))
    mark = feed.stream.mark("dizzy", person="p2")
    assert (mark.text, mark.first, mark.person) == ("dizzy", 100, "p2")
    assert [event.text for event in Hub(hub.folder).reader(feed.id).events_since(0) if event.kind == "mark"] == [
        "dizzy"
    ]


def test_an_event_that_is_told_again_keeps_its_moment(hub):
    feed = hub.feed(ONE)
    line = {"id": "finding-1", "kind": "finding", "text": "Pause", "code": "pause", "first": 10}
    feed.stream.note([{**line, "stop": None}])
    reader = hub.reader(feed.id)
    (begun,) = [event for event in reader.events_since(0) if event.kind == "finding"]
    time.sleep(0.02)
    feed.stream.note([{**line, "stop": 300}])
    (ended,) = [event for event in reader.events_since(0) if event.kind == "finding"]
    assert (begun.stop, ended.stop) == (None, 300)
    assert ended.when == begun.when


def test_a_clock_that_is_set_moves_no_sample(hub, monkeypatch):
    feed = hub.feed(ONE)
    feed.push(block(0, 100))
    now = time.time
    monkeypatch.setattr("ecgomics.live.stream.time.time", lambda: now() + 7200)
    feed.push(block(100, 200))
    monkeypatch.undo()
    reader = hub.reader(feed.id)
    assert reader.gaps == ()
    assert reader.next == 200
    assert any(event.kind == "clock" and "+7200" in event.text for event in reader.events_since(0))


def test_a_hub_that_closes_leaves_no_task_thread_or_loop(tmp_path):
    class Stubborn(Counter):
        """Begins work of its own, and fails when it is told to let go."""

        async def blocks(self) -> AsyncIterator[Block]:
            self.beside = asyncio.get_running_loop().create_task(asyncio.sleep(3600))
            await asyncio.to_thread(lambda: None)
            yield block(0, 10)
            await asyncio.sleep(3600)

        async def close(self) -> None:
            raise OSError("a device that is stuck")

    before = set(threading.enumerate())
    hub = Hub(tmp_path / "x.live")
    source = Stubborn()
    stream = hub.add(source)
    until(lambda: stream.next == 10)
    loop = hub._loop
    hub.close()
    assert source.beside.cancelled()
    assert loop.is_closed()
    assert stream.ended
    assert set(threading.enumerate()) <= before
