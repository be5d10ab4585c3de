"""From a stream to the cohort: a recording reads as any record, gaps and marks and a crash included."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest

from ecgomics.cohort import open_cohort
from ecgomics.errors import FormatError, SourceError, StreamError
from ecgomics.live import (
    Block,
    Description,
    Hub,
    Replay,
    Stream,
    begin_recording,
    discard_recording,
    end_recording,
    record_of,
    recordings_of,
    take_in,
)
from ecgomics.pipeline import ingest
from ecgomics.records import find, read
from ecgomics.simulate import VirtualPatient, simulate


@pytest.fixture(scope="module")
def ecg():
    return simulate(VirtualPatient(), duration_s=14, rate_hz=250, seed=3).ecg


def play(tmp_path, ecg, **options):
    """A replay that has ended, as a stream's folder."""
    hub = Hub(tmp_path / "demo.live")
    stream = hub.add(Replay(ecg, speed=math.inf, **options))
    end = time.monotonic() + 10
    while not stream.ended and time.monotonic() < end:
        time.sleep(0.01)
    assert stream.ended
    hub.close()
    return stream


def recorded(tmp_path, ecg, **options):
    stream = play(tmp_path, ecg, **options)
    return begin_recording(stream.reader, first=0, name="bed 4")


def test_a_replay_is_the_record(tmp_path, ecg):
    recording = end_recording(recorded(tmp_path, ecg, synthetic=True))
    record = read(recording.path)
    assert record.format == "live"
    np.testing.assert_array_equal(record.ecg.values, ecg.values.astype(np.float32))
    assert record.leads == tuple(ecg["lead"].values)
    assert record.native_hz == 250
    assert [(label.system, label.code) for label in record.labels] == [("synthetic", "synthetic replay")]
    assert record.source == "bed 4"
    assert record.start is not None


def test_samples_that_never_came_are_nan_and_told(tmp_path, ecg):
    record = record_of(recorded(tmp_path, ecg, gaps=[(500, 1000)]))
    expected = ecg.values.astype(np.float32)
    expected[:, 500:1000] = np.nan
    np.testing.assert_array_equal(record.ecg.values, expected)
    assert any("from 2.0 s on for 2.00 s" in note for note in record.notes)


def test_a_loop_has_a_seam_of_a_second(tmp_path, ecg):
    hub = Hub(tmp_path / "demo.live")
    stream = hub.add(Replay(ecg, speed=1000, again="loop"))
    end = time.monotonic() + 10
    while stream.next < 8000 and time.monotonic() < end:
        time.sleep(0.01)
    hub.close()
    assert stream.reader.gaps[0] == (3500, 3750)


@pytest.mark.parametrize("speed", [0.0, -1.0, math.nan, 1e6])
def test_a_speed_that_cannot_be_is_refused(ecg, speed):
    with pytest.raises(SourceError, match="1000×"):
        Replay(ecg, speed=speed)


def test_recordings_are_found_and_taken_in(tmp_path, ecg):
    recording = end_recording(recorded(tmp_path, ecg))
    assert [(file.kind, file.path) for file in find(tmp_path / "demo.live")] == [("live", recording.path)]
    cohort = ingest(tmp_path / "demo.live", tmp_path / "other.zarr", workers=0, progress=False)
    record_id = record_of(recording).id
    assert list(cohort.records.index) == [record_id]

    assert take_in(recording, open_cohort(tmp_path / "other.zarr")) == record_id
    assert recordings_of(tmp_path / "demo.live")[0].state == "taken"
    assert open_cohort(tmp_path / "other.zarr").beats_of(record_id).beats.sizes["beat"] > 10
    assert take_in(recording, open_cohort(tmp_path / "other.zarr")) == record_id
    assert list(find(tmp_path / "demo.live")) == []


def test_a_recording_cut_by_a_crash_is_taken_in(tmp_path, ecg):
    stream = Stream.begin(tmp_path / "demo.live" / "s", Description("x", "test", tuple(ecg["lead"].values), 250.0))
    recording = begin_recording(stream.reader)
    stream.push(Block(0, ecg.values[:, :3000].astype(np.float32)))
    with pytest.raises(StreamError, match="open"):
        take_in(recording, open_cohort(ingest([record_of(recording)], tmp_path / "a.zarr", progress=False).path))
    stream.journal.close()
    record = record_of(recording)
    assert record.ecg.sizes["time"] == 3000
    assert any("ended before" in note for note in record.notes)
    assert take_in(recording, open_cohort(tmp_path / "a.zarr"), then="nothing") == record.id


def test_marks_are_annotations_and_the_start_is_when_it_came(tmp_path, ecg):
    stream = Stream.begin(tmp_path / "s", Description("x", "test", ("II",), 250.0))
    values = ecg.sel(lead=["II"]).values.astype(np.float32)
    stream.push(Block(0, values[:, :1000]))
    recording = begin_recording(stream.reader)
    stream.push(Block(1000, values[:, 1000:2000]))
    stream.mark("dizzy", number=1500)
    stream.push(Block(2000, values[:, 2000:2500]))
    record = record_of(end_recording(recording))
    assert [(mark.time_s, mark.code) for mark in record.annotations] == [(2.0, "dizzy")]
    assert record.start is not None
    stream.end()


def test_a_discarded_or_empty_recording_is_refused(tmp_path, ecg):
    recording = recorded(tmp_path, ecg)
    discard_recording(recording)
    with pytest.raises(FormatError, match="discarded"):
        read(recording.path)
    stream = Stream.begin(tmp_path / "s", Description("x", "test", ("II",), 250.0))
    with pytest.raises(FormatError, match="without a sample"):
        record_of(begin_recording(stream.reader))
    stream.end()


def test_a_damaged_recording_file_is_refused(tmp_path, ecg):
    recording = recorded(tmp_path, ecg)
    text = recording.path.read_text()
    recording.path.write_text(text.replace('"first": 0', '"first": "x"'))
    with pytest.raises(FormatError, match="damaged"):
        read(recording.path)
    assert recordings_of(tmp_path / "demo.live") == ()
