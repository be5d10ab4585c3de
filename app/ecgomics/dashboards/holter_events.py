"""What a day holds that a reader looks for: ectopic beats alone and in a row, pauses, slow and irregular stretches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecgomics.dashboards.holter_day import MINUTE_S, Bools, Day, Floats, stretches
from ecgomics.vocabulary import BEAT_CLASSES

PAUSE_S = 2.0
SLOW, FAST = 50.0, 120.0
"""/min, of a whole minute."""

WINDOW, STEP = 128, 16
NRMSSD, ENTROPY, TURNING = 0.1, 0.7, (0.54, 0.77)
"""Limits of an irregular stretch: Dash et al., Ann Biomed Eng 2009;37:1701, on 128 beats without ectopic ones."""

TRIMMED, BINS = 8, 16


@dataclass(frozen=True)
class Kind:
    """A kind of event.

    Parameters
    ----------
    id, title
        Its key, and what the list calls it.
    group
        What it is listed under.
    eyes
        How many of them ask for eyes; spread over the day, or the most marked where `marked`.
    marked
        Whether those that ask for eyes are the longest.
    """

    id: str
    title: str
    group: str
    eyes: int
    marked: bool = False


KINDS = (
    Kind("v1", "single", "Ventricular", 6),
    Kind("v2", "couplet", "Ventricular", 6),
    Kind("v3", "run of 3 or more", "Ventricular", 12, marked=True),
    Kind("s1", "single", "Supraventricular", 3),
    Kind("s2", "couplet", "Supraventricular", 3),
    Kind("s3", "run of 3 or more", "Supraventricular", 6, marked=True),
    Kind("irregular", "stretch", "Irregular rhythm", 6, marked=True),
    Kind("pause", f"pause over {PAUSE_S:g} s", "Slow and pauses", 6, marked=True),
    Kind("slow", f"rate under {SLOW:g}", "Slow and pauses", 3, marked=True),
    Kind("fast", f"rate over {FAST:g}", "Fast", 3, marked=True),
    Kind("other", "beat without a class", "Unclassified", 3),
    Kind("mark", "note", "Marks and notes", 0),
)
BY_ID = {kind.id: kind for kind in KINDS}

COLUMNS = ("kind", "start_s", "stop_s", "beats", "eyes")
"""Of `events_of`: kind (see `KINDS`), from and to (s), beats inside, and whether it asks for eyes."""

BEAT_CLASS = {"v": "ventricular", "s": "supraventricular", "o": "unclassifiable"}
"""Class of the beats in events whose kind begins with a letter; `slow` is told apart by its length."""


def class_of(kind: str) -> str:
    """Class of the beats an event of a kind is made of; empty for kinds that are no beats."""
    return BEAT_CLASS.get(kind[:1], "") if len(kind) == 2 or kind == "other" else ""


def asleep(text: str) -> bool:
    """Whether a note on a stretch says that somebody slept."""
    return text.strip().lower().startswith(("asleep", "sleep"))


def events_of(day: Day) -> pd.DataFrame:
    """Every event of a day in order of time: the columns `COLUMNS`."""
    found = [
        *_in_a_row(day, "ventricular", "v"),
        *_in_a_row(day, "supraventricular", "s"),
        ("other", *_beatwise(day, np.flatnonzero(day.kind == BEAT_CLASSES.index("unclassifiable")))),
        ("pause", *_pauses(day)),
        ("irregular", *_counted(day, irregular(day))),
        ("slow", *_counted(day, _minutes(day, below=SLOW))),
        ("fast", *_counted(day, _minutes(day, above=FAST))),
    ]
    parts = [
        pd.DataFrame(
            {"kind": kind, "start_s": start, "stop_s": stop, "beats": beats, "eyes": _eyes(kind, stop - start)}
        )
        for kind, start, stop, beats in found
        if len(start)
    ]
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype=object if name == "kind" else float) for name in COLUMNS})
    return pd.concat(parts).sort_values("start_s", kind="stable", ignore_index=True)


def irregular(day: Day) -> Floats:
    """Stretches of irregular rhythm, (stretch, [start_s, stop_s]).

    Windows of 128 intervals between normal beats that are wide (RMSSD over mean RR), spread (Shannon entropy of 16 bins
    after the 8 longest and 8 shortest) and turn as often as chance does, all by the limits of Dash et al. (2009). Where
    P waves are is not asked: such a stretch asks for eyes, it is no atrial fibrillation yet.
    """
    use = np.flatnonzero(day.known & (day.kind == 0) & (day.rr_s <= PAUSE_S))
    if len(use) < WINDOW:
        return np.empty((0, 2))
    rr = np.lib.stride_tricks.sliding_window_view(day.rr_s[use], WINDOW)[::STEP]
    first = use[np.arange(len(rr)) * STEP]
    last = use[np.arange(len(rr)) * STEP + WINDOW - 1]
    mean = rr.mean(axis=1)
    wide = np.sqrt((np.diff(rr, axis=1) ** 2).mean(axis=1)) / mean > NRMSSD
    wide &= day.r_s[last] - day.r_s[first] < 2 * rr.sum(axis=1)
    found = np.zeros(len(rr), dtype=bool)
    at = np.flatnonzero(wide)
    if len(at):
        inner = np.diff(rr[at], axis=1)
        turning = (inner[:, 1:] * inner[:, :-1] < 0).mean(axis=1)
        found[at] = (_entropy(rr[at]) > ENTROPY) & (turning >= TURNING[0]) & (turning <= TURNING[1])
    joined = stretches(found, day.r_s[first] - day.rr_s[first], day.r_s[last])
    return _merged(joined)


def within(day: Day, spans: Floats) -> Bools:
    """Which beats (bool, beat) lie in any of some stretches."""
    inside = np.zeros(len(day.r_s), dtype=bool)
    for start, stop in spans:
        inside |= (day.r_s >= start) & (day.r_s <= stop)
    return inside


def _entropy(rr: Floats) -> Floats:
    kept = np.sort(rr, axis=1)[:, TRIMMED : WINDOW - TRIMMED]
    low, high = kept[:, :1], kept[:, -1:]
    places = np.clip(((kept - low) / np.maximum(high - low, 1e-9) * BINS).astype(int), 0, BINS - 1)
    counts = np.zeros((len(rr), BINS))
    np.add.at(counts, (np.arange(len(rr))[:, None], places), 1)
    share = counts / kept.shape[1]
    logs = np.log(share, where=share > 0, out=np.zeros_like(share))
    return -(share * logs).sum(axis=1) / np.log(BINS)


def _in_a_row(day: Day, name: str, letter: str) -> Iterable[tuple[str, Floats, Floats, npt.NDArray[np.int64]]]:
    edges = np.flatnonzero(np.diff(np.r_[False, day.kind == BEAT_CLASSES.index(name), False].astype(np.int8)))
    first, stop = edges[::2], edges[1::2]
    length = stop - first
    for size, chosen in ((1, length == 1), (2, length == 2), (3, length >= 3)):
        yield f"{letter}{size}", day.r_s[first[chosen]], day.r_s[stop[chosen] - 1], length[chosen]


def _beatwise(day: Day, places: npt.NDArray[np.int64]) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    return day.r_s[places], day.r_s[places], np.ones(len(places), dtype=np.int64)


def _pauses(day: Day) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    trusted = day.quality >= 0.5
    places = np.flatnonzero(day.known & (day.rr_s > PAUSE_S) & trusted & np.r_[False, trusted[:-1]])
    return day.r_s[places] - day.rr_s[places], day.r_s[places], np.zeros(len(places), dtype=np.int64)


def _minutes(day: Day, *, below: float = 0.0, above: float = np.inf) -> Floats:
    _, mean, _ = day.rate_by(MINUTE_S)
    starts = np.arange(len(mean), dtype=np.float64) * MINUTE_S
    with np.errstate(invalid="ignore"):
        return stretches((mean < below) | (mean > above), starts, np.minimum(starts + MINUTE_S, day.duration_s))


def _counted(day: Day, spans: Floats) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    first, last = np.searchsorted(day.r_s, spans[:, 0]), np.searchsorted(day.r_s, spans[:, 1])
    return spans[:, 0], spans[:, 1], last - first


def _merged(spans: Floats) -> Floats:
    """Overlapping stretches joined."""
    joined: list[list[float]] = []
    for start, stop in spans:
        if joined and start <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], float(stop))
        else:
            joined.append([float(start), float(stop)])
    return np.array(joined).reshape(-1, 2)


def _eyes(kind: str, length_s: Floats) -> Bools:
    entry, size = BY_ID[kind], len(length_s)
    chosen = np.zeros(size, dtype=bool)
    if entry.marked:
        chosen[np.argsort(-length_s, kind="stable")[: entry.eyes]] = True
    else:
        chosen[np.unique(np.linspace(0, size - 1, min(size, entry.eyes)).round().astype(int))] = True
    return chosen
