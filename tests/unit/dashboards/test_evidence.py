"""Every statement opens its evidence."""

from __future__ import annotations

import numpy as np
import pytest

from ecgomics.biomarkers.references import reference_of
from ecgomics.dashboards.distribution import spread
from ecgomics.dashboards.evidence import biomarker_card, rule_card
from ecgomics.wording import person, share, written


def test_a_rule_shows_value_against_limit_with_margin_and_source(state):
    card = rule_card(state, "long_pr")
    value = state.census.numbers("PR_Int_Global")[0]
    assert card["state"] == "met"
    assert card["verdict"] == "Criteria met"
    assert f"{(value - 200) / 2:+.0f} %" in card["lead"]
    assert "made for a test" in card["lead"]
    (clause,) = card["clauses"]
    assert clause["text"] == "PR interval > 200 ms"
    assert clause["value"] == f"{value:.0f} ms"
    assert clause["column"] == "PR_Int_Global"
    assert card["biomarker"]["name"] == "PR_Int_Global"
    assert card["biomarker"]["spread"]["limit"] == 200
    assert card["warning"] == ""


def test_a_missing_value_is_said(state):
    state.open(str(state.census.ids[3]))
    card = rule_card(state, "long_pr")
    assert card["state"] == "unknown"
    assert card["verdict"] == "Cannot be judged"
    assert "missing: PR_Int_Global" in card["lead"]
    assert card["clauses"][0]["value"] == "missing"


def test_an_edited_limit_is_judged_in_the_card_too(state):
    state.set_limit("long_pr.pr", value=300)
    card = rule_card(state, "long_pr")
    assert card["state"] == "not_met"
    assert card["clauses"][0]["text"] == "PR interval > 300 ms"


def test_a_cohort_judged_by_an_older_rule_is_said_to_be(make_reading):
    from ecgomics.dashboards.explore_state import ExploreState

    reading = make_reading()
    table, places = reading.census.states
    table[0, places["long_pr"]] = 0
    state = ExploreState(reading.census, reading.rulebook)
    assert "another version" in rule_card(state, "long_pr")["warning"]


def test_a_biomarker_shows_definition_reference_groups_and_extremes(state):
    state.draw(range(15), lasso=[])
    card = biomarker_card(state, "PR_Int_Global")
    mine = card["biomarker"]
    assert card["title"] == "PR interval"
    assert mine["facts"] == "Structural · ms"
    assert mine["definition"]
    assert mine["spread"]["reference"] == [113, 212]
    assert mine["spread"]["group_text"] == "lasso A (14)"
    assert mine["spread"]["rest_text"] == "rest (45)"
    values = state.census.numbers("PR_Int_Global")
    top = mine["extremes"][0]["records"][0]
    assert top["id"] == state.census.ids[np.nanargmax(np.where(state.members(), values, np.nan))]
    assert all(chip["group"] for chip in mine["extremes"][0]["records"])


def test_a_span_carries_leads_times_label_and_dimension(state):
    spans = state.rulebook.spans("long_pr", state.record, limits={})
    assert len(spans) == 12
    assert spans[0]["leads"] == ("II",)
    assert spans[0]["start_s"] == pytest.approx(0.2)
    assert spans[0]["stop_s"] == pytest.approx(0.36)
    assert spans[0]["label"] == "160 ms"
    assert spans[0]["dimension"] == "Structural"


def test_densities_hold_their_mass_and_share_one_axis():
    rng = np.random.default_rng(0)
    values = np.r_[rng.normal(100, 10, 400), rng.normal(150, 10, 100), np.nan]
    members = np.r_[np.zeros(400, bool), np.ones(100, bool), True]
    drawn = spread(values, members=members)
    low, high = drawn["range"]
    step = (high - low) / (len(drawn["group"]) - 1)
    assert sum(drawn["group"]) * step == pytest.approx(1, abs=0.03)
    axis = np.linspace(low, high, len(drawn["group"]))
    assert axis[np.argmax(drawn["group"])] == pytest.approx(150, abs=5)
    assert axis[np.argmax(drawn["rest"])] == pytest.approx(100, abs=5)


def test_few_whole_values_are_bars():
    drawn = spread(np.array([0, 1, 1, 2.0]), members=np.array([False, True, True, False]))
    assert drawn["bars"]
    assert drawn["group"] == [0, 1, 0]
    assert drawn["rest"] == [0.5, 0, 0.5]


def test_nothing_known_is_no_distribution():
    assert spread(np.array([np.nan, np.nan]), members=np.array([True, False])) is None


def test_constant_values_have_a_distribution():
    drawn = spread(np.full(30, 0.25), members=np.zeros(30, dtype=bool))
    assert np.isfinite(drawn["rest"]).all()
    assert drawn["range"][0] < 0.25 < drawn["range"][1]


def test_the_reference_that_fits_is_taken():
    reference = reference_of("PR_Int_Global", age=50, sex="F")
    assert (reference.low, reference.high) == (113, 212)
    assert reference.excludes(236)
    assert not reference.excludes(200)
    assert not reference.excludes(float("nan"))
    assert reference.text("ms") == "113–212 ms"
    assert reference_of("no such biomarker", age=50, sex="F") is None


def test_numbers_are_written_as_people_write_them():
    assert written(-34.2, "°") == "−34°"
    assert written(236.4, "ms") == "236 ms"
    assert written(float("nan"), "ms") == "–"
    assert written(2.0, "1") == "2.00"
    assert share(0.934) == ".93"
    assert share(1.0) == "1.00"
    assert person(71, "M") == "71 M"
    assert person(float("nan"), "") == "age and sex unknown"
