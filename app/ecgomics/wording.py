"""How numbers, people and qualities are written on the page."""

from __future__ import annotations

import numpy as np

DECIMALS = {
    "ms": 0,
    "mV": 2,
    "mV·ms": 1,
    "/min": 0,
    "°": 0,
    "y": 0,
    "%": 0,
    "count": 0,
    "points": 0,
    "code": 0,
    "µV": 0,
}
"""Decimals a unit is written with; two for any other."""

HIDDEN_UNITS = ("1", "code", "count", "text")
"""Units that say nothing beside a number."""


def decimals_of(unit: str) -> int:
    """How many decimals a value of this unit has on the page."""
    return DECIMALS.get(unit, 2)


def written(value: float | None, unit: str = "") -> str:
    """A value with its unit, a true minus sign, and a dash for what is unknown."""
    if value is None or not np.isfinite(value):
        return "–"
    decimals = decimals_of(unit)
    # what rounds to nothing has no sign
    return with_unit(f"{round(float(value), decimals) + 0.0:.{decimals}f}".replace("-", "−"), unit)


def with_unit(text: str, unit: str) -> str:
    """A number's text with its unit, where the unit says something."""
    if not unit or unit in HIDDEN_UNITS:
        return text
    return f"{text}{unit}" if unit == "°" else f"{text} {unit}"


def share(value: float | None) -> str:
    """A number between 0 and 1 with two decimals and no leading zero."""
    if value is None or not np.isfinite(value):
        return "–"
    return f"{value:.2f}".replace("0.", ".", 1) if value < 1 else "1.00"


def person(age: float, sex: str) -> str:
    """Age and sex of a person, as far as known: ``71 M``."""
    years = f"{age:.0f}" if np.isfinite(age) else ""
    return " ".join(part for part in (years, sex) if part) or "age and sex unknown"


def quality_word(quality: float) -> str:
    """The grade of a quality between 0 and 1: good, fair, poor, or empty when unknown."""
    if not np.isfinite(quality):
        return ""
    return "good" if quality >= 0.8 else "fair" if quality >= 0.5 else "poor"


def counted(number: int, noun: str) -> str:
    """A number with its noun: ``940 records``, ``1 record``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}".replace(",", " ")
