"""Any sequence of pushes gives the journal of the samples in order, once, with gaps exactly where none came."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgomics.live import Block, Description, Journal, Reader, recover
from ecgomics.live.spans import Spans
from ecgomics.settings import LiveSettings

TWO = Description("x", "test", ("I", "II"), 100.0)
MOST = 1200

pushes = st.lists(st.tuples(st.integers(0, MOST - 1), st.integers(1, 90)), min_size=1, max_size=40)
spans = st.lists(st.tuples(st.booleans(), st.integers(0, 60), st.integers(0, 25)), max_size=40)


def truth(first: int, stop: int) -> np.ndarray:
    """Every sample has a value of its own, so that a wrong place shows."""
    numbers = np.arange(first, stop)
    return np.stack([numbers + 0.25, -numbers - 0.5]).astype(np.float32)


def block(first: int, count: int) -> Block:
    return Block(first, truth(first, first + count))


def expected(came: set[int], reached: int) -> np.ndarray:
    values = np.full((2, reached), np.nan, np.float32)
    numbers = np.array(sorted(came), dtype=int)
    values[:, numbers] = truth(0, reached)[:, numbers]
    return values


def gaps_of(came: set[int], reached: int) -> tuple[tuple[int, int], ...]:
    return tuple(Spans((n, n + 1) for n in range(reached) if n not in came))


def check(folder: Path, came: set[int], reached: int) -> None:
    for reader in (Reader(folder), Reader(folder)):
        first, values = reader.since(0)
        assert first == 0
        np.testing.assert_array_equal(values, expected(came, reached))
        assert reader.gaps == gaps_of(came, reached)
    np.testing.assert_array_equal(Reader(folder).between(0, reached), expected(came, reached))


@given(pushes, st.sampled_from([1.0, 3.0, 60.0]))
@settings(max_examples=60, deadline=None)
def test_duplicates_gaps_and_disorder(sequence, segment_s):
    with tempfile.TemporaryDirectory() as place:
        kept = LiveSettings(segment_s=segment_s, retention_s=600.0)
        journal = Journal.begin(Path(place) / "s", TWO, settings=kept)
        reader = Reader(journal.folder)
        came: set[int] = set()
        for first, count in sequence:
            assert journal.append(block(first, count)) == max(came | set(range(first, first + count))) + 1
            came |= set(range(first, first + count))
            assert reader.next == journal.next
        np.testing.assert_array_equal(reader.since(0)[1], expected(came, journal.next))
        assert reader.gaps == gaps_of(came, journal.next)
        check(journal.folder, came, journal.next)
        journal.close()


@given(st.lists(st.tuples(st.integers(1, 60), st.sampled_from(["", "cut", "twice", "lost"])), min_size=1, max_size=30))
@settings(max_examples=40, deadline=None)
def test_a_sender_that_sends_again_from_what_was_acknowledged_loses_nothing(sends):
    """A cut takes the answer, sometimes the samples too; the sender goes on from the number the server knows."""
    with tempfile.TemporaryDirectory() as place:
        journal = Journal.begin(Path(place) / "s", TWO)
        at = 0
        for count, fate in sends:
            stop = at + count
            if fate != "lost":
                journal.append(block(at, count))
            if fate == "twice":
                journal.append(block(at, count))
            if fate in ("cut", "lost"):
                # the answer did not arrive: after a reconnect the server says where to go on
                at = journal.next
                journal.append(block(at, stop - at) if stop > at else block(0, 1))
            at = stop
        check(journal.folder, set(range(at)), at)
        journal.close()


@given(pushes, st.data())
@settings(max_examples=40, deadline=None)
def test_a_journal_cut_at_any_byte_holds_all_whole_frames(sequence, data):
    with tempfile.TemporaryDirectory() as place:
        journal = Journal.begin(Path(place) / "s", TWO)
        ends: list[tuple[int, set[int]]] = []
        came: set[int] = set()
        segment = max(journal.folder.glob("*.seg"))
        for first, count in sequence:
            journal.append(block(first, count))
            came |= set(range(first, first + count))
            ends.append((segment.stat().st_size, set(came)))
        journal.close()
        cut = data.draw(st.integers(20, segment.stat().st_size))
        with segment.open("r+b") as file:
            file.truncate(cut)
        whole = set().union(*(held for end, held in ends if end <= cut)) if ends else set()
        found = recover(journal.folder)
        # a block that filled several gaps is several frames: some of them may be whole
        values = Reader(journal.folder).since(0)[1]
        held = set(np.flatnonzero(np.isfinite(values[0])).tolist())
        assert whole <= held <= came
        np.testing.assert_array_equal(values, expected(held, values.shape[1]))
        assert found.next == (max(held) + 1 if held else 0)
        again = Journal.begin(journal.folder, TWO)
        assert again.append(block(found.next, 30)) == found.next + 30
        again.close()
        check(journal.folder, held | set(range(found.next, found.next + 30)), found.next + 30)


@given(st.binary(min_size=1, max_size=300), st.integers(0, 2000))
@settings(max_examples=60, deadline=None)
def test_bytes_from_nowhere_give_no_sample(noise, at):
    with tempfile.TemporaryDirectory() as place:
        journal = Journal.begin(Path(place) / "s", TWO)
        for first in range(0, 300, 50):
            journal.append(block(first, 50))
        journal.close()
        segment = max(journal.folder.glob("*.seg"))
        whole = bytearray(segment.read_bytes())
        at = 20 + at % (len(whole) - 20)
        whole[at:at] = noise
        segment.write_bytes(bytes(whole))
        values = Reader(journal.folder).since(0)[1]
        held = np.isfinite(values[0])
        np.testing.assert_array_equal(values[:, held], truth(0, values.shape[1])[:, held])
        assert held.sum() >= 250, "only the frame that was broken is lost"


@given(spans)
def test_spans_are_sets_of_numbers(steps):
    told, known = Spans(), set()
    for add, start, length in steps:
        (told.add if add else told.remove)(start, start + length)
        numbers = set(range(start, start + length))
        known = known | numbers if add else known - numbers
        assert {n for a, b in told for n in range(a, b)} == known
        listed = list(told)
        assert all(b < c for (_, b), (c, _) in itertools.pairwise(listed))
        assert {n for a, b in told.within(10, 40) for n in range(a, b)} == {n for n in known if 10 <= n < 40}
