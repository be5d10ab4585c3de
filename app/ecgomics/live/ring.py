"""`Ring`: the last samples of a stream by their number; what never came reads as NaN."""

from __future__ import annotations

import numpy as np

from ecgomics.live.block import Samples


class Ring:
    """Samples of a fixed number, the newest.

    Parameters
    ----------
    rows
        Rows of the stream.
    capacity
        Samples a row that are held.
    first
        Number of the first sample it may hold.
    """

    def __init__(self, *, rows: int, capacity: int, first: int = 0) -> None:
        self._held = np.full((rows, capacity), np.nan, dtype=np.float32)
        self.capacity = capacity
        self.origin = self.next = first

    @property
    def oldest(self) -> int:
        """Number of the oldest sample held."""
        return max(self.origin, self.next - self.capacity)

    def put(self, first: int, values: Samples) -> None:
        """Take samples in, by their number: ahead of the rest, or into what is held."""
        stop = first + values.shape[1]
        if stop > self.next:
            self._empty(max(self.next, stop - self.capacity), stop)
            self.next = stop
        start = max(first, self.oldest)
        if start < stop:
            self._held[:, np.arange(start, stop) % self.capacity] = values[:, start - first :]

    def read(self, first: int, stop: int) -> Samples:
        """A copy of samples, all of which must be held."""
        return self._held[:, np.arange(first, max(first, stop)) % self.capacity]

    def _empty(self, first: int, stop: int) -> None:
        self._held[:, np.arange(first, stop) % self.capacity] = np.nan
