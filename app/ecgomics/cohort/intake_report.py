"""What was taken into a cohort, as one page that stands alone: counts, refusals, who, how complete, what twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import numpy as np
import pandas as pd

import ecgomics
from ecgomics.cohort.cohort import Cohort
from ecgomics.cohort.likeness import ALIKE, duplicates, is_assumed, patients

_MOST_ROWS = 25

_STYLE = """
:root { color-scheme: light }
* { box-sizing: border-box }
body { font: 15px/1.5 system-ui, sans-serif; color: #1d2430; background: #fff; margin: 0 auto; padding: 28px 20px 60px;
  max-width: 980px }
h1 { font-size: 26px; margin: 0 0 2px } h2 { font-size: 18px; margin: 34px 0 8px }
p.lead { color: #55606f; margin: 0 0 18px }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(130px, 1fr)); gap: 10px }
.card { border: 1px solid #d5dbe3; border-radius: 8px; padding: 10px 12px }
.card b { display: block; font-size: 24px; font-variant-numeric: tabular-nums }
.card span { color: #55606f; font-size: 13px }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(290px, 1fr)); gap: 8px 32px }
table { border-collapse: collapse; width: 100%; font-size: 14px }
th, td { text-align: left; padding: 4px 10px 4px 0; border-bottom: 1px solid #e4e8ee; vertical-align: top;
  overflow-wrap: anywhere }
th { color: #55606f; font-weight: 600 } td.n, th.n { text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums }
.bar { display: block; background: #e8ecf2; height: 9px; border-radius: 4px; min-width: 90px; margin-top: 6px }
.bar i { display: block; background: #2f6db5; height: 9px; border-radius: 4px }
.note { border-left: 4px solid #b26a00; padding: 6px 12px; background: #fff8ec; margin: 14px 0 }
svg text { font: 11px system-ui, sans-serif; fill: #55606f }
@media print { body { max-width: none; padding: 0; font-size: 11pt } h2 { break-after: avoid }
  tr, .card { break-inside: avoid } .bar, .bar i { print-color-adjust: exact } }
"""


def intake_report(cohort: Cohort, *, summary: str = "") -> str:
    """A page on what a cohort took in; self-contained, everything of the files escaped.

    Parameters
    ----------
    cohort
        The cohort.
    summary
        What the last ingest said of itself.
    """
    table = cohort.records
    parts = [
        _cards(cohort),
        _last(summary),
        _section("Formats", _counted(table["format"].replace("", "in memory"), of=len(table))),
        _section("Not taken in", _refusals(cohort.quarantine)),
        _section("Who", f"<div class=columns>{_ages(table['age'])}{_sexes(table['sex'])}</div>"),
        _section("Recordings", _recordings(table)),
        _section("How complete the files are", _completeness(cohort)),
        _section("The same, twice", _twice(cohort)),
        _section("How it was done", _settings(cohort)),
    ]
    title = f"What was taken into {escape(cohort.path.name)}"
    told = f"ECGomics {ecgomics.__version__}, commit {cohort.generation}. For research and teaching; not diagnoses."
    body = "".join(parts)
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{title}</title><style>{_STYLE}</style><h1>{title}</h1><p class=lead>{escape(told)}</p>{body}</html>"
    )


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def _cards(cohort: Cohort) -> str:
    table = cohort.records
    hours = float(table["duration_s"].sum()) / 3600
    shown = {
        "recordings": f"{len(table):,}",
        "patients": f"{table['patient'].nunique():,}",
        "hours": f"{hours:,.1f}",
        "longer than a strip": f"{int((table['kind'] == 'long').sum()):,}",
        "refused": f"{len(cohort.quarantine):,}",
        "patients set aside": f"{table['patient'][cohort.sealed].nunique():,}",
    }
    cards = "".join(f"<div class=card><b>{value}</b><span>{escape(name)}</span></div>" for name, value in shown.items())
    synthetic = (cohort.labels["system"] == "synthetic").any()
    mark = "<p class=note>Virtual patients, not recordings of people.</p>" if synthetic else ""
    return f"{mark}<div class=cards>{cards}</div>"


def _last(summary: str) -> str:
    first = summary.splitlines()[0] if summary else ""
    return f"<p class=lead style='margin-top:14px'>This time: {escape(first)}.</p>" if first else ""


def _counted(values: pd.Series, *, of: int) -> str:
    counts = values.value_counts()
    rows = [(name, f"{count:,}", _bar(count / max(1, of))) for name, count in counts.head(_MOST_ROWS).items()]
    return _table(("", "recordings", "share"), rows, numbers=(1,)) + _rest(len(counts))


def _refusals(quarantine: pd.DataFrame) -> str:
    if quarantine.empty:
        return "<p>Nothing was refused.</p>"
    groups = quarantine.groupby(["reader", "reason"], sort=False)
    found = sorted(((len(lines), reader, reason) for (reader, reason), lines in groups), reverse=True)
    rows = [(f"{count:,}", reader, reason) for count, reader, reason in found[:_MOST_ROWS]]
    again = "<p>After an upgrade, <code>ecgomics ingest SOURCE COHORT --retry</code> tries these again.</p>"
    return _table(("files", "read as", "why"), rows, numbers=(0,)) + _rest(len(found)) + again


def _ages(ages: pd.Series) -> str:
    known = ages.dropna().to_numpy(dtype=float)
    told = f"<p>Age known of {len(known):,} of {len(ages):,}"
    if not len(known):
        return f"<div>{told}.</p></div>"
    low, middle, high = np.percentile(known, [25, 50, 75])
    counts, _ = np.histogram(np.clip(known, 0, 99.9), bins=np.arange(0, 101, 10))
    bars = _histogram(counts.tolist(), [f"{k}" for k in range(0, 100, 10)], unit="years")
    return f"<div>{told}: median {middle:.0f}, middle half {low:.0f} to {high:.0f} years.</p>{bars}</div>"


def _sexes(sexes: pd.Series) -> str:
    names = {"F": "female", "M": "male", "": "not stated"}
    return f"<div><p>Sex</p>{_counted(sexes.map(names), of=len(sexes))}</div>"


def _recordings(table: pd.DataFrame) -> str:
    lengths = table["duration_s"].map(_length)
    rates = table["native_hz"].map(lambda hz: f"{hz:g} Hz")
    leads = table["leads"].map(lambda names: f"{len(names.split(';'))} leads")
    parts = (("Length", lengths), ("Sampling rate", rates), ("Leads, derived ones counted", leads))
    return f"<div class=columns>{''.join(f'<div><p>{n}</p>{_counted(v, of=len(v))}</div>' for n, v in parts)}</div>"


def _length(seconds: float) -> str:
    edges = ((9.5, "under 10 s"), (10.5, "10 s"), (60, "up to 1 min"), (600, "up to 10 min"), (7200, "up to 2 h"))
    return next((name for limit, name in edges if seconds <= limit), "longer than 2 h")


def _completeness(cohort: Cohort) -> str:
    table, ids = cohort.records, cohort.records.index
    reported = {"own measurements": cohort.measurements, "annotations": cohort.annotations, "labels": cohort.labels}
    known = {
        "patient": table["patient"] != ids,
        "age": table["age"].notna(),
        "sex": table["sex"] != "",
        "date": table["start"].notna(),
        "device": table["device"] != "",
        "smallest step of the samples": table["step_uv"] != "",
        "filters": table["filters"] != "",
        **{name: ids.isin(rows["record"]) for name, rows in reported.items()},
        "something had to be assumed": table["notes"].map(lambda text: any(map(is_assumed, text.split("\n")))),
    }
    shares = {name: float(np.mean(np.asarray(has))) if len(ids) else 0.0 for name, has in known.items()}
    rows = [(name, f"{100 * share:.0f} %", _bar(share)) for name, share in shares.items()]
    notes = pd.Series([note for text in table["notes"] for note in text.split("\n") if is_assumed(note)], dtype=object)
    assumed = f"<p style='margin-top:14px'>What was assumed, most often</p>{_counted(notes, of=len(ids))}"
    return _table(("stated in the file", "recordings", ""), rows, numbers=(1,)) + (assumed if len(notes) else "")


def _twice(cohort: Cohort) -> str:
    pairs, people = duplicates(cohort), patients(cohort)
    source = cohort.records["source"]
    content = pairs[pairs["how"] == "content"]
    alike = pairs[pairs["how"] == "signal"]
    told = (
        f"<p>Files that held a recording that was there already, and is kept once: {len(content):,}. Pairs that "
        f"differ in their samples but correlate at {ALIKE:g} or more, one recording in two versions: {len(alike):,}. "
        f"Patients with more than one recording: {len(people):,}, with {int(people['records'].sum()):,} in all; "
        "split and count by patient, never by recording.</p>"
    )
    rows = [
        (source.get(line.record, ""), source.get(line.other, line.other), _how(line.how), f"{line.correlation:.3f}")
        for line in pairs.head(_MOST_ROWS).itertuples(index=False)
    ]
    heads = ("recording", "again as", "", "correlation")
    return told + (_table(heads, rows, numbers=(3,)) + _rest(len(pairs)) if rows else "")


def _how(how: Any) -> str:
    return "same samples" if how == "content" else "same signal"


def _settings(cohort: Cohort) -> str:
    stage = cohort.stages["ingest"]
    rows = [
        (name.replace("_", " "), "not stated" if value in (None, "") else str(value))
        for name, value in stage.settings.items()
    ]
    return _table(("setting", "value"), [*rows, ("when", stage.when)])


def _table(heads: Sequence[str], rows: Iterable[Sequence[Any]], *, numbers: Sequence[int] = ()) -> str:
    def cell(tag: str, place: int, value: Any) -> str:
        shown = value if str(value).startswith("<span class=bar>") else escape(str(value))
        return f"<{tag}{' class=n' if place in numbers else ''}>{shown}</{tag}>"

    head = "".join(cell("th", place, name) for place, name in enumerate(heads))
    body = "".join(f"<tr>{''.join(cell('td', k, value) for k, value in enumerate(row))}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _rest(count: int) -> str:
    return f"<p class=lead>… and {count - _MOST_ROWS:,} more.</p>" if count > _MOST_ROWS else ""


def _bar(share: float) -> str:
    return f"<span class=bar><i style='width:{100 * min(1.0, share):.1f}%'></i></span>"


def _histogram(counts: Sequence[int], names: Sequence[str], *, unit: str) -> str:
    most, width, height = max([*counts, 1]), 28, 90
    bars = "".join(
        f"<rect x='{k * width + 2}' y='{14 + height - height * count / most:.1f}' width='{width - 4}' "
        f"height='{height * count / most:.1f}' fill='#2f6db5'><title>{count}</title></rect>"
        f"<text x='{(k + 0.5) * width}' y='{height + 28}' text-anchor='middle'>{escape(name)}</text>"
        f"<text x='{(k + 0.5) * width}' y='{10 + height - height * count / most:.1f}' text-anchor='middle'>"
        f"{count if count else ''}</text>"
        for k, (count, name) in enumerate(zip(counts, names, strict=True))
    )
    label = f"<text x='{len(counts) * width}' y='{height + 42}' text-anchor='end'>{escape(unit)}, from</text>"
    size = f"viewBox='0 0 {len(counts) * width} {height + 46}' width='100%' style='max-width:{len(counts) * width}px'"
    return f"<svg xmlns='http://www.w3.org/2000/svg' {size} role=img aria-label='Ages by decade'>{bars}{label}</svg>"
