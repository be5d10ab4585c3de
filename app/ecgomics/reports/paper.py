"""The ECG on paper: grid, leads, calibration pulse and the evidence, at true scale."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ecgomics.reports.drawing import Sheet, width_of
from ecgomics.reports.examination import Examination
from ecgomics.reports.measurements import STANDARD
from ecgomics.reports.summary import criteria
from ecgomics.rules import Finding, spans
from ecgomics.rules.evidence import Span
from ecgomics.rules.model import SIGNS
from ecgomics.rules.telling import spoken
from ecgomics.rules.tracing import ClauseTrace
from ecgomics.vocabulary import LEADS
from ecgomics.wording import written

MM_PER_S = 25.0
GAINS = (10.0, 5.0, 2.5)
"""mm/mV, the first that fits is taken and named."""
PULSE_MM = 6.0
"""Room for the calibration pulse before each row."""
FINE, COARSE, GROUND = "#fbe3e3", "#f0bcbc", "#fffafa"
INK = "#161a22"
COLOURS: Mapping[str, str] = {
    "Structural": "#0072b2",
    "Intensity": "#b35100",
    "Functional": "#00785a",
    "Comparative": "#96437c",
}
"""Of the dimensions, dark enough to be read on paper."""

STANDARD_GRID = (("I", "aVR", "V1", "V4"), ("II", "aVL", "V2", "V5"), ("III", "aVF", "V3", "V6"))
RHYTHM = ("II", "MLII", "V5", "V1", "I")
"""Leads a rhythm strip is taken from, the first that is there."""

MOST_IN_A_CELL, MOST_ON_RHYTHM = 2, 2
"""Pieces of evidence written at one place; the cards name the rest."""

OVER, WITHIN = 1.25, 0.8
"""How tall a trace may be, in rows: where rows may run into each other, and where they may not."""

NOWHERE = ("LimbConsistency_Global",)
"""Biomarkers of the recording as a whole: no place on the strip shows them."""

SHARPEST_MM = 0.05
"""Finer than a printer's dot: samples closer together are drawn as their extremes."""


@dataclass(frozen=True)
class Cell:
    """A stretch of one lead on the paper: `start_s` to `stop_s`, from `left` mm, around the line `middle` mm."""

    lead: str
    start_s: float
    stop_s: float
    left: float
    middle: float

    def x(self, at_s: float) -> float:
        """Where a moment lies, mm."""
        return self.left + (at_s - self.start_s) * MM_PER_S


@dataclass(frozen=True)
class Layout:
    """Where the stretches go; `shown_s` is how much of the recording they hold."""

    cells: tuple[Cell, ...]
    height: float
    shown_s: float


def layout(examination: Examination, *, left: float, top: float, width: float, row_mm: float = 21.0) -> Layout:
    """3×4 and a rhythm strip for a standard ECG, else full rows: a few leads, or one lead going on over the rows."""
    seconds = (width - PULSE_MM) / MM_PER_S
    length = float(examination.ecg.sizes["time"]) / float(examination.ecg.attrs["rate_hz"])
    start = left + PULSE_MM
    if set(LEADS) <= set(examination.leads):
        column = math.floor(seconds / 4 / 0.2 + 1e-9) * 0.2
        cells = [
            Cell(
                lead,
                at * column,
                (at + 1) * column,
                start + at * column * MM_PER_S,
                top + (row + 0.5) * row_mm,
            )
            for row, leads in enumerate(STANDARD_GRID)
            for at, lead in enumerate(leads)
        ]
        rhythm = rhythm_of(examination.leads)
        cells.append(Cell(rhythm, 0.0, 4 * column, start, top + 3.5 * row_mm))
        return Layout(tuple(cells), 4 * row_mm, min(4 * column, length))
    leads = examination.leads[:6]
    shown = math.floor(seconds / 0.2 + 1e-9) * 0.2
    if len(leads) == 1:
        turns = max(1, min(4, math.ceil(length / shown)))
        rows = [
            Cell(leads[0], turn * shown, (turn + 1) * shown, start, top + (turn + 0.5) * row_mm)
            for turn in range(turns)
        ]
        return Layout(tuple(rows), turns * row_mm, min(turns * shown, length))
    rows = [Cell(lead, 0.0, shown, start, top + (row + 0.5) * row_mm) for row, lead in enumerate(leads)]
    return Layout(tuple(rows), len(rows) * row_mm, min(shown, length))


def rhythm_of(leads: Sequence[str]) -> str:
    """The lead in which a rhythm is best seen."""
    return next((lead for lead in RHYTHM if lead in leads), leads[0])


def draw(
    sheet: Sheet, examination: Examination, *, left: float, top: float, width: float, row_mm: float = 21.0
) -> tuple[Layout, float]:
    """Draw the ECG with its evidence; the layout, and the gain it is drawn at in mm/mV."""
    plan = layout(examination, left=left, top=top, width=width, row_mm=row_mm)
    grid(sheet, left=left, top=top, width=width, height=plan.height)
    _evidence(sheet, examination, plan, row_mm=row_mm)
    return plan, strips(sheet, examination, plan.cells, left=left, row_mm=row_mm)


def strips(
    sheet: Sheet, examination: Examination, cells: Sequence[Cell], *, left: float, row_mm: float, most: float = OVER
) -> float:
    """Draw stretches of leads with their names and calibration pulses; the gain, mm/mV.

    Parameters
    ----------
    most
        How tall a trace may be, in rows.
    """
    gain = _gain(examination, cells, most_mm=most * row_mm)
    traces = [line for cell in cells for line in _trace(examination, cell, gain=gain)]
    sheet.path(traces, colour=INK, width=0.25)
    for middle in dict.fromkeys(cell.middle for cell in cells):
        _pulse(sheet, left=left, middle=middle, gain=gain)
    for cell in cells:
        if cell.left > left + PULSE_MM + 1:
            sheet.line((cell.left, cell.middle - 2.5), (cell.left, cell.middle + 2.5), colour=INK, width=0.25)
        sheet.text((cell.left + 1.2, cell.middle - row_mm / 2 + 4), cell.lead, size=8, weight="bold")
    return gain


def lift(examination: Examination, lead: str, *, row_mm: float) -> float:
    """How far below a row's middle a lead's line must lie for its trace to stay within the row, mm."""
    values = examination.ecg.sel(lead=lead).values
    if not np.isfinite(values).any():
        return 0.0
    around = values - np.nanmedian(values)
    up, down = float(np.nanmax(around)), float(-np.nanmin(around))
    gain = _gain_of(max(up, down), most_mm=WITHIN * row_mm)
    return float(np.clip((up - down) * gain / 2, -row_mm / 3, row_mm / 3))


def grid(sheet: Sheet, *, left: float, top: float, width: float, height: float) -> None:
    """Paper: a line every millimetre, a stronger one every five."""
    sheet.box((left, top), (width, height), fill=GROUND)
    for step, colour, stroke in ((1.0, FINE, 0.1), (5.0, COARSE, 0.14)):
        xs, ys = np.arange(0, width + 1e-6, step) + left, np.arange(0, height + 1e-6, step) + top
        lines = [[(x, top), (x, top + height)] for x in xs] + [[(left, y), (left + width, y)] for y in ys]
        sheet.path(lines, colour=colour, width=stroke)


def ruler(sheet: Sheet, *, right: float, top: float) -> None:
    """A 50 mm ruler to check the printer by, its right end at `right`."""
    note = "50 mm if printed true"
    end = right - width_of(note, size=7) - 1.5
    ticks = [[(end - 50 + mm, top), (end - 50 + mm, top - (3.0 if mm % 10 == 0 else 1.4))] for mm in range(51)]
    sheet.path([[(end - 50, top), (end, top)], *ticks], colour="#667085", width=0.12)
    sheet.text((right, top), note, size=7, colour="#667085", anchor="end")


def _gain(examination: Examination, cells: Sequence[Cell], *, most_mm: float) -> float:
    rate = float(examination.ecg.attrs["rate_hz"])
    tallest = 0.0
    for cell in cells:
        values = _samples(examination, cell, rate)
        if np.isfinite(values).any():
            tallest = max(tallest, float(np.nanmax(np.abs(values - np.nanmedian(values)))))
    return _gain_of(tallest, most_mm=most_mm)


def _gain_of(tallest: float, *, most_mm: float) -> float:
    return next((gain for gain in GAINS if tallest * gain <= most_mm), GAINS[-1])


def _samples(examination: Examination, cell: Cell, rate: float) -> npt.NDArray[np.float64]:
    values = examination.ecg.sel(lead=cell.lead).values
    return np.asarray(values[round(cell.start_s * rate) : round(cell.stop_s * rate)], dtype=np.float64)


def _trace(examination: Examination, cell: Cell, *, gain: float) -> Iterator[npt.NDArray[np.float64]]:
    """The lead as polylines; a gap in the samples is a gap in the line."""
    rate = float(examination.ecg.attrs["rate_hz"])
    values = _samples(examination, cell, rate)
    if not np.isfinite(values).any():
        return
    values = values - np.nanmedian(values)
    place = np.arange(len(values)) / rate
    step = math.ceil(SHARPEST_MM / MM_PER_S * rate)
    if step > 1:
        place, values = _extremes(place, values, step=step)
    points = np.column_stack([cell.left + place * MM_PER_S, cell.middle - values * gain])
    there = np.isfinite(values)
    for run in np.split(np.arange(len(values)), np.flatnonzero(np.diff(there)) + 1):
        if len(run) and there[run[0]]:
            yield points[run]


def _extremes(
    place: npt.NDArray[np.float64], values: npt.NDArray[np.float64], *, step: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Least and greatest sample of every `step`, in their order; a block with a gap is a gap."""
    whole = len(values) // step * step
    blocks = values[:whole].reshape(-1, step)
    base = np.arange(len(blocks)) * step
    filled = np.where(np.isfinite(blocks), blocks, 0.0)
    low, high = base + filled.argmin(axis=1), base + filled.argmax(axis=1)
    kept = np.sort(np.concatenate([low, high]).reshape(2, -1), axis=0).T.ravel()
    chosen = values[kept]
    chosen[np.repeat(~np.isfinite(blocks).all(axis=1), 2)] = np.nan
    return place[kept], chosen


def _pulse(sheet: Sheet, *, left: float, middle: float, gain: float) -> None:
    """1 mV for 0.2 s would not fit before the row: 1 mV for 0.12 s does."""
    x, high = left + 1.0, middle - gain
    sheet.path(
        [[(x, middle), (x + 1, middle), (x + 1, high), (x + 4, high), (x + 4, middle), (x + 5, middle)]],
        colour=INK,
        width=0.25,
    )


def _evidence(sheet: Sheet, examination: Examination, plan: Layout, *, row_mm: float) -> None:
    """Mark where the met criteria are seen: what is global on the rhythm strip, the rest once in each lead it is in."""
    named: defaultdict[Cell, list[str]] = defaultdict(list)
    rhythm = plan.cells[-1]
    free = rhythm.left
    for criterion in criteria(examination):
        finding = criterion.finding
        colour = COLOURS.get(finding.rule.dimension, INK)
        for told, found in _deciding(finding, examination):
            if told.clause.lead:
                cells = [cell for cell in plan.cells[:-1] or plan.cells if cell.lead == told.clause.lead]
                for cell, span in _first_in_each(found, cells):
                    if told.clause.biomarker in named[cell]:
                        continue
                    floor = cell.middle + row_mm / 2
                    _underline(sheet, span, cell, _short(told), colour=colour, floor=floor, line=len(named[cell]))
                    named[cell].append(told.clause.biomarker)
            elif len(named[rhythm]) < MOST_ON_RHYTHM and told.clause.biomarker not in named[rhythm]:
                free = _tint(sheet, found, rhythm, _short(told), colour=colour, row_mm=row_mm, after=free)
                named[rhythm].append(told.clause.biomarker)


def _deciding(finding: Finding, examination: Examination) -> Iterator[tuple[ClauseTrace, list[Span]]]:
    """The first met clause in each lead (or of none) that lies somewhere on the strip, with its spans."""
    told = {trace.clause.id: trace for trace in finding.clauses if trace.state == "met"}
    by_clause: dict[str, list[Span]] = {}
    for span in spans(finding, examination.beats):
        if span.kind == "record" or span.clause not in told:
            continue
        asked = told[span.clause].clause
        if asked.relative is None and asked.biomarker not in NOWHERE:
            by_clause.setdefault(span.clause, []).append(span)
    seen: set[str] = set()
    for clause, trace in told.items():
        if clause in by_clause and trace.clause.lead not in seen:
            seen.add(trace.clause.lead)
            yield trace, by_clause[clause]


def _first_in_each(found: Sequence[Span], cells: Sequence[Cell]) -> Iterator[tuple[Cell, Span]]:
    for cell in cells:
        inside = [span for span in found if span.start_s >= cell.start_s and span.stop_s <= cell.stop_s]
        if inside:
            # the last one lies furthest from the lead's name
            yield cell, inside[-1]


def _underline(sheet: Sheet, span: Span, cell: Cell, label: str, *, colour: str, floor: float, line: int) -> None:
    if line >= MOST_IN_A_CELL:
        return
    y = floor - 4.2 - 3.4 * line
    start, stop = cell.x(span.start_s), cell.x(span.stop_s)
    sheet.box((start, y), (max(stop - start, 1.2), 0.5), fill=colour)
    right = cell.x(cell.stop_s) - width_of(label, size=6.5) - 0.3
    sheet.text((min(start, right), y + 2.8), label, size=6.5, weight="bold", colour=colour)


def _tint(
    sheet: Sheet, found: Sequence[Span], cell: Cell, label: str, *, colour: str, row_mm: float, after: float
) -> float:
    """Tint where something was found and name it once, right of `after`; where the name ends."""
    top, height = cell.middle - row_mm * 0.3, row_mm * 0.6
    inside = [span for span in found if cell.start_s <= span.start_s and span.stop_s <= cell.stop_s]
    for span in inside:
        x0, x1 = cell.x(span.start_s), cell.x(span.stop_s)
        sheet.box((x0, top), (max(x1 - x0, 0.4), height), fill=colour, opacity=0.14)
        for edge in (x0, x1):
            sheet.line((edge, top), (edge, top + height), colour=colour, width=0.12)
    room = width_of(label, size=6.5, weight="bold")
    right = cell.x(cell.stop_s) - room - 0.3
    begins = [cell.x(span.start_s) for span in inside]
    # the lead's own name stands at the left
    at = next((x for x in begins if x >= max(after + 2.0, cell.left + 8.0)), max(after + 2.0, right))
    if not inside or at > right + 0.01:
        return after
    return sheet.text((at, top - 0.8), label, size=6.5, weight="bold", colour=colour)


def _short(told: ClauseTrace) -> str:
    """A clause at its place on the strip: ``T −0.12``, ``PR 204 ms > 200``."""
    clause = told.clause
    value = written(told.value, clause.unit)
    if clause.lead:
        wave, *what = clause.biomarker.removesuffix(f"_{clause.lead}").split("_")
        said = " ".join([wave, *(part.lower() for part in what if part not in ("Amp", "Dur"))])
        return f"{said} {value}"
    name = STANDARD.get(clause.biomarker) or spoken(clause.biomarker)
    limit = written(told.limit, clause.unit).partition(" ")[0]
    return f"{name} {value} {SIGNS[clause.comparison]} {limit}"


def leads_left_out(examination: Examination, cells: Sequence[Cell]) -> tuple[str, ...]:
    """Leads of the recording that the sheet does not show."""
    shown = {cell.lead for cell in cells}
    return tuple(lead for lead in examination.leads if lead not in shown)
