"""`catalogue_html`: every biomarker and rule on one page, with figures, ranges and sources; nothing is fetched."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from html import escape
from importlib import resources

from ecgomics import biomarkers
from ecgomics.biomarkers import Biomarker
from ecgomics.rules import Rule, load_rules
from ecgomics.rules.showing import criteria_html
from ecgomics.vocabulary import DIMENSIONS, LEADS

ABOUT = {
    "Structural": "when, and in what shape",
    "Intensity": "how much",
    "Functional": "how it behaves over time",
    "Comparative": "against what",
}
EVIDENCE = {
    "cited": "cited: the definition or range was seen in the source named",
    "unverified": "unverified: common knowledge of the field, not yet checked against the source",
    "house": "house: a definition of this project",
}
CODES = {"loinc": "LOINC", "mdc": "ISO/IEEE 11073", "dicom": "DICOM/MDC"}
THEN = {"unknown": "left unknown", "not_met": "not met"}


def catalogue_html(*, rules: Sequence[Rule] | None = None) -> str:
    """The catalogue as one HTML page that stands alone.

    Parameters
    ----------
    rules
        Rules to list; by default those that come along.

    Returns
    -------
    str
        A whole document in UTF-8 with inline style and drawings, in English; readable in light, dark and print, and
        from 320 px on. Each biomarker and rule has an anchor: its name, and ``rule-`` with its id.
    """
    listed = tuple(load_rules() if rules is None else rules)
    entries = biomarkers.catalogue()
    style = resources.files("ecgomics.reports").joinpath("catalogue.css").read_text("utf-8")
    computed = sum(entry.computed for entry in entries)
    body = "".join(_dimension(name, [e for e in entries if e.dimension == name]) for name in DIMENSIONS)
    links = "".join(f'<a href="#{name.lower()}">{name}</a>' for name in DIMENSIONS) + '<a href="#rules">Rules</a>'
    marks = "".join(
        f'<li><span class="mark {name}">{name}</span>{escape(EVIDENCE[name][len(name) + 1 :])}</li>'
        for name in EVIDENCE
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, '
        f'initial-scale=1"><title>ECGomics catalogue</title><style>{style}</style></head><body><header>'
        f"<h1>Catalogue of biomarkers and rules</h1><p>{len(entries)} families of biomarkers, {computed} of them "
        f"computed; {len(listed)} rules. For research and teaching: a rule says which criteria are met, it is no "
        f"diagnosis.</p>"
        f"<ul class=marks>{marks}</ul></header><nav>{links}</nav><main>{body}{_rules(listed)}</main></body></html>"
    )


def _dimension(name: str, entries: Sequence[Biomarker]) -> str:
    computed = [entry for entry in entries if entry.computed]
    others = [entry for entry in entries if not entry.computed]
    index = "".join(f'<li><a href="#{escape(e.name)}">{escape(e.title)}</a></li>' for e in computed)
    rest = "".join(
        f'<dt id="{escape(e.name)}"><span class="id">{e.id}</span> {escape(e.title)}</dt>'
        f"<dd>{escape(e.definition)} <span class=why>Not computed here: {_coded(e.why_not)}.</span></dd>"
        for e in others
    )
    listed = (
        f"<article class=rest><h3>In the catalogue, not computed here</h3><dl>{rest}</dl></article>" if rest else ""
    )
    return (
        f'<section id="{name.lower()}" class="{name.lower()}"><h2>{name} <small>{ABOUT[name]}</small></h2>'
        f"<details><summary>{len(computed)} families of biomarkers</summary><ul class=index>{index}</ul></details>"
        f"<div class=cards>{''.join(_card(entry) for entry in computed)}</div>{listed}</section>"
    )


def _card(entry: Biomarker) -> str:
    rows = [
        ("Formula", escape(entry.formula)),
        ("Unit", escape(_unit(entry))),
        ("Columns", escape(_columns(entry))),
        ("Taken from", escape(entry.aggregation)),
        ("Needs", escape(_needs(entry))),
        ("Codes", "<br>".join(_code(system, code) for system, code in entry.codes.items())),
        ("Source", escape(entry.citation)),
    ]
    return (
        f'<article id="{escape(entry.name)}"><h3><span class="id">{entry.id}</span> {escape(entry.title)}'
        f' <code>{escape(entry.name)}</code></h3><div class="body">{biomarkers.figure(entry)}<div>'
        f"<p>{escape(entry.definition)}</p><dl>{_pairs(rows)}</dl></div></div>{_ranges(entry)}"
        f"{_mark(entry.evidence)} <small>version {escape(entry.version)}</small></article>"
    )


def _coded(words: str) -> str:
    """Words with what stands between backticks as code."""
    parts = escape(words).split("`")
    return "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))


def _ranges(entry: Biomarker) -> str:
    """Reference ranges as a small table: for whom, from where to where, and who says so."""
    rows = []
    for limits in entry.ranges:
        who = [{"M": "men", "F": "women"}[limits.sex]] if limits.sex else ["everyone"]
        who += [f"{limits.age[0]:g}–{limits.age[1]:g} y"] if limits.age else []
        said = f"{limits.source}{f'; {limits.note}' if limits.note else ''}"
        cells = (", ".join(who), limits.limits, said)
        rows.append(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>")
    unit = "" if entry.unit in ("1", "code") else f" ({escape(entry.unit)})"
    head = f"<tr><th>Reference for</th><th>range{unit}</th><th>source</th></tr>"
    return f"<table class=ranges>{head}{''.join(rows)}</table>" if rows else ""


def _code(system: str, code: str) -> str:
    name, _, lead = system.partition("_")
    said = f"{CODES.get(name, name)}{f' ({lead})' if lead else ''}"
    return f"{escape(said)} <code>{escape(code)}</code>"


def _rules(rules: Sequence[Rule]) -> str:
    chapters = dict.fromkeys(rule.chapter for rule in rules)
    parts = []
    for chapter in chapters:
        cards = "".join(_rule(rule) for rule in rules if rule.chapter == chapter)
        parts.append(f"<h3>{escape(chapter)}</h3><div class=cards>{cards}</div>")
    return f'<section id="rules"><h2>Rules <small>criteria as data</small></h2>{"".join(parts)}</section>'


def _rule(rule: Rule) -> str:
    exclusions = (
        f"{_linked(criteria_html(exclusion.of))} → {THEN[exclusion.then]}{_why(exclusion.why)}"
        for exclusion in rule.exclusions
    )
    suppressed = ", ".join(f"{s.by} ({THEN[s.then]})" for s in rule.suppressed_by)
    cited = "<br>".join(escape(c.source + (f", {c.where}" if c.where else "")) for c in rule.citations)
    rows = [
        ("Criteria", _linked(criteria_html(rule.criteria))),
        ("For", escape(_population(rule))),
        ("Except", "<br>".join(exclusions)),
        ("Not judged beside", escape(suppressed)),
        (
            "Definition",
            escape(f"{rule.definition} (others of {rule.definition_set} beside it)" if rule.definition else ""),
        ),
        ("Note", escape(rule.note)),
        ("Source", cited),
    ]
    return (
        f'<article id="rule-{escape(rule.id)}" class="{rule.dimension.lower()}"><h4><span class="id">'
        f"{escape(rule.number)}</span> {escape(rule.name)} <code>{escape(rule.id)}</code></h4>"
        f"<p>{escape(rule.statement)}</p>"
        f"<dl>{_pairs(rows)}</dl>{_mark(rule.evidence)} <small>{escape(rule.dimension)}, {escape(rule.severity)}, "
        f"version {rule.version}</small></article>"
    )


@functools.cache
def _entries() -> dict[str, Biomarker]:
    """Families by their names and by their columns."""
    computed = [entry for entry in biomarkers.catalogue() if entry.computed]
    by_column = {column: entry for entry in computed for column, _ in entry.columns(LEADS)}
    return {entry.name: entry for entry in computed} | by_column


def _linked(criteria: str) -> str:
    """Criteria whose biomarkers lead to their definitions and say their titles; rules to their own cards."""

    def link(match: re.Match[str]) -> str:
        entry = _entries().get(match[0])
        if entry is None:
            return match[0]
        return f'<a href="#{escape(entry.name)}" title="{escape(entry.title)}">{match[0]}</a>'

    named = re.sub(r"rule ([a-z][a-z0-9_]*) is met", r'rule <a href="#rule-\1">\1</a> is met', criteria)
    return re.sub(r"(?<![-\w\"#])[A-Z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+", link, named)


def _why(words: str) -> str:
    return f" ({escape(words)})" if words else ""


def _pairs(rows: Iterable[tuple[str, str]]) -> str:
    return "".join(f"<dt>{name}</dt><dd>{html}</dd>" for name, html in rows if html)


def _mark(evidence: str) -> str:
    return f'<span class="mark {evidence}" title="{escape(EVIDENCE[evidence])}">{evidence}</span>'


def _unit(entry: Biomarker) -> str:
    return {"1": "none (a number)", "code": "a code"}.get(entry.unit, entry.unit)


def _columns(entry: Biomarker) -> str:
    if entry.scope == "lead":
        return f"{entry.name}_<lead>, one a lead"
    return ", ".join(column for column, _ in entry.columns(()))


def _needs(entry: Biomarker) -> str:
    needs = entry.needs
    told = [f"≥ {_duration(needs.duration_s)}"] if needs.duration_s else []
    told += [f"≥ {needs.beats} beats"] if needs.beats > 1 else []
    told += [f"≥ {needs.rate_hz:g} Hz"] if needs.rate_hz else []
    told += [f"leads {', '.join(needs.leads)}"] if needs.leads else []
    return ", ".join(told + [word for word in (needs.rhythm, needs.other) if word])


def _duration(seconds: float) -> str:
    if seconds >= 3600.0:
        return f"{seconds / 3600.0:g} h"
    return f"{seconds / 60.0:g} min" if seconds >= 120.0 else f"{seconds:g} s"


def _population(rule: Rule) -> str:
    if rule.population is None:
        return ""
    who = {"M": "men", "F": "women"}.get(rule.population.sex, "everyone")
    ages = [f"from {rule.population.age_from:g} years"] if rule.population.age_from is not None else []
    ages += [f"under {rule.population.age_below:g} years"] if rule.population.age_below is not None else []
    return f"{who} {' '.join(ages)}".strip()
