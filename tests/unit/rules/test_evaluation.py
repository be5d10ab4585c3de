from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from ecgomics.errors import RuleError, SignalError
from ecgomics.rules import evaluate, load_rules, trace, with_limits
from ecgomics.vocabulary import STATES

MET = STATES.index("met")


def table(columns: dict[str, list[float]]) -> xr.Dataset:
    n = len(next(iter(columns.values())))
    values = np.array(list(columns.values()), dtype=np.float32).T
    return xr.Dataset(
        {"value": (("record", "biomarker"), values)},
        coords={"record": [f"r{k}" for k in range(n)], "biomarker": list(columns)},
    )


def subjects(ages: list[float], sexes: list[str]) -> xr.Dataset:
    return xr.Dataset(
        {"age": ("record", np.array(ages, dtype=np.float32)), "sex": ("record", np.array(sexes, dtype="<U1"))},
        coords={"record": [f"r{k}" for k in range(len(ages))]},
    )


def states(findings: xr.Dataset, rule: str) -> list[str]:
    return [STATES[int(state)] for state in findings["state"].sel(rule=rule).values]


def test_shapes_types_and_names():
    findings = evaluate(table({"HR_Mean_Global": [50, 70]}))
    rules = load_rules()
    assert findings["state"].dims == ("record", "rule")
    assert findings["clause_value"].dims == ("record", "clause")
    assert findings["state"].dtype == np.uint8
    assert findings["margin"].dtype == np.float32
    assert list(findings["rule"].values) == [rule.id for rule in rules]
    assert findings.sizes["clause"] == sum(len(rule.clauses) for rule in rules)
    assert findings.attrs["states"] == list(STATES)


def test_margins_are_fractions_of_the_limit_and_nan_when_unknown():
    findings = evaluate(table({"HR_Mean_Global": [45, 66, np.nan]}))
    margin = findings["margin"].sel(rule="bradycardia").values
    np.testing.assert_allclose(margin[:2], [0.25, -0.1], atol=1e-6)
    assert np.isnan(margin[2])
    assert states(findings, "bradycardia") == ["met", "not_met", "unknown"]


def test_an_empty_table_leaves_all_unknown():
    findings = evaluate(table({"Nothing": [1.0]}))
    assert (findings["state"] == STATES.index("unknown")).all()


def test_no_records_no_findings():
    assert evaluate(table({"HR_Mean_Global": [50.0]}).isel(record=slice(0, 0))).sizes["record"] == 0


def test_subjects_are_joined_by_id_not_position():
    values = table({"Cornell_Global": [2.4, 2.4], "Quality_Global": [1, 1]})
    turned = subjects([50, 60], ["F", "M"]).isel(record=[1, 0])
    assert states(evaluate(values, subjects=turned), "lvh_cornell") == ["met", "not_met"]


def test_subjects_that_are_missing_leave_banded_limits_unknown():
    values = table({"QT_IntFridericia_Global": [600.0, 600.0], "QRS_Dur_Global": [90.0, 90.0]})
    findings = evaluate(values, subjects=subjects([50], ["F"]))
    assert states(findings, "long_qt") == ["met", "unknown"]
    assert states(findings, "long_qt_marked") == ["met", "met"]


def test_inputs_are_not_mutated():
    values = table({"HR_Mean_Global": [50.0], "Quality_Global": [0.1]})
    before = values.copy(deep=True)
    evaluate(values)
    xr.testing.assert_identical(values, before)


def test_the_result_is_the_same_for_a_record_alone_and_in_a_crowd():
    rng = np.random.default_rng(2)
    names = sorted({name for rule in load_rules() for name in rule.inputs})
    values = table({name: list(rng.normal(0, 100, 30)) for name in names})
    people = subjects(list(rng.uniform(20, 90, 30)), list(rng.choice(["M", "F", ""], 30)))
    together = evaluate(values, subjects=people)
    for k in (0, 17):
        alone = evaluate(values.isel(record=[k]), subjects=people)
        xr.testing.assert_identical(alone, together.isel(record=[k]))


def test_the_order_of_rules_does_not_matter():
    rng = np.random.default_rng(3)
    names = sorted({name for rule in load_rules() for name in rule.inputs})
    values = table({name: list(rng.normal(0, 100, 50)) for name in names})
    forward = evaluate(values, rules=load_rules())
    backward = evaluate(values, rules=tuple(reversed(load_rules())))
    np.testing.assert_array_equal(backward["state"].sel(rule=forward["rule"]), forward["state"])


def test_a_subset_of_rules_is_judged_without_the_others():
    chosen = tuple(rule for rule in load_rules() if rule.id == "bradycardia")
    assert states(evaluate(table({"HR_Mean_Global": [50.0]}), rules=chosen), "bradycardia") == ["met"]


def test_what_is_no_table_is_refused():
    with pytest.raises(SignalError, match="variable 'value'"):
        evaluate(xr.Dataset({"x": ("record", [1.0])}))


def test_edited_limits_are_used_and_the_rules_given_are_left_alone():
    rules = load_rules()
    edited = with_limits(rules, {"bradycardia.rate": 50, "st_elevation_stemi.j_raised": 0.05})
    values = table({"HR_Mean_Global": [55.0], "ST_Amp_II": [0.06], "ST_Amp_aVF": [0.06]})
    assert states(evaluate(values, rules=rules), "bradycardia") == ["met"]
    assert states(evaluate(values, rules=edited), "bradycardia") == ["not_met"]
    assert states(evaluate(values, rules=edited), "st_elevation_stemi") == ["unknown"], "the QRS width is not known"
    assert float(evaluate(values, rules=edited)["clause_limit"].sel(clause="bradycardia.rate")[0]) == 50


def test_limits_by_band_and_of_between():
    edited = with_limits(load_rules(), {"long_qt.qtc": [440, 470], "left_axis_marked.axis": [-80, -40]})
    rules = {rule.id: rule for rule in edited}
    assert [band.limit for band in rules["long_qt"].clauses[0].bands] == [440, 470]
    (axis,) = rules["left_axis_marked"].clauses
    assert (axis.bands[0].limit, axis.bands[0].upper) == (-80, -40)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"bradycardia.rat": 50}, "did you mean 'bradycardia.rate'"),
        ({"bradycardia.rate": [1, 2]}, "2 limits"),
        ({"left_axis_marked.axis": 3}, "two limits"),
        ({"t_inversion.r_prominent": 3}, "another biomarker"),
    ],
)
def test_limits_that_cannot_be_edited(limits, reason):
    with pytest.raises(RuleError, match=reason):
        with_limits(load_rules(), limits)


def test_a_trace_says_value_limit_margin_and_state():
    finding = trace(
        table({"PR_Int_Global": [160, 236], "P_Fraction_Global": [1, 1]}), record="r1", rule="first_degree_block"
    )
    assert finding.state == "met"
    (pr, p) = finding.clauses
    assert (pr.clause.id, pr.value, pr.limit, pr.margin, pr.state) == (
        "first_degree_block.pr_long",
        236,
        200,
        36,
        "met",
    )
    assert pr.text == "PR_Int_Global 236 ms > 200"
    assert finding.margin == pytest.approx(0.18)
    assert finding.values() == {"first_degree_block.pr_long": 236, "first_degree_block.p_fraction": 1}
    assert p.state == "met"


def test_a_trace_names_suppressors_and_those_not_ruled_out():
    columns = {"PR_Int_Global": [236.0], "P_Fraction_Global": [0.9], "Pace_Spikes_Global": [9.0]}
    unknown = trace(table(columns), record="r0", rule="first_degree_block")
    assert unknown.state == "met"
    assert "paced" in unknown.not_ruled_out
    paced = trace(table({**columns, "Paced_Fraction_Global": [1.0]}), record="r0", rule="first_degree_block")
    assert (paced.state, paced.criteria_state) == ("unknown", "met")
    assert paced.suppressed_by == ("paced",)


def test_a_trace_names_what_is_missing():
    values = table({"QT_IntFridericia_Global": [470.0]})
    assert trace(values, record="r0", rule="long_qt").missing == ("QRS_Dur_Global", "sex")
    known = trace(values, record="r0", rule="long_qt", subjects=subjects([50], ["F"]))
    assert known.missing == ("QRS_Dur_Global",)
    young = trace(table({"Sokolow_Global": [4.0]}), record="r0", rule="lvh_sokolow")
    assert young.missing == ("age",)


def test_a_trace_names_the_leads():
    columns = {f"ST_Amp_{lead}": [0.2] for lead in ("II", "aVF", "V6")}
    finding = trace(table({**columns, "QRS_Dur_Global": [90.0]}), record="r0", rule="st_elevation_stemi")
    assert finding.leads == ("II", "aVF", "V6")


def test_a_trace_of_what_is_not_there():
    values = table({"HR_Mean_Global": [50.0]})
    with pytest.raises(RuleError, match="did you mean 'bradycardia'"):
        trace(values, record="r0", rule="bradicardia")
    with pytest.raises(RuleError, match="not among the values"):
        trace(values, record="r9", rule="bradycardia")


def test_a_trace_agrees_with_the_evaluation():
    rng = np.random.default_rng(4)
    names = sorted({name for rule in load_rules() for name in rule.inputs})
    values = table({name: list(rng.normal(0, 100, 2)) for name in names})
    people = subjects([70, 30], ["F", ""])
    findings = evaluate(values, subjects=people)
    for rule in load_rules():
        told = trace(values, record="r1", rule=rule.id, subjects=people)
        assert told.state == STATES[int(findings["state"].sel(record="r1", rule=rule.id))], rule.id
