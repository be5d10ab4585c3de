"""The report's pages: one A4 sheet at true scale, a second one only when there is more to say."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from ecgomics.reports import course, paper
from ecgomics.reports.drawing import A4, POINT_MM, Sheet, fitted, width_of
from ecgomics.reports.examination import Examination
from ecgomics.reports.imprint import Imprint
from ecgomics.reports.measurements import Row, rows
from ecgomics.reports.summary import Criterion, changes, criteria, headline, nearest
from ecgomics.rules.telling import clause_rows
from ecgomics.wording import share, written

LEFT, RIGHT = 10.0, A4[0] - 10.0
WIDTH = RIGHT - LEFT
INK, MUTED, LINE, ACCENT, BAND = "#161a22", "#596275", "#d9dde3", "#b4233a", "#d4dbe6"
TICKS = {"met": ("✓", "#00785a"), "not_met": ("✗", MUTED), "unknown": ("?", MUTED)}
RATE_TOP = 226.0
"""Where the rate of a long recording is drawn, mm from the top."""
BEAT_MM = 15.0
"""A representative beat's height and depth that there is room for."""
FEW_LEADS = 3
"""So many leads are all shown as representative beats."""
CARD_CLAUSES = 4
"""Clauses a criterion shows; the rest are counted."""


def pages(now: Examination, *, before: Examination | None = None, imprint: Imprint) -> list[Sheet]:
    """Lay the report out.

    Parameters
    ----------
    now
        The record.
    before
        The same patient's earlier one.
    imprint
        Provenance and signature.
    """
    table = rows(now, before=before)
    met = criteria(now)
    first = Sheet()
    y = _head(first, now, imprint)
    y = _sentence(first, now, table, y=y)
    plan, gain = paper.draw(first, now, left=LEFT, top=y, width=WIDTH, row_mm=23.0 if len(now.leads) >= 12 else 25.0)
    y += plan.height + 4.0
    _scale_line(first, now, plan, gain=gain, y=y)
    y += 7.0
    bottom = _measurement_table(first, table, before, x=LEFT, y=y, width=112.0)
    is_long = now.subject.duration_s > course.LONG_S
    floor = RATE_TOP - 2.0 if is_long else 272.0
    left_over = _criteria_cards(first, now, met, x=LEFT + 117.0, y=y, width=WIDTH - 117.0, floor=floor)
    show = _median_beats if before is None else functools.partial(_comparison, before=before, table=table)
    y = show(first, now, y=bottom + 5.0, width=112.0)
    close = nearest(now)
    if close:
        told = f"Nearest not met: {'; '.join(close)}."
        first.paragraph((LEFT, y + 4.0), told, width=112.0, size=7, colour=MUTED)
    if is_long and y + 12.0 < RATE_TOP:
        about = {"duration_s": now.subject.duration_s, "start": now.subject.start}
        course.draw_rate(first, now.beats, at=(LEFT, RATE_TOP), size=(WIDTH, 272.0 - RATE_TOP), **about)  # type: ignore[arg-type]
    sheets = [first]
    if left_over or now.subject.notes or now.subject.duration_s > plan.shown_s + 0.05:
        sheets.append(_second(now, left_over, shown_s=plan.shown_s))
    for number, sheet in enumerate(sheets, start=1):
        _foot(sheet, now, imprint, number=number, of=len(sheets))
    return sheets


def _head(sheet: Sheet, now: Examination, imprint: Imprint) -> float:
    subject = now.subject
    sheet.text((LEFT, 14.5), "Resting ECG" if subject.duration_s <= 60 else "ECG", size=15, weight="bold")
    end = sheet.text((RIGHT - width_of("ECGomics", size=10, weight="bold"), 13), "ECG", size=10, weight="bold")
    sheet.text((end, 13), "omics", size=10, weight="bold", colour=ACCENT)
    who = [f"Record {fitted(subject.source or now.record, width=60, size=8.5, weight='bold')}"]
    about = [_person(subject.age, subject.sex), _when(subject.start)]
    about += [f"{len(now.leads)} leads, {subject.native_hz:g} Hz, {course.length(subject.duration_s)}", subject.device]
    end = sheet.text((LEFT, 19.5), who[0], size=8.5, weight="bold")
    told = " · ".join(part for part in about if part)
    sheet.text((end + 1.5, 19.5), fitted(told, width=RIGHT - 42 - end, size=8.5), size=8.5)
    state = f"reviewed: {imprint.reviewed}" if imprint.reviewed else "not yet reviewed"
    sheet.text((RIGHT, 19.5), f"quality {share(now.quality)} · {state}", size=7.5, colour=MUTED, anchor="end")
    if subject.synthetic:
        sheet.text((LEFT, 23.7), "SYNTHETIC: a virtual patient, not a person", size=8, colour=ACCENT, weight="bold")
    sheet.line((LEFT, 25.5), (RIGHT, 25.5), colour=INK, width=0.3)
    return 31.0


def _sentence(sheet: Sheet, now: Examination, table: Sequence[Row], *, y: float) -> float:
    text = headline(now)
    size = 10.0 if width_of(text, size=10, weight="bold") <= WIDTH else 8.5
    words, line = text.split(), ""
    lines = []
    for word in words:
        longer = f"{line} {word}".strip()
        if line and width_of(longer, size=size, weight="bold") > WIDTH:
            lines.append(line)
            line = word
        else:
            line = longer
    lines.append(line)
    shown = lines[:3] if len(lines) <= 3 else [*lines[:2], fitted(" ".join(lines[2:]), width=WIDTH, size=size)]
    for told in shown:
        sheet.text((LEFT, y), told, size=size, weight="bold")
        y += size * POINT_MM * 1.3
    for changed in changes(table)[:1]:
        sheet.text((LEFT, y), fitted(changed, width=WIDTH, size=8.5), size=8.5, colour=MUTED)
        y += 4.0
    return y - 1.0


def _scale_line(sheet: Sheet, now: Examination, plan: paper.Layout, *, gain: float, y: float) -> None:
    parts = [f"25 mm/s · {gain:g} mm/mV · as recorded, no filter"]
    whole = now.subject.duration_s
    unit = "" if whole <= course.LONG_S else " s"
    parts.append(f"{plan.shown_s:.1f}{unit} of {course.length(whole)}")
    missing = paper.leads_left_out(now, plan.cells)
    parts += [f"not shown: {', '.join(missing[:8])}"] if missing else []
    sheet.text((LEFT, y), fitted(" · ".join(parts), width=WIDTH - 88, size=7), size=7, colour=MUTED)
    paper.ruler(sheet, right=RIGHT, top=y)


def _measurement_table(
    sheet: Sheet, table: Sequence[Row], before: Examination | None, *, x: float, y: float, width: float
) -> float:
    sheet.text((x, y), "Measurements", size=9, weight="bold")
    note = "median of the beats ± standard uncertainty · dot: now, bar: reference" + (
        ", ring: before" if before else ""
    )
    sheet.text((x + width, y), note, size=5.5, colour=MUTED, anchor="end")
    y += 2.0
    now_right, bar, earlier_right, change_right = x + 50, x + 54, x + 96, x + width
    sheet.line((x, y), (x + width, y), colour=LINE)
    for row in table:
        y += 4.4
        colour = ACCENT if row.outside else INK
        sheet.text((x, y), row.title, size=7.5, weight="bold")
        sheet.text((now_right, y), fitted(row.text, width=30, size=7.5), size=7.5, colour=colour, anchor="end")
        if math.isfinite(row.value):
            _range(sheet, row, left=bar, middle=y - 1.0, width=26.0)
        else:
            sheet.text((bar, y), fitted(row.reason, width=40, size=6.5), size=6.5, colour=MUTED)
        if math.isfinite(row.earlier):
            sheet.text((earlier_right, y), written(row.earlier, row.unit), size=7, colour=MUTED, anchor="end")
            step = written(row.change, row.unit).partition(" ")[0]
            step = f"+{step}" if row.change > 0 else step
            mark = " !" if row.changed else ""
            how = {"colour": ACCENT, "weight": "bold"} if row.changed else {"colour": MUTED}
            sheet.text((change_right, y), f"{step}{mark}", size=7, anchor="end", **how)  # type: ignore[arg-type]
        elif row.reference is not None:
            told = fitted(row.reference.text(row.unit), width=30, size=6.5)
            sheet.text((change_right, y), told, size=6.5, colour=MUTED, anchor="end")
        sheet.line((x, y + 1.3), (x + width, y + 1.3), colour="#eceff3", width=0.12)
    return y + 2.0


def _range(sheet: Sheet, row: Row, *, left: float, middle: float, width: float) -> None:
    """The reference as a bar, the value as a dot on it, the earlier one as a ring; none without limits."""
    if row.reference is None:
        return
    low = row.reference.low if row.reference.low is not None else min(0.0, row.value)
    high = row.reference.high if row.reference.high is not None else max(row.value, low + 1) * 1.2
    room = (high - low) * 0.4 or 1.0
    floor, ceiling = low - room, high + room

    def place(value: float) -> float:
        return left + width * float(np.clip((value - floor) / (ceiling - floor), 0.0, 1.0))

    sheet.line((left, middle), (left + width, middle), colour="#eceff3", width=0.3)
    sheet.box((place(low), middle - 0.8), (place(high) - place(low), 1.6), fill=BAND, radius=0.8)
    if math.isfinite(row.earlier):
        sheet.dot((place(row.earlier), middle), 0.85, stroke=MUTED)
    sheet.dot((place(row.value), middle), 0.85, fill=ACCENT if row.outside else INK)


def _criteria_cards(
    sheet: Sheet, now: Examination, met: Sequence[Criterion], *, x: float, y: float, width: float, floor: float
) -> list[Criterion]:
    judged = sum(state != "unknown" for state in now.states.values())
    sheet.text((x, y), "Criteria met", size=9, weight="bold")
    told = f"{len(met)} shown · {judged} of {len(now.states)} rules judged"
    sheet.text((x + width, y), told, size=6, colour=MUTED, anchor="end")
    y += 2.0
    for place, criterion in enumerate(met):
        clauses = clause_rows(criterion.finding)[:CARD_CLAUSES]
        height = 6.0 + 3.6 * (len(clauses) + bool(criterion.doubt))
        if y + height > floor:
            return list(met[place:])
        _card(sheet, criterion, clauses, x=x, y=y, width=width, height=height)
        y += height + 1.6
    if not met:
        y = sheet.paragraph((x, y + 3.5), "None beyond the rhythm.", width=width, size=7.5, colour=MUTED)
    return []


def _card(
    sheet: Sheet,
    criterion: Criterion,
    clauses: Sequence[dict[str, object]],
    *,
    x: float,
    y: float,
    width: float,
    height: float,
) -> None:
    colour = paper.COLOURS.get(criterion.finding.rule.dimension, INK)
    sheet.box((x, y), (width, height), stroke=LINE, radius=1.2)
    sheet.box((x, y + 1.2), (0.8, height - 2.4), fill=colour)
    leads = criterion.finding.leads
    title = fitted(criterion.title, width=width - 4, size=7.5, weight="bold")
    end = sheet.text((x + 2.2, y + 4.0), title, size=7.5, weight="bold")
    where = _leads_within(leads, width=x + width - 4.5 - end)
    sheet.text((x + width - 1.5, y + 4.0), where, size=6.5, colour=MUTED, anchor="end")
    y += 4.0
    for clause in clauses:
        y += 3.6
        tick, shade = TICKS[str(clause["state"])]
        sheet.text((x + 2.2, y), tick, size=6.5, colour=shade)
        value = str(clause["value"])
        sheet.text((x + width - 1.5, y), value, size=6.5, anchor="end")
        room = width - 8 - width_of(value, size=6.5)
        sheet.text((x + 5.4, y), fitted(str(clause["text"]), width=room, size=6.5), size=6.5)
    if criterion.doubt:
        sheet.text((x + 5.4, y + 3.6), fitted(criterion.doubt, width=width - 8, size=6.5), size=6.5, colour="#8a5a00")


def _leads_within(leads: Sequence[str], *, width: float) -> str:
    """As many of the leads as fit, and an ellipsis for the rest."""
    for count in range(len(leads), 0, -1):
        told = ", ".join(leads[:count]) + (" …" if count < len(leads) else "")
        if width_of(told, size=6.5) <= width:
            return told
    return ""


def _comparison(
    sheet: Sheet, now: Examination, *, before: Examination, table: Sequence[Row], y: float, width: float
) -> float:
    when = _when(before.subject.start) or "an earlier recording"
    sheet.text((LEFT, y + 2.5), f"Compared with {when}", size=9, weight="bold")
    told = "now black, before grey"
    sheet.text((LEFT + width, y + 2.5), told, size=6, colour=MUTED, anchor="end")
    _beats(sheet, (before, now), y=y + 5, width=width)
    place = y + 36.0
    for line in (changes(table) or ("No change beyond what two recordings differ by chance.",))[:4]:
        place = sheet.paragraph((LEFT, place), line, width=width, size=7.5) + 0.8
    return place


def _median_beats(sheet: Sheet, now: Examination, *, y: float, width: float) -> float:
    sheet.text((LEFT, y + 2.5), "Representative beats", size=9, weight="bold")
    count = int(now.beats.template["template_beats"].values[0]) if now.beats.template.sizes.get("record") else 0
    gain = _beats(sheet, (now,), y=y + 5, width=width)
    told = f"of {count} beats · 50 mm/s, {gain:g} mm/mV"
    sheet.text((LEFT + width, y + 2.5), told, size=6, colour=MUTED, anchor="end")
    return y + 36.0


def _beats(sheet: Sheet, examinations: Sequence[Examination], *, y: float, width: float) -> float:
    """Representative beats of the leads that say most, the earlier one grey; the gain, mm/mV."""
    newest = examinations[-1]
    wanted = [str(lead) for lead in ("I", "II", "V1", "V2", "V5") if lead in newest.leads]
    wanted = list(newest.leads) if len(newest.leads) <= FEW_LEADS else wanted or list(newest.leads)
    room = 36.0
    wanted = wanted[: int(width // room)]
    drawn = [(place, one, _beat(one, lead)) for place, lead in enumerate(wanted) for one in examinations]
    tallest = max((float(np.abs(mv).max()) for _, _, (_, mv) in drawn if len(mv)), default=0.0)
    gain = next((gain for gain in paper.GAINS if tallest * gain <= BEAT_MM), paper.GAINS[-1])
    for place, lead in enumerate(wanted):
        sheet.text((LEFT + place * room, y + 3), lead, size=7.5, weight="bold")
    for place, one, (offset, mv) in drawn:
        colour = INK if one is newest else "#9aa3b2"
        points = np.column_stack([LEFT + place * room + (offset + 0.25) * 50, y + 14.0 - mv * gain])
        sheet.path([points], colour=colour, width=0.25)
    return gain


def _beat(examination: Examination, lead: str) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """A lead's representative beat, s around the R peak and mV around its level before the QRS; empty without one."""
    template = examination.beats.template
    if lead not in template["lead"].values or not template.sizes.get("record"):
        return np.empty(0), np.empty(0)
    offset = np.asarray(template["offset"].values, dtype=np.float64)
    beat = np.asarray(template["beat_mv"].sel(lead=lead).values[0], dtype=np.float64)
    inside = (offset >= -0.25) & (offset <= 0.4) & np.isfinite(beat)
    onset = beat[(offset >= -0.06) & (offset <= -0.04)]
    level = float(np.nanmedian(onset)) if np.isfinite(onset).any() else 0.0
    return offset[inside], beat[inside] - level


def _second(now: Examination, left_over: Sequence[Criterion], *, shown_s: float) -> Sheet:
    sheet = Sheet()
    y = 16.0
    sheet.text(
        (LEFT, y),
        f"Record {fitted(now.subject.source or now.record, width=120, size=10)}, continued",
        size=10,
        weight="bold",
    )
    y += 6.0
    for criterion in left_over:
        clauses = clause_rows(criterion.finding)[:CARD_CLAUSES]
        height = 6.0 + 3.6 * (len(clauses) + bool(criterion.doubt))
        if y + height > 170:
            break
        _card(sheet, criterion, clauses, x=LEFT, y=y, width=WIDTH, height=height)
        y += height + 1.6
    if now.strips:
        y = _moments(sheet, now, y=y + 3)
    rest = min(now.subject.duration_s, float(now.ecg.sizes["time"]) / float(now.ecg.attrs["rate_hz"]))
    if rest > shown_s + 0.05 and not now.strips:
        y = _rest_of_the_recording(sheet, now, y=y + 3, start_s=shown_s, stop_s=rest)
    if now.subject.notes:
        sheet.text((LEFT, y + 6), "On reading", size=9, weight="bold")
        y = sheet.paragraph((LEFT, y + 11), "; ".join(now.subject.notes), width=WIDTH, size=7, colour=MUTED)
    return sheet


def _moments(sheet: Sheet, now: Examination, *, y: float) -> float:
    """Strips of a long recording, each with its time and what it shows."""
    sheet.text((LEFT, y), "Moments of the recording", size=9, weight="bold")
    y += 2.0
    row_mm = min(26.0, (262.0 - y) / len(now.strips) - 6.5)
    lead = paper.rhythm_of(now.leads)
    for strip in now.strips:
        length = strip.ecg.sizes["time"] / float(strip.ecg.attrs["rate_hz"])
        begin = strip.moment.start_s
        since = f"{now.subject.start + timedelta(seconds=begin):%H:%M:%S}, " if now.subject.start else ""
        sheet.text((LEFT, y + 3.6), f"{since}{course.clock(begin)} from the start · {strip.moment.title}", size=7)
        top = y + 5.0
        paper.grid(sheet, left=LEFT, top=top, width=WIDTH, height=row_mm)
        shown = replace(now, ecg=strip.ecg)
        middle = top + row_mm / 2 + paper.lift(shown, lead, row_mm=row_mm)
        cell = paper.Cell(lead, 0.0, length, LEFT + paper.PULSE_MM, middle)
        gain = paper.strips(sheet, shown, [cell], left=LEFT, row_mm=row_mm, most=paper.WITHIN)
        scale = f"25 mm/s · {gain:g} mm/mV"
        sheet.text((RIGHT, y + 3.6), scale, size=6, colour=MUTED, anchor="end")
        y = top + row_mm + 1.5
    return y


def _rest_of_the_recording(sheet: Sheet, now: Examination, *, y: float, start_s: float, stop_s: float) -> float:
    """What the first page left out: of a short recording every lead, of a long one a rhythm strip of its minute."""
    seconds = 7.2
    sheet.text((LEFT, y), f"{start_s:.1f} to {stop_s:.3g} s", size=9, weight="bold")
    rhythm = paper.rhythm_of(now.leads)
    if stop_s - start_s <= seconds:
        strips = [(lead, start_s) for lead in now.leads[:12]]
    else:
        strips = [(rhythm, start_s + turn * seconds) for turn in range(math.ceil((stop_s - start_s) / seconds))]
    row_mm = min(21.0, (262.0 - y) / len(strips))
    cells = [
        paper.Cell(lead, begin, min(begin + seconds, stop_s), LEFT + paper.PULSE_MM, y + 2.5 + (row + 0.5) * row_mm)
        for row, (lead, begin) in enumerate(strips)
    ]
    paper.grid(sheet, left=LEFT, top=y + 2.5, width=WIDTH, height=len(cells) * row_mm)
    gain = paper.strips(sheet, now, cells, left=LEFT, row_mm=row_mm)
    bottom = y + 2.5 + len(cells) * row_mm
    sheet.text((LEFT, bottom + 4), f"25 mm/s · {gain:g} mm/mV · as recorded, no filter", size=7, colour=MUTED)
    return bottom + 6


def _foot(sheet: Sheet, now: Examination, imprint: Imprint, *, number: int, of: int) -> None:
    y = 274.0
    sheet.line((LEFT, y), (RIGHT, y), colour=LINE)
    if number == 1 and not imprint.reviewed:
        sheet.text((LEFT, y + 4.5), "Reviewed by", size=7.5)
        sheet.line((LEFT + 19, y + 5), (LEFT + 70, y + 5), colour=INK, width=0.15)
        sheet.text((LEFT + 75, y + 4.5), "Date", size=7.5)
        sheet.line((LEFT + 84, y + 5), (LEFT + 115, y + 5), colour=INK, width=0.15)
        for place, word in ((146, "agree"), (170, "amend")):
            sheet.box((LEFT + place, y + 2.2), (2.6, 2.6), stroke=INK)
            sheet.text((LEFT + place + 4, y + 4.5), word, size=7.5)
    parts = [f"ecgomics {imprint.version}", f"record {now.record}", f"rules {imprint.rules}"]
    parts += [f"reference {now.values.attrs['reference']}"] if "reference" in now.values.attrs else []
    parts += [f"made {_when(imprint.made)}", *([imprint.recipe] if imprint.recipe else [])]
    sheet.text((LEFT, y + 9.5), fitted(" · ".join(parts), width=WIDTH, size=6), size=6, colour=MUTED)
    caveat = "For research and teaching: criteria met, not a diagnosis."
    sheet.text((LEFT, y + 13), caveat, size=6.5, weight="bold")
    sheet.text((RIGHT, y + 13), f"page {number} of {of}", size=6.5, colour=MUTED, anchor="end")


def _person(age: float, sex: str) -> str:
    years = f"{age:.0f} years" if math.isfinite(age) else "age unknown"
    return f"{years}, {({'M': 'male', 'F': 'female'}).get(sex, 'sex unknown')}"


def _when(moment: datetime | None) -> str:
    return f"{moment.day} {moment:%b %Y, %H:%M}" if moment else ""
