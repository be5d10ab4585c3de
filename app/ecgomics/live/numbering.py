"""`Numbering`: which number the samples of a source have, when only its clock tells what was lost."""

from __future__ import annotations

import math
from typing import Literal

AGAIN_S = 60.0
"""A clock this little behind its last reading repeats itself; one farther behind was started anew."""
SET_S = 3600.0
"""A clock that runs this far ahead of our own was set, and tells nothing of what was lost."""


class Numbering:
    """Numbers samples that come in pieces: a piece begins where the last ended, unless the clock says more has passed.

    Pieces are compared with the piece before them only, so a clock that runs a little fast or slow makes no gaps.

    Parameters
    ----------
    rate_hz
        Samples a second, above 0.
    hole_s
        How much more than its samples' own time must have passed for a gap, s; less is the clock's unsteadiness.
    again
        Whether a piece at which the clock stands still came before and is ``"dropped"``, or is ``"kept"``: of a way on
        which nothing comes twice.

    Examples
    --------
    >>> numbers = Numbering(100.0, hole_s=0.05)
    >>> [numbers.place(10, last_s=last, came_s=last) for last in (5.0, 5.1, 5.1, 5.4)]
    [0, 10, None, 40]
    """

    def __init__(self, rate_hz: float, *, hole_s: float, again: Literal["dropped", "kept"] = "dropped") -> None:
        self.rate_hz, self.hole_s, self.again = rate_hz, hole_s, again
        self.next = 0
        self._last_s = self._came_s = math.nan

    def place(self, count: int, *, last_s: float, came_s: float) -> int | None:
        """The number of a piece's first sample; none for a piece that came before.

        Parameters
        ----------
        count
            Samples of the piece, at least 1.
        last_s
            The source's clock at its last sample, s.
        came_s
            Our own clock when it came, s: stands in where the source's clock was set or began anew.
        """
        passed = last_s - self._last_s
        if -AGAIN_S < passed <= 0 and self.again == "dropped":
            return None
        since = came_s - self._came_s
        if passed <= -AGAIN_S or passed > since + SET_S:
            passed = since
        ahead = passed - count / self.rate_hz
        if ahead > self.hole_s:
            self.next += round(ahead * self.rate_hz)
        self._last_s, self._came_s = last_s, came_s
        first, self.next = self.next, self.next + count
        return first
