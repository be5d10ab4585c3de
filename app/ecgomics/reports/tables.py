"""The report as data: one JSON document, or one CSV line a biomarker."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

from ecgomics.reports.examination import Examination
from ecgomics.reports.imprint import Imprint, imprint_of
from ecgomics.reports.measurements import rows
from ecgomics.reports.summary import headline, nearest
from ecgomics.rules import Finding
from ecgomics.rules.showing import stated

SCHEMA = 1
"""Grows when a field changes its meaning."""


def report_data(
    now: Examination, *, before: Examination | None = None, imprint: Imprint | None = None
) -> dict[str, Any]:
    """All a report says, as plain values: what JSON can hold, missing numbers as None.

    Returns
    -------
    dict
        ``schema, record, subject, quality, headline, measurements, findings, nearest, biomarkers, provenance``.
        Findings are those met or unknown, with their clauses.
    """
    imprint = imprint or imprint_of(now.rules)
    subject = now.subject
    return {
        "schema": SCHEMA,
        "record": now.record,
        "subject": {
            "source": subject.source,
            "age": _number(subject.age),
            "sex": subject.sex or None,
            "start": subject.start.isoformat() if subject.start else None,
            "device": subject.device or None,
            "rate_hz": _number(subject.native_hz),
            "duration_s": _number(subject.duration_s),
            "leads": list(now.leads),
            "synthetic": subject.synthetic,
            "notes": list(subject.notes),
        },
        "quality": _number(now.quality),
        "headline": headline(now),
        "measurements": [
            {
                "biomarker": row.biomarker,
                "title": row.title,
                "value": _number(row.value),
                "uncertainty": _number(row.uncertainty),
                "unit": row.unit,
                "reason": row.reason or None,
                "low": row.reference.low if row.reference else None,
                "high": row.reference.high if row.reference else None,
                "reference": row.reference.source if row.reference else None,
                "outside": row.outside,
                "earlier": _number(row.earlier),
                "change": _number(row.change),
                "detectable": _number(row.detectable),
                "changed": row.changed,
            }
            for row in rows(now, before=before)
        ],
        "findings": [finding_data(finding) for finding in now.findings if finding.state != "not_met"],
        "nearest": list(nearest(now)),
        "biomarkers": biomarker_data(now),
        "provenance": {
            "ecgomics": imprint.version,
            "rules": imprint.rules,
            "reference": now.values.attrs.get("reference"),
            "made": imprint.made.isoformat(),
            "reviewed": imprint.reviewed or None,
            "earlier_record": before.record if before else None,
            "caveat": "For research and teaching: criteria met, not a diagnosis.",
        },
    }


def report_json(now: Examination, *, before: Examination | None = None, imprint: Imprint | None = None) -> str:
    """`report_data` as text."""
    return json.dumps(report_data(now, before=before, imprint=imprint), indent=1, ensure_ascii=False)


def report_csv(now: Examination) -> str:
    """Every biomarker as a line: record, biomarker, value, iqr, count, unit, reason."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["record", "biomarker", "dimension", "lead", "value", "iqr", "count", "unit", "reason"])
    for name, line in now.table.iterrows():
        value = "" if not math.isfinite(line["value"]) else f"{line['value']:.7g}"
        spread = "" if not math.isfinite(line["iqr"]) else f"{line['iqr']:.7g}"
        writer.writerow(
            [
                now.record,
                name,
                line["dimension"],
                line["lead"],
                value,
                spread,
                int(line["count"]),
                line["unit"],
                line["reason"],
            ]
        )
    return out.getvalue()


def biomarker_data(now: Examination) -> dict[str, dict[str, Any]]:
    """Biomarkers by name: value, iqr, count, unit, and the reason where there is no value."""
    data: dict[str, dict[str, Any]] = {}
    table = now.table
    columns = (table[name].tolist() for name in ("value", "unit", "reason", "iqr", "count"))
    for name, measured, unit, reason, iqr, count in zip(table.index, *columns, strict=True):
        value = _number(measured)
        entry: dict[str, Any] = {"value": value, "unit": unit}
        if value is None:
            entry["reason"] = reason
        else:
            entry |= {"iqr": _number(iqr), "count": count}
        data[name] = entry
    return data


def finding_data(finding: Finding) -> dict[str, Any]:
    """A finding with its clauses."""
    rule = finding.rule
    return {
        "rule": rule.id,
        "number": rule.number,
        "name": rule.name,
        "statement": stated(rule, finding.state),
        "state": finding.state,
        "severity": rule.severity,
        "dimension": rule.dimension,
        "margin": _number(finding.margin),
        "leads": list(finding.leads),
        "missing": list(finding.missing),
        "suppressed_by": list(finding.suppressed_by),
        "clauses": [
            {
                "biomarker": trace.clause.biomarker,
                "comparison": trace.clause.comparison,
                "value": _number(trace.value),
                "limit": _number(trace.limit),
                "unit": trace.clause.unit,
                "state": trace.state,
            }
            for trace in finding.clauses
        ],
        "citations": [citation.source for citation in rule.citations],
    }


def _number(value: float) -> float | None:
    return round(float(value), 6) if math.isfinite(value) else None
