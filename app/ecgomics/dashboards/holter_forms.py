"""Forms: the unusual beats of a day sorted by shape, so that what is said of one can be said of all that look alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ecgomics.dashboards.holter_day import Day, Floats
from ecgomics.vocabulary import BEAT_CLASSES

BEFORE_S, AFTER_S = 0.2, 0.4
"""Of a beat that is compared: around its R peak, s."""

RATE_HZ = 100.0
ALIKE = 0.9
"""Least correlation of two beats of one form, at the best of the shifts."""

APART = 1.8
"""Most that two beats of one form differ in size, as a ratio."""

SHIFTS = tuple(range(-4, 5))
"""In samples of `RATE_HZ`: an R peak of a wide beat is not found to the sample."""

MOST = 6
SEEDS = 240
BLOCK_S = 600.0
LEADS = 2
LETTERS = "ABCDEF"

Read = Callable[[float, float], tuple[Floats, float]]
"""Samples of all leads (lead, time) in mV from one second to another, and the time of the first."""


@dataclass(frozen=True)
class Form:
    """Beats of one class that look alike.

    Parameters
    ----------
    letter
        ``"A"`` for the most frequent of its class.
    count
        Beats.
    at_s
        Time of the beat that is most like their mean, s: it names the form where something is kept about it.
    shape
        Their mean in the first lead, mV, at 100 Hz from 0.2 s before to 0.4 s after R (float64, sample).
    """

    letter: str
    count: int
    at_s: float
    shape: Floats


@dataclass(frozen=True)
class Forms:
    """The forms of a day.

    Parameters
    ----------
    letter
        Of each beat; empty for normal ones, and where a beat is like no form.
    of
        The forms of each class of `vocabulary.BEAT_CLASSES`, the most frequent first.
    """

    letter: npt.NDArray[np.str_]
    of: dict[str, tuple[Form, ...]] = field(default_factory=dict)


def forms_of(day: Day, read: Read) -> Forms:
    """Sort the unusual beats of a day by shape.

    Beats of a class are compared in two leads by their correlation, at the best of a few shifts. Those that are like
    the one with most neighbours form a group, its mean gathers again, and so on with the rest, at most six times.

    Parameters
    ----------
    day
        The recording.
    read
        Gives its samples.
    """
    letter = np.full(len(day.r_s), "", dtype="U1")
    of: dict[str, tuple[Form, ...]] = {}
    chosen = np.flatnonzero(day.kind != BEAT_CLASSES.index("normal"))
    shapes = _shapes(day, read, chosen)
    for code, name in enumerate(BEAT_CLASSES):
        own = np.flatnonzero((day.kind[chosen] == code) & np.isfinite(shapes).all(axis=(1, 2)))
        if not len(own):
            continue
        found = []
        for mark, (members, best) in zip(LETTERS, _groups(shapes[own]), strict=False):
            beats = own[members]
            letter[chosen[beats]] = mark
            mean = shapes[beats, 0].mean(axis=0)[len(SHIFTS) // 2 : -(len(SHIFTS) // 2)]
            found.append(Form(mark, len(beats), float(day.r_s[chosen[own[best]]]), mean))
        of[name] = tuple(found)
    return Forms(letter, of)


def reader(cohort: Any, record: str, *, leads: int = LEADS) -> Read:
    """Reads a recording of a cohort for `forms_of`, its first leads."""

    def read(start_s: float, stop_s: float) -> tuple[Floats, float]:
        # as wide as it takes to get samples and no envelope
        window = cohort.window(record, start_s, stop_s, 1 << 30)
        values = np.asarray(window["ecg"].values[:leads], dtype=float)
        return values, start_s

    return read


def _shapes(day: Day, read: Read, chosen: npt.NDArray[np.int64]) -> Floats:
    """(beat, lead, sample), mV about the lead's mean; NaN where the recording has a gap or ends."""
    edge = len(SHIFTS) // 2 / RATE_HZ
    steps = np.arange(round((BEFORE_S + AFTER_S + 2 * edge) * RATE_HZ)) / RATE_HZ - BEFORE_S - edge
    kept = min(LEADS, len(day.leads))
    shapes = np.full((len(chosen), kept, len(steps)), np.nan)
    blocks = (day.r_s[chosen] // BLOCK_S).astype(int)
    for block in np.unique(blocks):
        inside = np.flatnonzero(blocks == block)
        first = max(0.0, day.r_s[chosen[inside[0]]] - 1.0)
        last = min(day.duration_s, day.r_s[chosen[inside[-1]]] + 1.0)
        values, start = read(first, last)
        at = np.rint((day.r_s[chosen[inside], None] + steps - start) * day.rate_hz).astype(int)
        whole = (at[:, 0] >= 0) & (at[:, -1] < values.shape[1])
        shapes[inside[whole]] = np.moveaxis(values[:kept, at[whole]], 0, 1)
    return shapes - shapes.mean(axis=2, keepdims=True)


def _groups(shapes: Floats) -> list[tuple[npt.NDArray[np.int64], int]]:
    """Members of each group, the largest first, and which of all is most like its mean."""
    left = np.arange(len(shapes))
    found: list[tuple[npt.NDArray[np.int64], int]] = []
    while len(left) and len(found) < MOST:
        seeds = left[np.unique(np.linspace(0, len(left) - 1, min(SEEDS, len(left))).astype(int))]
        near = np.array([(_alike(shapes[seeds], shapes[seed]) >= ALIKE).sum() for seed in seeds])
        model = shapes[seeds[int(near.argmax())]]
        members = left[_alike(shapes[left], model) >= ALIKE]
        model = shapes[members].mean(axis=0)
        likeness = _alike(shapes[left], model)
        gathered = likeness >= ALIKE
        if not gathered.any():
            gathered = np.isin(left, members)
        found.append((left[gathered], int(left[int(np.where(gathered, likeness, -np.inf).argmax())])))
        left = left[~gathered]
    return sorted(found, key=lambda group: -len(group[0]))


def _alike(shapes: Floats, model: Floats) -> Floats:
    """Correlation of beats (beat, lead, sample) with one (lead, sample) at the best shift; −1 where sizes differ."""
    half, size = len(SHIFTS) // 2, model.shape[-1]
    inner = model[:, half : size - half]
    inner = inner - inner.mean(axis=1, keepdims=True)
    norm = float(np.sqrt((inner**2).sum())) or 1.0
    best = np.full(len(shapes), -1.0)
    for shift in SHIFTS:
        part = shapes[:, :, half + shift : size - half + shift]
        part = part - part.mean(axis=2, keepdims=True)
        own = np.sqrt((part**2).sum(axis=(1, 2)))
        value = np.einsum("blt,lt->b", part, inner) / np.maximum(own * norm, 1e-9)
        fits = (own <= APART * norm) & (norm <= APART * own)
        best = np.maximum(best, np.where(fits, value, -1.0))
    return best
