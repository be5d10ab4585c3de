"""What a person can do in Explore, without a page."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from ecgomics.dashboards import Selection
from ecgomics.dashboards.filters import Filter
from ecgomics.errors import RuleError, VocabularyError


def ids(state, *numbers):
    return [str(state.census.ids[number]) for number in numbers]


def test_it_opens_on_a_record_a_map_and_a_reason(state):
    assert state.record == state.census.ids[0]
    assert state.encoder == "handmade"
    assert state.colour == "label"
    assert state.why == ("rule", "long_pr")


def test_an_empty_cohort_opens_on_nothing(make_reading):
    from ecgomics.dashboards.explore_state import ExploreState

    reading = make_reading(0)
    state = ExploreState(reading.census, reading.rulebook)
    assert state.record == ""
    state.step(1)
    assert state.order().tolist() == []


def test_text_finds_records_by_source_label_and_rule(state):
    state.add_filters([Filter("text", "rec12")])
    assert [state.census.source[i] for i in state.order()] == ["rec12"]
    state.add_filters([Filter("text", "norm")])
    assert len(state.order()) == 45


def test_filters_of_one_kind_replace_each_other_and_labels_add_up(state):
    state.add_filters([Filter("age", (60, None))])
    state.add_filters([Filter("age", (None, 40)), Filter("label", "NORM"), Filter("label", "1AVB")])
    assert [chip.kind for chip in state.filters] == ["age", "label", "label"]
    assert len(state.order()) == 0


@pytest.mark.parametrize(
    ("chip", "words"),
    [
        (Filter("age", (60, 80)), "age 60–80"),
        (Filter("age", (60, None)), "age ≥ 60"),
        (Filter("age", (None, 40)), "age ≤ 40"),
        (Filter("quality", 0.8), "quality ≥ 0.8"),
        (Filter("rule", "long_pr"), "Long PR met"),
        (Filter("sex", "F"), "sex F"),
    ],
)
def test_a_chip_says_what_it_does(state, chip, words):
    assert chip.text(state.census) == words


def test_each_filter_keeps_exactly_whom_it_names(state):
    census = state.census
    state.add_filters([Filter("age", (60, 70)), Filter("sex", "F"), Filter("quality", 0.5)])
    expected = (census.age >= 60) & (census.age <= 70) & (census.sex == "F") & (census.quality >= 0.5)
    assert set(state.order()) == set(np.flatnonzero(expected))


def test_sorting_puts_the_unknown_last_in_both_directions(state):
    for descending in (True, False):
        state.sort_by("PR_Int_Global", descending=descending)
        values = state.census.numbers("PR_Int_Global")[state.order()]
        assert np.isnan(values[-1])
        steps = np.diff(values[:-1])
        assert (steps <= 0).all() if descending else (steps >= 0).all()


def test_stepping_follows_the_list_and_stays_at_its_ends(state):
    state.sort_by("PR_Int_Global")
    order = [str(state.census.ids[i]) for i in state.order()]
    state.open(order[1])
    state.step(1)
    assert state.record == order[2]
    state.step(-1)
    state.step(-1)
    state.step(-1)
    assert state.record == order[0]


def test_stepping_from_a_record_that_is_filtered_out_enters_the_list(state):
    state.add_filters([Filter("text", "rec40")])
    state.step(1)
    assert state.record == state.census.ids[40]


def test_a_drawn_shape_becomes_the_group_and_filters_the_list(state):
    state.draw([3, 1, 2, 999], lasso=[(0, 0), (1, 0), (1, 1)])
    assert state.selection.origin == "lasso A"
    assert state.selection.drawn_on == "latent"
    assert state.selection.records == tuple(ids(state, 3, 1, 2))
    assert sorted(state.order()) == [1, 2, 3]
    state.draw([5], lasso=[(0, 0), (1, 0), (1, 1)])
    assert state.selection.origin == "lasso B"


def test_an_empty_shape_keeps_the_group_and_says_so(state):
    state.draw([1, 2], lasso=[])
    state.draw([], lasso=[(0, 0), (1, 0), (1, 1)])
    assert len(state.selection) == 2
    assert "no record" in state.notice


def test_python_selects_by_id_and_unknown_ids_select_nothing(state):
    state.select(ids(state, 4, 5))
    assert state.selection == Selection(tuple(ids(state, 4, 5)), origin="python")
    with pytest.raises(VocabularyError, match="1 of 2 record ids"):
        state.select([*ids(state, 1), "nobody"])
    assert len(state.selection) == 2


def test_filtered_records_can_become_the_group(state):
    state.add_filters([Filter("label", "1AVB")])
    state.compare_filtered()
    assert len(state.selection) == 15
    assert state.selection.origin == "label 1AVB"
    assert state.selection.drawn_on == "labels"
    assert state.filters == ()


def test_undo_and_redo_walk_over_filters_groups_and_rules(state):
    state.add_filters([Filter("sex", "F")])
    state.draw([1, 2], lasso=[(0, 0), (1, 0), (1, 1)])
    state.toggle(["long_pr"], on=True)
    assert state.undoable == "Long PR on"
    state.undo()
    assert state.toggled == ()
    assert state.undoable == "lasso A"
    state.undo()
    assert not state.selection.records
    assert state.lasso == ()
    state.undo()
    assert state.filters == ()
    state.undo()
    assert state.undoable == ""
    for _ in range(4):
        state.redo()
    assert state.toggled == ("long_pr",)
    assert len(state.selection) == 2


def test_a_new_step_forgets_what_was_undone(state):
    state.toggle(["long_pr"], on=True)
    state.undo()
    state.toggle(["high_voltage"], on=True)
    state.redo()
    assert state.toggled == ("high_voltage",)


def test_toggling_a_rule_explains_it_and_asking_opens_the_drawer(state):
    state.toggle(["high_voltage", "no_such_rule"], on=True)
    assert state.toggled == ("high_voltage",)
    assert state.why == ("rule", "high_voltage")
    state.drawer = False
    state.explain("biomarker", "PR_Int_Global")
    assert state.drawer
    assert state.why == ("biomarker", "PR_Int_Global")
    state.explain("biomarker", "no such thing")
    assert state.why == ("biomarker", "PR_Int_Global")


def test_an_edited_limit_judges_all_records_anew_and_can_be_put_back(state):
    book = state.rulebook
    before = book.prevalence("long_pr", limits=state.limits)
    state.set_limit("long_pr.pr", value=150)
    after = book.prevalence("long_pr", limits=state.limits)
    assert after[0] > before[0]
    expected = int((state.census.numbers("PR_Int_Global") > 150).sum())
    assert after == (expected, 59)
    state.reset_limits("long_pr")
    assert state.limits == {}
    assert book.prevalence("long_pr", limits=state.limits) == before


def test_typing_the_published_limit_is_no_edit(state):
    state.set_limit("long_pr.pr", value=150)
    state.set_limit("long_pr.pr", value=200)
    assert state.limits == {}


@pytest.mark.parametrize(
    ("clause", "place", "value"), [("long_pr.no", 0, 1), ("long_pr.pr", 3, 1), ("nobody.pr", 0, 1)]
)
def test_a_limit_that_does_not_exist_is_refused(state, clause, place, value):
    with pytest.raises(RuleError):
        state.set_limit(clause, place=place, value=value)
    with pytest.raises(RuleError):
        state.set_limit("long_pr.pr", value=float("nan"))


def test_an_unknown_column_is_refused(state):
    with pytest.raises(VocabularyError, match="no column"):
        state.sort_by("nonsense")
    with pytest.raises(VocabularyError, match="no column"):
        state.colour_by("nonsense")


def test_the_state_knows_no_panel():
    code = "import sys, ecgomics.dashboards.panes, ecgomics.dashboards.analyst; print('panel' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "False"
