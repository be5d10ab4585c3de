"""A rule beside a label, and records alike, as the drawer shows them."""

from __future__ import annotations

import itertools

import pytest

from ecgomics.dashboards.evidence import rule_card
from ecgomics.dashboards.panes import CardPane
from ecgomics.dashboards.record_card import record_card
from ecgomics.dashboards.rule_sweep import Sweeper
from ecgomics.dashboards.rule_versus import disagreeing, versus


def test_no_label_no_comparison(state):
    part = versus(state, "long_pr")
    assert [choice["value"] for choice in part["choices"]] == ["NORM", "1AVB"]
    assert part["rows"] == []


def test_rates_are_those_of_a_count_by_hand(state):
    state.against = "1AVB"
    rows = {row["name"]: row for row in versus(state, "long_pr")["rows"]}
    census = state.census
    met = census.state_of("long_pr") == census.MET
    labelled = [("1AVB" in codes) for codes in census.labels]
    both = int((met & labelled).sum())
    assert rows["sensitivity"]["counts"] == f"{both}/{sum(labelled)}"
    assert rows["PPV"]["counts"] == f"{both}/{int(met.sum())}"
    low, high = (float(edge) for edge in rows["sensitivity"]["interval"].split("–"))
    assert low <= both / sum(labelled) <= high


def test_disagreements_are_one_click_from_the_strip_and_from_the_group(state):
    state.against = "1AVB"
    state.explain("rule", "long_pr")
    pane = CardPane(state)
    differ = {part["kind"]: part for part in pane.widget.card["versus"]["differ"]}
    missed = differ["labelled, not met"]
    assert missed["count"] >= 1
    pane.widget.event = {"type": "open", "record": missed["records"][0]["id"]}
    assert state.record == missed["records"][0]["id"]
    pane.widget.event = {"type": "differ", "kind": "labelled, not met"}
    assert set(state.selection.records) == set(disagreeing(state, "long_pr", "labelled, not met"))
    assert state.selection.drawn_on == "rules"


def test_an_edited_limit_moves_the_rates(state):
    state.against = "1AVB"
    before = versus(state, "long_pr")["rows"]
    state.set_limit("long_pr.pr", value=150.0)
    assert versus(state, "long_pr")["rows"] != before


def test_a_stretch_of_the_distribution_filters_the_list(state):
    state.explain("biomarker", "PR_Int_Global")
    pane = CardPane(state)
    pane.widget.event = {"type": "range", "name": "PR_Int_Global", "low": 240.0, "high": 210.0}
    values = state.census.numbers("PR_Int_Global")[state.order()]
    assert len(values) >= 1
    assert ((values >= 210) & (values <= 240)).all()
    pane.widget.event = {"type": "range", "name": "PR_Int_Global", "low": 150.0, "high": 160.0}
    assert len(state.filters) == 1


@pytest.mark.parametrize(("label", "kept"), [("1AVB", "1AVB"), ("", ""), ("<b>", "")])
def test_only_labels_of_the_cohort_are_compared_with(state, label, kept):
    CardPane(state).widget.event = {"type": "against", "label": label}
    assert state.against == kept


def test_a_record_says_what_is_known_of_it(state):
    card = record_card(state, state.record)
    facts = dict(card["facts"])
    assert facts["id"] == state.record
    assert facts["recording"] == "500 Hz · 10 s"
    assert card["alike"]["records"][0]["id"] != state.record


def test_records_alike_become_the_group(store_state):
    pane = CardPane(store_state)
    store_state.explain("record", store_state.record)
    alike = pane.widget.card["alike"]["records"]
    assert len(alike) >= 5
    assert store_state.record not in {entry["id"] for entry in alike}
    pane.widget.event = {"type": "alike"}
    assert set(store_state.selection.records) == {store_state.record, *(entry["id"] for entry in alike)}
    assert store_state.selection.drawn_on == "latent"


@pytest.fixture(scope="module")
def store_state(tmp_path_factory):
    from ecgomics import pipeline
    from ecgomics.dashboards.explore_state import ExploreState
    from ecgomics.dashboards.reading import Reading
    from ecgomics.simulate import demo_patients

    path = tmp_path_factory.mktemp("alike") / "small.zarr"
    cohort = pipeline.ingest(demo_patients(16, seed=4), path, workers=0, progress=False)
    pipeline.analyse(cohort, workers=0, progress=False)
    pipeline.embed(cohort, encoder="handmade", progress=False)
    pipeline.project(cohort)
    reading = Reading.of(path)
    return ExploreState(reading.census, reading.rulebook)


def swept(state):
    """The card's sweep, made at once."""
    Sweeper(state, run=lambda job, then: then(job()))
    pane = CardPane(state)
    pane.widget.event = {"type": "sweep", "on": True}
    return pane


def test_a_limit_is_tried_only_when_asked_for(state):
    state.explain("rule", "long_pr")
    assert rule_card(state, "long_pr")["sweep"] == {"shut": True}
    assert not state.sweep


def test_a_sweep_says_what_each_limit_would_give(state):
    state.against = "1AVB"
    state.explain("rule", "long_pr")
    pane = swept(state)
    drawn = pane.widget.card["sweep"]
    curves = {curve["name"]: curve["values"] for curve in drawn["curves"]}
    assert drawn["limit"] == 200
    assert not drawn["stale"]
    place = drawn["limits"].index(200.0)
    assert curves["share met"][place] == pytest.approx(float((state.census.state_of("long_pr") == 1).mean()), abs=1e-4)
    # a higher limit is met less often
    assert all(a >= b for a, b in itertools.pairwise(curves["share met"]))
    assert all(a >= b for a, b in itertools.pairwise(curves["sensitivity"]))
    rows = {row["name"]: row for row in pane.widget.card["versus"]["rows"]}
    both, whole = (int(part) for part in rows["sensitivity"]["counts"].split("/"))
    assert curves["sensitivity"][place] == pytest.approx(both / whole, abs=1e-4)


def test_a_limit_of_the_sweep_becomes_the_limit_and_is_taken_back(state):
    state.explain("rule", "long_pr")
    pane = swept(state)
    pane.widget.event = {"type": "limit", "clause": pane.widget.card["sweep"]["clause"], "value": 180.0}
    assert state.limits == {"long_pr.pr": (180.0,)}
    assert pane.widget.card["sweep"]["limit"] == 180
    state.undo()
    assert state.limits == {}
    assert pane.widget.card["sweep"]["limit"] == 200


def test_a_record_that_differs_is_opened_with_its_evidence(state):
    state.against = "1AVB"
    state.explain("rule", "long_pr")
    pane = CardPane(state)
    differ = {part["kind"]: part for part in pane.widget.card["versus"]["differ"]}
    record = differ["labelled, not met"]["records"][0]["id"]
    pane.widget.event = {"type": "case", "record": record}
    assert state.record == record
    assert "long_pr" in state.toggled
