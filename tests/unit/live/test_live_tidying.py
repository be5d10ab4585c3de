"""What is left of streams goes in time; what a person recorded stays until a person takes it in or lets it go."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from ecgomics.live import Block, Description, Stream, begin_recording, discard_recording, end_recording, record_of
from ecgomics.live.tidying import tidy
from ecgomics.settings import LiveSettings

ONE = Description("x", "test", ("II",), 100.0)
KEPT = LiveSettings(segment_s=1.0, retention_s=60.0, longest_gap_s=3600.0, late_s=0.0)


def stream_in(folder, *, ended: bool = True) -> Stream:
    stream = Stream.begin(folder / "s", ONE, settings=KEPT)
    for first in range(0, 1000, 50):
        stream.push(Block(first, np.arange(first, first + 50, dtype=np.float32)[None]))
    if ended:
        stream.end("over")
    else:
        stream.journal.close()
    return stream


@pytest.fixture
def later(monkeypatch):
    now = time.time

    def shift(seconds: float) -> None:
        monkeypatch.setattr("ecgomics.live.tidying.time.time", lambda: now() + seconds)

    return shift


def test_an_ended_stream_goes_after_the_retention(tmp_path, later):
    stream_in(tmp_path)
    assert tidy(tmp_path, settings=KEPT) == []
    later(120)
    assert tidy(tmp_path, settings=KEPT) == ["s"]
    assert not (tmp_path / "s").exists()


def test_a_stream_that_was_cut_off_waits_for_its_sender(tmp_path, later):
    stream_in(tmp_path, ended=False)
    later(120)
    assert tidy(tmp_path, settings=KEPT) == []
    later(4000)
    assert tidy(tmp_path, settings=KEPT) == ["s"]


def test_a_stream_that_is_taken_in_is_left_alone(tmp_path, later):
    stream = Stream.begin(tmp_path / "s", ONE, settings=KEPT)
    later(1e6)
    assert tidy(tmp_path, settings=KEPT) == []
    stream.end()


def test_a_recording_stays_and_the_rest_goes(tmp_path, later):
    stream = stream_in(tmp_path)
    recording = end_recording(begin_recording(stream.reader, first=300), stop=500)
    later(1e6)
    assert tidy(tmp_path, settings=KEPT) == []
    np.testing.assert_array_equal(record_of(recording).ecg.values[0], np.arange(300, 500))
    assert len(list((tmp_path / "s").glob("*.seg"))) < 10
    discard_recording(recording)
    assert tidy(tmp_path, settings=KEPT) == ["s"]


def test_a_journal_of_another_version_is_left_alone(tmp_path, later):
    stream_in(tmp_path)
    head = tmp_path / "s" / "head.json"
    head.write_text(json.dumps({**json.loads(head.read_text()), "version": 9}))
    later(1e6)
    assert tidy(tmp_path, settings=KEPT) == []
    assert head.exists()


def test_a_recording_whose_file_is_damaged_keeps_its_journal(tmp_path, later):
    stream = stream_in(tmp_path)
    recording = begin_recording(stream.reader, first=300)
    recording.path.write_text("{")
    later(1e6)
    assert tidy(tmp_path, settings=KEPT) == []
    assert len(list((tmp_path / "s").glob("*.seg"))) == 10
