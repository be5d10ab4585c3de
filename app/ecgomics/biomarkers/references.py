"""Reference ranges: the one that fits a person, and whether a value lies outside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecgomics.biomarkers import Biomarker, describe
from ecgomics.errors import VocabularyError


@dataclass(frozen=True)
class Reference:
    """Limits for one person; None where a side is open, `source` says whose they are."""

    low: float | None
    high: float | None
    source: str

    def excludes(self, value: float) -> bool:
        """Whether a value lies outside."""
        if not np.isfinite(value):
            return False
        return (self.low is not None and value < self.low) or (self.high is not None and value > self.high)

    def text(self, unit: str = "") -> str:
        """``113–212 ms``, ``≤ 3.5 mV``."""
        end = "" if unit in ("", "1", "code", "count") else unit if unit == "°" else f" {unit}"
        if self.low is None:
            return f"≤ {_plain(self.high)}{end}"
        if self.high is None:
            return f"≥ {_plain(self.low)}{end}"
        joint = " to " if self.low < 0 else "–"
        return f"{_plain(self.low)}{joint}{_plain(self.high)}{end}"


def entry_of(biomarker: str) -> Biomarker | None:
    """The catalogue's entry of a column, or None for a column it does not make."""
    try:
        return describe(biomarker)
    except VocabularyError:
        return None


def reference_of(biomarker: str, *, age: float, sex: str) -> Reference | None:
    """The catalogue's range for a person: the first with limits whose age and sex fit, an unknown age fitting any.

    Parameters
    ----------
    biomarker
        Column name.
    age, sex
        Years (NaN unknown); "M", "F" or "".
    """
    entry = entry_of(biomarker)
    for limits in entry.ranges if entry else ():
        fits_sex = limits.sex in ("", sex)
        fits_age = limits.age is None or not np.isfinite(age) or limits.age[0] <= age <= limits.age[1]
        if fits_sex and fits_age and not (limits.low is None and limits.high is None):
            return Reference(limits.low, limits.high, limits.source)
    return None


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:g}".replace("-", "−")
