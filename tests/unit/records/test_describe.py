from __future__ import annotations

import math
import pickle
import re
from dataclasses import replace
from datetime import datetime
from html import escape

import numpy as np
import pytest

from ecgomics.records import Annotation, Description, Label, assemble, describe, formats, formats_table, read
from ecgomics.records.assembly import Beside, Median
from ecgomics.records.picture import as_page, as_svg

WAVE = np.sin(np.arange(5000) / 40)[None] * np.array([[0.4], [0.8], [0.2]])


@pytest.fixture
def rich():
    samples = WAVE.copy()
    samples[2, :1000] = np.nan
    return assemble(
        samples,
        ["I", "II", "V1"],
        rate_hz=500,
        source="strip",
        description=Description(
            patient="P-1",
            age=61,
            sex="F",
            start=datetime(2020, 1, 2, 3, 4, 5),
            device="Maker Model",
            labels=(Label("device-statement", "Sinus rhythm"), Label("ptbxl-scp", "IMI", 35)),
        ),
        notes=["something was assumed"],
        beside=Beside(
            measurements={"PR_Int_Global": (160.0, "ms"), "lost": (math.nan, "ms")},
            annotations=[Annotation(2.0, "N", "wfdb-atr"), Annotation(1.0, "N", "wfdb-atr")],
            filters={"highpass_hz": 0.05},
            median=Median(WAVE[:, :600], ["I", "II", "V1"], 500),
            step_uv=[5.0, 5.0, 2.5],
        ),
    )


def test_everything_known_is_told(rich):
    told = describe(rich)
    for word in (
        rich.id,
        "10 s at 500 Hz, 7 leads (III, aVR, aVL, aVF derived)",
        "P-1",
        "61 years, F",
        "2020-01-02 03:04:05",
        "Maker Model",
        "highpass 0.05 Hz",
        "PR_Int_Global 160 ms",
        "7 leads, 1200 ms",
        "N × 2 (wfdb-atr)",
        "Sinus rhythm (device-statement)",
        "IMI 35 % (ptbxl-scp)",
        "something was assumed",
        "20.0%",
        "2.5",
    ):
        assert word in told, word
    assert "lost" not in told, "what is no number is not a measurement"


def test_a_bare_record_is_told_too():
    told = describe(assemble(WAVE, ["a", "b", "c"], rate_hz=500, source="x"))
    assert "made in memory" in told
    assert "unknown, unknown" in told


def test_control_characters_do_not_reach_the_terminal():
    record = assemble(WAVE, ["I", "II", "V1"], rate_hz=500, source="x", notes=["\x1b[2Jgone\r\n"])
    told = describe(record)
    assert "\x1b" not in told
    assert "gone" in told


def test_annotations_are_in_order_of_time_and_measurements_finite(rich):
    assert [item.time_s for item in rich.annotations] == [1.0, 2.0]
    assert set(rich.measurements) == {"PR_Int_Global"}


def test_the_median_beat_has_its_limb_leads(rich):
    assert rich.median_beat.dims == ("lead", "offset")
    assert [str(name) for name in rich.median_beat["lead"].values] == list(rich.leads)


@pytest.mark.parametrize(
    "median",
    [
        Median(np.full((3, 10), np.nan), ["I", "II", "V1"], 500),
        Median(WAVE[:, :10], ["I"], 500),
        Median(WAVE[:, :10], ["I", "II", "V1"], 0),
    ],
)
def test_a_median_beat_that_cannot_be_used_is_left_out_and_said_so(median):
    record = assemble(WAVE, ["I", "II", "V1"], rate_hz=500, source="x", beside=Beside(median=median))
    assert record.median_beat is None
    assert any("representative beat" in note for note in record.notes)


def test_repr_names_leads_rate_and_length(rich):
    assert repr(rich) == f"<Record {rich.id}: 7 leads (I, II, III, aVR, aVL, aVF, V1), 10 s at 500 Hz>"


def test_html_draws_every_lead_on_a_grid_and_escapes_the_file(rich):
    hostile = replace(rich, source="<script>alert(1)</script>", notes=("<img src=x>",), device='"><b>')
    html = hostile._repr_html_()
    assert "<script>" not in html
    assert "<img" not in html
    assert "<b>" not in html
    assert html.count("<path") == 1 + len(rich.leads) + 1, "the grid, each lead, and one of them whole below"
    assert "25 mm/s · 10 mm/mV" in html
    assert "http" not in html.replace("http://www.w3.org/2000/svg", ""), "nothing is fetched"


def test_a_page_holds_the_drawing_and_all_that_is_said_and_fetches_nothing(rich):
    page = as_page(replace(rich, source="<script>alert(1)</script>"))
    assert "<script>" not in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "(II: 10 s) of 10 s" in page
    for line in describe(rich).splitlines():
        assert "source" in line or escape(line) in page


def test_no_wave_leaves_the_paper():
    samples = np.zeros((2, 1000))
    samples[0, 300], samples[1, 300] = 2.4, -2.7
    svg = as_svg(assemble(samples, ["V1", "V2"], rate_hz=500, source="x"))
    height = float(re.search(r'viewBox="0 0 \d+ (\d+)"', svg)[1]) - 16
    drawn = [
        float(y) for path in re.findall(r' d="(M[^"]+)" stroke="#111"', svg) for y in re.findall(r" ([-\d.]+)", path)
    ]
    assert 0 <= min(drawn) < 20
    assert height - 20 < max(drawn) <= height


def test_synthetic_records_say_so_on_their_face(rich):
    assert "SYNTHETIC" not in rich._repr_html_()
    synthetic = replace(rich, labels=(Label("synthetic", "normal"),))
    assert "SYNTHETIC" in synthetic._repr_html_()


def test_a_gap_is_drawn_as_a_gap_and_a_spike_is_kept():
    samples = np.zeros((1, 5000))
    samples[0, 2503] = 3.0
    samples[0, 1000:2000] = np.nan
    html = assemble(samples, ["V1"], rate_hz=500, source="x")._repr_html_()
    path = html.split('<path d="')[2].split('"')[0]
    assert path.count("M") == 2, "two strokes, a gap between"
    heights = [float(step.split()[1]) for step in path.replace("M", "L").split("L")[1:]]
    assert max(heights) - min(heights) == pytest.approx(120, abs=0.2), "3 mV at 10 mm/mV and 4 pixels a mm"


def test_records_travel_between_processes(rich):
    back = pickle.loads(pickle.dumps(rich))
    assert back.id == rich.id
    assert back.measurements == rich.measurements
    assert back.annotations == rich.annotations


def test_formats_are_listed_once_each_with_a_reader_that_loads(tmp_path):
    kinds = [item.kind for item in formats()]
    assert len(kinds) == len(set(kinds)) >= 18
    table = formats_table().splitlines()
    assert len(table) == len(kinds) + 2
    assert all(line.count("|") == 8 for line in table)
    path = tmp_path / "x.npy"
    np.save(path, WAVE)
    assert read(path, rate_hz=500, unit="mV").format == "npy"


def test_a_unit_may_be_a_multiple(tmp_path):
    np.save(tmp_path / "x.npy", WAVE)
    record = read(tmp_path / "x.npy", rate_hz=500, unit="0.1 mV")
    np.testing.assert_allclose(record.ecg.values, WAVE * 0.1, atol=1e-6)
