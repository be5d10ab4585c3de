"""Samples with a time column → samples on a regular grid, with gaps as NaN."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ecgomics.errors import FormatError

MAX_STRETCH = 100
"""A grid may be at most this many times longer than the samples it holds."""


def on_regular_grid(
    values: npt.NDArray[np.float64], seconds: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], float, list[str]]:
    """Lay samples on the regular grid their time column implies.

    Parameters
    ----------
    values
        Dims ``(lead, time)``.
    seconds
        Time of each sample, s, rising.

    Returns
    -------
    values, rate_hz, notes
        Values with gaps filled by NaN, the rate in Hz, and what was repaired.

    Raises
    ------
    FormatError
        When time does not rise, or steps are no multiples of one sampling interval.
    """
    if seconds.size < 2 or not np.isfinite(seconds).all():
        raise FormatError("a time column with missing values", expected="a time for each sample")
    steps = np.diff(seconds)
    if (steps <= 0).any():
        raise FormatError("a time column that does not rise", expected="times in order, each once")
    step = float(np.median(steps))
    regular = steps[np.abs(steps - step) < 0.5 * step]
    step = float(regular.mean())
    counts = np.maximum(np.rint(steps / step), 1).astype(np.int64)
    if (np.abs(steps - counts * step) > 0.45 * step).any():
        raise FormatError("a time column with irregular steps", expected="a constant sampling interval")
    rate = _tidy(1.0 / step)
    if counts.max() == 1:
        return values, rate, []
    positions = np.concatenate([[0], np.cumsum(counts)])
    if positions[-1] > MAX_STRETCH * seconds.size:
        raise FormatError("a time column with gaps far longer than its samples", expected="one recording")
    laid = np.full((values.shape[0], int(positions[-1]) + 1), np.nan)
    laid[:, positions] = values
    return laid, rate, [f"{int((counts > 1).sum())} gaps in the time column filled as missing"]


def _tidy(rate_hz: float) -> float:
    """The whole number of Hz when rounding of the times explains the difference."""
    whole = round(rate_hz)
    return float(whole) if whole and abs(rate_hz / whole - 1) < 1e-3 else round(rate_hz, 6)
