"""`evaluate`: every rule on every record, vectorised over records; no code is run from a rule file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from ecgomics.rules import kleene
from ecgomics.rules.inputs import Column, Inputs
from ecgomics.rules.kleene import MET, NOT_MET, UNKNOWN, Outcome, States
from ecgomics.rules.loading import in_order, load_rules
from ecgomics.rules.model import Band, Clause, Count, Neighbours, Node, Not, OtherRule, Points, Population, Rule
from ecgomics.vocabulary import STATES

_THEN = {"unknown": UNKNOWN, "not_met": NOT_MET}
_EQUAL_WITHIN = np.float32(0.5)
_NO_SCALE = np.float32(1e-6)  # a limit of zero is no measure of distance; the unit is


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
    chosen = tuple(load_rules() if rules is None else rules)
    run = _Run(values, subjects, chosen)
    with np.errstate(over="ignore", invalid="ignore"):
        for rule in in_order(chosen):
            run.judge(rule)
    return run.dataset()


class _Run:
    """One evaluation: results by rule and by clause, filled in as rules are judged."""

    def __init__(self, values: xr.Dataset, subjects: xr.Dataset | None, rules: tuple[Rule, ...]) -> None:
        self.rules = rules
        self.inputs = Inputs(values, subjects, (name for rule in rules for name in rule.inputs))
        self.clauses = [clause for rule in rules for clause in rule.clauses]
        self.row = {clause.id: k for k, clause in enumerate(self.clauses)}
        self.final: dict[str, Outcome] = {}
        self.before: dict[str, States] = {}
        self.suppressed: dict[str, npt.NDArray[np.bool_]] = {}
        shape = (len(self.clauses), self.inputs.size)
        self.clause_value = np.empty(shape, dtype=np.float32)
        self.clause_limit = np.empty(shape, dtype=np.float32)
        self.clause_state = np.empty(shape, dtype=np.uint8)

    def judge(self, rule: Rule) -> None:
        outcome = self._outcome(rule.criteria)
        self.before[rule.id] = outcome.state
        state = outcome.state.copy()
        for exclusion in rule.exclusions:
            excluded = self._outcome(exclusion.of).state
            state[(excluded == MET) & (state != NOT_MET)] = _THEN[exclusion.then]
            state[(excluded == UNKNOWN) & (state == MET)] = UNKNOWN
        if rule.population is not None:
            state[~self._inside(rule.population)] = UNKNOWN
        state, suppressed = self._suppression(rule, state)
        margin = np.where(state == outcome.state, outcome.margin, np.nan).astype(np.float32)
        self.final[rule.id], self.suppressed[rule.id] = Outcome(state, margin), suppressed

    def dataset(self) -> xr.Dataset:
        names = [rule.id for rule in self.rules]
        record_rule, record_clause = ("record", "rule"), ("record", "clause")
        return xr.Dataset(
            {
                "state": (
                    record_rule,
                    _columns([self.final[name].state for name in names], self.inputs.size, np.uint8),
                ),
                "margin": (
                    record_rule,
                    _columns([self.final[name].margin for name in names], self.inputs.size, np.float32),
                ),
                "criteria_state": (
                    record_rule,
                    _columns([self.before[name] for name in names], self.inputs.size, np.uint8),
                ),
                "suppressed": (
                    record_rule,
                    _columns([self.suppressed[name] for name in names], self.inputs.size, np.bool_),
                ),
                "clause_value": (record_clause, self.clause_value.T),
                "clause_limit": (record_clause, self.clause_limit.T),
                "clause_state": (record_clause, self.clause_state.T),
            },
            coords={"record": self.inputs.records, **_rule_coords(self.rules), **_clause_coords(self.clauses)},
            attrs={"states": list(STATES)},
        )

    def _outcome(self, node: Node) -> Outcome:
        if isinstance(node, Clause):
            return self._clause(node)
        if isinstance(node, Count):
            return kleene.at_least(node.needed, [self._outcome(part) for part in node.of])
        if isinstance(node, Not):
            return kleene.negate(self._outcome(node.of))
        if isinstance(node, Points):
            return kleene.points(node.needed, [self._outcome(part) for part in node.of], node.weights)
        if isinstance(node, Neighbours):
            return kleene.neighbours(node.needed, [self._outcome(part) for part in node.of], node.chains)
        return self._other(node)

    def _other(self, node: OtherRule) -> Outcome:
        return self.final[node.rule]

    def _clause(self, clause: Clause) -> Outcome:
        value = self.inputs.column(clause.biomarker)
        if clause.sign < 0:
            value = -value
        limit, upper = self._limits(clause)
        margin = _margin(clause, value, limit, upper)
        known = np.isfinite(margin)
        state = np.where(margin >= 0 if clause.comparison not in ("above", "below") else margin > 0, MET, NOT_MET)
        if clause.abstain:
            known = known & (np.abs(margin) >= np.float32(clause.abstain))
        state = np.where(known, state, UNKNOWN).astype(np.uint8)
        row = self.row[clause.id]
        self.clause_value[row], self.clause_limit[row], self.clause_state[row] = value, limit, state
        scale = np.where(np.abs(limit) < _NO_SCALE, np.float32(1), np.abs(limit))
        return Outcome(state, np.where(known, margin / scale, np.nan).astype(np.float32))

    def _limits(self, clause: Clause) -> tuple[Column, Column]:
        if clause.relative is not None:
            limit = self.inputs.column(clause.relative.biomarker) * np.float32(clause.relative.times)
            return limit, limit
        limit = np.full(self.inputs.size, np.nan, dtype=np.float32)
        upper = limit.copy()
        free = np.ones(self.inputs.size, dtype=bool)
        for band in clause.bands:
            fits = free & self._fits(band)
            limit[fits] = band.limit
            upper[fits] = band.limit if band.upper is None else band.upper
            free &= ~fits
        return limit, upper

    def _fits(self, band: Band | Population) -> npt.NDArray[np.bool_]:
        fits = np.ones(self.inputs.size, dtype=bool)
        if band.sex:
            fits &= self.inputs.sex == band.sex
        if band.age_from is not None:
            fits &= self.inputs.age >= band.age_from
        if band.age_below is not None:
            fits &= self.inputs.age < band.age_below
        return fits

    def _inside(self, population: Population) -> npt.NDArray[np.bool_]:
        return self._fits(population)

    def _suppression(self, rule: Rule, state: States) -> tuple[States, npt.NDArray[np.bool_]]:
        suppressed = np.zeros(self.inputs.size, dtype=bool)
        for suppression in sorted(rule.suppressed_by, key=lambda item: item.outranks):
            if suppression.by not in self.final:
                continue
            met = self.final[suppression.by].state == MET
            here = met if suppression.outranks else met & (state == MET)
            state = np.where(here, _THEN[suppression.then], state).astype(np.uint8)
            suppressed |= here
        return state, suppressed


def _margin(clause: Clause, value: Column, limit: Column, upper: Column) -> Column:
    """Distance from the limit in the clause's unit, positive on the side where it is met."""
    if clause.comparison in ("above", "at_least"):
        return value - limit
    if clause.comparison in ("below", "at_most"):
        return limit - value
    if clause.comparison == "between":
        return np.minimum(value - limit, upper - value)
    return _EQUAL_WITHIN - np.abs(value - limit)


def _columns(arrays: Sequence[npt.NDArray[Any]], size: int, dtype: Any) -> npt.NDArray[Any]:
    stacked = np.empty((len(arrays), size), dtype=dtype)
    for row, array in enumerate(arrays):
        stacked[row] = array
    return stacked.T


def _rule_coords(rules: Sequence[Rule]) -> dict[str, Any]:
    def text(values: Sequence[str]) -> tuple[str, npt.NDArray[np.str_]]:
        return "rule", np.array(values, dtype=str)

    return {
        "rule": np.array([rule.id for rule in rules], dtype=str),
        "rule_number": text([rule.number for rule in rules]),
        "rule_dimension": text([rule.dimension for rule in rules]),
        "rule_severity": text([rule.severity for rule in rules]),
        "rule_version": ("rule", np.array([rule.version for rule in rules], dtype=np.int32)),
    }


def _clause_coords(clauses: Sequence[Clause]) -> dict[str, Any]:
    def text(values: Sequence[str]) -> tuple[str, npt.NDArray[np.str_]]:
        return "clause", np.array(values, dtype=str)

    return {
        "clause": np.array([clause.id for clause in clauses], dtype=str),
        "clause_rule": text([clause.id.split(".")[0] for clause in clauses]),
        "clause_biomarker": text([clause.biomarker for clause in clauses]),
        "clause_lead": text([clause.lead for clause in clauses]),
        "clause_unit": text([clause.unit for clause in clauses]),
        "clause_comparison": text([clause.comparison for clause in clauses]),
    }
