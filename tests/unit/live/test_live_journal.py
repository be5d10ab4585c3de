"""A stream's journal: every sample once, gaps where none came, readable while it is written, whole after a crash."""

from __future__ import annotations

import contextlib
import json
import os

import numpy as np
import pytest

from ecgomics.errors import FormatError, SignalError, StreamError
from ecgomics.live import Block, Description, Journal, Reader, recover
from ecgomics.settings import LiveSettings

TWO = Description("bed 4", "test", ("I", "II"), 100.0)


def samples(first: int, stop: int, rows: int = 2) -> np.ndarray:
    return np.stack([np.arange(first, stop) * 0.001 + row for row in range(rows)]).astype(np.float32)


def block(first: int, stop: int) -> Block:
    return Block(first, samples(first, stop))


@pytest.fixture
def journal(tmp_path):
    made = Journal.begin(tmp_path / "s", TWO, settings=LiveSettings(segment_s=1.0, retention_s=60.0))
    yield made
    with contextlib.suppress(StreamError):
        made.close()


def test_what_was_appended_is_read_back(journal):
    assert journal.append(block(0, 130)) == 130
    assert journal.append(block(130, 360)) == 360
    first, values = Reader(journal.folder).since(0)
    assert first == 0
    np.testing.assert_array_equal(values, samples(0, 360))


def test_a_reader_goes_on_where_it_was(journal):
    reader = Reader(journal.folder)
    assert reader.since(0)[1].shape == (2, 0)
    for first in range(0, 500, 50):
        journal.append(block(first, first + 50))
        at, values = reader.since(first)
        assert at == first
        np.testing.assert_array_equal(values, samples(first, first + 50))
    assert len(list(journal.folder.glob("*.seg"))) == 5


def test_what_came_before_is_dropped(journal):
    journal.append(block(0, 100))
    assert journal.append(Block(50, samples(50, 120) * 0 + 7)) == 120
    values = Reader(journal.folder).since(0)[1]
    np.testing.assert_array_equal(values[:, :100], samples(0, 100))
    assert (values[:, 100:] == 7).all()


def test_a_jump_is_a_gap_and_late_samples_fill_it(journal):
    journal.append(block(0, 100))
    journal.append(block(150, 200))
    reader = Reader(journal.folder)
    assert reader.gaps == ((100, 150),)
    assert np.isnan(reader.since(0)[1][:, 100:150]).all()
    assert journal.append(block(110, 130)) == 200
    assert reader.gaps == ((100, 110), (130, 150))
    expected = samples(0, 200)
    expected[:, 100:110] = expected[:, 130:150] = np.nan
    np.testing.assert_array_equal(reader.since(0)[1], expected)
    np.testing.assert_array_equal(Reader(journal.folder).since(0)[1], expected)


def test_a_block_of_other_rows_or_of_absurd_numbers_is_refused(journal):
    with pytest.raises(SignalError, match=r"shape \(3, 10\)"):
        journal.append(Block(0, np.zeros((3, 10), np.float32)))
    with pytest.raises(SignalError, match="another stream"):
        journal.append(Block(1 << 60, samples(0, 10)))
    with pytest.raises(SignalError, match="numbers from 0"):
        journal.append(Block(-5, samples(0, 10)))
    assert journal.next == 0


def test_one_owner_at_a_time(journal):
    with pytest.raises(StreamError, match="another process"):
        Journal.begin(journal.folder, TWO)
    with pytest.raises(StreamError, match="another process"):
        recover(journal.folder)


def test_a_torn_frame_is_cut_and_the_stream_goes_on(tmp_path):
    journal = Journal.begin(tmp_path / "s", TWO)
    journal.append(block(0, 100))
    journal.append(block(100, 200))
    journal.close()
    segment = max(journal.folder.glob("*.seg"))
    os.truncate(segment, segment.stat().st_size - 11)
    assert Reader(journal.folder).since(0)[1].shape == (2, 100)
    again = Journal.begin(tmp_path / "s", TWO)
    assert again.recovered.cut > 0
    assert again.next == 100
    again.append(block(150, 200))
    again.close()
    reader = Reader(journal.folder)
    assert reader.gaps == ((100, 150),)
    np.testing.assert_array_equal(reader.since(150)[1], samples(150, 200))


def test_a_damaged_frame_costs_only_itself(tmp_path):
    journal = Journal.begin(tmp_path / "s", TWO)
    for first in range(0, 300, 100):
        journal.append(block(first, first + 100))
    journal.close()
    segment = max(journal.folder.glob("*.seg"))
    data = bytearray(segment.read_bytes())
    data[20 + 840 + 60] ^= 0xFF
    segment.write_bytes(bytes(data))
    expected = samples(0, 300)
    expected[:, 100:200] = np.nan
    np.testing.assert_array_equal(Reader(journal.folder).since(0)[1], expected)


def test_a_journal_of_the_future_is_refused(tmp_path):
    Journal.begin(tmp_path / "s", TWO).close()
    head = tmp_path / "s" / "head.json"
    head.write_text(json.dumps({**json.loads(head.read_text()), "version": 2}))
    with pytest.raises(FormatError, match=r"version 2.*newer"):
        Reader(tmp_path / "s")
    with pytest.raises(FormatError, match="version 2"):
        Journal.begin(tmp_path / "s", TWO)


def test_another_stream_does_not_go_into_a_journal(tmp_path):
    Journal.begin(tmp_path / "s", TWO).close()
    with pytest.raises(StreamError, match="same leads and rate"):
        Journal.begin(tmp_path / "s", Description("bed 4", "test", ("I",), 100.0))


def test_old_segments_go_and_pinned_ones_stay(tmp_path):
    settings = LiveSettings(segment_s=1.0, retention_s=60.0, late_s=0.0)
    journal = Journal.begin(tmp_path / "s", TWO, settings=settings)
    for first in range(0, 8000, 50):
        journal.append(block(first, first + 50))
    assert journal.prune([(500, 700)]) == 18
    reader = Reader(tmp_path / "s", settings=settings)
    np.testing.assert_array_equal(reader.between(500, 700), samples(500, 700))
    assert np.isnan(reader.between(700, 2000)).all()
    np.testing.assert_array_equal(reader.between(2000, 8000), samples(2000, 8000))
    journal.close()


def test_a_reader_that_slept_goes_to_what_is_left(tmp_path):
    settings = LiveSettings(segment_s=1.0, retention_s=60.0, late_s=0.0)
    journal = Journal.begin(tmp_path / "s", TWO, settings=settings)
    journal.append(block(0, 50))
    reader = Reader(tmp_path / "s", settings=settings)
    assert reader.next == 50
    for first in range(50, 20_000, 50):
        journal.append(block(first, first + 50))
    journal.prune([])
    assert reader.next == 20_000
    np.testing.assert_array_equal(reader.since(15_000)[1], samples(15_000, 20_000))
    journal.close()


def test_a_removed_folder_is_noticed(journal):
    import shutil

    journal.append(block(0, 10))
    shutil.rmtree(journal.folder)
    with pytest.raises(StreamError, match="removed"):
        journal.save()


def test_a_full_disk_takes_nothing_by_halves(journal, monkeypatch):
    journal.append(block(0, 100))
    write = os.write

    def full(handle, data):
        write(handle, data[: len(data) // 2])
        return len(data) // 2

    monkeypatch.setattr("ecgomics.live.journal.os.write", full)
    with pytest.raises(StreamError, match="No space left"):
        journal.append(block(100, 200))
    assert journal.next == 100
    monkeypatch.undo()
    assert journal.append(block(100, 200)) == 200
    np.testing.assert_array_equal(Reader(journal.folder).since(0)[1], samples(0, 200))


def test_what_was_saved_is_said(journal):
    journal.append(block(0, 100))
    assert journal.saved == 0
    assert journal.save() == 100 == journal.saved


def test_infinite_values_are_missing(journal):
    values = samples(0, 4)
    values[0, 1] = np.inf
    journal.append(Block(0, values))
    assert np.isnan(Reader(journal.folder).since(0)[1][0, 1])
    assert np.isinf(values[0, 1])


def test_a_stream_of_intervals_has_one_row(tmp_path):
    journal = Journal.begin(tmp_path / "s", Description("strap", "heart-rate", (), 0.0))
    journal.append(Block(0, np.array([[0.8, 0.9]], np.float32)))
    journal.close()
    np.testing.assert_allclose(Reader(tmp_path / "s").since(0)[1], [[0.8, 0.9]])


@pytest.mark.parametrize(("leads", "rate"), [((), 130.0), (("I",), 0.0), (("I",), float("nan")), (("I", "i"), 130.0)])
def test_a_stream_that_cannot_be_is_refused(leads, rate):
    with pytest.raises(StreamError):
        Description("x", "test", leads, rate)
