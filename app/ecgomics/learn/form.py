"""`Form`: the systematic reading of an ECG, and what is right in it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Literal

import yaml

from ecgomics.errors import LearnError, did_you_mean
from ecgomics.learn.examination import Examination
from ecgomics.simulate import CONDITIONS
from ecgomics.vocabulary import LEADS

Kind = Literal["number", "choice", "choices"]


@dataclass(frozen=True)
class Field:
    """One line of the form.

    Attributes
    ----------
    id, title
        Key and heading.
    kind
        ``"number"``, ``"choice"`` (one word of `options`) or ``"choices"`` (several).
    points
        What a right answer earns.
    unit
        Of a number.
    column
        Biomarker that is the target of a number.
    within, half_within
        Error that still scores full, and half; a share of the value when `scale` is ``"share"``.
    caliper
        Name of the caliper a number is measured with; empty when it is read otherwise.
    options
        Word → what it says.
    extra
        Whether it is only asked by cases that name it.
    """

    id: str
    title: str
    kind: Kind
    points: float
    unit: str = ""
    column: str = ""
    within: float = 0.0
    half_within: float = 0.0
    scale: str = ""
    caliper: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    extra: bool = False

    @property
    def digits(self) -> int:
        """Decimals a number of it is told with."""
        return 2 if self.unit == "mV" else 0

    def tolerances(self, target: float, *, uncertainty: float = 0.0) -> tuple[float, float]:
        """Errors that score full and half around a target, in `unit`; an uncertain target is met more easily."""
        unit = abs(target) if self.scale == "share" else 1.0
        slack = uncertainty if math.isfinite(uncertainty) else 0.0
        return self.within * unit + slack, self.half_within * unit + slack


@dataclass(frozen=True)
class Target:
    """What is right in one line.

    Attributes
    ----------
    field
        The line.
    value
        A number's target in the field's unit; NaN when the ECG has none (no P, no PR).
    uncertainty
        Of the value, same unit; 0 for the truth of a virtual patient.
    right
        Words that have to be named.
    also
        Words that may be named.
    partly
        Words that score half.
    lead
        The lead a number is of; empty for one of the whole ECG.
    """

    field: Field
    value: float = float("nan")
    uncertainty: float = 0.0
    right: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    partly: tuple[str, ...] = ()
    lead: str = ""

    @property
    def title(self) -> str:
        """The line's heading, with its lead."""
        return f"{self.field.title} {self.lead}".strip()

    @property
    def words(self) -> str:
        """The target as a reader would write it, in English."""
        return self.told(str)

    def told(self, words: Callable[[str], str]) -> str:
        """The target as a reader would write it, in the language of a catalogue."""
        if self.field.kind == "number":
            if not math.isfinite(self.value):
                return words("cannot be measured")
            digits = self.field.digits
            plus = f" ± {self.uncertainty:.{digits}f}" if self.uncertainty >= 0.5 * 10**-digits else ""
            space = "" if self.field.unit == "°" else " "
            return f"{self.value:.{digits}f}{plus}{space}{self.field.unit}".replace("-", "−")
        return ", ".join(words(self.field.options[word]) for word in self.right)


USUAL = {"rhythm": "sinus", "p_wave": ["normal"], "qrs_form": ["normal"], "st_t": ["normal"]}
"""What a normal ECG shows."""


@cache
def form() -> tuple[Field, ...]:
    """The lines of the form, from ``form.yaml``."""
    text = resources.files("ecgomics.learn").joinpath("data/form.yaml").read_text(encoding="utf-8")
    stated = yaml.safe_load(text)
    options = stated["options"] | {"conclusion": {name: item.title for name, item in CONDITIONS.items()}}
    return tuple(Field(**entry, options=options.get(entry["id"], {})) for entry in stated["fields"])


@cache
def _readings() -> dict[str, dict[str, Any]]:
    text = resources.files("ecgomics.learn").joinpath("data/form.yaml").read_text(encoding="utf-8")
    found: dict[str, dict[str, Any]] = yaml.safe_load(text)["readings"]
    return found


def field_of(name: str) -> Field:
    """A line by its id. Raises LearnError for an unknown one."""
    known = {line.id: line for line in form()}
    if name not in known:
        raise LearnError(f"no line {name!r} in the form", expected=", ".join(known), remedy=did_you_mean(name, known))
    return known[name]


def targets_of(
    examination: Examination,
    condition: str,
    *,
    partly: tuple[str, ...] = (),
    answers: Mapping[str, Any] | None = None,
    also: Mapping[str, Any] | None = None,
) -> dict[str, Target]:
    """What is right in every line.

    Parameters
    ----------
    examination
        Of the ECG: by true marks for a virtual patient, by the engine's for a real one; numbers are taken from it.
    condition
        Key of `simulate.CONDITIONS`: the conclusion, and what its P, QRS and ST–T look like.
    partly
        Conclusions that score half.
    answers, also
        Words of single lines that are other than the condition says; words that may be named too.
    """
    seen = USUAL | _readings().get(condition, {})
    allowed = dict(seen.pop("also", {}))
    for name, words in (also or {}).items():
        allowed[name] = [*allowed.get(name, []), *words]
    stated = seen | {"conclusion": condition} | dict(answers or {})
    exact = examination.truth is not None
    result = {}
    for line in form():
        if line.kind == "number":
            lead = _lead(examination, line)
            column = line.column.format(lead=lead)
            spread = 0.0 if exact else _uncertainty(examination, column)
            result[line.id] = Target(line, value=examination.value(column), uncertainty=spread, lead=lead)
            continue
        right = stated[line.id]
        words = (right,) if isinstance(right, str) else tuple(right)
        half = partly if line.id == "conclusion" else ()
        result[line.id] = Target(line, right=words, also=tuple(allowed.get(line.id, ())), partly=half)
    return result


def _lead(examination: Examination, line: Field) -> str:
    """Where a lead-wise number is to be measured: the lead in which it is greatest, aVR left out."""
    if "{lead}" not in line.column:
        return ""
    size = {lead: abs(examination.value(line.column.format(lead=lead))) for lead in LEADS if lead != "aVR"}
    known = {lead: value for lead, value in size.items() if math.isfinite(value)}
    return max(known, key=lambda lead: known[lead]) if known else "V2"


def _uncertainty(examination: Examination, column: str) -> float:
    found = examination.uncertainty(column)
    return found if math.isfinite(found) else 0.0
