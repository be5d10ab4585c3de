"""When to ask again: the SM-2 algorithm.

Wozniak PA. Optimization of learning: application of a computer to improve the results obtained in working with the
SuperMemo method. Poznan University of Technology, 1990 (https://super-memory.com/english/ol/sm2.htm). Departures: a
grade is made of a score rather than asked for; intervals are held below a year; whole days are kept as fractions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

EASE, LEAST_EASE = 2.5, 1.3
FIRST_DAYS, SECOND_DAYS, MOST_DAYS = 1.0, 6.0, 365.0
PASS = 3
"""Grades from here on count as remembered (0 to 5)."""


@dataclass(frozen=True)
class Memory:
    """What the scheduler knows of one item of one person.

    Attributes
    ----------
    repetitions
        Times remembered in a row.
    interval_days
        Days until it is asked again.
    ease
        Factor by which the interval grows, at least 1.3.
    lapses
        Times forgotten.
    """

    repetitions: int = 0
    interval_days: float = 0.0
    ease: float = EASE
    lapses: int = 0

    def as_dict(self) -> dict[str, Any]:
        """For a database."""
        return asdict(self)

    @classmethod
    def from_dict(cls, state: Mapping[str, Any] | None) -> Memory:
        """From a database; a new one for nothing."""
        return cls(**dict(state)) if state else cls()

    def due(self, at: datetime) -> datetime:
        """When to ask again after a review at `at`."""
        return at + timedelta(days=self.interval_days)


def grade(share: float) -> int:
    """SM-2's grade of a score: 5 for all of it, 3 for half, 0 for nothing."""
    return max(0, min(5, round(1 + 4 * share) if share > 0 else 0))


def reviewed(memory: Memory, share: float) -> Memory:
    """The memory after a review with a score of 0 to 1.

    Examples
    --------
    >>> reviewed(Memory(), 1.0).interval_days, reviewed(reviewed(Memory(), 1.0), 1.0).interval_days
    (1.0, 6.0)
    """
    given = grade(share)
    ease = max(LEAST_EASE, memory.ease + 0.1 - (5 - given) * (0.08 + (5 - given) * 0.02))
    if given < PASS:
        return Memory(0, FIRST_DAYS, ease, memory.lapses + 1)
    days = {0: FIRST_DAYS, 1: SECOND_DAYS}.get(memory.repetitions, memory.interval_days * ease)
    return Memory(memory.repetitions + 1, min(days, MOST_DAYS), ease, memory.lapses)
