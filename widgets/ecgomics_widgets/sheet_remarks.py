"""What lies over the trace on a sheet: evidence with its values, calipers, and notes numbered and written below."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ecgomics_widgets.sheet import Sheet

FILLS = {"Structural": "#0072b2", "Intensity": "#d55e00", "Functional": "#009e73", "Comparative": "#b05a93"}
PLAIN, NOTE, CALIPER = "#475063", "#4b2fa0", "#b4233a"
_LINE, _LETTER, _ROWS = 3.4, 1.75, 3


class Panel(NamedTuple):
    """Where a lead is on a sheet: its stretch (s), its left edge, and its top and bottom, mm."""

    lead: str
    start_s: float
    stop_s: float
    x: float
    top: float
    bottom: float


class Remarks(NamedTuple):
    """What is written on a sheet.

    Parameters
    ----------
    spans
        Evidence, as `tables.spans_of` gives it.
    calipers, notes
        Rows as `Strip.calipers` and `Strip.notes` have them.
    """

    spans: Sequence[Mapping[str, Any]] = ()
    calipers: Sequence[Mapping[str, Any]] = ()
    notes: Sequence[Mapping[str, Any]] = ()


def remark(sheet: Sheet, panels: Sequence[Panel], remarks: Remarks, *, speed: float) -> None:
    """Draw remarks on a sheet; notes make it higher."""
    rows: dict[int, list[float]] = {}
    for span in remarks.spans:
        colour, leads = FILLS.get(span["dimension"], PLAIN), set(span["leads"])
        for place, panel in enumerate(panels):
            if leads and panel.lead not in leads:
                continue
            part = _inside(panel, span["start"], span["stop"])
            if part is None:
                continue
            left, right = (panel.x + (edge - panel.start_s) * speed for edge in part)
            sheet.areas.append((colour, left, panel.top, max(right - left, 0.3), panel.bottom - panel.top))
            sheet.lines.append((colour, 0.25, [(left, panel.top), (left, panel.bottom)]))
            _label(sheet, span["label"], left, panel, rows.setdefault(place, [-1.0] * _ROWS), colour)
    for caliper in remarks.calipers:
        for panel in panels:
            part = _inside(panel, *sorted((float(caliper["start_s"]), float(caliper["stop_s"]))))
            if part is not None and caliper.get("lead") in (panel.lead, "", None):
                _caliper(sheet, caliper, panel, part, speed=speed)
                break
    _notes(sheet, panels, remarks.notes, speed=speed)


def caliper_text(caliper: Mapping[str, Any]) -> str:
    """What a caliper measured: its label, ms, beats a minute, mV."""
    length = abs(float(caliper["stop_s"]) - float(caliper["start_s"]))
    rate = f" · {60 / length:.0f} /min" if length > 0.15 else ""
    rise = float(caliper.get("stop_mv") or 0.0) - float(caliper.get("start_mv") or 0.0)
    label = f"{caliper['label']} " if caliper.get("label") else ""
    return f"{label}{1000 * length:.0f} ms{rate} · {rise:.2f} mV".replace("-", "−")


def _inside(panel: Panel, start_s: float, stop_s: float) -> tuple[float, float] | None:
    """The part of a stretch that a panel shows."""
    start, stop = max(start_s, panel.start_s), min(stop_s, panel.stop_s)
    return (start, stop) if start <= stop else None


def _label(sheet: Sheet, text: str, x: float, panel: Panel, free: list[float], colour: str) -> None:
    """A label in the first line of its panel in which there is room; without any it is left to the list below."""
    if not text:
        return
    line = next((line for line, taken in enumerate(free) if x >= taken), None)
    if line is None:
        sheet.unlabelled += 1
        return
    free[line] = x + len(text) * _LETTER + 1.5
    sheet.labels.append((x + 0.6, panel.top + 3 + line * _LINE, text, colour))


def _caliper(
    sheet: Sheet, caliper: Mapping[str, Any], panel: Panel, part: tuple[float, float], *, speed: float
) -> None:
    left, right = (panel.x + (edge - panel.start_s) * speed for edge in part)
    y = panel.bottom - 2.5
    sheet.lines.append((CALIPER, 0.3, [(left, y), (right, y)]))
    for x in (left, right):
        sheet.lines.append((CALIPER, 0.3, [(x, y - 3), (x, y + 1.5)]))
    sheet.labels.append((left + 0.6, y - 0.8, caliper_text(caliper), CALIPER))


def _notes(sheet: Sheet, panels: Sequence[Panel], notes: Iterable[Mapping[str, Any]], *, speed: float) -> None:
    shown: list[str] = []
    for note in sorted(notes, key=lambda row: float(row["start_s"])):
        start = float(note["start_s"])
        stop = start if note.get("stop_s") is None else float(note["stop_s"])
        panel = next(
            (one for one in panels if note.get("lead") in (one.lead, "", None) and _inside(one, start, stop)), None
        )
        if panel is None:
            continue
        number = len(shown) + 1
        x = panel.x + (max(start, panel.start_s) - panel.start_s) * speed
        sheet.lines.append((NOTE, 0.3, [(x, panel.top), (x, panel.bottom)]))
        sheet.labels.append((x + 0.6, panel.bottom - 1, f"({number})", NOTE))
        time = f"{start:.2f} s" if stop == start else f"{start:.2f}–{stop:.2f} s"
        where = " · ".join(part for part in (time, str(note.get("lead") or ""), str(note.get("who") or "")) if part)
        shown.append(f"({number}) {note['text']} · {where}")
    if sheet.unlabelled:
        shown.append(f"{sheet.unlabelled} more values of evidence without room for their label")
    for text in shown:
        sheet.words.append((10.0, sheet.height - 5.0, text))
        sheet.height += 4.5
