"""`Clock`: a source's clock against the server's."""

from __future__ import annotations

import math
from collections import deque

WINDOW_S = 30.0
MOST_WINDOWS = 240
LEAST_DRIFT_S = 60.0


class Clock:
    """Offset, drift and jitter of a source, by when its blocks came.

    A block can come late but never early, so the least delay of each half minute is what tells the clocks apart; the
    rest is jitter. Without a clock of the source, sample numbers over the rate stand for it: the drift then tells how
    far the true rate is from the stated one.

    Parameters
    ----------
    rate_hz
        Samples a second.
    """

    def __init__(self, rate_hz: float) -> None:
        self._rate = rate_hz
        self._least: deque[tuple[float, float]] = deque(maxlen=MOST_WINDOWS)
        self._window = (math.nan, math.inf)
        self._late = 0.0

    def take(self, *, stop: int, clock_s: float, count: int, came_s: float) -> None:
        """A block of `count` samples up to before number `stop` came."""
        at = stop / self._rate if math.isnan(clock_s) else clock_s + count / self._rate
        delay = came_s - at
        begun, least = self._window
        if math.isnan(begun) or at - begun >= WINDOW_S or at < begun:
            if math.isfinite(least):
                self._least.append((begun, least))
            begun, least = at, delay
        self._window = (begun, min(least, delay))
        self._late = max(0.98 * self._late, delay - min(least, delay))

    @property
    def offset_s(self) -> float:
        """The server's monotonic clock less the source's, s, least delay included; NaN before the first block."""
        least = self._window[1]
        return least if math.isfinite(least) else math.nan

    @property
    def jitter_s(self) -> float:
        """How much later than the least blocks came of late, s."""
        return self._late

    @property
    def drift_ppm(self) -> float:
        """How much slower the source's clock runs than the server's, parts in a million; NaN in the first minute."""
        if len(self._least) < 2 or self._least[-1][0] - self._least[0][0] < LEAST_DRIFT_S:
            return math.nan
        (begin, before), (end, after) = self._least[0], self._least[-1]
        return 1e6 * (after - before) / (end - begin)
