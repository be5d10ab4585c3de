"""`study`: all that a cohort says about one rule, as tables: the pure engine of the rule page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd
import xarray as xr

from ecgomics.errors import RuleError, did_you_mean
from ecgomics.rules.agreement import Agreement, Rate, Unknown, agreement
from ecgomics.rules.evaluation import evaluate
from ecgomics.rules.kleene import MET, NOT_MET, UNKNOWN
from ecgomics.rules.loading import closure
from ecgomics.rules.model import Clause, Rule
from ecgomics.rules.rewriting import with_limits
from ecgomics.rules.showing import limit_of

SWEPT = 41
"""Limits tried along a sweep."""


@dataclass(frozen=True, repr=False)
class Study:
    """One rule in one cohort.

    Parameters
    ----------
    rule
        As judged.
    records
        How many.
    prevalence
        Share of the records in which it is met.
    states
        Indexed by state (``met``, ``not met``, ``unknown``): `records` and `share`.
    clauses
        Indexed by clause id: `biomarker`, `lead`, `limit` in words, `met`, `not_met` and `unknown` (records), `median`
        of the values, and `alone`: records in which this clause is not met and all others that are known are.
    suppressed
        Indexed by the suppressing rule: `records` in which it is met beside these criteria, and `then`.
    definitions
        Of a set of definitions, one row each by rule id: `definition`, `met`, `prevalence`, and `differs`: records
        judged otherwise than by this rule. Empty where the rule is in no set.
    against
        Against the label asked for; None without one.
    sweep
        Of the clause that decides most records by one number: `limit`, `prevalence`, and with a label `sensitivity`,
        `specificity`, `ppv` and `f1`; `chosen` is where it stands. Empty where no clause has a single number.
    swept
        Id of that clause; empty without one.
    """

    rule: Rule
    records: int
    prevalence: Rate
    states: pd.DataFrame
    clauses: pd.DataFrame
    suppressed: pd.DataFrame
    definitions: pd.DataFrame
    against: Agreement | None
    sweep: pd.DataFrame
    swept: str

    def __repr__(self) -> str:
        return f"<Study of {self.rule.id} in {self.records} records: met in {self.prevalence}>"

    def _repr_html_(self) -> str:
        parts = [self.states.to_html(), self.clauses.to_html()]
        parts += [self.against._repr_html_()] if self.against else []
        return f"<div><b>{escape(self.rule.name)}</b>: {escape(str(self.prevalence))}{''.join(parts)}</div>"


def study(
    values: xr.Dataset,
    *,
    rule: str,
    rules: Sequence[Rule],
    subjects: xr.Dataset | None = None,
    label: pd.Series | None = None,
    patient: pd.Series | None = None,
    unknown: Unknown = "not_met",
    level: float = 0.95,
) -> Study:
    """Judge one rule in a cohort, and say where it stands.

    Parameters
    ----------
    values
        Biomarkers, dims ``(record, biomarker)``.
    rule
        Id of the rule.
    rules
        Rules loaded, the one and those it hangs on among them; with limits edited or not.
    subjects
        `age` and `sex` by record.
    label
        Whether the label to compare with is set, by record id, as `labelled` gives it.
    patient
        Patient by record id, for the intervals.
    unknown, level
        As in `agreement`.

    Returns
    -------
    Study

    Raises
    ------
    RuleError
        For a rule that is not loaded, or when no record has a label.

    Examples
    --------
    >>> told = study(values, rule="first_degree_block", rules=load_rules(), label=label)  # doctest: +SKIP
    >>> told.against.disagreements.head()  # doctest: +SKIP
    """
    by_id = {one.id: one for one in rules}
    if rule not in by_id:
        raise RuleError(f"no rule {rule!r}", expected="a rule loaded", remedy=did_you_mean(rule, by_id))
    own = by_id[rule]
    siblings = [one.id for one in rules if own.definition_set and one.definition_set == own.definition_set]
    names = {part.id for wanted in {rule, *siblings} for part in closure(rules, wanted)}
    needed = tuple(one for one in rules if one.id in names)
    found = evaluate(values, subjects=subjects, rules=needed)
    records = found["record"].values.astype(str)
    everyone = pd.Series(True, index=records)
    against = None
    if label is not None:
        against = agreement(found, label, rule=rule, patient=patient, unknown=unknown, level=level)
    prevalence = agreement(found, everyone, rule=rule, patient=patient, level=level).prevalence
    sweep, swept = _sweep(values, own, needed, subjects=subjects, found=found, label=label)
    return Study(
        rule=own,
        records=len(records),
        prevalence=prevalence,
        states=_states(found, rule),
        clauses=_clauses(found, own),
        suppressed=_suppressed(found, own),
        definitions=_definitions(found, own, [by_id[name] for name in siblings]),
        against=against,
        sweep=sweep,
        swept=swept,
    )


def _states(found: xr.Dataset, rule: str) -> pd.DataFrame:
    state = found["state"].sel(rule=rule).values
    counts = [int((state == code).sum()) for code in (MET, NOT_MET, UNKNOWN)]
    index = pd.Index(["met", "not met", "unknown"], name="state")
    share = [count / max(len(state), 1) for count in counts]
    return pd.DataFrame({"records": counts, "share": share}, index=index)


def _clauses(found: xr.Dataset, rule: Rule) -> pd.DataFrame:
    place = {name: column for column, name in enumerate(found["clause"].values.astype(str))}
    columns = [place[clause.id] for clause in rule.clauses]
    state = found["clause_state"].values[:, columns]
    value = found["clause_value"].values[:, columns].astype(float)
    failing = (state == NOT_MET).sum(axis=1)
    alone = ((state == NOT_MET) & (failing == 1)[:, None]).sum(axis=0)
    median = [float(np.nanmedian(one)) if np.isfinite(one).any() else np.nan for one in value.T]
    return pd.DataFrame(
        {
            "biomarker": [clause.biomarker for clause in rule.clauses],
            "lead": [clause.lead for clause in rule.clauses],
            "limit": [limit_of(clause) for clause in rule.clauses],
            "met": (state == MET).sum(axis=0),
            "not_met": (state == NOT_MET).sum(axis=0),
            "unknown": (state == UNKNOWN).sum(axis=0),
            "median": median,
            "alone": alone,
        },
        index=pd.Index([clause.id for clause in rule.clauses], name="clause"),
    )


def _suppressed(found: xr.Dataset, rule: Rule) -> pd.DataFrame:
    here = found["criteria_state"].sel(rule=rule.id).values == MET
    known = set(found["rule"].values.astype(str))
    rows = [
        {"rule": s.by, "records": int((here & (found["state"].sel(rule=s.by).values == MET)).sum()), "then": s.then}
        for s in rule.suppressed_by
        if s.by in known
    ]
    return pd.DataFrame(rows, columns=["rule", "records", "then"]).set_index("rule")


def _definitions(found: xr.Dataset, own: Rule, siblings: Sequence[Rule]) -> pd.DataFrame:
    mine = found["state"].sel(rule=own.id).values == MET
    rows = []
    for one in siblings:
        met = found["state"].sel(rule=one.id).values == MET
        told = {"rule": one.id, "definition": one.definition, "met": int(met.sum())}
        rows.append(
            told | {"prevalence": float(met.mean()) if len(met) else np.nan, "differs": int((met != mine).sum())}
        )
    return pd.DataFrame(rows, columns=["rule", "definition", "met", "prevalence", "differs"]).set_index("rule")


def _sweep(
    values: xr.Dataset,
    rule: Rule,
    needed: Sequence[Rule],
    *,
    subjects: xr.Dataset | None,
    found: xr.Dataset,
    label: pd.Series | None,
) -> tuple[pd.DataFrame, str]:
    columns = ["limit", "prevalence", "sensitivity", "specificity", "ppv", "f1", "chosen"]
    clause = _swept(found, rule)
    if clause is None:
        return pd.DataFrame(columns=columns), ""
    told = found["clause_value"].sel(clause=clause.id).values.astype(float)
    told = told[np.isfinite(told)]
    chosen = clause.bands[0].limit
    low, high = np.quantile(told, [0.02, 0.98])
    limits = np.unique(np.append(np.linspace(min(low, chosen), max(high, chosen), SWEPT), chosen))
    records = found["record"].values.astype(str)
    truth = None if label is None else label.reindex(records)
    rows = []
    for limit in limits:
        edited = with_limits(needed, {clause.edited_as: float(limit)})
        met = (
            evaluate(values, subjects=subjects, rules=closure(edited, rule.id))["state"].sel(rule=rule.id).values == MET
        )
        rows.append(
            {"limit": float(limit), "prevalence": float(met.mean()), **_shares(met, truth), "chosen": limit == chosen}
        )
    return pd.DataFrame(rows, columns=columns), clause.edited_as


def _swept(found: xr.Dataset, rule: Rule) -> Clause | None:
    """The clause with one number, in no lead or one alone, that decides most records."""
    spread: dict[str, int] = {}
    for clause in rule.clauses:
        spread[clause.edited_as] = spread.get(clause.edited_as, 0) + 1
    able = [
        clause
        for clause in rule.clauses
        if len(clause.bands) == 1 and clause.bands[0].upper is None and clause.comparison != "equals"
        if spread[clause.edited_as] == 1 and np.isfinite(found["clause_value"].sel(clause=clause.id).values).any()
    ]
    alone = _clauses(found, rule)["alone"].to_dict()
    return max(able, key=lambda clause: int(alone[clause.id]), default=None)


def _shares(met: np.ndarray[tuple[int], np.dtype[np.bool_]], truth: pd.Series | None) -> dict[str, float]:
    if truth is None:
        return {}
    kept = truth.notna().to_numpy()
    hit, judged = truth.to_numpy()[kept].astype(bool), met[kept]
    both, either = int((hit & judged).sum()), int((hit | judged).sum())

    def over(part: int, whole: int) -> float:
        return part / whole if whole else np.nan

    return {
        "sensitivity": over(both, int(hit.sum())),
        "specificity": over(int((~hit & ~judged).sum()), int((~hit).sum())),
        "ppv": over(both, int(judged.sum())),
        "f1": over(2 * both, both + either),
    }
