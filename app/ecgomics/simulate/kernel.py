"""Wave kernels: smooth bumps that begin and end at stated times and are zero outside.

A limb is a power of a quarter sine. The power sets how the wave leaves the baseline: with 1.3 it shows 9 % of its
height after a tenth of the limb, so that what is stated as onset can be seen there within milliseconds; with 2 (a
raised cosine) it would creep in unseen. Gaussians, the usual choice, have no onset at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import gamma, log, pi, sin, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Bump:
    """One wave component: times in s on the beat's own clock, or in fractions of its wave.

    Parameters
    ----------
    on, peak, off
        Where it leaves zero, reaches one, and is back at zero; increasing.
    vector
        Dims (3,), what it is multiplied by, mV in the electrode frame.
    rise, fall
        Powers of the two limbs, ≥ 1: larger leaves the baseline more gently.
    hold
        Until when it stays at one; None: the peak is a point.
    swing
        Dims (3,), as long as `vector` and square to it: where it turns to. None: it keeps its direction.
    swing_rad
        Angle it turns through from `on` to `off`; at the peak it points along `vector`, and its length is the
        height times that of `vector` throughout.
    """

    on: float
    peak: float
    off: float
    vector: Array
    rise: float = 1.3
    fall: float = 1.3
    hold: float | None = None
    swing: Array | None = None
    swing_rad: float = 0.0

    def scaled(self, start: float, duration: float) -> Bump:
        """Fractions become times: 0 at `start`, 1 at `start + duration`."""

        def at(fraction: float) -> float:
            return start + fraction * duration

        hold = None if self.hold is None else at(self.hold)
        return replace(self, on=at(self.on), peak=at(self.peak), off=at(self.off), hold=hold)

    def values(self, time: Array) -> Array:
        """Height (0 to 1) at `time`, same shape."""
        hold = self.peak if self.hold is None else self.hold
        up = np.clip((time - self.on) / (self.peak - self.on), 0.0, 1.0)
        down = np.clip((self.off - time) / (self.off - hold), 0.0, 1.0)
        return quarter_sine(up, self.rise) * quarter_sine(down, self.fall)

    def vectors(self, time: Array) -> Array:
        """Dims (3, time), mV."""
        height = self.values(time)
        if self.swing is None:
            return np.outer(self.vector, height)
        angle = self.swing_rad * (time - self.peak) / (self.off - self.on)
        return np.outer(self.vector, height * np.cos(angle)) + np.outer(self.swing, height * np.sin(angle))

    def area(self) -> Array:
        """Integral of the vector over time without its swing, dims (3,), mV·s (mV × fraction before `scaled`)."""
        hold = self.peak if self.hold is None else self.hold
        span = (self.peak - self.on) * limb_area(self.rise) + (hold - self.peak)
        return self.vector * (span + (self.off - hold) * limb_area(self.fall))


def quarter_sine(fraction: Array, power: float) -> Array:
    """`sin(π/2 · fraction)` to a power, for fractions 0 to 1."""
    shape: Array = np.sin(0.5 * np.pi * fraction) ** power
    return shape


@lru_cache(maxsize=4096)
def limb_area(power: float) -> float:
    """Mean height of a limb, ∫₀¹ sin(π/2·u)^p du: 2/π at power 1, ½ at power 2."""
    return gamma((power + 1) / 2) / (sqrt(pi) * gamma(power / 2 + 1))


def limb_power(toe: float) -> float:
    """Power of a limb that passes 5 % of its height after the share `toe` of its length, 1.05 to 3."""
    return min(max(log(0.05) / log(sin(0.5 * pi * toe)), 1.05), 3.0)


def drawn(bumps: Sequence[Bump], time: Array) -> Array:
    """Sum of bumps at increasing times: dims (3, time), mV. Each is computed only where it is not zero."""
    total = np.zeros((3, time.size))
    for bump in bumps:
        first, last = np.searchsorted(time, [bump.on, bump.off])
        part = slice(int(first), int(last))
        total[:, part] += bump.vectors(time[part])
    return total
