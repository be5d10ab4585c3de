"""What a strip shows besides the trace: comparison, quality, feedback, hidden marks; and tiles within their budget."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from ecgomics_widgets import ArraySource, Strip, WidgetError, Window
from ecgomics_widgets.comparing import representative
from ecgomics_widgets.messages import unpack
from ecgomics_widgets.remarks import feedback_of, quality_of
from ecgomics_widgets.tiling import fitted

RATE = 500
TWELVE = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]


def pulses(seconds=10.0, *, leads=("I", "II"), first=0.5, height=1.0):
    clock = np.arange(round(seconds * RATE)) / RATE
    wave = height * np.exp(-((((clock - first + 0.5) % 1.0 - 0.5) / 0.01) ** 2))
    ecg = np.tile(wave, (len(leads), 1)).astype(np.float32)
    return xr.DataArray(ecg, dims=("lead", "time"), coords={"lead": list(leads)}, attrs={"rate_hz": RATE})


def beats(first=0.5, count=10):
    return {"time_s": first + np.arange(count)}


@pytest.mark.parametrize("rate", [500, 1000])
@pytest.mark.parametrize("seconds", [2, 4.9, 10, 13.3, 40, 190])
def test_a_screen_of_twelve_leads_costs_at_most_sixty_kilobytes(rate, seconds):
    """At 1,200 px; the browser asks for three screens at once."""
    rng = np.random.default_rng(0)
    source = ArraySource(rng.normal(size=(12, 600 * rate)).astype(np.float32), rate_hz=rate, leads=TWELVE)
    strip = Strip(source)
    three = min(3 * seconds, 600)
    ident = unpack(strip.signal)[0]["id"]
    strip.want = {"id": ident, "t0": 0.0, "t1": three, "width": 3600 * three / (3 * seconds), "count": 1}
    screens = three / seconds
    assert len(strip.signal) / screens <= 60_000


@pytest.mark.parametrize("kind", ["samples", "envelope"])
@pytest.mark.parametrize("first", [0, 977])
def test_a_fitted_window_keeps_every_extreme_in_its_column(kind, first):
    rng = np.random.default_rng(1)
    values = rng.normal(size=(12, 9000)).astype(np.float32)
    values[3, 100:400] = np.nan
    given = values if kind == "samples" else np.stack([values, values + 1], axis=2)
    window = fitted(Window(given, first / RATE, 1 / RATE), width=1700)
    assert window.values.shape[1] <= 1.02 * 1700
    low, high = window.values[:, :, 0], window.values[:, :, 1]
    assert np.nanmax(high, axis=1) == pytest.approx(np.nanmax(values, axis=1) + (kind == "envelope"))
    assert np.nanmin(low, axis=1) == pytest.approx(np.nanmin(values, axis=1))
    peak = int(np.argmax(values[5]))
    column = int(((first + peak) / RATE - window.t0_s) / window.step_s + 0.5 * RATE**-1 / window.step_s)
    assert high[5, max(0, column - 1) : column + 2].max() == pytest.approx(values[5, peak] + (kind == "envelope"))
    assert np.isnan(low[3]).any()


def test_tiles_of_one_zoom_share_one_grid():
    values = np.random.default_rng(2).normal(size=(12, 20_000)).astype(np.float32)
    one = fitted(Window(values[:, :9000], 0.0, 1 / RATE), width=1500)
    two = fitted(Window(values[:, 3000:12_000], 3000 / RATE, 1 / RATE), width=1500)
    assert one.step_s == two.step_s
    shift = (two.t0_s - one.t0_s) / one.step_s
    assert shift == pytest.approx(round(shift), abs=1e-6)
    k = round(shift) + 2  # the first column may be cut
    assert two.values[:, 2:800] == pytest.approx(one.values[:, k : k + 798])


def test_the_machines_marks_are_not_even_sent_when_hidden():
    strip = Strip(
        pulses(),
        beats=beats(),
        marks={"time_s": [1.0], "mark": ["p_on"]},
        spans=[{"start_s": 1, "stop_s": 2, "label": "PR"}],
        quality=[{"lead": "II", "start_s": 1, "stop_s": 2}],
        machine_marks="hidden",
    )
    header, arrays = unpack(strip.overlay)
    assert header["spans"] == []
    assert all(arrays[name].size == 0 for name in ("times", "beat_times", "q_start"))
    strip.machine_marks = "shown"
    assert unpack(strip.overlay)[1]["beat_times"].size == 10


def test_evidence_of_rules_not_met_is_drawn_only_when_asked_for():
    spans = [
        {"start_s": 1, "stop_s": 2, "label": "met", "state": "met"},
        {"start_s": 0, "stop_s": 2, "label": "unmet", "state": "not_met"},
        {"start_s": 3, "stop_s": 4, "label": "plain"},
    ]
    strip = Strip(pulses(), spans=spans)
    assert [span["label"] for span in strip.evidence] == ["met", "plain"]
    assert len(unpack(strip.overlay)[0]["spans"]) == 2
    strip.shown = [*strip.shown, "unmet"]
    assert [span["label"] for span in unpack(strip.overlay)[0]["spans"]] == ["unmet", "met", "plain"]


def test_quality_from_rows_and_from_an_array():
    rows = quality_of([{"start_s": 3, "stop_s": 4, "reason": "wander"}, {"lead": "II", "start_s": 1, "stop_s": 2}])
    assert [(row["lead"], row["reason"]) for row in rows] == [("II", "not to be trusted"), ("", "wander")]
    values = xr.DataArray(
        [[0.9, 0.2, 0.3, 0.9], [0.9] * 4],
        dims=("lead", "time"),
        coords={"lead": ["I", "II"], "time": np.arange(4.0)},
    )
    assert quality_of(values) == [{"lead": "I", "start": 1.0, "stop": 3.0, "reason": "quality 0.25"}]
    header, arrays = unpack(Strip(pulses(), quality=values).overlay)
    assert header["quality"]["leads"] == ["I"]
    assert (arrays["q_start"].tolist(), arrays["q_stop"].tolist()) == ([1.0], [3.0])


def test_feedback_says_by_how_much_and_at_which_edge():
    rows = [
        {
            "lead": "II",
            "label": "QT",
            "given_start_s": 1.0,
            "given_stop_s": 1.446,
            "reference_start_s": 1.0,
            "reference_stop_s": 1.398,
            "uncertainty_ms": 9,
            "verdict": "wrong",
        },
        {"lead": "I", "text": "T inverted", "verdict": "partly"},
        {"lead": "V1", "label": "P on", "given_start_s": 0.5, "reference_start_s": 0.56, "verdict": "wrong"},
    ]
    qt, words, mark = feedback_of(pd.DataFrame(rows).astype({"text": object}).fillna({"text": "", "label": ""}))
    assert (qt["given_text"], qt["reference_text"], qt["text"]) == ("QT 446", "398 ± 9", "48 ms late")
    assert qt["difference"] == pytest.approx([1.398, 1.446])
    assert (words["given"], words["text"], words["difference"]) == (None, "T inverted", None)
    assert (mark["given"], mark["text"]) == ([0.5, None], "60 ms early")
    right = feedback_of([{**rows[0], "verdict": "right"}])[0]
    assert (right["reference_text"], right["text"], right["difference"]) == ("398 ± 9 ✓", "", None)
    with pytest.raises(WidgetError, match="right, partly, wrong"):
        feedback_of([{"verdict": "good"}])


def test_two_recordings_are_aligned_at_their_first_beats_and_their_beats_compared():
    strip = Strip(pulses(), beats=beats(), compare=pulses(first=0.8, height=2.0), compare_beats=beats(0.8, 9))
    assert strip.comparison["shift_s"] == pytest.approx(0.3)
    assert unpack(strip.compared)[0]["id"] == strip.comparison["id"]
    header, arrays = unpack(strip.beat_pair)
    a, b = (arrays[name].reshape(2, -1) for name in "ab")
    assert header["leads"] == ["I", "II"]
    assert (a[0].max(), b[0].max()) == (pytest.approx(1, abs=0.02), pytest.approx(2, abs=0.02))
    assert header["t0"] + header["step"] * a[0].argmax() == pytest.approx(0, abs=0.003)
    strip.compare = None
    assert (strip.comparison, strip.compared, strip.beat_pair) == ({}, b"", b"")


def test_two_times_of_one_recording_need_no_second_one():
    strip = Strip(pulses(20), beats=beats(count=20), compare=10.0)
    assert strip.comparison["same"]
    assert (strip.comparison["shift_s"], strip.compared) == (10.0, b"")
    assert strip.beat_pair


def test_a_long_second_recording_answers_for_stretches():
    long = ArraySource(np.zeros((2, 700_000), np.float32), rate_hz=RATE, leads=["I", "II"])
    strip = Strip(pulses(), compare=long)
    ident = strip.comparison["id"]
    assert unpack(strip.compared)[0]["part"] == "overview"
    strip.want = {"id": ident, "t0": 100.0, "t1": 110.0, "width": 1000, "count": 1}
    assert unpack(strip.compared)[0]["part"] == "tile"


def test_a_beat_needs_samples_around_it():
    source = ArraySource(pulses().values, rate_hz=RATE, leads=["I", "II"])
    offset = np.arange(-0.3, 0.5, 0.002)
    assert representative(source, np.array([0.1]), offset_s=offset) is None
    beat = representative(source, np.array([2.5, 3.5]), offset_s=offset)
    assert beat is not None
    assert beat.shape == (2, len(offset))


def test_onsets_come_from_marks_and_notes_belong_to_their_recording():
    marks = {"time_s": 0.46 + np.arange(10), "mark": ["qrs_on"] * 10}
    strip = Strip(pulses(), beats=beats(), marks=marks, compare=pulses(), compare_beats=beats())
    onset = unpack(strip.beat_pair)[0]["onset"]
    assert onset[0] == pytest.approx(-0.04, abs=1e-6)
    assert onset[1] is None
    strip.notes = [{"start_s": 1.0, "stop_s": None, "lead": "", "text": "x", "who": "", "when": ""}]
    strip.ecg = pulses(5)
    assert strip.notes == []
