"""What it would take: the change found does turn the rule over, and a little less does not."""

from __future__ import annotations

import pytest

from ecgomics.learn import examine, reaches, sliders_for
from ecgomics.rules import load_rules
from ecgomics.simulate import VirtualPatient, draw_patient


def met(patient, rule):
    """What the page says: by the engine, with the recording's noise."""
    return examine(patient).standings[rule].state == "met"


@pytest.mark.parametrize(
    ("condition", "rule", "parameter", "seed"),
    [
        ("first_degree_block", "first_degree_block", "pr_ms", 2),
        ("normal", "first_degree_block", "pr_ms", 4),
        ("normal", "long_qt", "qtc_ms", 2),
        ("normal", "left_axis_moderate", "qrs_axis_deg", 2),
        ("normal", "lvh_sokolow", "lv_scale", 2),
    ],
)
def test_the_change_turns_the_rule_over(condition, rule, parameter, seed):
    patient = draw_patient(condition, seed=seed, age=60.0)
    now = met(patient, rule)
    found = {item.parameter: item for item in reaches(patient, rule)}
    assert parameter in found
    item = found[parameter]
    assert (item.state == "met") is not now
    there = VirtualPatient.from_dict(patient.as_dict() | {parameter: item.after})
    assert met(there, rule) is not now
    almost = item.before + 0.8 * (item.after - item.before)
    assert met(VirtualPatient.from_dict(patient.as_dict() | {parameter: almost}), rule) is now


def test_sliders_follow_what_a_rule_reads():
    rules = {rule.id: rule for rule in load_rules()}
    assert sliders_for(rules["first_degree_block"])[0] == "pr_ms"
    assert "qrs_ms" in sliders_for(rules["lbbb_esc"])
