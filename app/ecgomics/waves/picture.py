"""Beats as HTML: how many of which class, their intervals, and the representative beat with its marks."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ecgomics.vocabulary import BEAT_CLASSES

if TYPE_CHECKING:
    from ecgomics.waves.beats import Beats

WIDTH, HEIGHT = 180.0, 90.0
"""Pixels of one drawn lead."""

MOST_LEADS = 12
FEW_RECORDS = 1


def as_html(beats: Beats) -> str:
    """Table and drawing for a notebook; the drawing for one record only."""
    records = beats.quality.sizes.get("record", 0)
    rows = {"records": str(records), "beats": str(beats.beats.sizes["beat"]), **_classes(beats), **_rate(beats)}
    quality = np.asarray(beats.quality["record_quality"].values, dtype=float)
    if np.isfinite(quality).any():
        rows["quality"] = f"{np.nanmedian(quality):.2f}{' (median)' if records > 1 else ''}"
    body = "".join(
        f"<tr><th style='text-align:left'>{escape(key)}</th><td style='text-align:left'>{escape(value)}</td></tr>"
        for key, value in rows.items()
    )
    drawing = _drawn(beats) if records == FEW_RECORDS else ""
    return f"<div><table><caption>Beats</caption>{body}</table>{drawing}</div>"


def _classes(beats: Beats) -> dict[str, str]:
    counts = np.bincount(np.asarray(beats.beats["beat_class"].values, dtype=int), minlength=len(BEAT_CLASSES))
    told = ", ".join(f"{name} {count}" for name, count in zip(BEAT_CLASSES, counts, strict=False) if count)
    return {"classes": told or "none"}


def _rate(beats: Beats) -> dict[str, str]:
    rr = np.asarray(beats.beats["rr_s"].values, dtype=float)
    rr = rr[np.isfinite(rr) & (rr > 0)]
    return {"rate": f"{60 / float(np.median(rr)):.0f} /min, RR {rr.min():.2f}–{rr.max():.2f} s"} if len(rr) else {}


def _drawn(beats: Beats) -> str:
    template = beats.template.isel(record=0)
    shape = template["beat_mv"].transpose("lead", "offset")
    known = [lead for lead in range(shape.sizes["lead"]) if np.isfinite(shape.values[lead]).any()][:MOST_LEADS]
    if not known:
        return ""
    values = np.asarray(shape.values, dtype=float)[known]
    scale = HEIGHT * 0.8 / max(1.0, float(np.nanmax(values) - np.nanmin(values)))
    marks = np.asarray(template["template_global"].values, dtype=float)
    offset = np.asarray(template["offset"].values, dtype=float)
    names = [str(shape["lead"].values[lead]) for lead in known]
    columns = min(len(known), 4)
    panels = [
        _panel(trace, name, offset=offset, marks=marks, scale=scale, place=divmod(number, columns))
        for number, (trace, name) in enumerate(zip(values, names, strict=True))
    ]
    width, height = columns * WIDTH, -(-len(known) // columns) * HEIGHT
    count = int(template["template_beats"].item())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height + 16:.0f}" width="100%" '
        f'style="max-width:{width:.0f}px" role="img" aria-label="representative beat">'
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="#fff8f6"/>{"".join(panels)}'
        f'<text x="2" y="{height + 12:.0f}" font-size="10" fill="#333">representative beat of {count} beats; '
        f"lines: onset and end of P, QRS and T</text></svg>"
    )


def _panel(
    trace: npt.NDArray[np.float64],
    name: str,
    *,
    offset: npt.NDArray[np.float64],
    marks: npt.NDArray[np.float64],
    scale: float,
    place: tuple[int, int],
) -> str:
    top, left = place[0] * HEIGHT, place[1] * WIDTH
    span = float(offset[-1] - offset[0]) or 1.0
    x = left + (offset - offset[0]) / span * WIDTH
    y = top + 0.62 * HEIGHT - trace * scale
    parts, pen = [], "M"
    for px, py in zip(x, y, strict=True):
        if not np.isfinite(py):
            pen = "M"
            continue
        parts.append(f"{pen}{px:.1f} {py:.1f}")
        pen = "L"
    lines = "".join(
        f"M{left + (mark - offset[0]) / span * WIDTH:.1f} {top + 4:.0f}v{HEIGHT - 8:.0f}"
        for mark in marks[[0, 2, 3, 7, 8, 10]]
        if np.isfinite(mark)
    )
    return (
        f'<path d="{lines}" stroke="#0072b2" stroke-width="0.6" fill="none" opacity="0.6"/>'
        f'<path d="{"".join(parts)}" stroke="#161a22" stroke-width="1.1" fill="none"/>'
        f'<text x="{left + 4:.0f}" y="{top + 13:.0f}" font-size="11" font-weight="600">{escape(name)}</text>'
    )
