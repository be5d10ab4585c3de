"""The charts alone: tables and arrays in, rows and bytes out."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from ecgomics_widgets import LeadVectors, Volcano, WidgetError
from ecgomics_widgets.lead_vectors import loops_of
from ecgomics_widgets.messages import unpack
from ecgomics_widgets.modules import FOLDER, joined

KINDS = (Volcano, LeadVectors)


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


def test_all_own_script_stays_within_its_budget():
    assert sum(len(path.read_bytes()) for path in Path(FOLDER).rglob("*.js")) < 300_000


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
