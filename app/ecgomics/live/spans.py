"""`Spans`: stretches of sample numbers, in order and apart."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

Span = tuple[int, int]
"""From a number to before another."""


class Spans:
    """A set of sample numbers, kept as stretches.

    Parameters
    ----------
    spans
        Stretches in any order; they may overlap.
    """

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        self._starts: list[int] = []
        self._stops: list[int] = []
        for start, stop in spans:
            self.add(start, stop)

    def add(self, start: int, stop: int) -> None:
        """Take a stretch in."""
        if start >= stop:
            return
        low, high = bisect_left(self._stops, start), bisect_right(self._starts, stop)
        if low < high:
            start, stop = min(start, self._starts[low]), max(stop, self._stops[high - 1])
        self._starts[low:high], self._stops[low:high] = [start], [stop]

    def remove(self, start: int, stop: int) -> None:
        """Take a stretch out."""
        if start >= stop:
            return
        low, high = bisect_right(self._stops, start), bisect_left(self._starts, stop)
        if low >= high:
            return
        rest = [(a, b) for a, b in ((self._starts[low], start), (stop, self._stops[high - 1])) if a < b]
        self._starts[low:high], self._stops[low:high] = [a for a, _ in rest], [b for _, b in rest]

    def within(self, start: int, stop: int) -> list[Span]:
        """The parts that lie from a number to before another."""
        low, high = bisect_right(self._stops, start), bisect_left(self._starts, stop)
        return [(max(self._starts[i], start), min(self._stops[i], stop)) for i in range(low, high)]

    def __iter__(self) -> Iterator[Span]:
        return iter(list(zip(self._starts, self._stops, strict=True)))

    def __len__(self) -> int:
        return len(self._starts)
