"""The report as a page for the screen, and as a PDF for the printer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from ecgomics.reports.drawing import as_pdf, as_svg
from ecgomics.reports.examination import Examination
from ecgomics.reports.imprint import Imprint, imprint_of
from ecgomics.reports.measurements import Row, rows
from ecgomics.reports.page import pages
from ecgomics.reports.summary import changes, criteria, headline, nearest
from ecgomics.rules.telling import clause_rows
from ecgomics.wording import share, written

STYLE = """
:root{color-scheme:light}
body{margin:0;background:#f4f5f7;color:#161a22;font:14px/1.45 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}
main{max-width:210mm;margin:0 auto}
.sheet{background:#fff;margin:6mm 0;border:1px solid #d9dde3;overflow:hidden}
.sheet svg{display:block;width:210mm;height:297mm}
.words{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.words table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
.words th,.words td{text-align:left;padding:4px 8px 4px 0;border-bottom:1px solid #e3e6eb;vertical-align:top}
.words td.n{text-align:right}
.out{color:#b4233a;font-weight:600}
.note{color:#596275}
.tape{overflow-x:auto}
@media screen and (max-width:820px){
 .words{position:static;width:auto;height:auto;clip-path:none;white-space:normal;overflow:visible;padding:16px;background:#fff}
 .sheet{margin:0;border:0;border-top:1px solid #d9dde3;overflow-x:auto}
}
@media print{body{background:#fff}.sheet{margin:0;border:0;break-after:page}@page{size:A4;margin:0}}
"""


def report_html(now: Examination, *, before: Examination | None = None, imprint: Imprint | None = None) -> str:
    """One self-contained page: the A4 sheet at true scale, and all it says as text for screen readers and phones.

    Parameters
    ----------
    now
        The record.
    before
        The same patient's earlier one.
    imprint
        Provenance; made now when not given.
    """
    imprint = imprint or imprint_of(now.rules)
    title = f"ECG report, record {now.subject.source or now.record}"
    sheets = "".join(
        f'<div class="sheet">{as_svg(sheet, title=f"{title}, page {number}")}</div>'
        for number, sheet in enumerate(pages(now, before=before, imprint=imprint), start=1)
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f'<body><main><section class="words" aria-label="The report in words">{_words(now, before, imprint)}</section>'
        f"{sheets}</main></body></html>"
    )


def report_pdf(now: Examination, *, before: Examination | None = None, imprint: Imprint | None = None) -> bytes:
    """The A4 sheets as a PDF at true scale; parameters as `report_html`."""
    imprint = imprint or imprint_of(now.rules)
    return as_pdf(pages(now, before=before, imprint=imprint), title=f"ECG report {now.record}")


def _words(now: Examination, before: Examination | None, imprint: Imprint) -> str:
    table = rows(now, before=before)
    subject = now.subject
    synthetic = '<p class="out">Synthetic: a virtual patient, not a person.</p>' if subject.synthetic else ""
    years = f"{subject.age:.0f} years" if math.isfinite(subject.age) else "age unknown"
    sex = {"M": "male", "F": "female"}.get(subject.sex, "sex unknown")
    review = f"reviewed: {imprint.reviewed}" if imprint.reviewed else "not yet reviewed"
    about = f"{years}, {sex}; {len(now.leads)} leads; quality {share(now.quality)}; {review}"
    return (
        f"<h1>Record {escape(subject.source or now.record)}</h1><p>{escape(about)}</p>{synthetic}"
        f"<p><strong>{escape(headline(now))}</strong></p>"
        f"{''.join(f'<p>{escape(line)}</p>' for line in changes(table))}"
        f"<h2>Measurements</h2>{_measured(table)}<h2>Criteria met</h2>{_met(now)}"
        '<p class="note">For research and teaching: criteria met, not a diagnosis.</p>'
    )


def _measured(table: Sequence[Row]) -> str:
    head = "<tr><th>measurement</th><th>now</th><th>reference</th><th>before</th></tr>"
    lines = []
    for row in table:
        reference = row.reference.text(row.unit) if row.reference else "–"
        style = ' class="n out"' if row.outside else ' class="n"'
        value = row.text if math.isfinite(row.value) else row.reason
        outside = " (outside)" if row.outside else ""
        earlier = written(row.earlier, row.unit) + (" (changed)" if row.changed else "")
        cells = f"<td{style}>{escape(value + outside)}</td><td>{escape(reference)}</td><td>{escape(earlier)}</td>"
        lines.append(f"<tr><th>{escape(row.title)}</th>{cells}</tr>")
    return f"<table>{head}{''.join(lines)}</table>"


def _met(now: Examination) -> str:
    parts = []
    for criterion in criteria(now):
        clauses = "".join(
            f"<li>{escape(str(row['text']))}: {escape(str(row['value']))} ({str(row['state']).replace('_', ' ')})</li>"
            for row in clause_rows(criterion.finding)
        )
        doubt = f"<p>{escape(criterion.doubt)}</p>" if criterion.doubt else ""
        parts.append(f"<h3>{escape(criterion.title)}</h3><ul>{clauses}</ul>{doubt}")
    close = nearest(now)
    near = f"<p>Nearest not met: {escape('; '.join(close))}.</p>" if close else ""
    return ("".join(parts) or "<p>None beyond the rhythm.</p>") + near
