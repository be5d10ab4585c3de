"""What the network sees: every lead at 250 Hz, slow wander removed without phase, amplitude in units of its own SD."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ecgomics.waves.kernels import NETWORK_HZ, condition

HIGH_PASS_HZ = 0.5


def _high_pass() -> npt.NDArray[np.float64]:
    # second-order Butterworth by the bilinear transform: b0 b1 b2 a1 a2
    k = math.tan(math.pi * HIGH_PASS_HZ / NETWORK_HZ)
    norm = 1 / (1 + math.sqrt(2) * k + k * k)
    return np.array([norm, -2 * norm, norm, 2 * (k * k - 1) * norm, (1 - math.sqrt(2) * k + k * k) * norm])


TAPS = _high_pass()


@lru_cache(maxsize=8)
def _resampling(samples: int, length: int, rate: float) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.float32]]:
    """First native sample and weights (tap, sample) of each sample at 250 Hz.

    From higher rates a triangle as wide as two samples at 250 Hz, which also keeps aliases out; from lower ones a
    cubic through four samples.
    """
    at = np.arange(length) * (rate / NETWORK_HZ)
    ratio = rate / NETWORK_HZ
    if ratio > 1.0001:
        first = np.maximum(np.ceil(at - ratio + 1e-9), 0).astype(np.int64)
        taps = int(2 * ratio) + 1
        place = first[:, None] + np.arange(taps)
        weights = np.clip(1 - np.abs(place - at[:, None]) / ratio, 0, None) * (place < samples)
        weights /= weights.sum(axis=1, keepdims=True)
        return first.astype(np.uint64), np.ascontiguousarray(weights.T, dtype=np.float32)
    base = np.minimum(at.astype(np.int64), samples - 1)
    u = at - base
    cubic = np.stack(
        [
            0.5 * u * (-1 + u * (2 - u)),
            1 + 0.5 * u * u * (3 * u - 5),
            0.5 * u * (1 + u * (4 - 3 * u)),
            0.5 * u * u * (u - 1),
        ],
        axis=1,
    )
    # taps beyond the ends use the last sample there is
    first = np.maximum(base - 1, 0)
    place = np.clip(base[:, None] + np.arange(-1, 3), 0, samples - 1) - first[:, None]
    weights = np.zeros_like(cubic)
    np.add.at(weights, (np.arange(length)[:, None], place), cubic)
    return first.astype(np.uint64), np.ascontiguousarray(weights.T, dtype=np.float32)


def conditioned(values: npt.NDArray[np.float32], *, rate: float) -> npt.NDArray[np.float32]:
    """The network's input.

    Parameters
    ----------
    values
        (..., time) float32, any unit; NaN is bridged by straight lines, a lead of NaN only becomes zeros.
    rate
        Native rate in Hz.

    Returns
    -------
    numpy.ndarray
        (..., time) float32 at 250 Hz, in units of each lead's SD; sample k lies at k / 250 s.
    """
    samples = values.shape[-1]
    length = max(int((samples - 1) * NETWORK_HZ / rate) + 1, 1)
    rows = np.ascontiguousarray(values, dtype=np.float32).reshape(-1, samples)
    out = np.empty((len(rows), length), dtype=np.float32)
    whole = round(rate / NETWORK_HZ)
    ratio = whole if whole > 1 and rate == whole * NETWORK_HZ else 0
    condition(rows, *_resampling(samples, length, float(rate)), TAPS, ratio, out)
    return out.reshape(*values.shape[:-1], length)
