from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from ecgomics.errors import RuleError
from ecgomics.rules import agreement, discordance, labelled, statement_changes, wilson
from ecgomics.vocabulary import STATES


def findings(states: list[str], margins: list[float] | None = None) -> xr.Dataset:
    codes = np.array([[STATES.index(state)] for state in states], dtype=np.uint8)
    margin = np.array(margins or [0.1] * len(states), dtype=np.float32)[:, None]
    return xr.Dataset(
        {"state": (("record", "rule"), codes), "margin": (("record", "rule"), margin)},
        coords={"record": [f"r{k}" for k in range(len(states))], "rule": ["a_rule"]},
    )


def by_record(values: list[object]) -> pd.Series:
    return pd.Series(values, index=[f"r{k}" for k in range(len(values))], dtype=object)


STATES_OF_TEN = ["met"] * 4 + ["not_met"] * 5 + ["unknown"]
TRUTH_OF_TEN = by_record([True, True, True, False, True, False, False, False, False, True])


def test_wilson_is_that_of_the_paper():
    # Newcombe 1998, table I: 81/263 and 0/20
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert np.isnan(wilson(0, 0)).all()


def test_shares_by_hand():
    found = agreement(findings(STATES_OF_TEN), TRUTH_OF_TEN, rule="a_rule")
    assert (found.sensitivity.part, found.sensitivity.whole) == (3, 5)
    assert (found.specificity.part, found.specificity.whole) == (4, 5)
    assert (found.ppv.part, found.ppv.whole) == (3, 4)
    assert (found.npv.part, found.npv.whole) == (4, 6)
    assert found.f1.value == pytest.approx(2 * 3 / (2 * 3 + 1 + 2))
    assert found.f1.low < found.f1.value < found.f1.high
    assert found.prevalence.value == pytest.approx(0.4)
    assert (found.unknown, found.records) == (1, 10)


def test_unknown_may_be_left_out():
    found = agreement(findings(STATES_OF_TEN), TRUTH_OF_TEN, rule="a_rule", unknown="left_out")
    assert (found.sensitivity.part, found.sensitivity.whole, found.records) == (3, 4, 9)


def test_records_of_one_patient_count_for_less():
    states, truth = ["met", "met", "not_met", "not_met"] * 10, by_record([True] * 40)
    patient = by_record([f"p{k // 2}" for k in range(40)])
    alone = agreement(findings(states), truth, rule="a_rule").sensitivity
    shared = agreement(findings(states), truth, rule="a_rule", patient=patient).sensitivity
    assert shared.value == alone.value
    # pairs that always agree are half as many draws, but for the small-sample factor of the estimator
    assert shared.effective == pytest.approx(20 * 19 / 20)
    assert shared.high - shared.low > 1.3 * (alone.high - alone.low)


def test_without_variation_the_patients_are_the_draws():
    truth, patient = by_record([True] * 12), by_record([f"p{k // 3}" for k in range(12)])
    found = agreement(findings(["met"] * 12), truth, rule="a_rule", patient=patient)
    assert (found.sensitivity.effective, found.patients) == (4, 4)
    assert found.sensitivity.low == pytest.approx(wilson(4, 4)[0])


def test_records_without_a_patient_stand_for_themselves():
    found = agreement(findings(["met"] * 3), by_record([True] * 3), rule="a_rule", patient=by_record(["", "", None]))
    assert found.patients == 3


def test_the_widest_disagreement_comes_first_and_unknown_last():
    margins = [0.1, 0.2, 0.1, 0.6, -0.9, -0.1, -0.1, -0.1, -0.1, np.nan]
    table = agreement(findings(STATES_OF_TEN, margins), TRUTH_OF_TEN, rule="a_rule").disagreements
    assert list(table["record"]) == ["r4", "r3", "r9"]
    assert list(table["kind"]) == ["labelled, not met", "met, not labelled", "labelled, not met"]
    assert list(table["state"]) == ["not_met", "met", "unknown"]


def test_records_without_a_label_are_left_out():
    truth = by_record([True, None, False, np.nan])
    found = agreement(findings(["met", "met", "not_met", "met"]), truth, rule="a_rule")
    assert (found.records, found.ppv.value, found.specificity.value) == (2, 1.0, 1.0)


def test_shares_of_nothing_are_missing_not_zero():
    found = agreement(findings(["not_met"] * 3), by_record([False] * 3), rule="a_rule")
    assert np.isnan([found.sensitivity.value, found.ppv.low, found.f1.value]).all()
    assert str(found.sensitivity) == "–"
    assert str(found.specificity).endswith("3/3")


def test_a_row_holds_every_share_with_its_interval():
    row = agreement(findings(STATES_OF_TEN), TRUTH_OF_TEN, rule="a_rule").row()
    assert row["sensitivity_low"] < row["sensitivity"] < row["sensitivity_high"]
    assert row["rule"] == "a_rule"


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(RuleError, match=r"no outcomes of a rule 'a_rul'.*a_rule"):
        agreement(findings(["met"]), by_record([True]), rule="a_rul")
    with pytest.raises(RuleError, match="no record with a label"):
        agreement(findings(["met"]), pd.Series([True], index=["other"]), rule="a_rule")


def test_labels_of_any_of_some_codes():
    labels = pd.DataFrame(
        [("r0", "s", "X", 100.0), ("r1", "s", "Y", 15.0), ("r2", "s", "Z", 100.0), ("r3", "t", "X", 100.0)],
        columns=["record", "system", "code", "likelihood"],
    )
    records = ["r0", "r1", "r2", "r3", "r4"]
    found = labelled(labels, records=records, codes=["X", "Y"])
    assert list(found) == [True, True, False, True, None]
    assert list(labelled(labels, records=records, codes=["X", "Y"], system="s", at_least=50)) == [
        True,
        False,
        False,
        None,
        None,
    ]


def test_discordance_goes_both_ways_and_leaves_out_the_unsure():
    states = ["met", "met", "not_met", "not_met", "unknown", "met"]
    p = by_record([0.05, 0.95, 0.97, 0.5, 0.99, 0.01])
    table = discordance(findings(states), p, rule="a_rule")
    assert list(table["record"]) == ["r5", "r2", "r0"]
    assert list(table["kind"]) == ["rule alone", "model alone", "rule alone"]
    assert table["discordance"].is_monotonic_decreasing


def test_discordance_refuses_what_is_no_probability():
    with pytest.raises(RuleError, match="outside 0 to 1"):
        discordance(findings(["met"]), by_record([1.2]), rule="a_rule")
    with pytest.raises(RuleError, match="low"):
        discordance(findings(["met"]), by_record([0.2]), rule="a_rule", low=0.9, high=0.1)
    with pytest.raises(RuleError, match="no outcomes"):
        discordance(findings(["met"]), by_record([0.2]), rule="other")


def test_statements_gained_and_lost():
    found = findings(["not_met", "met", "not_met", "unknown", "met"])
    earlier = pd.Series({"r1": "r0", "r2": "r1", "r3": "r1", "r4": "r3", "r0": ""})
    table = statement_changes(found, earlier)
    assert table.to_numpy().tolist() == [["r1", "r0", "a_rule", "gained"], ["r2", "r1", "a_rule", "lost"]]
