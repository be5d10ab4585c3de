"""A finding in words: verdict, clauses with value against limit, and where the rule is from."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecgomics.biomarkers.references import entry_of
from ecgomics.rules.model import SIGNS, Clause, Rule, walk
from ecgomics.rules.tracing import ClauseTrace, Finding
from ecgomics.vocabulary import LEADS
from ecgomics.wording import HIDDEN_UNITS, with_unit, written

VERDICTS = {"met": "Criteria met", "not_met": "Criteria not met", "unknown": "Cannot be judged"}
COUNTED = ("1", "code", "count", "points", "")
"""Units of what is counted rather than measured."""

ROWS = 12
"""Clauses a card shows; those met come first, the rest are counted."""


def verdict_of(finding: Finding, rule: Rule) -> tuple[str, str]:
    """The verdict, and the line beside it: margin, what suppresses or is missing, where the rule is from."""
    parts = []
    if np.isfinite(finding.margin) and finding.state != "unknown":
        parts.append(f"margin {finding.margin * 100:+.0f} % of the limit".replace("-", "−"))
    if finding.suppressed_by:
        parts.append(f"suppressed by {', '.join(finding.suppressed_by)}".replace("_", " "))
    if finding.state == "unknown" and finding.criteria_state != "unknown":
        parts.append(_why_unknown(finding, rule))
    elif finding.state == "unknown" and finding.missing:
        parts.append(f"missing: {', '.join(finding.missing[:3])}{' …' if len(finding.missing) > 3 else ''}")
    if rule.citations:
        parts.append(rule.citations[0].source)
    return VERDICTS[finding.state], " · ".join(part for part in parts if part)


def _why_unknown(finding: Finding, rule: Rule) -> str:
    """Why a rule is not judged although its criteria could be."""
    if finding.not_ruled_out:
        return f"not ruled out: {', '.join(finding.not_ruled_out)}".replace("_", " ")
    people = rule.population
    if finding.suppressed_by or people is None:
        return ""
    whom = {"F": "women", "M": "men"}.get(people.sex, "")
    ages = f"from {people.age_from:g} years" if people.age_from is not None else ""
    ages += f" below {people.age_below:g} years" if people.age_below is not None else ""
    return f"made for {' '.join(part for part in (whom or 'people', ages.strip()) if part)}"


def clause_rows(finding: Finding) -> list[dict[str, Any]]:
    """Clauses as rows: `state`, `text` (what is asked), `value` (what was measured), `column`, `role`, `note`."""
    order = {"met": 0, "not_met": 1, "unknown": 2}
    excluding = set(_excluding(finding.rule))
    told = sorted(finding.clauses, key=lambda item: (item.clause.id in excluding, order[item.state]))
    rows = [_row(item, excluded=item.clause.id in excluding) for item in told[:ROWS]]
    hidden = len(told) - len(rows)
    if hidden > 0:
        rows.append(
            {"state": "unknown", "text": f"{hidden} more clauses", "value": "", "column": "", "role": "", "note": ""}
        )
    return rows


def main_biomarker(finding: Finding) -> tuple[str, float | None]:
    """The biomarker a finding turns on, with its limit: measured, and what decides: met where the rule is, else not."""
    deciding = "met" if finding.state == "met" else "not_met"
    pool = sorted(finding.clauses, key=lambda item: (item.state != deciding, item.clause.unit in COUNTED))
    if not pool:
        return "", None
    limit = float(pool[0].limit) * pool[0].clause.sign
    return pool[0].clause.biomarker, limit if np.isfinite(limit) else None


def notes_of(rule: Rule) -> list[str]:
    """Sources, and what a reader must know of them."""
    lines = [f"{rule.number} version {rule.version}"]
    lines += [f"{part.source}{f', {part.where}' if part.where else ''}" for part in rule.citations]
    if rule.evidence == "unverified":
        lines.append("Not yet checked against the source.")
    if rule.evidence == "house":
        lines.append("Our own criterion.")
    return [*lines, *([rule.note] if rule.note else [])]


def _row(item: ClauseTrace, *, excluded: bool) -> dict[str, Any]:
    clause = item.clause
    value = written(item.value, clause.unit) if np.isfinite(item.value) else "missing"
    return {
        "state": item.state,
        "text": f"{'unless ' if excluded else ''}{_asked(item)}",
        "value": value,
        "column": clause.biomarker,
        "role": "against" if excluded else "",
        "note": "",
    }


def _asked(item: ClauseTrace) -> str:
    clause = item.clause
    name = _named(clause)
    if clause.relative is not None:
        factor = clause.relative.times
        times = "" if factor == 1 else "−" if factor == -1 else f"{factor:g} × "
        other = spoken(clause.relative.biomarker)
        return f"{name} {SIGNS[clause.comparison]} {times}{other}"
    if not np.isfinite(item.limit):
        return f"{name}: no limit for this age and sex"
    upper = clause.bands[0].upper if clause.bands else None
    limit = f"{item.limit:g}" if upper is None else f"{item.limit:g} to {upper:g}"
    unit = "" if clause.unit in HIDDEN_UNITS else clause.unit
    sign = "" if clause.comparison == "between" else f"{SIGNS[clause.comparison]} "
    return f"{name} {sign}{with_unit(limit.replace('-', '−'), unit)}"


def in_words(item: ClauseTrace) -> str:
    """Value and limit as a reader says them: ``Mean heart rate 48 /min (< 60 /min)``."""
    name = _named(item.clause)
    limit = _asked(item).removeprefix(name).lstrip(": ")
    return f"{name} {written(item.value, item.clause.unit)} ({limit})"


def spoken(biomarker: str) -> str:
    """What a reader calls a biomarker: its title in the catalogue, with the lead it is measured in."""
    entry = entry_of(biomarker)
    if entry is None:
        return biomarker.removesuffix("_Global").replace("_", " ")
    stem, _, lead = biomarker.rpartition("_")
    return f"{entry.title} in {lead}" if stem and lead in LEADS and lead not in entry.title.split() else entry.title


def _named(clause: Clause) -> str:
    name = spoken(clause.biomarker)
    return name.replace(f" in {clause.lead}", f" in −{clause.lead}") if clause.sign < 0 and clause.lead else name


def _excluding(rule: Rule) -> list[str]:
    inside = {clause.id for clause in _criteria(rule)}
    return [clause.id for clause in rule.clauses if clause.id not in inside]


def _criteria(rule: Rule) -> list[Clause]:
    return [node for node in walk(rule.criteria) if isinstance(node, Clause)]
