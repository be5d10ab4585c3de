"""What the network sees: every lead at 250 Hz, slow wander removed without phase, amplitude in units of its own SD."""

from __future__ import annotations

import math

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
    condition(rows, float(rate), TAPS, out)
    return out.reshape(*values.shape[:-1], length)
