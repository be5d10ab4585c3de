"""`Filter`: one chip above the record list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ecgomics.errors import VocabularyError

if TYPE_CHECKING:
    from ecgomics.dashboards.census import Census

Kind = Literal["text", "age", "sex", "quality", "label", "rule"]
ONE_OF_A_KIND = ("text", "age", "sex", "quality")
"""A second filter of these kinds takes the first one's place; labels and rules add up."""


@dataclass(frozen=True)
class Filter:
    """A condition on records.

    Parameters
    ----------
    kind
        What is looked at.
    value
        ``text``: the words; ``age``: (from, to) in years, None for open; ``sex``: "M" or "F"; ``quality``: the least,
        0 to 1; ``label``: a label's code; ``rule``: a rule that is met.
    """

    kind: Kind
    value: Any

    def mask(self, census: Census) -> np.ndarray:
        """Which records pass: boolean, one a record, in the census's order."""
        return _MASKS[self.kind](census, self.value)

    def text(self, census: Census) -> str:
        """The chip's words."""
        if self.kind == "age":
            low, high = self.value
            if low is None:
                return f"age ≤ {high:g}"
            return f"age ≥ {low:g}" if high is None else f"age {low:g}–{high:g}"
        if self.kind == "quality":
            return f"quality ≥ {self.value:g}"
        if self.kind == "rule":
            return f"{census.rule_titles.get(self.value, self.value)} met"
        return f"“{self.value}”" if self.kind == "text" else f"{self.kind} {self.value}"


def combined(filters: tuple[Filter, ...], census: Census) -> np.ndarray:
    """Records that pass every filter: boolean, one a record."""
    keep = np.ones(len(census), dtype=bool)
    for chip in filters:
        keep &= chip.mask(census)
    return keep


def with_filter(filters: tuple[Filter, ...], new: Filter) -> tuple[Filter, ...]:
    """The filters after adding one: it replaces its own kind where only one makes sense.

    Raises
    ------
    VocabularyError
        For a kind that does not exist.
    """
    if new.kind not in _MASKS:
        raise VocabularyError(f"no filter looks at {new.kind!r}", expected=f"one of {', '.join(_MASKS)}")
    kept = tuple(old for old in filters if old != new and not (old.kind == new.kind and new.kind in ONE_OF_A_KIND))
    return (*kept, new)


def _text(census: Census, words: str) -> np.ndarray:
    wanted = words.casefold().split()
    return np.array([all(word in text for word in wanted) for text in census.search_text], dtype=bool)


def _age(census: Census, bounds: tuple[float | None, float | None]) -> np.ndarray:
    low, high = bounds
    age = census.age
    keep = np.isfinite(age)
    if low is not None:
        keep &= age >= low
    if high is not None:
        keep &= age <= high
    return keep


def _sex(census: Census, sex: str) -> np.ndarray:
    return census.sex == sex


def _quality(census: Census, least: float) -> np.ndarray:
    return np.nan_to_num(census.quality, nan=0.0) >= least


def _label(census: Census, code: str) -> np.ndarray:
    return np.array([code in codes for codes in census.labels], dtype=bool)


def _rule(census: Census, rule: str) -> np.ndarray:
    return census.state_of(rule) == census.MET


_MASKS: dict[str, Callable[[Census, Any], np.ndarray]] = {
    "text": _text,
    "age": _age,
    "sex": _sex,
    "quality": _quality,
    "label": _label,
    "rule": _rule,
}
