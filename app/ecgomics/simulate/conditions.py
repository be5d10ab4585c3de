"""`CONDITIONS`: populations of virtual patients, as ``conditions.yaml`` describes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any
from zlib import crc32

import numpy as np
import yaml

from ecgomics.errors import SettingsError, did_you_mean
from ecgomics.simulate.landmarks import landmarks
from ecgomics.simulate.patient import VirtualPatient

_ATTEMPTS = 200
_FIRST = ("age", "sex")


@dataclass(frozen=True)
class Condition:
    """A population.

    Parameters
    ----------
    name, title, statement
        Key, heading and one sentence.
    parameters
        Distribution of each `VirtualPatient` parameter that is not left at its default; forms in the file's head.
    accept
        Limits of the noise-free beat (`ecgomics.simulate.landmarks`).
    weight
        Share of the demo cohort, relative; 0 for conditions made for teaching.
    """

    name: str
    title: str
    statement: str
    parameters: Mapping[str, Any]
    accept: Mapping[str, Any]
    weight: float

    def limits(self, parameter: str) -> tuple[float, float] | None:
        """The lowest and highest value a numeric parameter can take here; None when it is not one the file names."""
        rule = self.parameters.get(parameter)
        if isinstance(rule, int | float):
            return float(rule), float(rule)
        if not isinstance(rule, Mapping) or "choice" in rule:
            return None
        low, high = rule["uniform"] if "uniform" in rule else (rule["low"], rule["high"])
        return float(low), float(high)

    def draw(self, rng: np.random.Generator, **fixed: Any) -> VirtualPatient:
        """A random patient who meets the limits.

        Parameters
        ----------
        rng
            Source of everything random, the body included.
        **fixed
            Parameters to set rather than draw.

        Raises
        ------
        SettingsError
            When the fixed values leave no patient who meets the limits, or name no parameter.
        """
        for _ in range(_ATTEMPTS):
            patient = VirtualPatient.from_dict(self._values(rng, fixed))
            if not self.misses(patient):
                return patient
        raise SettingsError(
            f"no patient with {', '.join(fixed) or 'these parameters'} meets the limits of {self.name!r}",
            expected="values the condition allows",
            remedy=f"the last one missed {', '.join(self.misses(patient))}",
        )

    def misses(self, patient: VirtualPatient) -> list[str]:
        """Names of the `accept` clauses this patient's noise-free beat does not meet."""
        if not self.accept:
            return []
        found = landmarks(patient)
        missed = []
        for name, limit in self.accept.items():
            low, high = limit[patient.sex] if isinstance(limit, Mapping) else limit
            if not low <= found[name] <= high:
                missed.append(name)
        return missed

    def _values(self, rng: np.random.Generator, fixed: Mapping[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = {"geometry_seed": int(rng.integers(2**32))} | dict(fixed)
        # age and sex first: the rest depends on them
        for name in (*_FIRST, *(name for name in self.parameters if name not in _FIRST)):
            if name not in fixed:
                values[name] = _value(self.parameters[name], rng, known=values, leaning=self._leaning(name, values))
        return values

    def _leaning(self, name: str, known: Mapping[str, Any]) -> float:
        """What other parameters' distance from their own means here does to this one's mean (`with` in the file)."""
        rule = self.parameters[name]
        slopes = rule.get("with", {}) if isinstance(rule, Mapping) else {}
        return float(sum(slope * self._distance(other, known) for other, slope in slopes.items()))

    def _distance(self, name: str, known: Mapping[str, Any]) -> float:
        rule = self.parameters.get(name)
        if name not in known or not isinstance(rule, Mapping) or "mean" not in rule:
            return 0.0
        return float(known[name]) - _mean(rule, known)


def _mean(rule: Mapping[str, Any], known: Mapping[str, Any]) -> float:
    """Mean of a bell curve for somebody of this age and sex."""
    mean = float(rule["mean"]) + rule.get("per_year", 0.0) * (known.get("age", 50) - 50)
    return mean + (rule.get("female", 0.0) if known.get("sex") == "F" else 0.0)


def _value(rule: Any, rng: np.random.Generator, *, known: Mapping[str, Any], leaning: float) -> Any:
    if not isinstance(rule, Mapping):
        return rule
    if "uniform" in rule:
        return float(rng.uniform(*rule["uniform"]))
    if "choice" in rule:
        words, weights = list(rule["choice"]), np.array(list(rule["choice"].values()), dtype=float)
        return words[int(rng.choice(len(words), p=weights / weights.sum()))]
    mean = _mean(rule, known) + leaning
    for _ in range(_ATTEMPTS):
        value = float(rng.normal(mean, rule["sd"]))
        if rule["low"] <= value <= rule["high"]:
            return value
    return float(np.clip(mean, rule["low"], rule["high"]))


@cache
def _load() -> Mapping[str, Condition]:
    text = resources.files("ecgomics.simulate").joinpath("conditions.yaml").read_text(encoding="utf-8")
    entries: dict[str, Any] = yaml.safe_load(text)
    return MappingProxyType({name: _condition(name, entries) for name in entries})


def _condition(name: str, entries: dict[str, Any]) -> Condition:
    entry = entries[name]

    def merged(part: str) -> Mapping[str, Any]:
        both = _inherited(entries, name, part)
        return MappingProxyType({key: value for key, value in both.items() if value is not None})

    return Condition(
        name, entry["title"], entry["statement"], merged("parameters"), merged("accept"), float(entry["weight"])
    )


def _inherited(entries: dict[str, Any], name: str, part: str) -> dict[str, Any]:
    entry = entries[name]
    base = _inherited(entries, entry["based_on"], part) if "based_on" in entry else {}
    return base | entry.get(part, {})


CONDITIONS: Mapping[str, Condition] = _load()
"""The populations by name."""


def draw_patient(condition: str = "normal", *, seed: int = 0, **fixed: Any) -> VirtualPatient:
    """A random patient with a condition.

    Parameters
    ----------
    condition
        A key of `CONDITIONS`.
    seed
        Equal seeds give equal patients.
    **fixed
        Parameters to set rather than draw.

    Raises
    ------
    SettingsError
        For an unknown condition or parameter, or values no patient with the condition can have.
    """
    if condition not in CONDITIONS:
        raise SettingsError(
            f"no condition {condition!r}",
            expected=f"one of {', '.join(CONDITIONS)}",
            remedy=did_you_mean(condition, CONDITIONS),
        )
    return CONDITIONS[condition].draw(np.random.default_rng([seed, crc32(condition.encode())]), **fixed)
