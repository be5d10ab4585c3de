"""What it would take: the change found does turn the rule over, and a little less does not."""

from __future__ import annotations

import pytest

from ecgomics.learn import examine_many, reaches, sliders_for
from ecgomics.rules import evaluate, load_rules
from ecgomics.simulate import VirtualPatient, draw_patient, simulate
from ecgomics.vocabulary import STATES

QUIET = {"noise_mv": 0.0, "wander_mv": 0.0, "mains_mv": 0.0}


def met(patient, rule):
    values, subjects = examine_many([simulate(VirtualPatient.from_dict(patient.as_dict() | QUIET))])
    state = evaluate(values, subjects=subjects, rules=load_rules())["state"].sel(rule=rule)
    return STATES[int(state.values[0])] == "met"


@pytest.mark.parametrize(
    ("condition", "rule", "parameter"),
    [
        ("first_degree_block", "first_degree_block", "pr_ms"),
        ("normal", "long_qt", "qtc_ms"),
        ("normal", "left_axis_moderate", "qrs_axis_deg"),
        ("normal", "lvh_sokolow", "lv_scale"),
    ],
)
def test_the_change_turns_the_rule_over(condition, rule, parameter):
    patient = draw_patient(condition, seed=2, age=60.0)
    now = met(patient, rule)
    found = {item.parameter: item for item in reaches(patient, rule)}
    assert parameter in found
    item = found[parameter]
    assert (item.state == "met") is not now
    there = VirtualPatient.from_dict(patient.as_dict() | {parameter: item.after})
    assert met(there, rule) is not now
    almost = item.before + 0.9 * (item.after - item.before)
    assert met(VirtualPatient.from_dict(patient.as_dict() | {parameter: almost}), rule) is now


def test_sliders_follow_what_a_rule_reads():
    rules = {rule.id: rule for rule in load_rules()}
    assert sliders_for(rules["first_degree_block"])[0] == "pr_ms"
    assert "qrs_ms" in sliders_for(rules["lbbb_esc"])
