"""`Filter`: one chip above the record list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ecgomics.errors import VocabularyError
from ecgomics.wording import written

if TYPE_CHECKING:
    from ecgomics.dashboards.census import Census

Kind = Literal["text", "age", "sex", "quality", "label", "rule", "value"]
ONE_OF_A_KIND = ("text", "age", "sex", "quality")
"""A second filter of these kinds takes the first one's place; labels and rules add up, values replace their own."""


@dataclass(frozen=True)
class Filter:
    """A condition on records.

    Parameters
    ----------
    kind
        What is looked at.
    value
        ``text``: the words; ``age``: (from, to) in years, None for open; ``sex``: "M" or "F"; ``quality``: the least,
        0 to 1; ``label``: a label's code; ``rule``: a rule that is met; ``value``: (numeric column, from, to), None
        for open.
    """

    kind: Kind
    value: Any

    def mask(self, census: Census) -> np.ndarray:
        """Which records pass: boolean, one a record, in the census's order."""
        return _MASKS[self.kind](census, self.value)

    @property
    def known(self) -> bool:
        """Whether the kind exists and the value is of its form, as one from an address need not be."""
        return self.kind in _FORMS and _FORMS[self.kind](self.value)

    def text(self, census: Census) -> str:
        """The chip's words."""
        if self.kind == "age":
            low, high = self.value
            if low is None:
                return f"age ≤ {high:g}"
            return f"age ≥ {low:g}" if high is None else f"age {low:g}–{high:g}"
        if self.kind == "value":
            return _value_text(census, *self.value)
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
    return (*(old for old in filters if old != new and not _replaces(new, old)), new)


def _replaces(new: Filter, old: Filter) -> bool:
    if old.kind != new.kind:
        return False
    return new.kind in ONE_OF_A_KIND or (new.kind == "value" and new.value[0] == old.value[0])


def _value_text(census: Census, name: str, low: float | None, high: float | None) -> str:
    unit = census.columns[name].unit if name in census.columns else ""
    short = name.removesuffix("_Global")
    if low is None:
        return f"{short} ≤ {written(high, unit)}"
    return f"{short} ≥ {written(low, unit)}" if high is None else f"{short} {written(low)}–{written(high, unit)}"


def _text(census: Census, words: str) -> np.ndarray:
    wanted = words.casefold().split()
    return np.array([all(word in text for word in wanted) for text in census.search_text], dtype=bool)


def _age(census: Census, bounds: tuple[float | None, float | None]) -> np.ndarray:
    return _between(census.age, *bounds)


def _sex(census: Census, sex: str) -> np.ndarray:
    return census.sex == sex


def _quality(census: Census, least: float) -> np.ndarray:
    return np.nan_to_num(census.quality, nan=0.0) >= least


def _label(census: Census, code: str) -> np.ndarray:
    return np.array([code in codes for codes in census.labels], dtype=bool)


def _rule(census: Census, rule: str) -> np.ndarray:
    return census.state_of(rule) == census.MET


def _value(census: Census, value: tuple[str, float | None, float | None]) -> np.ndarray:
    name, low, high = value
    return _between(census.numbers(name), low, high)


def _between(values: np.ndarray, low: float | None, high: float | None) -> np.ndarray:
    keep = np.isfinite(values)
    if low is not None:
        keep &= values >= low
    if high is not None:
        keep &= values <= high
    return keep


def _is_edge(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value))


def _is_span(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(map(_is_edge, value)) and value != (None, None)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


_FORMS: dict[str, Callable[[Any], bool]] = {
    "text": _is_text,
    "age": _is_span,
    "sex": _is_text,
    "quality": lambda value: value is not None and _is_edge(value),
    "label": _is_text,
    "rule": _is_text,
    "value": lambda value: isinstance(value, tuple) and len(value) == 3 and _is_text(value[0]) and _is_span(value[1:]),
}
_MASKS: dict[str, Callable[[Census, Any], np.ndarray]] = {
    "text": _text,
    "age": _age,
    "sex": _sex,
    "quality": _quality,
    "label": _label,
    "rule": _rule,
    "value": _value,
}
