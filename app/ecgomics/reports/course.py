"""A long recording on paper: its rate from end to end, and a strip of each moment that one would look for."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from ecgomics.reports.drawing import Point, Sheet
from ecgomics.vocabulary import BEAT_CLASSES
from ecgomics.waves.beats import Beats

LONG_S = 60.0
"""Beyond this a recording has a course worth drawing."""

STRIP_S = 7.2
MOST = 6
APART_S = 5.0
"""Moments nearer to each other are seen in one strip."""

STEADY = 8
"""Beats over which the fastest and slowest rate are taken."""

SURE = 0.5
"""Quality below which a beat is nothing to show a moment by."""

BINS = 180
INK, MUTED, LINE, BAND = "#161a22", "#596275", "#d9dde3", "#d4dbe6"
ECTOPIC = {"ventricular": "#b4233a", "supraventricular": "#0072b2"}
NAMES = {"ventricular": "ventricular", "supraventricular": "supraventricular premature"}
STEPS_S = (10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400)


@dataclass(frozen=True)
class Moment:
    """A stretch worth a strip.

    Attributes
    ----------
    title
        What it shows.
    start_s
        Where its strip begins, s from the start of the recording.
    """

    title: str
    start_s: float


@dataclass(frozen=True, eq=False)
class _Course:
    """Beats of one record: times and intervals, s; classes and quality."""

    r: npt.NDArray[np.float64]
    rr: npt.NDArray[np.float64]
    kind: npt.NDArray[np.int8]
    sure: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, beats: Beats) -> _Course:
        found = beats.beats
        r = np.asarray(found["r_s"].values, dtype=np.float64)
        sure = np.asarray(found["beat_quality"].values >= SURE)
        return cls(r, np.asarray(found["rr_s"].values, dtype=np.float64), found["beat_class"].values, sure)


def moments(beats: Beats, *, duration_s: float) -> tuple[Moment, ...]:
    """What one would look for in a long recording of one record, in the order of time.

    The longest succession of ventricular and of supraventricular beats, the longest interval, and the fastest and the
    slowest eight beats; none of a short recording.

    Parameters
    ----------
    beats
        Of one record.
    duration_s
        Its length, s.
    """
    if duration_s <= LONG_S:
        return ()
    kept: list[tuple[float, str]] = []
    for at_s, title in _sought(_Course.of(beats)):
        near = next((place for place, (other, _) in enumerate(kept) if abs(other - at_s) < APART_S), None)
        if near is None:
            kept.append((at_s, title))
        else:
            kept[near] = (kept[near][0], f"{kept[near][1]}; {title}")
    last = duration_s - STRIP_S
    return tuple(Moment(title, float(np.clip(at_s - STRIP_S / 2, 0.0, last))) for at_s, title in sorted(kept[:MOST]))


def _sought(course: _Course) -> Iterator[tuple[float, str]]:
    for name, words in NAMES.items():
        run = _longest(course.kind == BEAT_CLASSES.index(name), course.sure)
        if run is not None:
            first, stop = run
            length = stop - first
            what = {1: f"{words} beat", 2: f"{words} couplet"}.get(length, f"{words} run of {length} beats")
            yield float(course.r[first : min(stop, first + 4)].mean()), what
    pairs = course.sure & np.roll(course.sure, 1) & np.isfinite(course.rr)
    if pairs.any():
        longest = int(np.argmax(np.where(pairs, course.rr, -np.inf)))
        yield float(course.r[longest] - course.rr[longest] / 2), f"longest interval, {course.rr[longest]:.2f} s"
    if len(course.rr) > STEADY:
        windows = np.lib.stride_tricks.sliding_window_view(np.where(pairs, course.rr, np.nan), STEADY)
        mean = windows.mean(axis=1)
        if np.isfinite(mean).any():
            for place, word in ((int(np.nanargmin(mean)), "fastest"), (int(np.nanargmax(mean)), "slowest")):
                yield float(course.r[place + STEADY // 2]), f"{word} {STEADY} beats, {60 / mean[place]:.0f}/min"


def _longest(inside: npt.NDArray[np.bool_], sure: npt.NDArray[np.bool_]) -> tuple[int, int] | None:
    """The first of the longest successions that hold a beat one can be sure of: from, to before."""
    edges = np.flatnonzero(np.diff(inside.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)
    runs = [(int(first), int(stop)) for first, stop in edges if sure[first:stop].any()]
    return max(runs, key=lambda run: run[1] - run[0], default=None)


def draw_rate(
    sheet: Sheet, beats: Beats, *, at: Point, size: tuple[float, float], duration_s: float, start: datetime | None
) -> None:
    """Draw the rate over a whole recording: its median and range by stretches, with the ectopic beats below.

    Parameters
    ----------
    beats
        Of one record.
    at, size
        Upper left corner, width and height, mm.
    duration_s
        Length of the recording, s.
    start
        Its begin, when known: then the axis has clock times.
    """
    (left, top), (width, height) = at, size
    sheet.text((left, top + 2.5), "Rate", size=9, weight="bold")
    note = "/min · line: median, band: 5 to 95 % of the beats · ticks: "
    end = sheet.text((left + 10, top + 2.5), note, size=6, colour=MUTED)
    for name, colour in ECTOPIC.items():
        end = sheet.text((end, top + 2.5), f"{name}  ", size=6, colour=colour)
    x0, x1, y0, y1 = left + 8, left + width, top + 5.5, top + height - 9
    course = _Course.of(beats)
    rate = 60 / course.rr
    good = course.sure & np.isfinite(rate)
    if good.sum() < 2:
        sheet.text((x0, y0 + 4), "too few beats that one can be sure of", size=7, colour=MUTED)
        return
    places, low, middle, high = _binned(course.r[good], rate[good], duration_s=duration_s)
    floor, ceiling = _round_limits(float(low.min()), float(high.max()))
    x = x0 + places / duration_s * (x1 - x0)

    def y(value: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.asarray(y1 - (value - floor) / (ceiling - floor) * (y1 - y0))

    for tick in np.linspace(floor, ceiling, 3):
        at_y = float(y(np.array([tick]))[0])
        sheet.line((x0, at_y), (x1, at_y), colour=LINE, width=0.15)
        sheet.text((x0 - 1.2, at_y + 0.8), f"{tick:.0f}", size=6, colour=MUTED, anchor="end")
    sheet.path([[(a, b), (a, c)] for a, b, c in zip(x, y(low), y(high), strict=True)], colour=BAND, width=0.8)
    sheet.path([np.column_stack([x, y(middle)])], colour=INK, width=0.25)
    for line, (name, colour) in enumerate(ECTOPIC.items()):
        here = course.r[course.kind == BEAT_CLASSES.index(name)] / duration_s * (x1 - x0) + x0
        shown = np.unique(np.round(here, 1))
        base = y1 + 1.2 + 1.8 * line
        sheet.path([[(a, base), (a, base + 1.4)] for a in shown], colour=colour, width=0.2)
    for at_s, label in _axis(duration_s, start):
        sheet.text((x0 + at_s / duration_s * (x1 - x0), top + height - 1.5), label, size=6, colour=MUTED)


def _binned(
    r: npt.NDArray[np.float64], rate: npt.NDArray[np.float64], *, duration_s: float
) -> tuple[npt.NDArray[np.float64], ...]:
    """Middle of each stretch that has beats, s, and the 5th, 50th and 95th percentile of their rate."""
    bins = min(BINS, max(1, int(duration_s / 5)))
    which = np.clip((r / duration_s * bins).astype(int), 0, bins - 1)
    held = np.unique(which)
    spread = np.array([np.percentile(rate[which == one], (5, 50, 95)) for one in held])
    return ((held + 0.5) * duration_s / bins, *spread.T)


def _round_limits(low: float, high: float) -> tuple[float, float]:
    floor, ceiling = 20 * math.floor(low / 20), 20 * math.ceil(high / 20)
    return float(floor), float(max(ceiling, floor + 40))


def _axis(duration_s: float, start: datetime | None) -> Iterator[tuple[float, str]]:
    """Where the time axis is labelled, s, and how."""
    step = next((step for step in STEPS_S if duration_s / step <= 12), STEPS_S[-1] * 6)
    for turn in itertools.count():
        at_s = turn * step
        if at_s > duration_s * 0.97:
            return
        if start is not None:
            moment = start + timedelta(seconds=at_s)
            yield at_s, f"{moment:%H:%M:%S}" if step < 60 else f"{moment:%H:%M}"
        else:
            yield at_s, clock(at_s)


def length(duration_s: float) -> str:
    """How long a recording is, in the unit that says it best: ``10 s``, ``30 min``, ``24 h``."""
    if duration_s <= LONG_S:
        return f"{duration_s:.3g} s"
    return f"{duration_s / 60:.3g} min" if duration_s < 2 * 3600 else f"{duration_s / 3600:.3g} h"


def clock(at_s: float) -> str:
    """Time since the start: ``12:05`` (minutes), ``3:12:05`` from an hour on."""
    hours, rest = divmod(round(at_s), 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
