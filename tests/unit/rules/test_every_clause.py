"""Each clause of each rule, for each population it has a limit for: just inside, just outside, missing."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from ecgomics.rules import Clause, evaluate, load_rules
from ecgomics.vocabulary import STATES

RULES = {rule.id: rule for rule in load_rules()}
CLAUSES = [(rule.id, clause, band) for rule in RULES.values() for clause in rule.clauses for band in clause.bands]


def step(limit: float) -> float:
    return max(abs(limit), 1.0) * 1e-3


def sides(clause: Clause, limit: float, upper: float | None) -> tuple[list[float], list[float]]:
    """Values inside and outside of a clause, as near to its limits as its zone of abstention allows."""
    near = step(limit) + clause.abstain
    if clause.comparison in ("above", "at_least"):
        exact = [limit] if clause.comparison == "at_least" and not clause.abstain else []
        return [limit + near, *exact], [limit - near, *([] if exact or clause.abstain else [limit])]
    if clause.comparison in ("below", "at_most"):
        exact = [limit] if clause.comparison == "at_most" and not clause.abstain else []
        return [limit - near, *exact], [limit + near, *([] if exact or clause.abstain else [limit])]
    if clause.comparison == "between":
        assert upper is not None
        return [limit, upper, (limit + upper) / 2], [limit - near, upper + near]
    return [limit, limit + 0.4], [limit + 0.6, limit - 0.6]


def judge(clause: Clause, rule: str, value: float, *, band) -> str:
    sex = band.sex or "M"
    age = band.age_from if band.age_from is not None else (band.age_below - 1 if band.age_below is not None else 60.0)
    values = xr.Dataset(
        {"value": (("record", "biomarker"), np.array([[clause.sign * value]], dtype=np.float32))},
        coords={"record": ["r0"], "biomarker": [clause.biomarker]},
    )
    subjects = xr.Dataset(
        {"age": ("record", [float(age)]), "sex": ("record", [sex])},
        coords={"record": ["r0"]},
    )
    found = evaluate(values, subjects=subjects, rules=_closed({rule}))
    return STATES[int(found["clause_state"].sel(clause=clause.id).values[0])]


def _closed(names: set[str]):
    known = set(names)
    while True:
        more = {other for name in known for other in RULES[name].depends_on} - known
        if not more:
            return [rule for rule in RULES.values() if rule.id in known]
        known |= more


@pytest.mark.parametrize(("rule", "clause", "band"), CLAUSES, ids=lambda part: getattr(part, "id", ""))
def test_a_clause_changes_at_its_limit_and_is_unknown_without_its_input(rule, clause, band):
    inside, outside = sides(clause, band.limit, band.upper)
    for value in inside:
        assert judge(clause, rule, value, band=band) == "met", value
    for value in outside:
        assert judge(clause, rule, value, band=band) == "not_met", value
    assert judge(clause, rule, float("nan"), band=band) == "unknown"
    if clause.abstain:
        assert judge(clause, rule, band.limit, band=band) == "unknown"


def test_a_limit_that_is_another_biomarker_moves_with_it():
    for rule in RULES.values():
        for clause in rule.clauses:
            if clause.relative is None:
                continue
            for base in (20.0, 50.0):
                limit = base * clause.relative.times
                upward = clause.comparison in ("above", "at_least")
                for value, state in ((limit + 0.2, upward), (limit - 0.2, not upward)):
                    values = xr.Dataset(
                        {"value": (("record", "biomarker"), np.array([[value, base]], dtype=np.float32))},
                        coords={"record": ["r0"], "biomarker": [clause.biomarker, clause.relative.biomarker]},
                    )
                    found = evaluate(values, rules=_closed({rule.id}))
                    got = STATES[int(found["clause_state"].sel(clause=clause.id).values[0])]
                    assert got == ("met" if state else "not_met"), clause.id
