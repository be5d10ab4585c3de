"""A record as HTML: what is known about it, and its leads drawn on the paper grid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

import numpy as np
import numpy.typing as npt

from ecgomics.records.record import Record

MM = 4.0
"""Pixels a millimetre of paper."""

_MM_PER_S, _MM_PER_MV = 25.0, 10.0
_SHOWN_S = 10.0
_ROW_MM = 20.0
_MOST_BEYOND_MM = 30.0
_COLUMNS = 2
_POINTS = 900
_MAX_LEADS = 16


def as_html(record: Record) -> str:
    """Table and drawing for a notebook; every word of the file is escaped."""
    rows = {
        "source": record.source,
        "format": record.format or "made in memory",
        "leads": ", ".join(record.leads),
        "derived": ", ".join(record.derived_leads) or "none",
        "rate": f"{record.native_hz:g} Hz",
        "duration": f"{record.duration_s:g} s",
        "age, sex": f"{'?' if math.isnan(record.age) else format(record.age, 'g')}, {record.sex or '?'}",
        "device": record.device or "not stated",
        "labels": ", ".join(label.code for label in record.labels) or "none",
        "in the file": _beside(record),
        "notes": "; ".join(record.notes) or "none",
    }
    body = "".join(f"<tr><th>{escape(key)}</th><td>{escape(value)}</td></tr>" for key, value in rows.items())
    return f"<div><table><caption>Record {record.id}</caption>{body}</table>{as_svg(record)}</div>"


def as_page(record: Record) -> str:
    """A page to read and to print: the drawing, and all that the record holds; it needs no other file."""
    from ecgomics.records.inspection import describe

    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>ECGomics: {escape(record.source or record.id)}</title><style>{_STYLE}</style>"
        f"<h1>{escape(record.source or record.id)}</h1>{as_svg(record)}<pre>{escape(describe(record))}</pre>"
        "<p>For research and teaching; not a diagnosis.</p></html>"
    )


_STYLE = (
    "body{max-width:1000px;margin:2rem auto;padding:0 1rem;font:15px/1.5 system-ui,sans-serif;color:#1b2330}"
    "h1{font-size:1.4rem;overflow-wrap:anywhere}svg{border:1px solid #e3e7ee}p{color:#525d6e}"
    "pre{font:13px/1.5 ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere}"
)


def as_svg(record: Record) -> str:
    """The first ten seconds of the leads at 25 mm/s and 10 mm/mV on a grid of 5 mm, as one self-contained SVG.

    Of more than three leads each has five seconds, and below them one of them, II where it is there, has all ten.
    Each point column keeps the least and the greatest sample, so that no spike is lost; gaps are gaps; the paper is as
    high as the first and the last row ask for, within reason. Synthetic recordings say so on it.
    """
    leads = record.leads[:_MAX_LEADS]
    shown_s = min(record.duration_s, _SHOWN_S)
    columns = _COLUMNS if len(leads) > 3 else 1
    rows = math.ceil(len(leads) / columns)
    per_column_s = shown_s / columns if columns > 1 else shown_s
    strip = "" if columns == 1 else "II" if "II" in leads else leads[0]
    above = _beyond(record, leads[::rows], shown_s=per_column_s, way=1.0)
    below = _beyond(record, [strip] if strip else leads[rows - 1 :: rows], shown_s=shown_s, way=-1.0)
    width, height = per_column_s * columns * _MM_PER_S * MM, above + (rows + bool(strip)) * _ROW_MM * MM + below
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height + 16:.0f}" width="100%" '
        f'style="max-width:{width:.0f}px" role="img" aria-label="{escape(", ".join(leads))}">',
        _grid(width, height),
    ]
    for place, lead in enumerate(leads):
        column, row = divmod(place, rows)
        left, middle = column * per_column_s * _MM_PER_S * MM, above + (row + 0.5) * _ROW_MM * MM
        parts.append(_lead(record, lead, left=left, middle=middle, shown_s=per_column_s))
    if strip:
        parts.append(_lead(record, strip, left=0.0, middle=above + (rows + 0.5) * _ROW_MM * MM, shown_s=shown_s))
    synthetic = " · SYNTHETIC" if any(label.system == "synthetic" for label in record.labels) else ""
    drawn = f"first {per_column_s:g} s" + (f" ({strip}: {shown_s:g} s)" if strip else "")
    told = f"25 mm/s · 10 mm/mV · {drawn} of {record.duration_s:g} s · {record.native_hz:g} Hz{synthetic}"
    parts.append(f'<text x="2" y="{height + 12:.0f}" font-size="10" fill="#333">{escape(told)}</text></svg>')
    return "".join(parts)


def _grid(width: float, height: float) -> str:
    step = 5 * MM
    down = "".join(f"M{x:.0f} 0V{height:.0f}" for x in np.arange(0, width + 1, step))
    across = "".join(f"M0 {y:.0f}H{width:.0f}" for y in np.arange(0, height + 1, step))
    return (
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="#fff8f6"/>'
        f'<path d="{down}{across}" stroke="#f3c9c2" stroke-width="0.7" fill="none"/>'
    )


def _lead(record: Record, lead: str, *, left: float, middle: float, shown_s: float) -> str:
    values, scale = _centred(record, lead, shown_s=shown_s), _MM_PER_MV * MM
    path = _path(values, left=left, middle=middle, per_sample=_MM_PER_S * MM / record.native_hz, scale=scale)
    colour = "#7a5c00" if lead in record.derived_leads else "#111"
    return (
        f'<text x="{left + 3:.0f}" y="{middle - 0.32 * _ROW_MM * MM:.0f}" font-size="11" fill="{colour}">'
        f'{escape(lead)}</text><path d="{path}" stroke="#111" stroke-width="0.9" fill="none"/>'
    )


def _centred(record: Record, lead: str, *, shown_s: float) -> npt.NDArray[np.float64]:
    """What is drawn of a lead, mV about its median."""
    values = record.ecg.sel(lead=lead).values[: max(2, int(shown_s * record.native_hz))].astype(np.float64)
    return values - (float(np.nanmedian(values)) if np.isfinite(values).any() else 0.0)


def _beyond(record: Record, leads: Sequence[str], *, shown_s: float, way: float) -> float:
    """Pixels, whole squares of the grid, by which a row's leads leave it upwards (`way` 1) or downwards (−1)."""
    drawn = np.concatenate([_centred(record, lead, shown_s=shown_s) for lead in leads])
    far = float(np.nanmax(way * drawn, initial=0.0)) * _MM_PER_MV - _ROW_MM / 2
    return min(max(0.0, math.ceil(far / 5) * 5), _MOST_BEYOND_MM) * MM


def _path(values: npt.NDArray[np.float64], *, left: float, middle: float, per_sample: float, scale: float) -> str:
    step = max(1, math.ceil(len(values) / _POINTS))
    words, drawing = [], False
    for start in range(0, len(values), step):
        block = values[start : start + step]
        block = block[np.isfinite(block)]
        if not block.size:
            drawing = False
            continue
        for value in dict.fromkeys((float(block.min()), float(block.max()))):
            words.append(f"{'L' if drawing else 'M'}{left + start * per_sample:.1f} {middle - value * scale:.1f}")
            drawing = True
    return "".join(words)


def _beside(record: Record) -> str:
    found = [
        f"{len(record.measurements)} measurements" if record.measurements else "",
        f"{len(record.annotations)} annotations" if record.annotations else "",
        "median beat" if record.median_beat is not None else "",
    ]
    return ", ".join(word for word in found if word) or "samples only"
