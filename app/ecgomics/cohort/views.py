"""How a cohort shows itself, as text and as HTML."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ecgomics.cohort.cohort import Cohort


def facts(cohort: Cohort) -> dict[str, str]:
    """What there is to say about a cohort, by heading."""
    table, labels, quarantine = cohort.records, cohort.labels, cohort.quarantine
    kinds = table["kind"].value_counts()
    ages = table["age"].dropna()
    sexes = table["sex"].value_counts()
    said = {
        "records": f"{len(table)} ({kinds.get('short', 0)} short, {kinds.get('long', 0)} long)",
        "patients": str(table["patient"].nunique()),
        "recorded": f"{_span(table['duration_s'], 's')} at {_span(table['native_hz'], 'Hz')}",
        "kept": f"{cohort.rate_hz:g} Hz, leads {' '.join(cohort.leads)}",
        "age": f"{_span(ages, 'years')}, {len(table) - len(ages)} unknown",
        "sex": ", ".join(f"{name or 'unknown'} {count}" for name, count in sexes.items()),
        "labels": f"{len(labels)} ({labels['code'].nunique()} different)",
        "stages": ", ".join(_stage(name, cohort) for name in cohort.stages),
        "encoders": ", ".join(cohort.encoders) or "none",
        "quarantine": f"{len(quarantine)} refused",
    }
    if (labels["system"] == "synthetic").any():
        said = {"synthetic": "virtual patients, not recordings of people"} | said
    return said


def as_text(cohort: Cohort) -> str:
    """The cohort in a few lines."""
    lines = facts(cohort)
    width = max(map(len, lines))
    body = "\n".join(f"  {name:<{width}}  {value}" for name, value in lines.items())
    return f"<Cohort {cohort.path.name}, commit {cohort.generation}>\n{body}"


def as_html(cohort: Cohort) -> str:
    """The cohort as a table; everything from files is escaped."""
    cells = (
        f"<tr><th style='text-align:left'>{escape(name)}</th><td style='text-align:left'>{escape(value)}</td></tr>"
        for name, value in facts(cohort).items()
    )
    caption = f"Cohort {escape(cohort.path.name)}, commit {cohort.generation}"
    return f"<table><caption>{caption}</caption>{''.join(cells)}</table>"


def _stage(name: str, cohort: Cohort) -> str:
    return f"{name} (out of date)" if name in cohort.stale else name


def _span(values: object, unit: str) -> str:
    import pandas as pd

    numbers = pd.Series(values).dropna()  # type: ignore[call-overload]
    if numbers.empty:
        return f"? {unit}"
    low, high = float(numbers.min()), float(numbers.max())
    return f"{low:g} {unit}" if low == high else f"{low:g}–{high:g} {unit}"
