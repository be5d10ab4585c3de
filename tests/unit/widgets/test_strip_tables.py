from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from ecgomics_widgets import WidgetError
from ecgomics_widgets.tables import beats_of, marks_of, spans_of


@dataclass(frozen=True)
class Span:
    leads: tuple[str, ...]
    start_s: float
    stop_s: float
    label: str


def beats_dataset():
    return xr.Dataset(
        {
            "r_s": ("beat", [1.0, 2.0]),
            "beat_class": ("beat", np.array([0, 1], dtype=np.int8)),
            "marks": (("beat", "mark"), [[0.8, 1.0], [np.nan, 2.0]]),
            "lead_marks": (("beat", "lead", "mark"), np.array([[[0.81, 1.01]], [[1.81, np.nan]]])),
        },
        coords={"mark": ["p_on", "r_peak"], "lead": ["V1"]},
    )


@pytest.mark.parametrize(
    "table",
    [
        {"time_s": [2.0, 1.0], "mark": ["t_off", "p_on"]},
        pd.DataFrame({"time_s": [2.0, 1.0], "mark": ["t_off", "p_on"]}),
        [{"time_s": 2.0, "mark": "t_off"}, {"time_s": 1.0, "mark": "p_on"}],
    ],
)
def test_marks_in_any_form_come_out_in_order_of_time(table):
    marks = marks_of(table)
    assert marks["time_s"].tolist() == [1.0, 2.0]
    assert marks["mark"].tolist() == ["p_on", "t_off"]
    assert marks["lead"].tolist() == ["global", "global"]


def test_marks_and_beats_of_a_dataset():
    marks = marks_of(beats_dataset())
    assert list(zip(marks["time_s"], marks["mark"], marks["lead"], strict=True)) == [
        (0.8, "p_on", "global"),
        (0.81, "p_on", "V1"),
        (1.0, "r_peak", "global"),
        (1.01, "r_peak", "V1"),
        (1.81, "p_on", "V1"),
        (2.0, "r_peak", "global"),
    ]
    beats = beats_of(beats_dataset())
    assert beats["time_s"].tolist() == [1.0, 2.0]
    assert beats["beat_class"].tolist() == [0, 1]


def test_nothing_is_nothing():
    assert marks_of(None)["time_s"].size == 0
    assert beats_of([])["time_s"].size == 0
    assert spans_of(None) == []


def test_unknown_class_and_missing_column_are_refused():
    with pytest.raises(WidgetError, match="one of normal, ventricular"):
        beats_of([{"time_s": 1.0, "beat_class": "weird"}])
    with pytest.raises(WidgetError, match="columns time_s, mark"):
        marks_of({"time": [1.0], "mark": ["p_on"]})
    with pytest.raises(WidgetError, match="without start_s"):
        spans_of([{"stop_s": 1.0}])
    assert beats_of([{"time_s": 1.0, "beat_class": 77}])["beat_class"].tolist() == [4]


def test_spans_from_rows_objects_and_frames():
    rows = [{"start_s": 3.0, "stop_s": 4.0, "leads": "V1", "dimension": "Intensity"}, Span((), 1.0, 2.0, "200 ms")]
    spans = spans_of(rows)
    assert [s["start"] for s in spans] == [1.0, 3.0]
    assert spans[0] == {"start": 1.0, "stop": 2.0, "leads": [], "label": "200 ms", "dimension": ""}
    assert spans[1]["leads"] == ["V1"]
    frame = pd.DataFrame({"start_s": [1.0, np.nan], "stop_s": [2.0, 3.0], "leads": [("global",), ("II",)]})
    assert spans_of(frame) == [{"start": 1.0, "stop": 2.0, "leads": [], "label": "", "dimension": ""}]
