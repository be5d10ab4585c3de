"""Scores: tolerances, partial credit, hints, what cannot be measured."""

from __future__ import annotations

import math

import pytest

from ecgomics.errors import LearnError
from ecgomics.learn import Target, field_of, form, mark, mark_all, total


def number(name, value, uncertainty=0.0):
    return Target(field_of(name), value=value, uncertainty=uncertainty)


@pytest.mark.parametrize(("given", "share"), [(200, 1.0), (220, 1.0), (221, 0.5), (240, 0.5), (241, 0.0), (None, 0.0)])
def test_an_interval_scores_by_its_error(given, share):
    assert mark(number("pr", 200.0), given).share == share


def test_an_uncertain_reference_is_met_more_easily():
    assert mark(number("qt", 400.0), 430).share == 0.5
    assert mark(number("qt", 400.0, uncertainty=9), 430).share == 1.0


def test_the_rate_is_judged_in_proportion():
    assert mark(number("rate", 150.0), 158).share == 1.0
    assert mark(number("rate", 50.0), 58).share == 0.0


def test_an_axis_goes_round():
    assert mark(number("axis", -175.0), 178).share == 1.0
    assert mark(number("axis", -175.0), 178).error == pytest.approx(-7)


def test_what_is_not_there_is_rightly_left_open():
    assert mark(number("pr", math.nan), None).share == 1.0
    assert mark(number("pr", math.nan), None).verdict == "right"
    assert mark(number("pr", 200.0), None).verdict == "none"
    assert mark(number("pr", math.nan), 160).share == 0.0


def test_words_score_hits_and_lose_for_wrong_ones():
    target = Target(field_of("st_t"), right=("elevation_inferior",), also=("depression_lateral",))
    assert mark(target, ["elevation_inferior"]).share == 1.0
    assert mark(target, ["elevation_inferior", "depression_lateral"]).share == 1.0
    assert mark(target, ["elevation_inferior", "t_tall"]).share == 0.5
    assert mark(target, ["depression_lateral"]).share == 0.5
    assert mark(target, list(field_of("st_t").options)).share == 0.0


def test_a_near_conclusion_is_half():
    target = Target(field_of("conclusion"), right=("mobitz_2",), partly=("wenckebach",))
    assert [mark(target, given).share for given in ("mobitz_2", "wenckebach", "af", None)] == [1.0, 0.5, 0.0, 0.0]


def test_hints_cost_a_quarter_each():
    assert mark(number("pr", 200.0), 200, hints=1).share == 0.75
    assert mark(number("pr", 200.0), 200, hints=1).verdict == "right"
    assert mark(number("pr", 200.0), 200, hints=9).share == 0.0


def test_totals_and_feedback():
    targets = {"pr": number("pr", 200.0), "qrs": number("qrs", 90.0)}
    marks = mark_all(targets, {"pr": 245}, asked=("pr", "qrs"), hints={})
    assert total(marks) == (0.0, 5.0)
    assert "45 ms too long" in marks[0].feedback
    assert [item.verdict for item in marks] == ["wrong", "none"]


def test_the_form_is_in_the_order_of_reading():
    assert [line.id for line in form()][:4] == ["rate", "rhythm", "axis", "pr"]
    with pytest.raises(LearnError, match="no line 'prr'"):
        field_of("prr")
