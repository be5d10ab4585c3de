"""A stretch of a recording on paper at true scale: vector drawings in millimetres, as SVG and as a one-page PDF."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np

from ecgomics_widgets.sheet_remarks import Panel, Remarks, remark
from ecgomics_widgets.sources import TileSource

_MARGIN, _HEAD, _ROW = 10.0, 12.0, 22.0
_STANDARD = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
_INK, _PULSE = "#161a22", "#5d6678"
_TINT = 0.16
_GRID = {"#fbe6e6": (1.0, 0.1), "#f3c9c9": (5.0, 0.15)}


@dataclass
class Sheet:
    """Lines and words on a page; all in mm from the top left corner.

    `areas` are tinted and lie below all lines; `labels` are words with a colour.
    """

    width: float
    height: float
    lines: list[tuple[str, float, list[tuple[float, float]]]] = field(default_factory=list)
    words: list[tuple[float, float, str]] = field(default_factory=list)
    areas: list[tuple[str, float, float, float, float]] = field(default_factory=list)
    labels: list[tuple[float, float, str, str]] = field(default_factory=list)
    unlabelled: int = 0

    def svg(self) -> str:
        """The page as SVG whose user unit is 1 mm."""
        size = f'width="{self.width:g}mm" height="{self.height:g}mm" viewBox="0 0 {self.width:g} {self.height:g}"'
        lines = [
            f'<polyline fill="none" stroke="{colour}" stroke-width="{wide:g}" points="'
            + " ".join(f"{x:.3f},{y:.3f}" for x, y in points)
            + '"/>'
            for colour, wide, points in self.lines
        ]
        areas = [
            f'<rect fill="{colour}" fill-opacity="{_TINT}" x="{x:.3f}" y="{y:.3f}" width="{w:.3f}" height="{h:.3f}"/>'
            for colour, x, y, w, h in self.areas
        ]
        words = [f'<text x="{x:g}" y="{y:g}">{escape(text)}</text>' for x, y, text in self.words]
        words += [
            f'<text x="{x:.3f}" y="{y:.3f}" fill="{colour}" font-weight="bold" stroke="#ffffff" stroke-width="0.8" '
            f'paint-order="stroke">{escape(text)}</text>'
            for x, y, text, colour in self.labels
        ]
        style = '<g font-family="Helvetica, Arial, sans-serif" font-size="3" fill="#161a22">'
        drawn = "".join([*areas, *lines, style, *words])
        return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{drawn}</g></svg>'

    def pdf(self) -> bytes:
        """The page as PDF 1.4, 72 points to 25.4 mm, text in Helvetica."""
        unit = 72 / 25.4
        parts = [f"{unit:.6f} 0 0 {-unit:.6f} 0 {self.height * unit:.3f} cm 1 j"]
        for colour, x, y, wide, high in self.areas:
            parts.append(f"/T gs {_inked(colour)} rg {x:.3f} {y:.3f} {wide:.3f} {high:.3f} re f")
        for colour, wide, points in self.lines:
            path = " l ".join(f"{x:.3f} {y:.3f}" for x, y in points[1:])
            parts.append(f"{_inked(colour)} RG {wide:g} w {points[0][0]:.3f} {points[0][1]:.3f} m {path} l S")
        parts.append("/O gs")
        for x, y, text, colour in [*((*word, _INK) for word in self.words), *self.labels]:
            safe = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
            parts.append(f"BT {_inked(colour)} rg /F 3 Tf 1 0 0 -1 {x:.3f} {y:.3f} Tm ({safe}) Tj ET")
        stream = zlib.compress("\n".join(parts).encode("cp1252", "replace"))
        box = f"0 0 {self.width * unit:.3f} {self.height * unit:.3f}"
        font = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"
        page = f"<</Type/Page/Parent 2 0 R/MediaBox[{box}]/Contents 4 0 R/Resources<</Font<</F {font}>>"
        page += f"/ExtGState<</T<</ca {_TINT}>>/O<</ca 1>>>>>>>>"
        head = f"<</Length {len(stream)}/Filter/FlateDecode>>stream\n".encode()
        objects = [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            page.encode(),
            head + stream + b"\nendstream",
        ]
        return _file(objects)


def _inked(colour: str) -> str:
    """A colour as PDF has it: three shares of 1."""
    return " ".join(f"{int(colour[at : at + 2], 16) / 255:.3f}" for at in (1, 3, 5))


def sheet_of(
    source: TileSource,
    *,
    start_s: float,
    stop_s: float,
    speed: float,
    gain: float,
    words: str,
    leads: Any = None,
    rows: Sequence[Sequence[str]] | None = None,
    rhythm: str = "",
    remarks: Remarks | None = None,
) -> Sheet:
    """Draw leads in rows, with grid, calibration pulse (1 mV, 200 ms) and the scale in words.

    Parameters
    ----------
    source
        The recording.
    start_s, stop_s
        Stretch drawn, s.
    speed, gain
        mm per s and mm per mV.
    words
        What the recording is and where it comes from; written on the page before the scale.
    leads
        Names of the leads drawn, each in a row of its own; all when None. Not used with `rows`.
    rows
        A montage: rows of lead names. Columns go on in time, as printers do, each an equal share of the stretch.
    rhythm
        A lead drawn over the whole stretch below a montage; none when empty.
    remarks
        Evidence, calipers and notes drawn over it.
    """
    if rows is None:
        rows = [[lead] for lead in source.leads if leads is None or lead in leads]
    rows = [[lead for lead in row if lead in source.leads] for row in rows]
    whole = [*rows, *([[rhythm]] if rhythm in source.leads else [])]
    left = _MARGIN + 10 + 0.2 * speed
    height = max(_ROW, 2.2 * gain)
    sheet = Sheet(left + (stop_s - start_s) * speed + _MARGIN, _HEAD + height * len(whole) + _MARGIN)
    _grid(sheet, rows=height * len(whole))
    drawn = _Drawn(source, start_s=start_s, stop_s=stop_s)
    columns = max((len(row) for row in rows), default=1)
    each = (stop_s - start_s) / columns
    panels: list[Panel] = []
    for number, row in enumerate(whole):
        zero = _HEAD + height * (number + 0.6)
        full = number >= len(rows) or columns == 1
        for column, lead in enumerate(row):
            part = (start_s, stop_s) if full else (start_s + column * each, start_s + (column + 1) * each)
            x = left + (part[0] - start_s) * speed
            top = _HEAD + height * number
            panels.append(Panel(lead, *part, x=x, top=top, bottom=top + height))
            for times, values in drawn.pieces(lead, *part):
                points = zip((x + (times - part[0]) * speed).tolist(), (zero - values * gain).tolist(), strict=True)
                sheet.lines.append((_INK, 0.25, list(points)))
            if column:
                sheet.lines.append((_PULSE, 0.25, [(x, zero - 2), (x, zero + 2)]))
            place = (x + 1, zero - 0.6 * height + 4) if column else (_MARGIN + 1, zero - 1)
            sheet.words.append((*place, lead))
        sheet.lines.append((_PULSE, 0.25, _pulse(left, zero=zero, speed=speed, gain=gain)))
    said = f"{words} · {start_s:.2f}–{stop_s:.2f} s · {speed:g} mm/s · {gain:g} mm/mV · true scale"
    kind = "" if drawn.kind == "samples" else " · envelope"
    sheet.words.append((_MARGIN, _HEAD - 4, said + kind + (" · columns consecutive" if columns > 1 else "")))
    if remarks is not None:
        remark(sheet, panels, remarks, speed=speed)
    return sheet


def montage(
    layout: str | Sequence[Sequence[str]], leads: Sequence[str], *, rhythm: str
) -> tuple[list[list[str]] | None, str]:
    """Rows of lead names and the rhythm lead of a strip's layout; None: every lead in a row of its own."""
    if not isinstance(layout, str):
        return [[lead for lead in row if lead] for row in layout], ""
    single = rhythm if rhythm in leads else next(iter(leads), "")
    if layout == "1":
        return [[single]], ""
    if layout == "3x4+R" and set(_STANDARD) <= set(leads):
        return [[_STANDARD[3 * column + row] for column in range(4)] for row in range(3)], single
    if layout == "6x2" and len(leads) > 3:
        order = list(_STANDARD) if set(_STANDARD) <= set(leads) else list(leads)
        half = -(-len(order) // 2)
        return [[*order[row : row + 1], *order[half + row : half + row + 1]] for row in range(half)], ""
    return None, ""


class _Drawn:
    """The stretch of a recording that goes on a sheet."""

    def __init__(self, source: TileSource, *, start_s: float, stop_s: float) -> None:
        window = source.window(start_s, stop_s, max(1, round((stop_s - start_s) * source.rate_hz)))
        values = np.asarray(window.values, dtype=float)
        self.kind = "envelope" if values.ndim == 3 else "samples"
        step, first = float(window.step_s), float(window.t0_s)
        if values.ndim == 3:  # minimum and maximum of a column, one after the other
            values, step = values.reshape(len(values), -1), step / 2
        self._rows = dict(zip(source.leads, values, strict=True))
        self._times = first + np.arange(values.shape[1]) * step

    def pieces(self, lead: str, start_s: float, stop_s: float) -> list[tuple[Any, Any]]:
        """Times (s) and values (mV above the lead's median) of each run without a gap."""
        values = self._rows[lead]
        known = np.isfinite(values)
        base = float(np.median(values[known])) if known.any() else 0.0
        inside = known & (self._times >= start_s - 1e-9) & (self._times <= stop_s + 1e-9)
        return [(self._times[run], values[run] - base) for run in _runs(inside)]


def _pulse(left: float, *, zero: float, speed: float, gain: float) -> list[tuple[float, float]]:
    """1 mV for 200 ms, before a row."""
    a, b = left - 0.2 * speed - 2, left - 2
    return [(a - 1, zero), (a, zero), (a, zero - gain), (b, zero - gain), (b, zero), (b + 1, zero)]


def _grid(sheet: Sheet, *, rows: float) -> None:
    for colour, (step, wide) in _GRID.items():
        for x in np.arange(0, sheet.width - 2 * _MARGIN + 1e-6, step) + _MARGIN:
            sheet.lines.append((colour, wide, [(x, _HEAD), (x, _HEAD + rows)]))
        for y in np.arange(0, rows + 1e-6, step) + _HEAD:
            sheet.lines.append((colour, wide, [(_MARGIN, y), (sheet.width - _MARGIN, y)]))


def _runs(known: Any) -> list[slice]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], known.astype(int), [0]])))
    return [slice(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > 1]


def _file(objects: list[bytes]) -> bytes:
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj".encode() + body + b"\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    count = len(objects) + 1
    start = f"xref\n0 {count}\n0000000000 65535 f \n{table}"
    end = f"{start}trailer<</Size {count}/Root 1 0 R>>\nstartxref\n{len(out)}\n%%EOF"
    return out + end.encode()
