"""The charts alone: tables and arrays in, rows and bytes out."""

from __future__ import annotations

import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from ecgomics_widgets import LatentMap, LeadVectors, Poincare, Tachogram, TrendPlot, Volcano, WidgetError
from ecgomics_widgets.hosting import module_text, page_text
from ecgomics_widgets.lead_vectors import loops_of
from ecgomics_widgets.messages import unpack
from ecgomics_widgets.modules import joined, slim
from ecgomics_widgets.timeline import class_rows, events_of, intervals_of, packed_curves, summary_of

KINDS = (Volcano, LeadVectors, Tachogram, Poincare, TrendPlot)


def contrast(**columns) -> pd.DataFrame:
    return pd.DataFrame(
        {"biomarker": ["a", "b", "c"], "auc": [0.9, 0.4, np.nan], "q": [1e-4, 1.0, np.nan], "badge": "validated"}
        | columns
    )


@pytest.mark.parametrize("kind", KINDS)
def test_both_hosts_show_it_and_ask_nothing_of_others(kind):
    widget = kind()
    names = {widget._browser_name(name) for name in (*widget._down, *widget._up)}
    assert names <= set(widget.widget().keys)
    assert names <= set(widget.panel().param)
    text = joined(kind._module)
    assert set(re.findall(r"https?://[^\s\"'`)]+", text)) <= {"http://www.w3.org/2000/svg"}
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", text)


@pytest.mark.parametrize(
    ("frame", "page"),
    [
        (
            "explore_frame.js",
            ["strip", "record_list", "rule_list", "candidate_table", "beat_overlay", "latent_map", "evidence_card"]
            + ["measurement_bar"],
        ),
        ("holter_frame.js", ["strip", "tachogram", "trend_plot", "event_list", "verdict_bar"]),
    ],
    ids=["explore", "holter"],
)
def test_own_script_of_a_page_is_sent_once(frame, page):
    """As sent: the frame brings every widget's module, and what they have in common once."""
    shelf = tuple(f"{name}.js" for name in page)
    assert len(page_text(frame, shelf=shelf).encode()) < 300_000
    assert page_text(frame, shelf=shelf).count("function fill(") == 1


@pytest.mark.parametrize(
    "page",
    [
        ["discover_frame", "volcano", "finding_table", "finding_card", "family_list", "panel_card", "question_bar"]
        + ["lockbox_card", "beat_overlay", "candidate_table"],
        ["learn_frame", "strip", "lead_vectors", "measurement_bar", "margin_list", "slider_panel"],
    ],
    ids=["discover", "learn"],
)
def test_own_script_of_a_page_stays_within_its_budget(page):
    """As sent: every widget carries what it imports, so that it can stand alone."""
    assert sum(len(module_text(f"{name}.js").encode()) for name in page) < 300_000


@pytest.mark.skipif(shutil.which("node") is None, reason="no node to read modules with")
def test_a_shelf_is_a_module(tmp_path):
    shelf = ("latent_map.js", "volcano.js", "strip.js", "tachogram.js")
    path = tmp_path / "page.mjs"
    path.write_text(page_text("explore_frame.js", shelf=shelf), encoding="utf-8")
    subprocess.run(["node", "--check", str(path)], check=True, timeout=60)


def test_what_is_sent_is_the_module_without_its_comments():
    assert slim("a = 1; // why\n  // not sent\n  /** nor\n   * this */\n  b = 2;\n") == "a = 1; // why\nb = 2;\n"


def test_volcano_reads_a_contrast():
    plot = Volcano.of(contrast(low=[0.8, 0.3, np.nan], high=[0.95, 0.5, np.nan]), limit=0.01)
    assert [row["height"] for row in plot.rows] == [4.0, 0.0, None]
    assert plot.rows[0] | {"dimension": ""} == plot.rows[0]
    assert (plot.rows[0]["low"], plot.rows[0]["badge"]) == (0.8, "validated")
    assert (plot.axis["title"], plot.axis["centre"], plot.axis["height"]) == ("AUC", 0.5, "−log10 q")
    assert (plot.cloud, plot.rug) == (b"", b"")


def test_volcano_takes_the_adjusted_q_where_there_is_one():
    adjusted = contrast(q_adjusted=[0.1, 0.2, np.nan], low_adjusted=0.6, high_adjusted=0.7, auc_adjusted=0.65)
    plot = Volcano.of(adjusted, effect="auc_adjusted")
    assert plot.rows[0]["height"] == pytest.approx(1.0)
    assert plot.rows[0]["low"] == 0.6
    assert plot.axis["height"] == "−log10 q, adjusted"
    assert Volcano.of(contrast(q_adjusted=np.nan)).rows[0]["height"] == 4.0


def test_volcano_parts_the_null_into_points_and_a_count_at_one():
    cloud = pd.DataFrame({"draw": [0, 0, 1, 1], "auc": [0.4, 0.5, 0.6, np.nan], "q": [0.1, 1.0, 1.0, 1.0]})
    plot = Volcano.of(contrast(), cloud=cloud)
    assert np.frombuffer(plot.cloud, "<f4") == pytest.approx([0.4, 1.0])
    rug = np.frombuffer(plot.rug, "<f4").reshape(-1, 3)
    assert rug[:, 2].sum() == 2
    assert plot.cloud_text == "null: labels permuted ×2"


def test_volcano_says_which_column_is_missing_and_shows_another_table():
    with pytest.raises(WidgetError, match="without q"):
        Volcano.of(contrast().drop(columns="q"))
    plot = Volcano.of(contrast(), opened="a")
    plot.show(contrast().rename(columns={"auc": "rho"}), opened="")
    assert (plot.effect, plot.axis["centre"], plot.opened) == ("rho", 0.0, "")


def test_vectors_from_arrays_and_from_a_dataset_are_the_same():
    time, wave = np.linspace(-0.1, 0.4, 26), np.arange(78.0).reshape(3, 26)
    dataset = xr.Dataset({"qrs": (("axis", "time"), wave)}, coords={"time": time})
    assert loops_of(dataset) == loops_of({"qrs": wave}, time)
    header, arrays = unpack(loops_of(dataset))
    assert header["waves"] == ["qrs"]
    assert arrays["qrs"].reshape(3, 26) == pytest.approx(wave)
    with pytest.raises(WidgetError, match=r"\(3, 26\)"):
        loops_of({"qrs": wave[:2]}, time)
    with pytest.raises(WidgetError, match="without times"):
        loops_of({"qrs": wave})


def test_vectors_keep_make_or_drop_a_ghost():
    time = np.linspace(0, 0.1, 5)
    one, two = {"qrs": np.ones((3, 5))}, {"qrs": np.zeros((3, 5))}
    vectors = LeadVectors.of(one, time, axes={"qrs": 10.0})
    first = vectors.loops
    vectors.show(two, time, axes={"qrs": 20.0}, ghost="previous")
    assert (vectors.before, vectors.axes_before, vectors.axes) == (first, {"qrs": 10.0}, {"qrs": 20.0})
    vectors.show(one, time)
    assert vectors.before == first
    vectors.show(one, time, ghost="none")
    assert vectors.before == b""
    with pytest.raises(WidgetError, match="keep, previous or none"):
        vectors.show(one, time, ghost="maybe")


def test_intervals_are_unknown_where_they_touch_a_gap():
    times = np.arange(10.0)
    found = intervals_of({"time_s": times[::-1]}, gaps=[{"start_s": 4.2, "stop_s": 5.8}])
    assert np.isnan(found.rr_s).tolist() == [True, *[False] * 4, True, True, *[False] * 3]
    assert found.rr_s[1:5] == pytest.approx(1.0)


@pytest.mark.parametrize("form", ["frame", "rows", "dataset"])
def test_intervals_given_are_kept_in_any_form(form):
    times, rr, kinds = [2.0, 1.0, np.nan, 3.0], [0.9, np.nan, 5.0, 0.8], [1, 0, 0, 0]
    table = {
        "frame": pd.DataFrame({"time_s": times, "rr_s": rr, "beat_class": kinds}),
        "rows": [{"time_s": t, "rr_s": r, "beat_class": k} for t, r, k in zip(times, rr, kinds, strict=True)],
        "dataset": xr.Dataset({"r_s": ("beat", times), "rr_s": ("beat", rr), "beat_class": ("beat", kinds)}),
    }[form]
    found = intervals_of(table)
    assert found.time_s.tolist() == [1.0, 2.0, 3.0]
    assert found.rr_s.tolist() == pytest.approx([np.nan, 0.9, 0.8], nan_ok=True)
    assert found.beat_class.tolist() == [0, 1, 0]


def test_a_day_says_its_mean_lowest_and_highest_rate():
    times = np.concatenate([np.arange(0, 600, 1.0), np.arange(600, 660, 0.5), np.arange(660, 1200, 1.0)])
    facts = summary_of(intervals_of({"time_s": times}))
    assert facts["beats"] == len(times)
    assert (facts["high"], facts["high_s"]) == (pytest.approx(120, abs=2), 600.0)
    assert facts["low"] == pytest.approx(60, abs=1.5)
    assert summary_of(intervals_of(None)) == {}


def test_heat_rows_count_a_class_and_leave_holes():
    beats = intervals_of({"time_s": [1.0, 61.0, 62.0, 200.0], "beat_class": [0, 1, 1, 0]})
    rows = class_rows(beats, duration_s=300)
    assert list(rows) == ["Ventricular"]
    assert rows["Ventricular"]["values"].tolist() == pytest.approx([0, 2, np.nan, 0, np.nan], nan_ok=True)


def test_a_tachogram_takes_tables_and_hears_pairs():
    day = Tachogram.of(
        {"time_s": np.arange(0, 100, 0.8)},
        events=[{"start_s": 50, "stop_s": 60, "label": "AF"}, {"start_s": 5.0, "label": "mark"}],
        curves={"ST": {"time_s": [0, 1], "value": [0.1, 0.2], "unit": "mV"}},
        shades=[{"start_s": 1, "stop_s": 2, "label": "asleep"}],
    )
    assert [event["kind"] for event in day.events] == ["mark", "episode"]
    assert day.duration_s == pytest.approx(99.2)
    widget = day.widget()
    widget.set_state({"window": [3.0, 4.0], "cursor_s": 3.5, "view": None})
    assert (day.window, day.cursor_s, day.view) == ((3.0, 4.0), 3.5, None)
    with pytest.raises(WidgetError, match="2 times and 1 values"):
        packed_curves({"ST": {"time_s": [0, 1], "value": [0.1]}})
    assert events_of(None) == []


def test_the_spread_of_intervals_is_that_of_its_definition():
    rng = np.random.default_rng(3)
    rr = 0.8 + 0.05 * rng.normal(size=400)
    plot = Poincare.of({"time_s": np.cumsum(rr)})
    x, y = rr[1:-1], rr[2:]
    assert plot.summary["sd1"] == pytest.approx(1000 * np.std((y - x) / np.sqrt(2), ddof=1), rel=1e-3)
    with_ectopy = Poincare.of({"time_s": np.cumsum(rr), "beat_class": np.r_[np.zeros(200), np.ones(200)].astype(int)})
    assert with_ectopy.summary["sd1"] != plot.summary["sd1"]
    assert Poincare.of({"time_s": [1.0, 2.0]}).summary == {}


def test_trends_state_their_form_and_are_put_in_order():
    frame = pd.DataFrame({"time_s": [3600.0, 0.0], "value": [2.0, 1.0]})
    frame.attrs["form"] = "bars"
    plot = TrendPlot.of({"Ventricular": frame, "QTc": {"time_s": [0, 9], "value": [400, 420], "limits": (350, 450)}})
    header, arrays = unpack(plot.rows)
    assert [row["form"] for row in header["rows"]] == ["bars", "line"]
    assert [row["step"] for row in header["rows"]] == [3600.0, 0.0]
    assert header["rows"][1]["limits"] == [350, 450]
    assert arrays["y0"].tolist() == [1.0, 2.0]
    with pytest.raises(WidgetError, match="one of line"):
        TrendPlot.of({"x": {"time_s": [0], "value": [1], "form": "pie"}})
    with pytest.raises(WidgetError, match="equal columns"):
        TrendPlot.of({"x": {"time_s": [0, 1], "value": [1]}})


def test_charts_have_a_height_in_a_notebook():
    table = {"time_s": [0, 3600], "value": [60, 70]}
    one, three = (TrendPlot.of({name: table for name in "abc"[:size]}) for size in (1, 3))
    assert one.widget().layout.height == "190px"
    assert three.widget().layout.height == "370px"
    assert Poincare.of({"time_s": np.arange(0, 100, 0.8)}).widget().layout.height == "360px"
    assert LatentMap.of(np.zeros((4, 2))).widget().layout.height == "360px"
