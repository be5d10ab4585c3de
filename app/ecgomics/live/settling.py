"""`Settler`: the beats of a stream as the offline engine finds them in the same samples, a little later."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from ecgomics.live.ring import Ring
from ecgomics.live.told import Beat

if TYPE_CHECKING:
    from ecgomics.waves.found import Found

HOLD_S = 64.0
"""Samples held: what `delineate` takes as one short record, and a little."""

GAP_S = 0.1
"""Between beats with so much missing there is no interval."""

MEMORY = 4096
"""Beats whose shapes are remembered: what a beat's class is judged against."""


@dataclass
class Settled:
    """What a step settled.

    Parameters
    ----------
    first, stop
        Sample numbers from which to before which `beats` are all there is.
    beats
        The beats, in order.
    changed
        Earlier beats whose class is another now that more is known: (number, class).
    """

    first: int
    stop: int
    beats: list[Beat]
    changed: list[tuple[int, int]] = field(default_factory=list)


class Settler:
    """Beats by the windows of `ecgomics.waves.delineate`, laid from an origin on.

    A window's core is 32 s long and seen with 4 s to both sides, so a beat settles 4 to 36 s after it came (the first
    ones 8 to 40 s). Its class is judged against all shapes remembered, and told again when later beats change it.

    Parameters
    ----------
    rows
        Leads of the stream.
    rate_hz
        Samples a second.
    """

    def __init__(self, *, rows: int, rate_hz: float) -> None:
        from ecgomics.waves.delineation import CORE_S, OVERLAP_S, SEAM_S, SHORT_S

        self.rate = rate_hz
        self._rows = rows
        self.ring = Ring(rows=rows, capacity=int(HOLD_S * rate_hz) + 1)
        self.origin = 0
        self.stop = 0
        """Before this number all beats are settled."""
        self.quality = np.nan
        self._core, self._overlap = int(CORE_S * rate_hz), int(OVERLAP_S * rate_hz)
        self._seam_s, self._short = SEAM_S, int(SHORT_S * rate_hz)
        self._begin = 0
        self._kept: _Kept | None = None
        self._next_origin: int | None = None

    @property
    def due(self) -> int:
        """Number of samples that must have come before the next window can be looked at."""
        return max(self._begin - self._overlap, self.origin) + self._core + 2 * self._overlap

    def begin_at(self, first: int) -> None:
        """Lay the first window from a number on; nothing has been taken in yet."""
        self.ring = Ring(rows=self._rows, capacity=self.ring.capacity, first=first)
        self.origin = self.stop = self._begin = first

    def align(self, first: int) -> None:
        """Lay the windows anew from a number on, as those of a recording that begins there are laid."""
        if first > max(self.stop, self._begin, self.origin):
            self._next_origin = first

    def step(self) -> Settled | None:
        """Look at the next window, if it has come."""
        if self._next_origin is not None and self._begin + self._core >= self._next_origin:
            return self._up_to_origin(self._next_origin)
        if self.ring.next < self.due:
            return None
        begin = self.due - self._core - 2 * self._overlap
        return self._window(begin, self.due, core=(self._begin, self._begin + self._core))

    def finish(self) -> list[Settled]:
        """Look at what is left when nothing more comes."""
        told: list[Settled] = []
        while (done := self.step()) is not None:
            told.append(done)
        end = self.ring.next
        if end - self.origin <= self._short and self.origin >= self.ring.oldest:
            # a short record is looked at as a whole, so what was settled of it is settled anew
            self._forget(self.origin)
            self._begin = self.stop = self.origin
            return [self._window(self.origin, end, core=(self.origin, end), last="yes")] if end > self.origin else []
        width = self._core + 2 * self._overlap
        while self._begin < end:
            begin = max(min(max(self._begin - self._overlap, self.origin), end - width), self.origin, self.ring.oldest)
            core = (self._begin, min(self._begin + self._core, end))
            told.append(self._window(begin, min(begin + width, end), core=core, last="yes" if core[1] == end else "no"))
        return told

    def _up_to_origin(self, origin: int) -> Settled | None:
        """The last window before a new origin: what is on the other side of it is seen but not settled."""
        if self.ring.next < origin + self._overlap:
            return None
        begin = max(self._begin - self._overlap, self.origin, self.ring.oldest)
        told = self._window(begin, origin + self._overlap, core=(self._begin, origin), last="yes")
        self.origin = self._begin = origin
        self._next_origin = None
        return told

    def _window(self, begin: int, stop: int, *, core: tuple[int, int], last: Literal["yes", "no"] = "no") -> Settled:
        from ecgomics.waves.classes import classify
        from ecgomics.waves.detection import detect
        from ecgomics.waves.found import joined

        first, end = core
        rate = self.rate
        values = self.ring.read(begin, stop)
        piece = detect(values[None], rate=rate)
        found = piece.found[0].later(begin / rate)
        score = piece.survey.score[0]
        seam = 0.0 if last == "yes" else self._seam_s
        inside = (found.r >= first / rate - self._seam_s) & (found.r < end / rate + seam)
        found = found.take(inside)
        earlier = np.empty(0) if self._kept is None else self._kept.found.r[-1:]
        apart = np.asarray(np.diff(np.concatenate([earlier, found.r]), prepend=-np.inf) > 2 * self._seam_s)
        found = found.take(apart[len(earlier) :])
        quality = found.certainty * (found.own @ score / max(float(score.sum()), 1e-6))
        self.quality = quality_of(score, piece.agreement[0], piece.survey.row(0).seconds)
        slim = without_leads(found)
        broken = self._broken(found.r)
        before = self._kept
        together = slim if before is None else joined([before.found, slim])
        kinds, _ = classify(together)
        known = 0 if before is None else len(before.found.r)
        changed = [] if before is None else before.changes(kinds[:known], rate=rate)
        rr = np.diff(together.r, prepend=np.nan)[known:]
        rr[broken] = np.nan
        beats = [
            Beat(round(r * rate), float(r), int(kind), float(gap), float(np.clip(sure, 0, 1)), settled=True)
            for r, kind, gap, sure in zip(found.r, kinds[known:], rr, quality, strict=True)
        ]
        self._kept = _Kept(together, kinds).newest(MEMORY)
        at = end + round(seam * rate)
        told = Settled(self.stop, at, beats, changed)
        self._begin, self.stop = end, at
        return told

    def _broken(self, r: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Whether samples are missing between each beat and the one before it."""
        before = np.empty(0) if self._kept is None else self._kept.found.r[-1:]
        ends = np.concatenate([before, r])
        missing = np.asarray(np.isnan(self.ring.read(self.ring.oldest, self.ring.next)).all(axis=0))
        upto = np.concatenate([[0], np.cumsum(missing)])
        places = np.clip((ends * self.rate).astype(int) - self.ring.oldest, 0, len(missing))
        lost: npt.NDArray[np.bool_] = np.asarray(np.diff(upto[places]) > GAP_S * self.rate)
        return lost if len(before) else np.concatenate([np.zeros(min(1, len(r)), dtype=np.bool_), lost])

    def _forget(self, first: int) -> None:
        if self._kept is not None:
            self._kept = self._kept.before(first / self.rate)

    def remembered(self, *, most: int) -> _Kept | None:
        """The newest settled beats with their shapes and classes."""
        return None if self._kept is None else self._kept.newest(most)


@dataclass(frozen=True)
class _Kept:
    """Beats remembered: what was found of them (no marks of single leads), and their classes."""

    found: Found
    kinds: npt.NDArray[np.int8]

    def newest(self, count: int) -> _Kept:
        keep = np.arange(max(0, len(self.kinds) - count), len(self.kinds))
        return _Kept(self.found.take(keep), self.kinds[keep])

    def before(self, time_s: float) -> _Kept:
        keep = self.found.r < time_s
        return _Kept(self.found.take(keep), self.kinds[keep])

    def changes(self, kinds: npt.NDArray[np.int8], *, rate: float) -> list[tuple[int, int]]:
        other = np.flatnonzero(kinds != self.kinds)
        return [(round(self.found.r[place] * rate), int(kinds[place])) for place in other]


def without_leads(found: Found) -> Found:
    """The same without marks of single leads, which take most of the room."""
    return replace(found, lead_marks=found.lead_marks[:, :, :0])


def quality_of(
    score: npt.NDArray[np.float32], agreement: npt.NDArray[np.float64], seconds: npt.NDArray[np.float32]
) -> float:
    """Quality of a window, 0 to 1, as `Beats.quality` has it for a record: the better half of its leads decides."""
    lead = np.clip(score * (0.4 + 0.6 * agreement), 0, 1)
    best = np.sort(lead)[-max((len(lead) + 1) // 2, 1) :]
    usable = (seconds.sum(0) >= max(1.0, len(seconds) / 3)).mean()
    return float(best.mean() * usable)
