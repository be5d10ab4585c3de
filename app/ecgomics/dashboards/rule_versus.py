"""A rule beside a label: how often both are there, with intervals, and the records on which they differ most."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ecgomics.dashboards.explore_state import ExploreState
from ecgomics.errors import EcgomicsError
from ecgomics.rules import Agreement, Rate, agreement, labelled
from ecgomics.wording import share

SHOWN = 6
"""Records shown of each kind of disagreement."""

CHOICES = 60

RATES = (
    ("prevalence", "rule met"),
    ("labelled", "label set"),
    ("sensitivity", "sensitivity"),
    ("specificity", "specificity"),
    ("ppv", "PPV"),
    ("npv", "NPV"),
)
"""Rates shown and what they are called; the label is taken as the truth."""

KINDS = ("met, not labelled", "labelled, not met")
"""The ways to differ, as `Agreement.disagreements` calls them."""


def versus(state: ExploreState, rule: str) -> dict[str, Any]:
    """What the card shows of a rule beside a label.

    Returns
    -------
    dict
        `choices` (label codes: `value`, `text`), `chosen`, `rows` (`name`, `value`, `interval`, `counts`), `differ`
        (per kind: `kind`, `title`, `count`, `records`), `note`. Empty for a cohort without labels or rules.
    """
    census = state.census
    if not census.label_counts or not state.rulebook.judged:
        return {}
    codes = census.label_counts.most_common(CHOICES)
    part: dict[str, Any] = {
        "choices": [{"value": code, "text": f"{code} ({count})"} for code, count in codes],
        "chosen": state.against,
        "rows": [],
        "differ": [],
        "note": "",
    }
    if not state.against:
        return part
    try:
        found = compared(state, rule)
    except EcgomicsError as error:
        return part | {"note": str(error)}
    part["rows"] = [_row(title, getattr(found, name)) for name, title in RATES]
    part["differ"] = [_differing(state, found, kind) for kind in KINDS]
    people = "" if found.patients == found.records else f" of {found.patients} patients"
    unknown = f"; {found.unknown} cannot be judged and count as not met" if found.unknown else ""
    part["note"] = f"{found.records} records{people} with labels{unknown}. 95 % intervals, by patient."
    return part


def compared(state: ExploreState, rule: str) -> Agreement:
    """The agreement of a rule, with the limits as edited, and the label `state.against`."""
    census = state.census
    truth = labelled(census.cohort.labels, records=census.ids.tolist(), codes=[state.against])
    findings = state.rulebook.findings(rule, limits=state.limits)
    return agreement(findings, truth, rule=rule, patient=pd.Series(census.patient, index=census.ids))


def disagreeing(state: ExploreState, rule: str, kind: str) -> list[str]:
    """Ids of the records that differ in one way, the widest margin first."""
    table = compared(state, rule).disagreements
    return [str(record) for record in table.loc[table["kind"] == kind, "record"]]


def _row(title: str, rate: Rate) -> dict[str, str]:
    if not rate.whole:
        return {"name": title, "value": "–", "interval": "", "counts": "0"}
    return {
        "name": title,
        "value": share(rate.value),
        "interval": f"{share(rate.low)}–{share(rate.high)}",
        "counts": f"{rate.part}/{rate.whole}",
    }


def _differing(state: ExploreState, found: Agreement, kind: str) -> dict[str, Any]:
    table = found.disagreements
    rows = table[table["kind"] == kind]
    records: list[dict[str, str]] = []
    for record, margin, outcome in zip(rows["record"], rows["margin"], rows["state"], strict=True):
        if len(records) == SHOWN:
            break
        by = "unknown" if outcome == "unknown" else f"{100 * float(margin):+.0f} %".replace("-", "−")
        records.append({"id": str(record), "text": f"{state.census.source[state.census.at(str(record))]} · {by}"})
    return {"kind": kind, "title": kind, "count": len(rows), "records": records}
