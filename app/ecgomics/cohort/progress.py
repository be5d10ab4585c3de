"""Progress on a terminal, with rate and time left; silent where nobody watches; or told to whoever asks."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """How far work has come.

    Parameters
    ----------
    what
        The work.
    done, total
        Of what the bar counts; the total is None when nobody knows it.
    rate
        A second, since this run began; 0 before anything is done.
    left_s
        Seconds left at that rate; NaN when nobody can know.
    """

    what: str
    done: int
    total: int | None
    rate: float
    left_s: float


Watch = Callable[[Step], None]


@dataclass(frozen=True)
class Progress:
    """Where progress is shown.

    Parameters
    ----------
    mode
        ``"auto"`` shows bars when standard error is a terminal, ``"quiet"`` never.
    watch
        Told every step; what it raises ends the work, whose finished blocks are kept for the next run.
    """

    mode: str = "auto"
    watch: Watch | None = None

    @property
    def shown(self) -> bool:
        """Whether bars are drawn."""
        return self.mode == "auto" and sys.stderr.isatty()

    @contextmanager
    def bar(self, what: str, *, total: int | None, done: int, unit: str) -> Iterator[Callable[[int], None]]:
        """A bar, and the function that moves it on."""
        told = _Told(self.watch, what, total=total, done=done)
        if not self.shown:
            yield told.advance
            return
        from tqdm import tqdm

        with tqdm(desc=what, total=total, initial=done, unit=f" {unit}", dynamic_ncols=True, file=sys.stderr) as drawn:

            def advance(count: int) -> None:
                drawn.update(count)
                told.advance(count)

            yield advance


class _Told:
    def __init__(self, watch: Watch | None, what: str, *, total: int | None, done: int) -> None:
        self.watch, self.what, self.total = watch, what, total
        self.before, self.done, self.began = done, done, time.monotonic()

    def advance(self, count: int) -> None:
        self.done += count
        if self.watch is None:
            return
        rate = (self.done - self.before) / max(time.monotonic() - self.began, 1e-9)
        left = float("nan") if self.total is None or rate <= 0 else (self.total - self.done) / rate
        self.watch(Step(self.what, self.done, self.total, rate, left))


def as_progress(shown: bool | Progress) -> Progress:
    """The progress that a caller's `progress=True` or `False` asks for."""
    return shown if isinstance(shown, Progress) else Progress("auto" if shown else "quiet")
