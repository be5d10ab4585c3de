"""`Block`: samples that came together."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
"""Dims (lead, time), float32 mV, NaN = missing."""


@dataclass(frozen=True, eq=False)
class Block:
    """A few samples of a stream, numbered from the stream's beginning.

    Parameters
    ----------
    first
        Number of the first sample, from 0. A jump ahead says that the samples between never came.
    values
        Dims (lead, time), float32 mV, NaN = missing. Of a stream of intervals (`Description.rate_hz` 0) one row of RR
        intervals, s, and `first` counts intervals.
    clock_s
        The source's own clock at the first sample, s; NaN when it has none.
    came_s
        When the block came, s of `time.monotonic` of this process.
    """

    first: int
    values: Samples
    clock_s: float = math.nan
    came_s: float = field(default_factory=time.monotonic)

    @property
    def stop(self) -> int:
        """Number after the last sample."""
        return self.first + int(self.values.shape[1])
