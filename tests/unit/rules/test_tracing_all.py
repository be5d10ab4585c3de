"""`traces` says of every rule what `trace` says of it alone."""

from __future__ import annotations

from ecgomics.biomarkers import compare, measure
from ecgomics.rules import load_rules, trace, traces
from ecgomics.simulate import VirtualPatient, simulate


def test_all_at_once_and_one_by_one_are_the_same():
    made = simulate(VirtualPatient(pr_ms=240.0), seed=2)
    record = str(made.truth.quality["record"].values[0])
    values = compare(measure(made.truth, made.ecg.expand_dims(record=[record])))
    rules = load_rules()
    every = traces(values, record=record, rules=rules)
    assert [finding.rule.id for finding in every] == [rule.id for rule in rules]
    for finding in every:
        alone = trace(values, record=record, rule=finding.rule, rules=rules)
        assert repr(finding) == repr(alone)
        assert finding.state == alone.state
        assert str(finding.clauses) == str(alone.clauses)
        assert (finding.suppressed_by, finding.not_ruled_out, finding.missing) == (
            alone.suppressed_by,
            alone.not_ruled_out,
            alone.missing,
        )
