"""The tables of a rule page, on a cohort whose every record is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ecgomics.errors import RuleError
from ecgomics.rules import evaluate, load_rules, revised, study

RULES = load_rules()


@pytest.fixture
def cohort(table, people):
    rows = [
        {"PR_Int_Global": pr, "P_Fraction_Global": p}
        for pr, p in ((150, 1), (170, 1), (190, 1), (202, 1), (230, 1), (260, 1), (240, 0.2), (np.nan, 1))
    ]
    return table(rows), people([(60.0, "M")] * len(rows))


def test_states_and_clauses_are_counted(cohort) -> None:
    values, subjects = cohort
    told = study(values, rule="first_degree_block", rules=RULES, subjects=subjects)
    assert told.states["records"].to_dict() == {"met": 3, "not met": 4, "unknown": 1}
    assert str(told.prevalence).endswith("3/8")
    clauses = told.clauses
    assert clauses.loc["first_degree_block.pr_long", ["met", "not_met", "unknown"]].tolist() == [4, 3, 1]
    assert clauses.loc["first_degree_block.p_fraction", "alone"] == 1, "only the record with few P waves"
    assert clauses.loc["first_degree_block.pr_long", "limit"] == "> 200 ms"
    assert told.against is None


def test_against_a_label_with_the_widest_disagreement_first(cohort) -> None:
    values, subjects = cohort
    label = pd.Series([False, False, True, False, True, False, False, False], index=[f"r{k}" for k in range(8)])
    told = study(values, rule="first_degree_block", rules=RULES, subjects=subjects, label=label)
    assert told.against is not None
    assert (told.against.sensitivity.part, told.against.sensitivity.whole) == (1, 2)
    wrong = told.against.disagreements
    assert wrong["record"].tolist() == ["r5", "r2", "r3"]
    assert wrong["kind"].tolist() == ["met, not labelled", "labelled, not met", "met, not labelled"]


def test_the_sweep_holds_the_limit_as_it_stands_and_what_others_would_give(cohort) -> None:
    values, subjects = cohort
    label = pd.Series([k in (4, 5) for k in range(8)], index=[f"r{k}" for k in range(8)])
    told = study(values, rule="first_degree_block", rules=RULES, subjects=subjects, label=label)
    assert told.swept == "first_degree_block.pr_long"
    now = told.sweep[told.sweep["chosen"]]
    assert now["limit"].tolist() == [200.0]
    assert now["sensitivity"].item() == 1.0
    best = told.sweep.loc[told.sweep["f1"].idxmax()]
    assert 202 <= best["limit"] < 230
    assert best["f1"] == 1.0
    for row in told.sweep.iloc[::10].itertuples():
        rules = tuple(
            revised(rule, limits={"pr_long": row.limit}) if rule.id == "first_degree_block" else rule for rule in RULES
        )
        met = evaluate(values, subjects=subjects, rules=rules)["state"].sel(rule="first_degree_block").values == 1
        assert row.prevalence == pytest.approx(met.mean())


def test_definitions_of_one_set_stand_side_by_side(table, people) -> None:
    broad = {f"R_Dur_{lead}": 100 for lead in ("I", "V6")}
    notched = {"QRS_Notches_V5": 1, "QRS_Notches_I": 1, "R_PeakTime_V5": 70}
    rows = [{"QRS_Dur_Global": qrs, **broad, **extra} for qrs, extra in ((125, {}), (125, notched), (150, notched))]
    told = study(table(rows), rule="lbbb_aha", rules=RULES, subjects=people([(60.0, "M")] * 3))
    assert told.definitions["met"].to_dict() == {"lbbb_aha": 2, "lbbb_esc": 3, "lbbb_strauss": 1}
    assert told.definitions["differs"].to_dict() == {"lbbb_aha": 0, "lbbb_esc": 1, "lbbb_strauss": 1}
    assert study(table(rows), rule="pause", rules=RULES).definitions.empty


def test_what_a_rule_is_suppressed_by_is_counted(table, people) -> None:
    rows = [{"Sokolow_Global": 4.0}, {"Sokolow_Global": 4.0, "Quality_Global": 0.1}]
    told = study(table(rows), rule="lvh_sokolow", rules=RULES, subjects=people([(60.0, "M")] * 2))
    assert told.suppressed.loc["not_interpretable", "records"] == 1
    assert told.states["records"].to_dict() == {"met": 1, "not met": 0, "unknown": 1}


def test_a_rule_that_is_not_there(cohort) -> None:
    with pytest.raises(RuleError, match="did you mean 'first_degree_block'"):
        study(cohort[0], rule="first_degre_block", rules=RULES)


def test_it_shows_itself(cohort) -> None:
    told = study(cohort[0], rule="first_degree_block", rules=RULES, subjects=cohort[1])
    assert repr(told).startswith("<Study of first_degree_block in 8 records: met in 0.38 (")
    assert "First-degree AV block" in told._repr_html_()
