"""A long recording on paper: the moments one would look for, the rate from end to end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
import xarray as xr

from ecgomics.records import Record
from ecgomics.reports import examine
from ecgomics.reports.course import STRIP_S, clock, draw_rate, length, moments
from ecgomics.reports.drawing import Path, Sheet, Text
from ecgomics.reports.imprint import Imprint
from ecgomics.reports.page import pages
from ecgomics.simulate import VirtualPatient, simulate
from ecgomics.vocabulary import BEAT_CLASSES
from ecgomics.waves.beats import Beats

V, S = BEAT_CLASSES.index("ventricular"), BEAT_CLASSES.index("supraventricular")


def beats_of(rr, *, kinds=None, sure=None) -> Beats:
    """Beats with the intervals given, the first at 1 s."""
    rr = np.asarray(rr, dtype=np.float64)
    kind = np.zeros(len(rr), dtype=np.int8)
    quality = np.ones(len(rr), dtype=np.float32)
    for place, code in (kinds or {}).items():
        kind[place] = code
    for place, value in (sure or {}).items():
        quality[place] = value
    r = 1.0 + np.cumsum(np.concatenate([[0.0], rr[1:]]))
    rr[0] = np.nan
    found = {"r_s": ("beat", r), "rr_s": ("beat", rr), "beat_class": ("beat", kind), "beat_quality": ("beat", quality)}
    return Beats(xr.Dataset(found), xr.Dataset(), xr.Dataset())


def test_the_moments_are_those_one_looks_for_in_their_order():
    rr = np.full(300, 0.8)
    rr[60] = 2.4
    rr[120:140] = 0.5
    rr[220:240] = 1.2
    found = moments(beats_of(rr, kinds={200: V, 90: V, 91: V, 92: V, 170: S}), duration_s=260.0)
    titles = [moment.title for moment in found]
    assert titles == [
        "longest interval, 2.40 s",
        "ventricular run of 3 beats",
        "fastest 8 beats, 120/min",
        "supraventricular premature beat",
        "slowest 8 beats, 50/min",
    ]
    assert [moment.start_s for moment in found] == sorted(moment.start_s for moment in found)
    at = 1.0 + rr[1:61].sum() - 1.2
    assert found[0].start_s == pytest.approx(at - STRIP_S / 2)


def test_what_one_cannot_be_sure_of_is_no_moment_and_neighbours_share_a_strip():
    rr = np.full(200, 0.8)
    rr[50], rr[100], rr[102] = 3.0, 1.6, 0.9
    found = moments(beats_of(rr, kinds={20: V, 101: V}, sure={20: 0.2, 50: 0.2}), duration_s=170.0)
    assert any(moment.title.startswith("ventricular beat; longest interval, 1.60 s") for moment in found)
    assert not any("3.00" in moment.title for moment in found)
    assert all(0 <= moment.start_s <= 170.0 - STRIP_S for moment in found)


def test_a_short_recording_has_no_course_and_one_without_beats_none_either():
    assert moments(beats_of(np.full(10, 0.8)), duration_s=10.0) == ()
    assert moments(beats_of([0.8]), duration_s=100.0) == ()


def test_the_rate_is_drawn_between_its_ends_with_ectopic_beats_below():
    sheet = Sheet()
    begun = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)
    beats = beats_of(np.full(4500, 0.8), kinds={100: V, 2000: S})
    draw_rate(sheet, beats, at=(10.0, 226.0), size=(190.0, 46.0), duration_s=3600.0, start=begun)
    places = np.concatenate([line for mark in sheet.marks if isinstance(mark, Path) for line in mark.lines])
    assert places[:, 0].min() >= 10.0
    assert places[:, 0].max() <= 200.0
    assert places[:, 1].max() <= 272.0
    words = [mark.text for mark in sheet.marks if isinstance(mark, Text)]
    assert {"22:00", "22:30", "60", "100"} <= set(words)


@pytest.mark.parametrize(
    ("seconds", "said"), [(10.0, "10 s"), (300.0, "5 min"), (1805.6, "30.1 min"), (86400.0, "24 h")]
)
def test_a_length_is_said_in_the_unit_that_says_it_best(seconds, said):
    assert length(seconds) == said


def test_a_time_is_said_by_the_clock():
    assert [clock(s) for s in (5, 725, 11525)] == ["0:05", "12:05", "3:12:05"]


def test_a_long_recording_has_its_moments_on_the_second_page():
    made = simulate(VirtualPatient(), duration_s=64.0, rate_hz=250, seed=3)
    record = Record(made.ecg.sel(lead=["II", "V1"]), native_hz=250.0, source="long", age=52.0, sex="F")
    now = examine(record)
    assert [strip.ecg.sizes["time"] for strip in now.strips] == [1800] * len(now.strips)
    for strip in now.strips:
        start = round(strip.moment.start_s * 250)
        np.testing.assert_array_equal(strip.ecg.values, record.ecg.values[:, start : start + 1800])
    imprint = Imprint("0.2", "abc123", datetime(2026, 11, 24, 14, 0, tzinfo=UTC))
    first, second = (
        " ".join(m.text for m in sheet.marks if isinstance(m, Text)) for sheet in pages(now, imprint=imprint)
    )
    assert "7.2 s of 1.07 min" in first
    assert "5 to 95 % of the beats" in first
    assert "fastest 8 beats" in second
    # without them, as a short one's, it goes on with what is left of its minute
    assert len(pages(replace(now, strips=()), imprint=imprint)) == 2
