"""`rule_page_html`: one rule in one cohort as a page: how often, how well against a label, and where they part."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ecgomics.rules.agreement import Rate
from ecgomics.rules.evidence import Span
from ecgomics.rules.showing import STATE_WORDS, criteria_html
from ecgomics.rules.study import Study

WIDTH, PX_S, PX_MV, ROOM = 1000.0, 100.0, 40.0, 26.0
SHOWN_S = 10.0
SWEEP = (760.0, 230.0)
SHARES = (
    ("sensitivity", "Sensitivity", "of the labelled, met"),
    ("specificity", "Specificity", "of the others, not met"),
    ("ppv", "Positive predictive value", "of the met, labelled"),
    ("f1", "F1", "their balance"),
)


@dataclass(frozen=True)
class Case:
    """A record on which rule and label part.

    Parameters
    ----------
    record
        Its id.
    title
        What to call it; never a name.
    ecg
        Dims (lead, time), mV, with `rate_hz`.
    spans
        Evidence to draw.
    leads
        Leads to draw, one to three.
    told
        What decided, in words.
    """

    record: str
    title: str
    ecg: xr.DataArray
    spans: Sequence[Span]
    leads: Sequence[str]
    told: str


def rule_page_html(study: Study, *, label: str = "", case: Callable[[str], Case] | None = None, most: int = 12) -> str:
    """A page about one rule that stands alone.

    Parameters
    ----------
    study
        As `rules.study` gives it.
    label
        What the rule was compared with, in words.
    case
        Gives the drawing of a record; without it disagreements are a list.
    most
        Most disagreements drawn.

    Returns
    -------
    str
        A whole document in UTF-8 with inline style and drawings, in English; light, dark and print.
    """
    rule = study.rule
    files = resources.files("ecgomics.reports")
    style = "".join(files.joinpath(name).read_text("utf-8") for name in ("catalogue.css", "rulepage.css"))
    parts = [_figures(study, label), _section("Criteria", _criteria(study)), _section("Clauses", _clauses(study))]
    if len(study.definitions) > 1:
        parts.append(_section("Definitions side by side", _definitions(study)))
    if len(study.sweep):
        parts.append(_section(f"If {escape(study.swept.split('.')[1])} had another limit", _sweep(study)))
    if study.against is not None:
        parts.append(_section("Where they part", _cases(study, case, most)))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, '
        f'initial-scale=1"><title>{escape(rule.name)} in a cohort</title><style>{style}</style></head>'
        f'<body class="{rule.dimension.lower()}"><header><h1><span class="id">{escape(rule.number)}</span> '
        f"{escape(rule.name)}</h1><p>{escape(rule.statement)}. For research and teaching: it says which criteria are "
        f"met, it is no diagnosis.</p></header><main>{''.join(parts)}</main></body></html>"
    )


def _section(title: str, body: str) -> str:
    return f"<section><h2>{title}</h2>{body}</section>"


def _figures(study: Study, label: str) -> str:
    boxes = [_figure("Met in", study.prevalence, f"of {study.records} records")]
    unknown = study.states["records"].to_dict()["unknown"]
    boxes.append(_box("Unknown in", _percent(unknown / max(study.records, 1)), f"{unknown} records"))
    if study.against is not None:
        boxes.append(_figure("Labelled", study.against.labelled, escape(label)))
        boxes += [_figure(title, getattr(study.against, name), about) for name, title, about in SHARES]
    return f"<div class=figures>{''.join(boxes)}</div>"


def _figure(title: str, rate: Rate, about: str) -> str:
    if rate.whole == 0:
        return _box(title, "–", about)
    interval = f"{_percent(rate.low)} to {_percent(rate.high)}, {rate.part} of {rate.whole}"
    return _box(title, _percent(rate.value), f"{interval}<br>{about}")


def _box(title: str, figure: str, about: str) -> str:
    return f"<div class=figure><span>{title}</span><b>{figure}</b><span>{about}</span></div>"


def _percent(share: float) -> str:
    return (
        "–" if math.isnan(share) else f"{100 * share:.0f} %" if share >= 0.1 or share == 0 else f"{100 * share:.1f} %"
    )


def _criteria(study: Study) -> str:
    rule = study.rule
    cited = "<br>".join(escape(c.source + (f", {c.where}" if c.where else "")) for c in rule.citations)
    note = f"<p>{escape(rule.note)}</p>" if rule.note else ""
    return f"<article>{criteria_html(rule.criteria)}{note}<small>{cited} ({escape(rule.evidence)})</small></article>"


def _clauses(study: Study) -> str:
    head = ("clause", "limit", "median", "met", "not met", "unknown", "alone in the way")
    rows = [
        (
            escape(str(name).split(".", 1)[1]) + f" <small>{escape(row['biomarker'])}</small>",
            escape(row["limit"]),
            "–" if math.isnan(row["median"]) else f"{row['median']:.4g}",
            *(str(number) for number in (row["met"], row["not_met"], row["unknown"], row["alone"])),
        )
        for name, row in _rows(study.clauses)
    ]
    told = [
        f"{int(row['records'])} beside {escape(str(name))} ({STATE_WORDS[row['then']]})"
        for name, row in _rows(study.suppressed)
        if row["records"]
    ]
    held = f"<p>Criteria met and not judged: {', '.join(told)}.</p>" if told else ""
    return _table(head, rows) + held


def _definitions(study: Study) -> str:
    rows = [
        (
            f"{escape(row['definition'])} <small>{escape(str(name))}</small>",
            str(row["met"]),
            _percent(row["prevalence"]),
            str(row["differs"]),
        )
        for name, row in _rows(study.definitions)
    ]
    here = list(study.definitions.index).index(study.rule.id)
    return _table(("definition", "met", "share", "judged otherwise than here"), rows, here=here)


def _rows(table: pd.DataFrame) -> Iterator[tuple[str, dict[str, Any]]]:
    """Index and cells of each row."""
    for name, row in zip(table.index, table.to_dict("records"), strict=True):
        yield str(name), {str(column): cell for column, cell in row.items()}


def _table(head: Iterable[str], rows: Sequence[Sequence[str]], *, here: int = -1) -> str:
    top = "".join(f"<th>{cell}</th>" for cell in head)
    body = "".join(
        f"<tr{' class=here' if place == here else ''}>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>"
        for place, row in enumerate(rows)
    )
    return f"<div class=wide><table><tr>{top}</tr>{body}</table></div>"


def _sweep(study: Study) -> str:
    table, (width, height) = study.sweep, SWEEP
    left, right, top, bottom = 36.0, 12.0, 10.0, 30.0
    limits = table["limit"].to_numpy(dtype=float)
    low, high = float(limits.min()), float(limits.max())

    def at(limit: float) -> float:
        return left + (limit - low) / max(high - low, 1e-9) * (width - left - right)

    def up(share: float) -> float:
        return height - bottom - share * (height - top - bottom)

    drawn, legend = [], []
    for place, name in enumerate(("sensitivity", "specificity", "prevalence")):
        share = table[name].to_numpy(dtype=float)
        known = np.isfinite(share)
        if known.any():
            points = " ".join(f"{at(x):.1f},{up(y):.1f}" for x, y in zip(limits[known], share[known], strict=True))
            drawn.append(f'<path class="c{place}" d="M{points.replace(" ", "L")}"/>')
            colour = ("#0072b2", "#d55e00", "#6b7480")[place]
            legend.append(f'<i style="border-color:{colour}"></i>{name if name != "prevalence" else "share met"}')
    grid = "".join(
        f'<line class="axis" x1="{left}" x2="{width - right}" y1="{up(share):.1f}" y2="{up(share):.1f}"/>'
        f'<text x="{left - 6}" y="{up(share) + 4:.1f}" text-anchor="end">{100 * share:.0f}</text>'
        for share in (0.0, 0.5, 1.0)
    )
    anchors = ("start", "middle", "middle", "middle", "end")
    ticks = "".join(
        f'<text x="{at(x):.1f}" y="{height - 10}" text-anchor="{anchor}">{x:.3g}</text>'
        for x, anchor in zip(np.linspace(low, high, 5), anchors, strict=True)
    )
    now = float(table.loc[table["chosen"], "limit"].iloc[0])
    line = f'<line class="now" x1="{at(now):.1f}" x2="{at(now):.1f}" y1="{top}" y2="{height - bottom}"/>'
    said = f"% of records by limit ({_unit(study)}); the red line is the limit as it stands, {now:.4g}"
    return (
        f'<article class="sweep"><svg viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'aria-label="Shares by limit">{grid}{"".join(drawn)}{line}{ticks}</svg>'
        f'<p class="legend">{"".join(legend)}<br>{escape(said)}</p></article>'
    )


def _unit(study: Study) -> str:
    unit = next(clause.unit for clause in study.rule.clauses if clause.edited_as == study.swept)
    return "a number" if unit == "1" else unit


def _cases(study: Study, case: Callable[[str], Case] | None, most: int) -> str:
    assert study.against is not None
    table = study.against.disagreements
    if not len(table):
        return "<p>They agree on every record.</p>"
    counted = table["kind"].value_counts()
    told = ", ".join(f"{count} {kind}" for kind, count in counted.items())
    head = f"<p>{told}. Widest margin first; the label may be what is wrong.</p>"
    if case is None:
        rows = [
            (escape(r["record"]), escape(r["kind"]), STATE_WORDS[r["state"]], _margin(r["margin"]))
            for _, r in _rows(table)
        ]
        return head + _table(("record", "kind", "rule", "margin"), rows)
    drawn = [_case(row, case(row["record"])) for _, row in _rows(table.head(most))]
    rest = len(table) - len(drawn)
    return head + "".join(drawn) + (f"<p>{rest} more.</p>" if rest > 0 else "")


def _margin(margin: float) -> str:
    return "–" if math.isnan(margin) else f"{100 * margin:+.0f} % of the limit"


def _case(row: dict[str, Any], case: Case) -> str:
    said = f"{row['kind']}; rule {STATE_WORDS[row['state']]}, margin {_margin(row['margin'])}"
    return (
        f'<div class="case"><h4>{escape(case.title)} <small>{escape(said)}</small></h4><p>{escape(case.told)}</p>'
        f'<div class="scroll">{_strip(case)}</div></div>'
    )


def _strip(case: Case) -> str:
    """Leads one under another, 10 s, on millimetre paper: 25 mm/s and 10 mm/mV at 4 px a millimetre."""
    rate = float(case.ecg.attrs["rate_hz"])
    size = min(case.ecg.sizes["time"], round(SHOWN_S * rate))
    rows, y, parts = [], 4.0, []
    for lead in case.leads:
        mv = np.asarray(case.ecg.sel(lead=lead).values[:size], dtype=float)
        if not np.isfinite(mv).any():
            continue
        middle = float(np.nanmedian(mv))
        high, low = float(np.nanquantile(mv, 0.999)) - middle, float(np.nanquantile(mv, 0.001)) - middle
        zero = y + ROOM / 2 + PX_MV * min(max(high, 0.4), 3.0)
        rows.append((lead, mv - middle, zero))
        y = zero + PX_MV * min(max(-low, 0.4), 3.0) + ROOM / 2
    width = size / rate * PX_S
    for lead, mv, zero in rows:
        parts.append(_trace(mv, rate=rate, zero=zero) + f'<text x="3" y="{zero - 14:.0f}">{escape(lead)}</text>')
    bands = "".join(
        f'<rect class="span" x="{span.start_s * PX_S:.1f}" y="0" height="{y:.0f}" '
        f'width="{max((span.stop_s - span.start_s) * PX_S, 1.5):.1f}"/>'
        for span in case.spans
        if span.start_s < SHOWN_S and (not span.leads or set(span.leads) & set(case.leads))
    )
    lines = "".join(f"M{x:.0f} 0V{y:.0f}" for x in np.arange(0, width + 1, 20.0))
    lines += "".join(f"M0 {at:.0f}H{width:.0f}" for at in np.arange(0, y + 1, 20.0))
    return (
        f'<svg viewBox="0 0 {width:.0f} {y:.0f}" role="img" aria-label="Leads {escape(", ".join(case.leads))}, '
        f'25 mm/s, 10 mm/mV">{bands}<path class="paper" d="{lines}"/>{"".join(parts)}</svg>'
    )


def _trace(mv: np.ndarray[tuple[int], np.dtype[np.float64]], *, rate: float, zero: float) -> str:
    """A path of the samples, every second one above 300 Hz, broken at gaps."""
    step = 2 if rate > 300 else 1
    pieces, pen = [], "M"
    for place in range(0, len(mv), step):
        if math.isnan(mv[place]):
            pen = "M"
            continue
        pieces.append(f"{pen}{place / rate * PX_S:.1f} {zero - PX_MV * mv[place]:.1f}")
        pen = "L"
    return f'<path class="trace" d="{"".join(pieces)}"/>'
