"""Evidence in words and numbers: why a rule is met, what a biomarker is and how two groups differ in it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecgomics.biomarkers import Biomarker
from ecgomics.biomarkers.references import entry_of, reference_of
from ecgomics.dashboards.distribution import spread
from ecgomics.dashboards.explore_state import ExploreState
from ecgomics.dashboards.ranking import extremes
from ecgomics.dashboards.rule_sweep import key_of
from ecgomics.dashboards.rule_versus import versus
from ecgomics.rules.telling import clause_rows, main_biomarker, notes_of, verdict_of
from ecgomics.wording import HIDDEN_UNITS, counted, share, written

CHECKED = {"cited": "", "unverified": "definition not yet checked against its source", "house": "our own definition"}


def rule_card(state: ExploreState, rule: str) -> dict[str, Any]:
    """A rule for the open record: its verdict, clauses and source, and the biomarker it turns on.

    Returns
    -------
    dict
        As `ecgomics_widgets.evidence_card.EvidenceCard.card`.
    """
    entry = state.rulebook.rule(rule)
    finding = state.rulebook.finding(rule, state.record, limits=state.limits)
    verdict, lead = verdict_of(finding, entry)
    card: dict[str, Any] = {
        "title": entry.name,
        "dimension": entry.dimension,
        "state": finding.state,
        "verdict": verdict,
        "lead": lead,
        "clauses": clause_rows(finding),
        "warning": _warning(state, rule, judged=finding.state),
        "statement": f"“{entry.statement}”",
        "versus": versus(state, rule),
        "sweep": _sweep(state),
        "notes": notes_of(entry),
    }
    biomarker, limit = main_biomarker(finding)
    if biomarker in state.census.biomarker_columns:
        card["biomarker"] = _biomarker(state, biomarker, limit=limit, brief=True)
    return card


def _sweep(state: ExploreState) -> dict[str, Any]:
    """The limit at other numbers: nothing where no rule was judged, `shut` until it is asked for."""
    key = key_of(state)
    if not key or not state.sweeping:
        return {"shut": True} if key else {}
    known = {name: value for name, value in state.sweep.items() if name != "key"}
    same = bool(known) and state.sweep["key"][0] == key[0]
    # of the same rule, what was drawn before stays in its place until the new one is there
    return {**(known if same else {}), "stale": state.sweep.get("key") != key}


def _warning(state: ExploreState, rule: str, *, judged: str) -> str:
    if state.limits or not state.rulebook.judged or state.rulebook.state(rule, state.record, limits={}) == judged:
        return ""
    return "The cohort was judged with another version of this rule: bring it up to date with ecgomics analyse."


def biomarker_card(state: ExploreState, biomarker: str) -> dict[str, Any]:
    """A biomarker: definition, unit, reference, both groups' distributions, and the most extreme records."""
    column = state.census.column(biomarker)
    entry = entry_of(biomarker)
    title = entry.title if entry else biomarker
    return {"title": title, "dimension": column.dimension, "biomarker": _biomarker(state, biomarker)}


def _biomarker(
    state: ExploreState, biomarker: str, *, limit: float | None = None, brief: bool = False
) -> dict[str, Any]:
    column = state.census.column(biomarker)
    entry = entry_of(biomarker)
    unit = "" if column.unit in HIDDEN_UNITS else column.unit
    return {
        "name": biomarker,
        "facts": " · ".join(part for part in (column.dimension, unit) if part),
        "effect": _effect(state, biomarker),
        "spread": _spread(state, biomarker, limit=limit),
        "missing": "It could not be computed in any record of this cohort.",
        "extremes": _extremes(state, biomarker),
        "definition": entry.definition if entry else "",
        "sources": _sources(entry, brief=brief),
    }


def _spread(state: ExploreState, biomarker: str, *, limit: float | None) -> dict[str, Any] | None:
    census = state.census
    unit = census.column(biomarker).unit
    values = census.numbers(biomarker)
    members = state.members()
    drawn = spread(values, members=members)
    if drawn is None:
        return None
    at = census.at(state.record) if state.record else -1
    own = float(values[at]) if at >= 0 else np.nan
    reference = reference_of(
        biomarker, age=float(census.age[at]) if at >= 0 else np.nan, sex=str(census.sex[at]) if at >= 0 else ""
    )
    inside, outside = int((members & np.isfinite(values)).sum()), int((~members & np.isfinite(values)).sum())
    group = f"{state.selection.origin} ({inside})" if members.any() else ""
    rest = f"rest ({outside})" if members.any() else f"all ({counted(outside, 'record')})"
    about = f"Distribution of {biomarker}: {' and '.join(part for part in (group, rest) if part)}"
    return {
        **drawn,
        "reference": [reference.low, reference.high] if reference else None,
        "value": own if np.isfinite(own) else None,
        "value_text": written(own, unit),
        "limit": limit,
        "about": about,
        "group_text": group,
        "rest_text": rest,
    }


def _effect(state: ExploreState, biomarker: str) -> str:
    table = state.ranking.table
    rows = table[table["biomarker"] == biomarker] if len(table) else table
    if not len(rows):
        return ""
    row = rows.iloc[0]
    direction = "higher" if row["auc"] >= 0.5 else "lower"
    q = "q < .001" if row["q"] < 0.001 else f"q = {share(row['q'])}" if np.isfinite(row["q"]) else ""
    interval = f"({share(row['low'])}–{share(row['high'])})" if np.isfinite(row["low"]) else ""
    return f"{direction} in {state.selection.origin or 'the group'}: AUC {share(row['auc'])} {interval}, {q}".rstrip(
        ", "
    )


def _extremes(state: ExploreState, biomarker: str) -> list[dict[str, Any]]:
    census = state.census
    values, unit = census.numbers(biomarker), census.column(biomarker).unit
    members = state.members()
    among = members if members.any() else np.ones(len(census), dtype=bool)
    highest, lowest = extremes(values, among=among)

    def chips(places: Any) -> list[dict[str, Any]]:
        return [
            {
                "id": str(census.ids[place]),
                "text": f"{census.source[place]} · {written(float(values[place]), unit)}",
                "group": bool(members[place]),
            }
            for place in places
        ]

    return (
        [{"title": "highest", "records": chips(highest)}, {"title": "lowest", "records": chips(lowest)}]
        if highest
        else []
    )


def _sources(entry: Biomarker | None, *, brief: bool) -> list[str]:
    if entry is None:
        return ["Not in the catalogue of this version."]
    lines = []
    if entry.formula and not brief:
        lines.append(f"Formula: {entry.formula}")
    limits = [part for part in entry.ranges if part.low is not None or part.high is not None]
    unit = "" if entry.unit in HIDDEN_UNITS else entry.unit
    for part in limits[: 1 if brief else 3]:
        low, high = (f"{edge:g}" if edge is not None else "" for edge in (part.low, part.high))
        span = f"{low}–{high}" if low and high else f"≤ {high}" if high else f"≥ {low}"
        whom = {"F": "women", "M": "men"}.get(part.sex, "")
        lines.append(" ".join(word for word in (f"{part.source}:", span.replace("-", "−"), unit, whom) if word))
    codes = ", ".join(f"{system.upper()} {code}" for system, code in entry.codes.items() if system == "loinc")
    marked = ", ".join(part for part in (f"{entry.id} version {entry.version}", codes, CHECKED[entry.evidence]) if part)
    return [*lines, *([entry.citation] if entry.citation and not brief else []), marked]
