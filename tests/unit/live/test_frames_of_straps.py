"""What straps send, byte by byte: Polar's measurement frames and the Bluetooth SIG's heart rate."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgomics.errors import FormatError
from ecgomics.live import pmd
from ecgomics.live.numbering import Numbering
from ecgomics.live.rr import UNIT_S, measurement_of


def test_a_frame_of_the_makers_example():
    head = bytes((0x00, 0x00, 0x94, 0x35, 0x77, 0, 0, 0, 0, 0x00))
    frame = pmd.frame_of(head + bytes((0x02, 0x80, 0xFF, 0x02, 0x80, 0x00)))
    assert frame.stamp_ns == 2_000_000_000
    assert frame.microvolts.tolist() == [-32766, 32770]


@given(
    st.integers(0, 2**64 - 1),
    st.lists(st.integers(-(2**23), 2**23 - 1), min_size=1, max_size=80),
)
def test_a_frame_holds_what_was_put_in(stamp, values):
    body = b"".join(value.to_bytes(3, "little", signed=True) for value in values)
    frame = pmd.frame_of(bytes((0,)) + stamp.to_bytes(8, "little") + bytes((0,)) + body)
    assert frame.stamp_ns == stamp
    assert frame.microvolts.tolist() == values
    assert frame.microvolts.dtype == np.int32


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 10,
        bytes((2,)) + b"\0" * 12,  # another measurement
        b"\0" * 9 + b"\x80" + b"\0" * 3,  # compressed
        b"\0" * 9 + b"\x01" + b"\0" * 3,  # another kind
        b"\0" * 14,  # ends within a sample
    ],
)
def test_what_is_no_frame_is_refused(data):
    with pytest.raises(FormatError):
        pmd.frame_of(data)


@given(st.binary(max_size=300))
def test_no_bytes_break_the_decoders(data):
    for read in (pmd.frame_of, measurement_of):
        with contextlib.suppress(FormatError):
            assert read(data) is not None


def test_answers_of_the_control_point():
    assert pmd.refusal_of(bytes((0xF0, 2, 0, 0, 0)), to=pmd.START) == ""
    assert pmd.refusal_of(bytes((0xF0, 2, 0, 6, 0)), to=pmd.START) == ""
    assert pmd.refusal_of(bytes((0xF0, 2, 0, 13, 0)), to=pmd.START) == "it is in its charger"
    assert pmd.refusal_of(bytes((0xF0, 2, 0, 99, 0)), to=pmd.START) == "code 99"
    assert pmd.refusal_of(bytes((0xF0, 3, 0, 0, 0)), to=pmd.START) is None
    assert pmd.refusal_of(b"\xf0", to=pmd.START) is None


def test_a_heart_rate_with_everything_in_it():
    told = measurement_of(bytes((0x1F, 0x2C, 0x01, 0x10, 0x27, 0x00, 0x04, 0x00, 0x02)))
    assert (told.rate_bpm, told.contact, told.rr_s) == (300, True, (1.0, 0.5))
    assert measurement_of(bytes((0x04, 70))).contact is False
    assert measurement_of(bytes((0x00, 70))).contact is None
    assert measurement_of(bytes((0x10, 60, 1, 0))).rr_s == (UNIT_S,)


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x01\x3c", b"\x08\x3c\x00", b"\x10\x3c\x00"])
def test_a_heart_rate_that_is_too_short_is_refused(data):
    with pytest.raises(FormatError):
        measurement_of(data)


def placed(numbers: Numbering, frames: list[tuple[float, float]], count: int = 73) -> list[int | None]:
    return [numbers.place(count, last_s=last, came_s=came) for last, came in frames]


def test_pieces_follow_each_other_while_the_clock_is_a_little_off():
    numbers = Numbering(130.0, hole_s=0.05)
    # a strap that samples at 130.06 Hz, for an hour
    firsts = placed(numbers, [(k * 73 / 130.06, k * 0.56) for k in range(6400)])
    assert firsts == [k * 73 for k in range(6400)]


@given(st.sets(st.integers(1, 60)), st.integers(100, 2000))
def test_lost_pieces_leave_their_numbers_out(lost, rate):
    numbers = Numbering(float(rate), hole_s=0.3 * 73 / rate)
    for k in (k for k in range(64) if k not in lost):
        last = 599616e3 + (k + 1) * 73 / rate
        assert numbers.place(73, last_s=last, came_s=last) == k * 73
        assert numbers.place(73, last_s=last, came_s=last) is None


def test_a_clock_that_is_set_or_begins_anew_makes_no_gap_of_years():
    numbers = Numbering(100.0, hole_s=0.05)
    frames = [(10.0, 1.0), (10.1, 1.1), (6e8, 1.2), (6e8 + 0.1, 1.3), (3.0, 2.3), (3.1, 2.4)]
    assert placed(numbers, frames, count=10) == [0, 10, 20, 30, 130, 140]
