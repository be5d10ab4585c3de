"""The list, table, map and evidence widgets alone: arrays and tables in, bytes and rows out."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ecgomics_widgets import WidgetError
from ecgomics_widgets.beat_overlay import BeatOverlay, spread
from ecgomics_widgets.candidate_table import CandidateTable
from ecgomics_widgets.evidence_card import EvidenceCard
from ecgomics_widgets.inbox import Inbox
from ecgomics_widgets.latent_map import CATEGORY_COLOURS, LatentMap, category_shades, number_shades
from ecgomics_widgets.measurement_bar import MeasurementBar
from ecgomics_widgets.modules import FOLDER, joined
from ecgomics_widgets.record_list import RecordList, grades
from ecgomics_widgets.rule_list import RuleList

MINE = ("record_list", "rule_list", "candidate_table", "beat_overlay", "latent_map", "evidence_card", "measurement_bar")
PAGES = (*MINE, "explore_frame", "dom")


@pytest.mark.parametrize(
    "kind", [RecordList, RuleList, CandidateTable, BeatOverlay, LatentMap, EvidenceCard, MeasurementBar]
)
def test_both_hosts_show_it(kind):
    widget = kind()
    names = {widget._browser_name(name) for name in (*widget._down, *widget._up)}
    assert names <= set(widget.widget().keys)
    assert names <= set(widget.panel().param)


@pytest.mark.parametrize("name", PAGES)
def test_words_from_files_are_text_never_markup(name):
    """A label or a name is put on the page by text nodes only."""
    text = (Path(FOLDER) / f"{name}.js").read_text(encoding="utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", text)


@pytest.mark.parametrize("name", [*MINE, "explore_frame"])
def test_modules_ask_nothing_of_other_hosts(name):
    addresses = set(re.findall(r"https?://[^\s\"'`)]+", joined(f"{name}.js")))
    assert addresses <= {"http://www.w3.org/2000/svg"}


def test_own_script_of_the_page_is_small():
    assert sum(len((Path(FOLDER) / f"{name}.js").read_bytes()) for name in PAGES) < 150_000


def test_a_record_list_from_a_table():
    table = pd.DataFrame({"source": ["a", "b", "c"], "about": ["71 M", "", ""], "quality": [0.9, 0.6, np.nan]})
    records = RecordList.of(table)
    assert np.frombuffer(records.order, dtype="<i4").tolist() == [0, 1, 2]
    assert np.frombuffer(records.quality, dtype="u1").tolist() == [3, 2, 0]
    assert records.table["detail"] == ["", "", ""]
    with pytest.raises(WidgetError, match="without a column 'source'"):
        RecordList.of(table.drop(columns="source"))


def test_quality_has_grades():
    assert grades(np.array([0.0, 0.49, 0.5, 0.79, 0.8, 1.0, np.nan])).tolist() == [1, 1, 2, 2, 3, 3, 0]


def test_candidates_keep_the_tables_order_and_say_what_is_missing():
    table = pd.DataFrame(
        {
            "biomarker": ["B", "A"],
            "auc": [0.1, 0.8],
            "low": [0.05, np.nan],
            "high": [0.2, np.nan],
            "q": [1e-9, np.nan],
            "n_group": [5, 6],
            "n_rest": [50, 60],
            "dimension": ["Structural", "Intensity"],
        }
    )
    rows = CandidateTable.of(table).rows
    assert [row["biomarker"] for row in rows] == ["B", "A"]
    assert rows[1]["low"] is None
    assert rows[1]["q"] is None
    with pytest.raises(WidgetError, match="without q, n_rest"):
        CandidateTable.of(table.drop(columns=["q", "n_rest"]))


def test_beats_are_summed_up_by_median_and_middle_half():
    beats = np.arange(5, dtype=float)[:, None, None] * np.ones((5, 2, 3))
    beats[0, 1] = np.nan
    beats[:, 0, 2] = np.nan
    summed = spread(beats)
    assert summed.shape == (2, 3, 3)
    assert summed[0, :, 0].tolist() == [2, 1, 3]
    assert summed[1, :, 0].tolist() == [2.5, 1.75, 3.25]
    assert np.isnan(summed[0, :, 2]).all()
    assert np.isnan(spread(beats[:0])).all()


def test_a_beat_overlay_checks_shapes():
    offset = np.linspace(-0.2, 0.3, 3)
    overlay = BeatOverlay.of(offset, ["I", "II"], group=np.zeros((4, 2, 3)), own=np.zeros((2, 3)))
    assert overlay.lead == "II"
    assert overlay.rest == b""
    assert len(overlay.group) == 2 * 3 * 3 * 4
    with pytest.raises(WidgetError, match="beats of shape"):
        BeatOverlay.of(offset, ["I"], group=np.zeros((4, 2, 3)))
    with pytest.raises(WidgetError, match="a beat of shape"):
        BeatOverlay.of(offset, ["I", "II"], own=np.zeros((2, 4)))


def test_numbers_become_shades_between_their_outer_centiles():
    values = np.r_[np.linspace(0, 100, 101), 1e6, np.nan]
    shade, scale = number_shades(values)
    assert shade[-1] == 255
    assert shade[-2] == 254
    assert shade[0] == 0
    assert 0 <= scale["low"] < scale["high"] <= 101
    assert np.all(np.diff(shade[:101].astype(int)) >= 0)


def test_a_constant_and_an_unknown_column_have_shades():
    shade, _ = number_shades(np.full(5, 3.0))
    assert (shade < 255).all()
    shade, scale = number_shades(np.full(5, np.nan))
    assert (shade == 255).all()
    assert scale == {}


def test_the_commonest_categories_have_a_colour_each():
    values = np.array([f"c{k}" for k in range(12) for _ in range(20 - k)] + [""])
    shade, scale = category_shades(values)
    assert scale["names"][:2] == ["c0", "c1"]
    assert scale["names"][-1] == "other"
    assert len(scale["names"]) == len(scale["colours"]) == len(CATEGORY_COLOURS) + 1
    assert shade[-1] == 255
    assert shade[0] == 0
    assert "#e69f00" not in scale["colours"], "orange is the selected group's"


def test_a_map_checks_its_points():
    with pytest.raises(WidgetError, match="points of shape"):
        LatentMap.of(np.zeros((4, 3)))
    picture = LatentMap.of(np.zeros((4, 2)), categories=["a", "a", "b", ""])
    assert np.frombuffer(picture.shade, dtype="u1").tolist() == [0, 0, 1, 255]


def test_events_that_came_in_one_piece_are_taken_one_by_one():
    inbox = Inbox()
    steps = [{"type": "step", "by": by, "source": "page", "serial": by} for by in (1, 2, 3)]
    assert [event["by"] for event in inbox.take({**steps[1], "before": steps[:1]})] == [1, 2]
    assert [event["by"] for event in inbox.take({**steps[2], "before": steps[:2]})] == [3]
    assert inbox.take({**steps[2], "before": steps[:2]}) == []
    assert len(inbox.take({"type": "step", "by": 1, "source": "another page", "serial": 1})) == 1
    assert inbox.take({}) == inbox.take(None) == []
