"""The grammar of text streams: what is a row, what is refused, and which number a row has."""

from __future__ import annotations

import json
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgomics.errors import FormatError, SourceError
from ecgomics.live.lines import HOPELESS, LONGEST_LINE, Layout, LineReader
from ecgomics.live.row_numbers import RowNumbers

PLAIN = Layout.of({"rate_hz": 250, "columns": ["seq", "time_ms", "II", "V1"]})


def values(reader: LineReader, data: bytes) -> list[tuple[float, ...]]:
    return [row.values for row in reader.take(data)]


def test_a_head_says_what_the_columns_are():
    reader = LineReader()
    head = {"rate_hz": 500, "columns": ["time_us", "-", "ii"], "unit": "uV", "zero": 100, "gain": 2, "device": "Board"}
    rows = reader.take(f"# a remark\n# {json.dumps(head)}\n2000,junk,1100\n".encode())
    assert reader.layout is not None
    assert (reader.layout.leads, reader.layout.rate_hz, reader.layout.device) == (("ii",), 500.0, "Board")
    assert (rows[0].values[0], rows[0].clock_s, rows[0].seq) == (pytest.approx(0.5), 0.002, None)
    assert not reader.refused


@pytest.mark.parametrize(
    "line", ["7,28,0.5,-1e-1", "7;28;0,5;-0,1", "7\t28\t0,5\t-0.1", "7 28  .5 -0.1", " 7, 28, 0.5, -0.1, "]
)
def test_cells_are_parted_by_one_kind_of_sign(line):
    row = LineReader(PLAIN).take(f"{line}\r\n".encode())[0]
    assert (row.seq, row.clock_s) == (7, 0.028)
    assert row.values == pytest.approx((0.5, -0.1))


def test_missing_samples_are_said_as_such():
    row = LineReader(PLAIN).take(b"1,4,,nan\n")[0]
    assert all(math.isnan(value) for value in row.values)


def test_lines_may_come_in_any_pieces():
    text = "".join(f"{k},{4 * k},{k / 1000},{-k / 1000}\n" for k in range(200)).encode()
    whole = values(LineReader(PLAIN), text)
    reader = LineReader(PLAIN)
    parts = [row for at in range(0, len(text), 7) for row in values(reader, text[at : at + 7])]
    assert parts == whole
    assert len(whole) == 200


HOSTILE = {
    b"1,2,3": "a row of another number of cells",
    b"1,2,3,4,5": "a row of another number of cells",
    b"1,2,x,4": "a cell that is no number",
    b"1,2,1_0,4": "a cell that is no number",
    b"1,2,inf,4": "a cell that is no number",
    b"1,2,1e999,4": "a cell that is no number",
    b"1,2,0x10,4": "a cell that is no number",
    b"1,2,1001,4": "a voltage above 1 V",
    b"-1,2,1,4": "a sequence number that is no count",
    b"1.5,2,1,4": "a sequence number that is no count",
    b",2,1,4": "a sequence number that is no count",
    b"1,,1,4": "a row without its clock",
    b"1,2,\xff,4": "a line that is no ASCII",
    b"# {not json": "a head that is no JSON",
    b'# {"rate_hz": 100, "columns": ["II"]}': "a head of other leads or another rate",
    b"9" * (LONGEST_LINE + 1): "a line that is too long",
    b"# " + b"{" * 4000: "a head that is no JSON",
}


@pytest.mark.parametrize("line", HOSTILE, ids=list(HOSTILE.values()))
def test_hostile_lines_are_counted_and_refused(line):
    reader = LineReader(PLAIN)
    assert values(reader, b"0,0,1,2\n" + line + b"\n1,4,3,4\n") == [(1.0, 2.0), (3.0, 4.0)]
    assert reader.refused == Counter({HOSTILE[line]: 1})


@pytest.mark.parametrize(
    "head",
    [
        {},
        {"rate_hz": 250},
        {"rate_hz": 250, "columns": []},
        {"rate_hz": 250, "columns": ["seq"]},
        {"rate_hz": 250, "columns": ["II", "II"]},
        {"rate_hz": 250, "columns": ["II", 5]},
        {"rate_hz": 250, "columns": ["II", "time_s", "time_ms"]},
        {"rate_hz": math.nan, "columns": ["II"]},
        {"rate_hz": True, "columns": ["II"]},
        {"rate_hz": 250, "columns": ["II"], "unit": "kg"},
        {"rate_hz": 250, "columns": ["II"], "gain": 0},
        {"rate_hz": 250, "columns": ["II"], "seq_modulo": 1},
        {"rate_hz": 250, "columns": [f"L{k}" for k in range(65)]},
    ],
)
def test_a_head_that_will_not_do_is_refused(head):
    with pytest.raises(FormatError):
        Layout.of(head)


def test_a_line_without_end_is_let_go():
    reader = LineReader(PLAIN)
    for _ in range(100):
        assert reader.take(b"5" * 1000) == []
    assert len(reader._rest) <= LONGEST_LINE + 1000
    assert values(reader, b"tail\n1,4,3,4\n") == [(3.0, 4.0)]
    assert reader.refused == Counter({"a line that is too long": 1})


def test_a_stream_of_nothing_but_nonsense_is_given_up():
    reader = LineReader(PLAIN)
    with pytest.raises(SourceError, match="baud rate"):
        reader.take(b"\x80\x00\n" * HOPELESS)


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_no_bytes_break_the_reader(pieces):
    reader = LineReader(PLAIN)
    for piece in pieces:
        for row in reader.take(piece):
            assert len(row.values) == 2


OPEN_SIGNALS = {
    "98:D3:31": {
        "sensor": ["ECG", "EMG"],
        "device": "bitalino_rev",
        "column": ["nSeq", "I1", "A1", "A2"],
        "label": ["A1", "A2"],
        "sampling rate": 100,
        "resolution": [4, 1, 10, 10],
    }
}


def test_the_text_of_open_signals_is_turned_into_mv():
    text = f"# OpenSignals Text File Format\n# {json.dumps(OPEN_SIGNALS)}\n# EndOfHeader\n3\t1\t512\t7\n4\t1\t1023\t7\n"
    reader = LineReader()
    rows = reader.take(text.encode())
    assert [row.seq for row in rows] == [3, 4]
    # the maker's transfer function: (count / 2^n - 1/2) * 3.3 V / 1100
    assert [row.values for row in rows] == [(0.0,), (pytest.approx((1023 / 1024 - 0.5) * 3.0),)]
    assert reader.layout is not None
    assert (reader.layout.seq_modulo, reader.layout.rate_hz) == (16, 100.0)


# which number a row has


def numbered(layout: Layout, arrivals: list[tuple[float, str]]) -> list[tuple[int, int]]:
    """(first, length) of the blocks of lines that came at certain moments."""
    reader, numbers = LineReader(layout), RowNumbers(layout)
    blocks = [block for came, text in arrivals for block in numbers.blocks(reader.take(text.encode()), came_s=came)]
    assert not reader.refused
    return [(block.first, block.values.shape[1]) for block in blocks]


def test_sequence_numbers_show_what_was_lost_repeated_and_late():
    layout = Layout.of({"rate_hz": 100, "columns": ["seq", "II"]})
    text = "".join(f"{seq},0\n" for seq in (70, 71, 72, 75, 76, 73, 76, 77))
    assert numbered(layout, [(0.0, text)]) == [(0, 3), (5, 2), (3, 1), (7, 1)]


def test_a_device_that_begins_anew_goes_on_after_the_time_it_was_away():
    layout = Layout.of({"rate_hz": 100, "columns": ["seq", "II"]})
    assert numbered(layout, [(0.0, "500,0\n"), (2.0, "0,0\n1,0\n"), (9.0, "0,0\n")]) == [(0, 1), (199, 2), (900, 1)]


def test_four_bits_of_sequence_tell_small_losses_and_a_clock_tells_large_ones():
    layout = Layout.of({"rate_hz": 100, "columns": ["seq", "II"], "seq_modulo": 16})
    assert numbered(layout, [(0.0, "".join(f"{k % 16},0\n" for k in range(50) if k not in (20, 21)))]) == [
        (0, 20),
        (22, 28),
    ]
    timed = Layout.of({"rate_hz": 100, "columns": ["seq", "time_ms", "II"], "seq_modulo": 16})
    lines = [f"{k % 16},{10 * k},0\n" for k in range(200) if not 30 <= k < 170]
    assert numbered(timed, [(0.0, "".join(lines))]) == [(0, 30), (170, 30)]
    # without a clock, a silence tells
    lost = "".join(f"{k % 16},0\n" for k in range(170, 200))
    first = "".join(f"{k % 16},0\n" for k in range(30))
    assert numbered(layout, [(0.29, first), (1.99, lost)]) == [(0, 30), (170, 30)]


@given(st.sets(st.integers(1, 298), max_size=60), st.sampled_from([100.0, 250.0, 360.0, 500.0]))
def test_a_clock_in_whole_milliseconds_shows_every_sample_lost(lost, rate):
    layout = Layout.of({"rate_hz": rate, "columns": ["time_us" if rate > 400 else "time_ms", "II"]})
    unit = 1e6 if rate > 400 else 1e3
    kept = [k for k in range(300) if k not in lost]
    text = "".join(f"{round(k / rate * unit)},{k}\n" for k in kept)
    reader, numbers = LineReader(layout), RowNumbers(layout)
    got = {}
    for block in numbers.blocks(reader.take(text.encode()), came_s=0.0):
        got |= {block.first + k: value for k, value in enumerate(block.values[0])}
    assert got == {k: float(np.float32(k)) for k in kept}


def test_without_number_or_clock_a_silence_is_a_gap_and_a_burst_is_none():
    layout = Layout.of({"rate_hz": 100, "columns": ["II"]})
    ten = "0\n" * 10
    assert numbered(layout, [(0.1, ten), (0.2, ten), (0.9, ten), (2.9, ten)]) == [
        (0, 10),
        (10, 10),
        (20, 10),
        (220, 10),
    ]
    assert numbered(layout, [(0.1, ten), (5.1, "0\n" * 500)]) == [(0, 10), (10, 500)]
