"""Every stage's parameters, once.

One `Settings` object is at the same time the dashboard's form, the command line's and the TOML file's options, and the
provenance entry of the stage that ran with it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Self

import param

from ecgomics.errors import SettingsError, did_you_mean


class Settings(param.Parameterized):
    """Base of all settings: parameters with bounds, units and docs, and nothing else."""

    def as_dict(self) -> dict[str, Any]:
        """The values by name, in a form JSON can hold."""
        return {name: self._plain(name) for name in sorted(self.param) if name != "name"}

    def digest(self) -> str:
        """Short hash of the values: equal settings have equal digests."""
        text = json.dumps(self.as_dict(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build from names and values.

        Raises
        ------
        SettingsError
            For a name that is no setting or a value out of bounds; says which and what is allowed.
        """
        known = [name for name in cls.param if name != "name"]
        for name in values:
            if name not in known:
                raise SettingsError(
                    f"{cls.__name__} has no setting {name!r}",
                    expected=f"one of {', '.join(known)}",
                    remedy=did_you_mean(name, known),
                )
        try:
            return cls(**dict(values))
        except ValueError as error:
            raise SettingsError(f"{cls.__name__}: {error}", remedy="choose a value within the bounds") from error

    def _plain(self, name: str) -> Any:
        value = getattr(self, name)
        return list(value) if isinstance(value, tuple) else value


class IngestSettings(Settings):
    """How files become a cohort."""

    rate_hz = param.Number(500.0, bounds=(100, 2000), doc="Common sampling rate of short records, Hz.")
    short_s = param.Number(60.0, bounds=(10, 600), doc="Recordings up to this long are short records, s.")
    stated_hz = param.Number(
        None, bounds=(20, 100_000), allow_None=True, doc="Sampling rate of tables and arrays that state none, Hz."
    )
    stated_unit = param.Selector(
        default="", objects=["", "mV", "uV", "V", "nV"], doc="Unit of tables and arrays that state none."
    )
    copies = param.Selector(
        default="all", objects=["all", "low", "high"], doc="Of recordings kept at two rates (PTB-XL): both, or which."
    )
    file_limit_s = param.Number(120.0, bounds=(1, 86_400), doc="Time a file may take to read before it is refused, s.")


class WavesSettings(Settings):
    """How signals become beats."""

    method = param.Selector(
        default="ecgomics", objects=["ecgomics", "neurokit"], doc="Delineator: ours, or neurokit2's for comparison."
    )


class BiomarkerSettings(Settings):
    """How beats become numbers."""

    hrv_min_s = param.Number(60.0, bounds=(10, 3600), doc="Shortest recording for RMSSD, pNN and Poincaré, s.")
    sdnn_min_s = param.Number(300.0, bounds=(10, 86400), doc="Shortest recording for SDNN, s.")
    cosen_min_beats = param.Integer(12, bounds=(5, 1000), doc="Fewest beats for the coefficient of sample entropy.")
    pause_ms = param.Number(2000.0, bounds=(1000, 10000), doc="RR intervals beyond this are pauses, ms.")
    cornell_women_mv = param.Number(0.8, bounds=(0.0, 1.0), doc="Added to the Cornell voltage of women, mV.")
    axis_floor_mv_ms = param.Number(
        0.5, bounds=(0.0, 10.0), doc="A frontal axis is indeterminate when its net area vector is shorter, mV·ms."
    )
    reference = param.Selector(
        default="Mason 2007", objects=["Mason 2007"], doc="Source of the percentiles behind the z values."
    )
    cohort_min = param.Integer(20, bounds=(5, 10000), doc="Fewest other records for a z within the cohort.")


class RuleSettings(Settings):
    """How numbers become findings."""


class LatentSettings(Settings):
    """How signals become vectors, and how the small encoder is trained."""


class ProjectionSettings(Settings):
    """How vectors become a map."""


class ContrastSettings(Settings):
    """How two groups are compared."""

    min_patients = param.Integer(5, bounds=(2, 1000), doc="Fewest patients with a value on each side.")
    aggregate = param.Selector(
        default="median", objects=["median", "mean"], doc="How a patient's records become the patient's value."
    )
    mixed = param.Selector(
        default="majority",
        objects=["majority", "drop"],
        doc="Patients with records on both sides: in the group if more than half are, or left out.",
    )
    interval = param.Selector(
        default="bootstrap",
        objects=["bootstrap", "formula"],
        doc="Intervals by resampling patients, or by Newcombe's formula (instant, for many thousand patients).",
    )
    resamples = param.Integer(1000, bounds=(100, 100_000), doc="Bootstrap resamples of patients.")
    level = param.Number(0.95, bounds=(0.5, 0.999), doc="Coverage of intervals, 0 to 1.")
    q = param.Number(0.05, bounds=(0.0, 1.0), inclusive_bounds=(False, False), doc="Candidates lie below this q.")
    seed = param.Integer(0, bounds=(0, None), doc="Seed of the resamples.")
