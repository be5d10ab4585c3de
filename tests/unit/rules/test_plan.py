"""The plan of a set of rules judges as a walk along each rule's tree does, clause by clause."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from ecgomics.errors import RuleError
from ecgomics.rules import Rule, evaluate, kleene, load_rules, with_limits
from ecgomics.rules.evaluation import judge
from ecgomics.rules.kleene import Outcome
from ecgomics.rules.loading import in_order
from ecgomics.rules.model import Clause, Count, Neighbours, Node, Not, OtherRule, Points
from ecgomics.rules.plan import plan_of

RECORDS = 60


@pytest.fixture(scope="module")
def values() -> xr.Dataset:
    """Values about every limit, some missing."""
    rng = np.random.default_rng(5)
    clauses = [clause for rule in load_rules() for clause in rule.clauses]
    limit = {clause.biomarker: clause.bands[0].limit for clause in clauses if clause.bands}
    names = sorted({name for rule in load_rules() for name in rule.inputs})
    about = np.array([limit.get(name, 0.0) for name in names])
    drawn = about + rng.normal(0, 0.5, (RECORDS, len(names))) * np.maximum(np.abs(about), 0.5)
    drawn[rng.random(drawn.shape) < 0.05] = np.nan
    records = [f"r{k}" for k in range(RECORDS)]
    return xr.Dataset(
        {"value": (("record", "biomarker"), drawn.astype(np.float32))},
        coords={"record": records, "biomarker": names},
    )


def walked(rule: Rule, found: xr.Dataset, final: dict[str, Outcome]) -> Outcome:
    """Outcome of a rule's criteria from the states of its clauses, by recursion."""

    def of(node: Node) -> Outcome:
        if isinstance(node, Clause):
            state = found["clause_state"].sel(clause=node.id).values
            return Outcome(state, np.full(RECORDS, np.nan, dtype=np.float32))
        if isinstance(node, Count):
            return kleene.at_least(node.needed, [of(part) for part in node.of])
        if isinstance(node, Not):
            return kleene.negate(of(node.of))
        if isinstance(node, Points):
            return kleene.points(node.needed, [of(part) for part in node.of], node.weights)
        if isinstance(node, Neighbours):
            return kleene.neighbours(node.needed, [of(part) for part in node.of], node.chains)
        assert isinstance(node, OtherRule)
        return final[node.rule]

    return of(rule.criteria)


def test_the_plan_judges_as_a_walk_along_the_tree(values):
    found = evaluate(values)
    final: dict[str, Outcome] = {}
    seen = set()
    for rule in in_order(load_rules()):
        expected = walked(rule, found, final).state
        np.testing.assert_array_equal(found["criteria_state"].sel(rule=rule.id), expected, err_msg=rule.id)
        final[rule.id] = Outcome(found["state"].sel(rule=rule.id).values, np.full(RECORDS, np.nan, np.float32))
        seen |= set(np.unique(expected).tolist())
    assert seen == {0, 1, 2}


def test_records_are_judged_alike_however_many_there_are(values):
    crowd = xr.concat([values] * 40, dim="record")
    np.testing.assert_array_equal(judge(crowd).state[:, -RECORDS:], judge(values).state)


def test_a_plan_is_kept_for_the_same_rules_and_made_anew_for_edited_ones():
    rules = load_rules()
    assert plan_of(rules) is plan_of(tuple(rules))
    edited = with_limits(rules, {"bradycardia.rate": 50})
    assert plan_of(edited) is not plan_of(rules)


def test_the_results_are_found_by_record_rule_and_clause(values):
    found = evaluate(values)
    assert set(found.xindexes) == {"record", "rule", "clause"}
    assert found["state"].sel(record="r7", rule="tachycardia").shape == ()


def test_a_rule_without_one_it_builds_on_is_refused(values):
    alone = tuple(rule for rule in load_rules() if rule.id == "sinus_bradycardia")
    with pytest.raises(RuleError, match="sinus_p_waves"):
        evaluate(values, rules=alone)
