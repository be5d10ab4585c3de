"""To the cohort's common rate, without aliases and without spreading gaps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

_HALF_LENGTH = 16
"""Half the filter's length, in samples of the lower rate."""

_PIECE = 1 << 18
"""Samples of each lead filtered at a time."""


def resample(samples: npt.NDArray[Any], *, from_hz: float, to_hz: float) -> npt.NDArray[np.float32]:
    """Change the sampling rate by a polyphase filter with an anti-alias low pass.

    Departure from plain polyphase filtering: gaps are bridged by straight lines for the filter and put back after it,
    and each lead is filtered about the line through its ends, so that neither gaps nor the record's ends ring.

    Parameters
    ----------
    samples
        Dims ``(lead, time)``, mV; NaN = missing.
    from_hz, to_hz
        Rates in Hz, > 0.

    Returns
    -------
    npt.NDArray[np.float32]
        Dims ``(lead, time)``, mV; sample ``k`` is at ``k / to_hz`` s; ``ceil(n * to_hz / from_hz)`` samples.
    """
    values = np.asarray(samples, dtype=np.float32)
    ratio = _ratio(from_hz, to_hz)
    if ratio == 1 or values.shape[-1] < 2:
        return values.copy()
    from scipy.signal import resample_poly

    gaps = ~np.isfinite(values)
    bridged = np.stack([_bridged(lead, gap) for lead, gap in zip(values, gaps, strict=True)])
    taps = _low_pass(ratio.numerator, ratio.denominator)
    changed = resample_poly(bridged, ratio.numerator, ratio.denominator, axis=-1, window=taps, padtype="line")
    changed = changed.astype(np.float32)
    if gaps.any():
        nearest = np.rint(np.arange(changed.shape[-1]) * float(1 / ratio)).astype(np.int64)
        changed[gaps[:, np.minimum(nearest, values.shape[-1] - 1)]] = np.nan
    return changed


def resample_pieces(
    read: Callable[[int, int], npt.NDArray[np.float32]], *, samples: int, from_hz: float, to_hz: float
) -> Iterator[npt.NDArray[np.float32]]:
    """As `resample`, for a recording that is read piece by piece: each piece is filtered with a margin to both sides.

    A gap longer than the margin is bridged level on each side rather than by one line; all else agrees to rounding.

    Parameters
    ----------
    read
        Samples from the first number up to but not including the second, dims ``(lead, time)``, mV.
    samples
        Samples there are.
    from_hz, to_hz
        Rates in Hz, > 0.
    """
    ratio = _ratio(from_hz, to_hz)
    # twice the denominator: halves are rounded to even, so pieces must begin on even samples of both rates
    unit = 2 * ratio.denominator
    margin = _HALF_LENGTH * unit * -(-max(ratio.numerator, ratio.denominator) // ratio.numerator)
    core = unit * max(1, -(-_PIECE // unit))
    for start in range(0, samples, core):
        begin, end = max(0, start - margin), min(samples, start + core + margin)
        changed = resample(read(begin, end), from_hz=from_hz, to_hz=to_hz)
        # starts of cores and margins are multiples of the denominator, so they fall on samples of both rates
        first = (start - begin) * ratio.numerator // ratio.denominator
        count = -(-min(core, samples - start) * ratio.numerator // ratio.denominator)
        yield changed[:, first : first + count]


def resampled_length(samples: int, *, from_hz: float, to_hz: float) -> int:
    """Samples there are after `resample`."""
    ratio = _ratio(from_hz, to_hz)
    return -(-samples * ratio.numerator // ratio.denominator)


def _ratio(from_hz: float, to_hz: float) -> Fraction:
    return Fraction(to_hz / from_hz).limit_denominator(2000)


@lru_cache(maxsize=16)
def _low_pass(up: int, down: int) -> npt.NDArray[np.float32]:
    """Taps of the anti-alias filter; each of its phases passes a constant unchanged."""
    from scipy.signal import firwin

    widest = max(up, down)
    taps = firwin(2 * _HALF_LENGTH * widest + 1, 1 / widest, window=("kaiser", 7.0))
    phases = np.zeros(up)
    np.add.at(phases, np.arange(len(taps)) % up, taps)
    # equal gains of the phases, or a constant would come back with a ripple at the old rate
    return np.asarray(taps / (phases[np.arange(len(taps)) % up] * up), dtype=np.float32)


def _bridged(lead: npt.NDArray[np.float32], gap: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    if not gap.any():
        return lead
    if gap.all():
        return np.zeros_like(lead)
    where = np.flatnonzero(~gap)
    return np.interp(np.arange(len(lead)), where, lead[where]).astype(np.float32)
