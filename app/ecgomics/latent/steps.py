"""Filters that recipes name: each a mapping with its parameters, applied along time. scipy is imported when used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ecgomics.errors import SettingsError, did_you_mean

Floats = npt.NDArray[np.float32]

_LEAST_SPREAD = 1e-8


def filtered(signal: Floats, step: Mapping[str, Any], *, rate_hz: float) -> Floats:
    """A signal after one step of a recipe.

    Parameters
    ----------
    signal
        float32, (..., time).
    step
        ``{notch_hz, q}``, ``{order, low_hz, high_hz}`` (Butterworth band-pass; both with zero phase) or
        ``{median_s}`` (a running median of that length is subtracted; beyond the ends lies zero).
    rate_hz
        Sampling rate, Hz.

    Raises
    ------
    SettingsError
        For a step that is none of these.
    """
    for key, apply in _STEPS.items():
        if key in step:
            return np.asarray(apply(signal, step, rate_hz), dtype=np.float32)
    raise SettingsError(
        f"a recipe with the step {', '.join(map(str, step)) or 'of nothing'}",
        expected=f"one with {', '.join(_STEPS)} or standardise",
        remedy=did_you_mean(next(iter(map(str, step)), ""), [*_STEPS, "standardise"]),
    )


def standardised(windows: Floats, by: str) -> Floats:
    """Windows (..., lead, sample), each over all its leads at once.

    Parameters
    ----------
    by
        ``"all"``: less the mean, over the standard deviation; ``"range"``: from 0, the least, to 1, the largest.

    Raises
    ------
    SettingsError
        For another way.
    """
    if by == "range":
        low, high = (pick(windows, axis=(-2, -1), keepdims=True) for pick in (np.min, np.max))
        return np.asarray((windows - low) / (high - low + _LEAST_SPREAD), dtype=np.float32)
    if by != "all":
        raise SettingsError(f"a recipe that standardises by {by!r}", expected="all or range")
    centred = windows - windows.mean(axis=(-2, -1), keepdims=True)
    spread = centred.std(axis=(-2, -1), keepdims=True)
    return np.asarray(centred / (spread + _LEAST_SPREAD), dtype=np.float32)


def _notched(signal: Floats, step: Mapping[str, Any], rate_hz: float) -> Any:
    from scipy.signal import filtfilt, iirnotch

    b, a = iirnotch(step["notch_hz"], step["q"], rate_hz)
    return filtfilt(b, a, signal, padlen=_padding(9, signal))


def _banded(signal: Floats, step: Mapping[str, Any], rate_hz: float) -> Any:
    from scipy.signal import butter, sosfiltfilt

    band = (step["low_hz"], step["high_hz"])
    sections = butter(step["order"], band, btype="bandpass", fs=rate_hz, output="sos")
    return sosfiltfilt(sections, signal, padlen=_padding(3 * (2 * len(sections) + 1), signal))


def _levelled(signal: Floats, step: Mapping[str, Any], rate_hz: float) -> Any:
    from scipy.ndimage import median_filter

    size = 2 * (round(step["median_s"] * rate_hz) // 2) + 1
    return signal - median_filter(signal, size=(1,) * (signal.ndim - 1) + (size,), mode="constant")


def _padding(usual: int, signal: Floats) -> int:
    """Samples mirrored at the ends before filtering; a very short signal has fewer to give."""
    return min(usual, signal.shape[-1] - 1)


_STEPS: dict[str, Callable[[Floats, Mapping[str, Any], float], Any]] = {
    "notch_hz": _notched,
    "order": _banded,
    "median_s": _levelled,
}
