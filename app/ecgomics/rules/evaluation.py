"""`evaluate`: every rule on every record, vectorised over records; no code is run from a rule file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from ecgomics.rules import kleene
from ecgomics.rules.inputs import Inputs
from ecgomics.rules.kleene import MET, NOT_MET, UNKNOWN, Margins, Outcome, States
from ecgomics.rules.loading import load_rules
from ecgomics.rules.model import Band, Rule
from ecgomics.rules.plan import Depth, Gathered, Plan, Verdict, plan_of
from ecgomics.vocabulary import STATES

_THEN = {"unknown": UNKNOWN, "not_met": NOT_MET}
_EQUAL_WITHIN = np.float32(0.5)
_NO_SCALE = np.float32(1e-6)  # a limit of zero is no measure of distance; the unit is
_CHUNK = 1024
"""Records judged at once: their tables stay in the processor's cache."""


def evaluate(
    values: xr.Dataset, *, subjects: xr.Dataset | None = None, rules: Sequence[Rule] | None = None
) -> xr.Dataset:
    """Judge every rule on every record.

    Parameters
    ----------
    values
        Biomarkers: `value`, float, dims ``(record, biomarker)``, NaN = not computable; units as in the catalogue.
    subjects
        `age` (years, NaN unknown) and `sex` (``"M"``, ``"F"``, empty unknown), dims ``(record,)``. Limits that depend
        on them are unknown without them.
    rules
        Rules to judge; by default those that come along.

    Returns
    -------
    xr.Dataset
        Dims ``(record, rule)``: `state` (uint8, index into `vocabulary.STATES`), `margin` (float32, in fractions of
        the deciding limit, NaN when unknown), `criteria_state` (before exclusions and suppression), `suppressed`
        (bool). Dims ``(record, clause)``: `clause_value`, `clause_limit` (float32, in the clause's `unit`),
        `clause_state`. Coords: rule, its number, dimension and severity; clause, its rule, biomarker, lead, unit and
        comparison.

    Notes
    -----
    Suppression follows what the rules declare, never their order. A suppressing rule that is itself unknown does not
    suppress: it is named in the trace as not ruled out.
    """
    found = judge(values, subjects=subjects, rules=rules)
    by_rule, by_clause = ("record", "rule"), ("record", "clause")
    return xr.Dataset(
        {
            "state": (by_rule, found.state.T),
            "margin": (by_rule, found.margin.T),
            "criteria_state": (by_rule, found.criteria_state.T),
            "suppressed": (by_rule, found.suppressed.T),
            "clause_value": (by_clause, found.clause_value.T),
            "clause_limit": (by_clause, found.clause_limit.T),
            "clause_state": (by_clause, found.clause_state.T),
        },
        coords=found.plan.coords_with(found.records),
        attrs={"states": list(STATES)},
    )


@dataclass(frozen=True)
class Judged:
    """What `evaluate` finds, as plain arrays: `state` … `suppressed` are (rule, record), the rest (clause, record)."""

    plan: Plan
    records: npt.NDArray[np.str_]
    state: States
    margin: Margins
    criteria_state: States
    suppressed: npt.NDArray[np.bool_]
    clause_value: Margins
    clause_limit: Margins
    clause_state: States


def judge(values: xr.Dataset, *, subjects: xr.Dataset | None = None, rules: Sequence[Rule] | None = None) -> Judged:
    """Judge every rule on every record, as `evaluate`, without a Dataset around it: for one record it costs less."""
    plan = plan_of(load_rules() if rules is None else rules)
    inputs = Inputs(values, subjects, plan.wanted)

    def table(rows: Sequence[object], dtype: Any) -> npt.NDArray[Any]:
        return np.empty((len(rows), inputs.size), dtype=dtype)

    found = Judged(
        plan,
        inputs.records,
        table(plan.rules, np.uint8),
        table(plan.rules, np.float32),
        table(plan.rules, np.uint8),
        table(plan.rules, np.bool_),
        table(plan.clauses, np.float32),
        table(plan.clauses, np.float32),
        table(plan.clauses, np.uint8),
    )
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, inputs.size, _CHUNK):
            _Run(found, inputs, slice(start, min(start + _CHUNK, inputs.size))).judge()
    return found


class _Run:
    """The judging of some records: the outcome of every statement is a row of `state` and `margin`."""

    def __init__(self, found: Judged, inputs: Inputs, records: slice) -> None:
        self.plan, self.found, self.records = found.plan, found, records
        self.columns = inputs.columns[:, records]
        self.people = inputs.people[records]
        shape = (self.plan.size, self.columns.shape[1])
        self.state: States = np.empty(shape, dtype=np.uint8)
        self.margin: Margins = np.empty(shape, dtype=np.float32)

    def judge(self) -> None:
        if self.plan.clauses:
            self._judge_clauses()
        for depth in self.plan.depths:
            self._judge_depth(depth)

    def _judge_depth(self, depth: Depth) -> None:
        if depth.all_of:
            self._extreme(depth.conjunctions, np.minimum, NOT_MET)
        if depth.any_of:
            self._extreme(depth.disjunctions, np.maximum, MET)
        for row, below in depth.flipped.items():
            self._write(row, kleene.negate(self._outcome(below)))
        for row, needed, parts in depth.counted:
            self._write(row, kleene.at_least(needed, [self._outcome(part) for part in parts]))
        for row, node, parts in depth.weighed:
            self._write(row, kleene.points(node.needed, [self._outcome(part) for part in parts], node.weights))
        for verdict in depth.rules:
            self._judge_rule(verdict)

    def _outcome(self, row: int) -> Outcome:
        return Outcome(self.state[row], self.margin[row])

    def _write(self, row: int, outcome: Outcome) -> None:
        self.state[row], self.margin[row] = outcome.state, outcome.margin

    def _extreme(self, group: Gathered, extreme: np.ufunc, decided: np.uint8) -> None:
        """All (the least) or any (the greatest) of the rows below, in the order not met, unknown, met."""
        state, margin = self.state[group.below], self.margin[group.below]
        result = kleene.RANKED[extreme.reduceat(kleene.RANKED[state], group.starts, axis=0)]
        nothing = np.float32(np.inf if extreme is np.minimum else -np.inf)
        margin[np.isnan(margin)] = nothing
        nearest = extreme.reduceat(margin, group.starts, axis=0)
        # one that is suppressed has a state and no margin: what decides may have none
        wrong = (result == UNKNOWN) | ~np.isfinite(nearest)
        wrong |= (result == decided) & ((nearest > 0) if decided == NOT_MET else (nearest < 0))
        nearest[wrong] = np.nan
        self.state[group.rows], self.margin[group.rows] = result, nearest

    def _judge_rule(self, rule: Verdict) -> None:
        criteria = self.state[rule.criteria]
        state = criteria.copy()
        for row, then in rule.exclusions:
            excluded = self.state[row]
            state[(excluded == MET) & (state != NOT_MET)] = _THEN[then]
            state[(excluded == UNKNOWN) & (state == MET)] = UNKNOWN
        if rule.population is not None:
            state[~self.people.fit(rule.population)] = UNKNOWN
        suppressed = np.zeros(len(state), dtype=bool)
        for row, then, outranks in rule.suppressions:
            here = self.state[row] == MET
            if not here.any():
                continue
            here &= (state == MET) | outranks
            state[here] = _THEN[then]
            suppressed |= here
        margin = self.margin[rule.criteria].copy()
        margin[state != criteria] = np.nan
        self.state[rule.row], self.margin[rule.row] = state, margin
        own = rule.place, self.records
        self.found.state[own], self.found.margin[own] = state, margin
        self.found.criteria_state[own], self.found.suppressed[own] = criteria, suppressed

    def _judge_clauses(self) -> None:
        plan, count = self.plan, len(self.plan.clauses)
        value = self.columns[plan.column] * plan.sign
        limit, upper = self._limits(value.shape)
        margin = (value - limit) * plan.downward
        if len(plan.between):
            rows = plan.between
            margin[rows] = np.minimum(value[rows] - limit[rows], upper[rows] - value[rows])
        if len(plan.equal):
            margin[plan.equal] = _EQUAL_WITHIN - np.abs(value[plan.equal] - limit[plan.equal])
        known = np.isfinite(margin) & (np.abs(margin) >= plan.abstain)
        met = np.where(plan.strict, margin > 0, margin >= 0)
        state = self.state[:count]
        state[:] = met
        state[~known] = UNKNOWN
        size = np.abs(limit)
        margin /= np.where(size < _NO_SCALE, np.float32(1), size)
        margin[~known] = np.nan
        self.margin[:count] = margin
        self.found.clause_value[:, self.records] = value
        self.found.clause_limit[:, self.records] = limit
        self.found.clause_state[:, self.records] = state

    def _limits(self, shape: tuple[int, ...]) -> tuple[Margins, Margins]:
        plan = self.plan
        limit: Margins = np.empty(shape, dtype=np.float32)
        upper: Margins = np.empty(shape, dtype=np.float32)
        limit[:], upper[:] = plan.limit, plan.upper
        if len(plan.relative):
            limit[plan.relative] = self.columns[plan.relative_column] * plan.relative_times
            upper[plan.relative] = limit[plan.relative]
        for row, bands in plan.banded:
            self._choose(bands, limit[row], upper[row])
        return limit, upper

    def _choose(self, bands: tuple[Band, ...], limit: Margins, upper: Margins) -> None:
        """Fill in the limits of the first band that fits each record."""
        for band in reversed(bands):
            fits = self.people.fit(band)
            limit[fits] = band.limit
            upper[fits] = band.limit if band.upper is None else band.upper
