"""Every condition meets the rules that define it and none it excludes: a sample of the bench's table."""

from __future__ import annotations

import pytest

from ecgomics.learn import TOPICS, examine_many, teachings
from ecgomics.rules import evaluate, load_rules
from ecgomics.simulate import CONDITIONS, draw_patient, simulate
from ecgomics.vocabulary import STATES

PATIENTS = 6


def test_every_condition_teaches_something():
    assert set(teachings()) == set(CONDITIONS)
    rules = {rule.id for rule in load_rules()}
    for name, teaching in teachings().items():
        assert teaching.topic in TOPICS, name
        assert set(teaching.met + teaching.not_met) <= rules, name
        assert set(teaching.like) <= set(CONDITIONS) - {name}, name
        assert set(teaching.missed) <= set(teaching.met + teaching.not_met), name
        assert teaching.not_met, name


@pytest.mark.parametrize("name", list(CONDITIONS))
def test_defining_rules_fire_and_excluded_ones_do_not(name):
    teaching = teachings()[name]
    values, subjects = examine_many([simulate(draw_patient(name, seed=300 + k), seed=k) for k in range(PATIENTS)])
    state = evaluate(values, subjects=subjects, rules=load_rules())["state"]
    met = (state == STATES.index("met")).sum("record").to_series()
    for rule in teaching.met:
        # where a miss is explained, one more of the six may be missed
        assert met[rule] >= PATIENTS - (2 if rule in teaching.missed else 1), rule
    for rule in teaching.not_met:
        if rule not in teaching.missed:
            assert met[rule] <= 1, rule
