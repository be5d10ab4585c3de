"""`trace`: one record, one rule, and every number behind its outcome."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from ecgomics.errors import RuleError, did_you_mean
from ecgomics.rules.evaluation import Judged, judge
from ecgomics.rules.loading import closure, load_rules
from ecgomics.rules.model import SIGNS, Clause, Rule
from ecgomics.rules.showing import STATE_WORDS, finding_html, finding_line
from ecgomics.vocabulary import STATES


@dataclass(frozen=True, repr=False)
class ClauseTrace:
    """One clause on one record.

    Parameters
    ----------
    clause
        The clause.
    value, limit
        In the clause's unit; NaN when missing. For `between`, the limit is the lower one.
    margin
        Distance from the limit, > 0 on the side where it is met; NaN when unknown.
    state
        One of `vocabulary.STATES`.
    """

    clause: Clause
    value: float
    limit: float
    margin: float
    state: str

    def __repr__(self) -> str:
        return f"<ClauseTrace {self.clause.id}: {STATE_WORDS[self.state]} ({self.text})>"

    @property
    def text(self) -> str:
        """Value against limit, e.g. ``PR_Int_Global 236 ms > 200``."""
        shown = "–" if math.isnan(self.value) else f"{self.value:.4g}"
        unit = f" {self.clause.unit}" if self.clause.unit not in ("", "1", "code") else ""
        upper = self.clause.bands[0].upper if self.clause.bands else None
        limit = "unknown limit" if math.isnan(self.limit) else f"{self.limit:.4g}"
        limit += f"…{upper:.4g}" if upper is not None else ""
        return f"{self.clause.biomarker} {shown}{unit} {SIGNS[self.clause.comparison]} {limit}"


@dataclass(frozen=True, repr=False)
class Finding:
    """Outcome of a rule on a record, with its trace.

    Parameters
    ----------
    record
        Record id.
    rule
        The rule.
    state
        One of `vocabulary.STATES`.
    margin
        In fractions of the deciding limit; NaN when unknown.
    clauses
        Every clause with value, limit, margin and state.
    suppressed_by
        Ids of the rules that are met and suppress it.
    not_ruled_out
        Ids of suppressing rules that are unknown.
    criteria_state
        State of the criteria alone, before exclusions and suppression.
    missing
        Inputs that are missing: biomarkers, ``age``, ``sex``.
    """

    record: str
    rule: Rule
    state: str
    margin: float
    clauses: tuple[ClauseTrace, ...]
    suppressed_by: tuple[str, ...] = ()
    not_ruled_out: tuple[str, ...] = ()
    criteria_state: str = ""
    missing: tuple[str, ...] = field(default=())

    def __repr__(self) -> str:
        return finding_line(self)

    def _repr_html_(self) -> str:
        return finding_html(self)

    @property
    def leads(self) -> tuple[str, ...]:
        """Leads in which a clause of the criteria is met, each once."""
        met = (trace.clause.lead for trace in self.clauses if trace.state == "met" and trace.clause.lead)
        return tuple(dict.fromkeys(met))

    def values(self) -> dict[str, float]:
        """Value by clause id, for tables and export; missing ones left out."""
        return {trace.clause.id: trace.value for trace in self.clauses if not math.isnan(trace.value)}


def trace(
    values: xr.Dataset,
    *,
    record: str,
    rule: str | Rule,
    subjects: xr.Dataset | None = None,
    rules: Sequence[Rule] | None = None,
) -> Finding:
    """Judge one rule on one record and say why.

    Parameters
    ----------
    values, subjects
        As for `evaluate`; may hold other records.
    record
        Record id.
    rule
        Rule, or the id of one of `rules`.
    rules
        Rules it may depend on; by default those that come along.

    Raises
    ------
    RuleError
        When the rule or the record is not there.
    """
    known = tuple(load_rules() if rules is None else rules)
    wanted = _wanted(known, rule)
    known = tuple(wanted if other.id == wanted.id else other for other in known)
    if wanted not in known:
        known = (*known, wanted)
    alone = _alone(values, record)
    found = judge(alone, subjects=subjects, rules=closure(known, wanted.id))
    return _finding(_Outcomes(found), wanted, record=record, person=_person(subjects, record))


def traces(
    values: xr.Dataset,
    *,
    record: str,
    subjects: xr.Dataset | None = None,
    rules: Sequence[Rule] | None = None,
) -> tuple[Finding, ...]:
    """Judge every rule on one record and say why, in one go; parameters as `trace`.

    Returns
    -------
    tuple of Finding
        In the order of the rules.

    Raises
    ------
    RuleError
        When the record is not there.
    """
    known = tuple(load_rules() if rules is None else rules)
    alone = _alone(values, record)
    outcomes = _Outcomes(judge(alone, subjects=subjects, rules=known))
    person = _person(subjects, record)
    return tuple(_finding(outcomes, rule, record=record, person=person) for rule in known)


def _alone(values: xr.Dataset, record: str) -> xr.Dataset:
    rows = np.flatnonzero(values["record"].values.astype(str) == record)
    if rows.size == 0:
        raise RuleError("a record that is not among the values", expected="the id of a record with biomarkers")
    table = values[["value"]] if "value" in values else values
    return table.isel(record=rows[:1])


class _Outcomes:
    """One record's findings as plain numbers with the places of rules and clauses."""

    def __init__(self, found: Judged) -> None:
        self.rules = {rule.id: place for place, rule in enumerate(found.plan.rules)}
        self.clauses = {clause.id: place for place, clause in enumerate(found.plan.clauses)}
        names = ("state", "margin", "criteria_state", "clause_value", "clause_limit", "clause_state")
        self.held: dict[str, list[float]] = {name: getattr(found, name)[:, 0].tolist() for name in names}

    def of_rule(self, name: str, rule: str) -> float:
        return self.held[name][self.rules[rule]]

    def of_clause(self, name: str, clause: str) -> float:
        return self.held[name][self.clauses[clause]]


def _wanted(rules: Sequence[Rule], rule: str | Rule) -> Rule:
    if isinstance(rule, Rule):
        return rule
    names = {known.id: known for known in rules}
    if rule not in names:
        raise RuleError(f"no rule {rule!r}", expected="the id of a rule", remedy=did_you_mean(rule, names))
    return names[rule]


def _person(subjects: xr.Dataset | None, record: str) -> tuple[bool, bool]:
    """Whether age and sex are known."""
    if subjects is None or record not in subjects["record"].values.astype(str):
        return False, False
    row = subjects.isel(record=int(np.flatnonzero(subjects["record"].values.astype(str) == record)[0]))
    age = "age" in row and bool(np.isfinite(float(row["age"])))
    return age, "sex" in row and str(row["sex"].values) in ("M", "F")


def _finding(outcomes: _Outcomes, rule: Rule, *, record: str, person: tuple[bool, bool]) -> Finding:
    def state(rule_id: str) -> str:
        return STATES[int(outcomes.of_rule("state", rule_id))]

    told = tuple(_clause_trace(clause, outcomes) for clause in rule.clauses)
    others = [suppression.by for suppression in rule.suppressed_by if suppression.by in outcomes.rules]
    return Finding(
        record=record,
        rule=rule,
        state=state(rule.id),
        margin=outcomes.of_rule("margin", rule.id),
        clauses=told,
        suppressed_by=tuple(other for other in others if state(other) == "met"),
        not_ruled_out=tuple(other for other in others if state(other) == "unknown"),
        criteria_state=STATES[int(outcomes.of_rule("criteria_state", rule.id))],
        missing=_missing(rule, told, person),
    )


def _clause_trace(clause: Clause, outcomes: _Outcomes) -> ClauseTrace:
    value, limit = outcomes.of_clause("clause_value", clause.id), outcomes.of_clause("clause_limit", clause.id)
    state = STATES[int(outcomes.of_clause("clause_state", clause.id))]
    return ClauseTrace(clause, value, limit, _signed(clause, value, limit), state)


def _signed(clause: Clause, value: float, limit: float) -> float:
    if clause.comparison in ("above", "at_least"):
        return value - limit
    if clause.comparison in ("below", "at_most"):
        return limit - value
    if clause.comparison == "between":
        upper = clause.bands[0].upper
        return min(value - limit, (limit if upper is None else upper) - value)
    return 0.5 - abs(value - limit)


def _missing(rule: Rule, traces: Sequence[ClauseTrace], person: tuple[bool, bool]) -> tuple[str, ...]:
    names = [trace.clause.biomarker for trace in traces if math.isnan(trace.value)]
    names += [
        trace.clause.relative.biomarker
        for trace in traces
        if trace.clause.relative is not None and math.isnan(trace.limit)
    ]
    bands = [band for trace in traces for band in trace.clause.bands] + ([rule.population] if rule.population else [])
    if not person[0] and any(band.age_from is not None or band.age_below is not None for band in bands):
        names.append("age")
    if not person[1] and any(band.sex for band in bands):
        names.append("sex")
    return tuple(dict.fromkeys(names))
