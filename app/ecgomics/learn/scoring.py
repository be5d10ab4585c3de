"""Scores: what was read against what is right, with partial credit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ecgomics.learn.cases import Choice
from ecgomics.learn.form import Field, Target
from ecgomics.learn.language import Catalogue, catalogue_of

HINT_COST = 0.25
"""Share of a line's points a hint takes."""
QUESTION = "question."
"""Before the id of a question beside the form, where its answer is kept."""
SECOND_TRY = 0.5
"""Share of a line's points a second try can still earn."""
WAYS = {
    "°": ("too far right", "too far left"),
    "/min": ("too fast", "too slow"),
    "mV": ("too high", "too low"),
    "ms": ("too long", "too short"),
}
"""What is said of a number that is too large, and too small, by unit."""
FALSE_WORD = 0.5
"""Share of a right word that a wrong one takes away."""


@dataclass(frozen=True)
class Mark:
    """The score of one line.

    Attributes
    ----------
    target
        What was right.
    given
        What was answered; None when nothing was.
    share
        0 to 1 of the line's points, hints taken off.
    error
        Given less target, in the line's unit; NaN for words.
    hints
        Hints taken.
    """

    target: Target
    given: Any
    share: float
    error: float = float("nan")
    hints: int = 0

    @property
    def points(self) -> float:
        """Points earned."""
        return round(self.share * self.target.field.points, 2)

    @property
    def verdict(self) -> str:
        """``"right"``, ``"partly"`` or ``"wrong"``; ``"none"`` without an answer where there was one to give."""
        if self.given in (None, "", [], ()) and not self.share:
            return "none"
        return "right" if self.share >= 0.999 - self.hints * HINT_COST else "partly" if self.share > 0 else "wrong"

    @property
    def feedback(self) -> str:
        """One line that says how far off it was, in English."""
        return self.told(catalogue_of("en"))

    def told(self, words: Catalogue) -> str:
        """One line that says how far off it was."""
        line = self.target.field
        right = self.target.told(words)
        if line.kind != "number":
            return "" if self.verdict == "right" else words("expected: {words}", words=right)
        if not math.isfinite(self.target.value):
            return words("there is nothing to measure here")
        if not math.isfinite(self.error):
            return words("reference {words}", words=right)
        full, _ = line.tolerances(self.target.value, uncertainty=self.target.uncertainty)
        if abs(self.error) <= full:
            return words("reference {words}: within {size}", words=right, size=f"{full:.{line.digits}f}")
        way = WAYS.get(line.unit, WAYS["ms"])[self.error < 0]
        size = f"{abs(self.error):.{line.digits}f}{'' if line.unit == '°' else ' '}{line.unit}"
        return words(f"reference {{words}}: {{size}} {way}", words=right, size=size)


def mark(target: Target, given: Any, *, hints: int = 0) -> Mark:
    """Score one line.

    Parameters
    ----------
    target
        What is right.
    given
        A number (or None: cannot be measured), a word, or several.
    hints
        Hints taken; each takes `HINT_COST` of the points, down to none.
    """
    kind = target.field.kind
    if kind == "number":
        share, error = _number(target, given)
    else:
        share, error = (_word if kind == "choice" else _words)(target, given), float("nan")
    return Mark(target, given, max(0.0, share * (1 - HINT_COST * hints)), error, hints)


def mark_again(first: Mark, given: Any) -> Mark:
    """Score a second try of one line: half of what it would have earned, and never less than the first try did."""
    again = mark(first.target, given, hints=first.hints)
    return replace(again, share=max(first.share, SECOND_TRY * again.share))


def mark_choice(choice: Choice, given: int | None) -> Mark:
    """Score a question beside the form: one point for the right option."""
    options = {str(place): text for place, text in enumerate(choice.options)}
    line = Field(f"{QUESTION}{choice.id}", choice.text, "choice", 1, options=options)
    return mark(Target(line, right=(str(choice.right),)), None if given is None else str(given))


def mark_all(
    targets: Mapping[str, Target], given: Mapping[str, Any], *, asked: Sequence[str], hints: Mapping[str, int]
) -> list[Mark]:
    """Score the asked lines in order; what was not answered scores nothing."""
    return [mark(targets[name], given.get(name), hints=hints.get(name, 0)) for name in asked]


def total(marks: Sequence[Mark]) -> tuple[float, float]:
    """Points earned and points to be had."""
    return sum(item.points for item in marks), sum(item.target.field.points for item in marks)


def _number(target: Target, given: Any) -> tuple[float, float]:
    missing = given in (None, "", "none")
    if not math.isfinite(target.value):
        # nothing to measure: whoever says so, or leaves it, is right
        return (1.0 if missing else 0.0), float("nan")
    if missing or not math.isfinite(float(given)):
        return 0.0, float("nan")
    error = float(given) - target.value
    if target.field.unit == "°":
        error = (error + 180) % 360 - 180
    full, half = target.field.tolerances(target.value, uncertainty=target.uncertainty)
    return (1.0 if abs(error) <= full else 0.5 if abs(error) <= half else 0.0), error


def _word(target: Target, given: Any) -> float:
    if given in (*target.right, *target.also):
        return 1.0
    return 0.5 if given in target.partly else 0.0


def _words(target: Target, given: Any) -> float:
    named = {given} if isinstance(given, str) else set(given or ())
    hit = len(named & set(target.right))
    wrong = len(named - set(target.right) - set(target.also))
    # only what may be named too: half of an answer
    if not hit and named and not wrong:
        return 0.5
    return max(0.0, (hit - FALSE_WORD * wrong) / len(target.right))
