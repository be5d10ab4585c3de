"""What sets a group apart: at once, in full, and never the answer to an older question."""

from __future__ import annotations

import numpy as np
import pytest

from ecgomics.dashboards.analyst import Analyst
from ecgomics.dashboards.ranking import Ranker, extremes
from ecgomics.settings import ContrastSettings

QUICK = ContrastSettings(resamples=100)


def now(job, then):
    then(job())


@pytest.fixture
def ranker(state):
    return Ranker(state.census, settings=QUICK)


def test_the_planted_difference_comes_first_and_says_who_is_compared(state, ranker):
    Analyst(state, ranker, run=now)
    state.draw(range(15), lasso=[(0, 0), (1, 0), (1, 1)])
    assert state.ranking.state == "done"
    assert state.ranking.table["biomarker"].iloc[0] == "PR_Int_Global"
    assert state.ranking.table["auc"].iloc[0] > 0.95
    assert state.ranking.table["dimension"].iloc[0] == "Structural"
    assert state.ranking.badge == "exploratory"
    assert state.ranking.about == "lasso A (10 patients) against the rest (45)"
    assert "auc_adjusted" in state.ranking.table


def test_a_group_from_labels_is_not_exploratory(state, ranker):
    Analyst(state, ranker, run=now)
    state.select(state.census.ids[:15], origin="label 1AVB", drawn_on="labels")
    assert state.ranking.badge == "declared"


def test_a_preview_stands_until_the_full_answer_is_there(state, ranker):
    waiting = []
    ranker.prepare()
    Analyst(state, ranker, run=lambda job, then: waiting.append((job, then)))
    state.draw(range(15), lasso=[])
    assert state.ranking.state == "preview"
    preview = state.ranking.table.set_index("biomarker")["auc"]
    job, then = waiting.pop()
    then(job())
    assert state.ranking.state == "done"
    full = state.ranking.table.set_index("biomarker")["auc"]
    assert full["PR_Int_Global"] == pytest.approx(preview["PR_Int_Global"])


def test_values_from_before_are_stale_until_ranks_are_made(state, ranker):
    waiting = []
    Analyst(state, ranker, run=lambda job, then: waiting.append((job, then)))
    state.draw(range(15), lasso=[])
    assert state.ranking_stale
    job, then = waiting.pop()
    then(job())
    assert not state.ranking_stale
    assert state.ranking.state == "done"


def test_an_answer_that_comes_too_late_is_dropped(state, ranker):
    waiting = []
    ranker.prepare()
    Analyst(state, ranker, run=lambda job, then: waiting.append((job, then)))
    state.draw(range(15), lasso=[])
    state.draw(range(20, 40), lasso=[])
    late, latest = waiting
    assert late[0]() is None
    late[1](late[0]())
    assert state.ranking.about.startswith("lasso B")
    latest[1](latest[0]())
    assert state.ranking.about.startswith("lasso B")
    state.clear_group()
    assert state.ranking.state == "none"


def test_a_shape_being_drawn_is_ranked_live(state, ranker):
    ranker.prepare()
    Analyst(state, ranker, run=now)
    state.drawing = tuple(range(15))
    assert state.ranking.state == "preview"
    assert state.ranking.table["biomarker"].iloc[0] == "PR_Int_Global"
    assert not state.selection.records


def test_undoing_a_group_does_not_bring_its_sketch_back(state, ranker):
    ranker.prepare()
    Analyst(state, ranker, run=now)
    state.drawing = tuple(range(15))
    state.draw(range(15), lasso=[])
    state.undo()
    assert state.ranking.state == "none"
    assert len(state.ranking.table) == 0


def test_too_few_patients_are_said_not_tested(state, ranker):
    Analyst(state, ranker, run=now)
    ranker.prepare()
    state.draw([1, 2], lasso=[])
    assert state.ranking.state == "failed"
    assert "needs 5" in state.ranking.message
    assert len(state.ranking.table) == 0


def test_without_analysis_the_table_says_what_to_do(make_reading):
    from ecgomics.dashboards.explore_state import ExploreState

    reading = make_reading(20, analysed=False)
    state = ExploreState(reading.census, reading.rulebook)
    Analyst(state, reading.ranker, run=now)
    state.draw(range(8), lasso=[])
    assert "ecgomics analyse" in state.ranking.message


def test_extremes_leave_out_the_unknown():
    values = np.array([3.0, np.nan, 9.0, 1.0, 5.0])
    highest, lowest = extremes(values, among=np.array([True, True, True, True, False]), count=2)
    assert highest == [2, 0]
    assert lowest == [3, 0]
