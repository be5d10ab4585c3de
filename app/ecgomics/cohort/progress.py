"""Progress on a terminal, with rate and time left; silent where nobody watches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """Where progress is shown.

    Parameters
    ----------
    mode
        ``"auto"`` shows bars when standard error is a terminal, ``"quiet"`` never.
    """

    mode: str = "auto"

    @property
    def shown(self) -> bool:
        """Whether bars are drawn."""
        return self.mode == "auto" and sys.stderr.isatty()

    @contextmanager
    def bar(self, what: str, *, total: int | None, done: int, unit: str) -> Iterator[Callable[[int], None]]:
        """A bar, and the function that moves it on."""
        if not self.shown:
            yield lambda count: None
            return
        from tqdm import tqdm

        with tqdm(desc=what, total=total, initial=done, unit=f" {unit}", dynamic_ncols=True, file=sys.stderr) as drawn:

            def advance(count: int) -> None:
                drawn.update(count)

            yield advance


def as_progress(shown: bool | Progress) -> Progress:
    """The progress that a caller's `progress=True` or `False` asks for."""
    return shown if isinstance(shown, Progress) else Progress("auto" if shown else "quiet")
