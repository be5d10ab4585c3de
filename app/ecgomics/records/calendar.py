"""Dates, ages and sexes as the formats write them."""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta

from ecgomics.records.record import Sex

MAX_AGE = 130.0
EARLIEST_YEAR = 1850

_YEARS = {"y": 1.0, "a": 1.0, "m": 1 / 12, "w": 7 / 365.25, "d": 1 / 365.25, "h": 1 / 8766}
_STAMP = re.compile(
    r"\s*(\d{4})\D?(\d{1,2})\D?(\d{1,2})(?:\D?\s*(\d{1,2})(?:\D?(\d{1,2}))?(?:\D?(\d{1,2}(?:[.,]\d{1,9})?))?)?"
)
_MALE, _FEMALE = ("m", "male", "man", "1"), ("f", "female", "woman", "2")


def sex_of(word: str) -> Sex:
    """`M`, `F` or nothing: from `Male`, `F`, and the 1 and 2 of SCP-ECG and ISHNE."""
    key = word.strip().lower()
    if key in _MALE:
        return "M"
    return "F" if key in _FEMALE else ""


def age_of(value: float, unit: str = "y") -> float:
    """Years from a number and the first letter of its unit (`YEARS`, `mo`, `d`); NaN outside 0 to 130."""
    years = value * _YEARS.get(unit.strip().lower()[:1] or "y", math.nan)
    return years if 0 <= years <= MAX_AGE else math.nan


def age_between(born: datetime | None, at: datetime | None) -> float:
    """Whole years from a day of birth to a recording; NaN when either is unknown or the order is wrong."""
    if born is None or at is None:
        return math.nan
    years = at.year - born.year - ((at.month, at.day) < (born.month, born.day))
    return float(years) if 0 <= years <= MAX_AGE else math.nan


def moment(year: float, month: float = 1, day: float = 1, *clock: float) -> datetime | None:
    """A date and time from its numbers; None when there is no such moment."""
    hour, minute, second = (*clock, 0.0, 0.0, 0.0)[:3]
    try:
        found = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second))
    except (ValueError, OverflowError):
        return None
    found += timedelta(seconds=round(second % 1, 6))
    return found if found.year >= EARLIEST_YEAR else None


def stamp(text: str) -> datetime | None:
    """A moment from digits in order, year first: `20021122091000.000`, `2010-01-19 15:19:22`; time may be missing."""
    digits = _STAMP.match(text)
    if digits is None:
        return None
    numbers = [float(part.replace(",", ".")) if part else 0.0 for part in digits.groups()]
    return moment(*numbers)
