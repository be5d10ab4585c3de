"""One record with all that was found in it: what a report, a reply of the service and a timeline are made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from ecgomics.biomarkers.references import Reference, reference_of
from ecgomics.errors import CohortError
from ecgomics.reports.course import STRIP_S, Moment, moments
from ecgomics.rules import Finding, Rule, load_rules, traces
from ecgomics.rules.model import SEVERITIES
from ecgomics.waves.beats import Beats

if TYPE_CHECKING:
    from ecgomics.cohort import Cohort
    from ecgomics.records import Record

LONGEST_ECG_S = 60.0
"""Of a longer recording this much, from its start, is held to be drawn."""


@dataclass(frozen=True)
class Subject:
    """What is known of a record beside its samples.

    Attributes
    ----------
    source
        Name of the file it came from; never more of its path.
    patient
        Identifier in the source; empty when unknown.
    age
        Years; NaN when unknown.
    sex
        ``"M"``, ``"F"`` or empty.
    start
        Begin of the recording, when stated.
    device
        Maker and model, when stated.
    native_hz
        Rate of the file, Hz.
    duration_s
        Length of the recording, s.
    synthetic
        Whether it is a virtual patient's.
    notes
        What was assumed on reading.
    """

    source: str = ""
    patient: str = ""
    age: float = math.nan
    sex: str = ""
    start: datetime | None = None
    device: str = ""
    native_hz: float = math.nan
    duration_s: float = math.nan
    synthetic: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Strip:
    """A moment of a long recording with its samples, dims ``(lead, time)``, float32 mV."""

    moment: Moment
    ecg: xr.DataArray


@dataclass(frozen=True, eq=False)
class Examination:
    """One record, its beats, biomarkers and findings.

    Attributes
    ----------
    record
        Record id.
    ecg
        Dims ``(lead, time)``, float32 mV; the first minute of a longer recording.
    beats
        Of this record alone.
    values
        As `biomarkers.compare` returns, with one record.
    subject
        What is known beside the samples.
    rules
        The rules it was judged by.
    strips
        Of a longer recording: the moments worth looking at.
    """

    record: str
    ecg: xr.DataArray
    beats: Beats
    values: xr.Dataset
    subject: Subject
    rules: tuple[Rule, ...] = field(repr=False)
    strips: tuple[Strip, ...] = field(default=(), repr=False)

    @cached_property
    def states(self) -> dict[str, str]:
        """State by rule id: met, not_met or unknown."""
        return {finding.rule.id: finding.state for finding in self.findings}

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Every rule's outcome with its trace, those that ask most for eyes first."""
        told = traces(self.values, record=self.record, subjects=self._subjects(), rules=self.rules)
        return tuple(sorted(told, key=lambda finding: -SEVERITIES.index(finding.rule.severity)))

    @property
    def met(self) -> tuple[Finding, ...]:
        """Findings whose criteria are met."""
        return tuple(finding for finding in self.findings if finding.state == "met")

    @cached_property
    def table(self) -> pd.DataFrame:
        """Biomarkers by column name: value, iqr, count, reason, unit, dimension, lead."""
        one = self.values.isel(record=0)
        reasons = list(self.values.attrs.get("reasons", ()))
        table = pd.DataFrame(
            {name: one[name].values for name in ("value", "iqr", "count", "reason", "unit", "dimension", "lead")},
            index=pd.Index(one["biomarker"].values.astype(str), name="biomarker"),
        )
        table["reason"] = [reasons[code] if code and code < len(reasons) else "" for code in table["reason"]]
        return table

    def value(self, biomarker: str) -> float:
        """A biomarker's value in its unit; NaN where it is missing."""
        return float(self.table["value"].get(biomarker, math.nan))

    def reference(self, biomarker: str) -> Reference | None:
        """The catalogue's limits for this person."""
        return reference_of(biomarker, age=self.subject.age, sex=self.subject.sex)

    @property
    def quality(self) -> float:
        """Signal quality, 0 to 1; NaN when unknown."""
        return float(self.beats.quality["record_quality"].values[0]) if self.beats.quality.sizes["record"] else math.nan

    @property
    def leads(self) -> tuple[str, ...]:
        """Lead names in the order of `ecg`."""
        return tuple(str(lead) for lead in self.ecg["lead"].values)

    def _subjects(self) -> xr.Dataset:
        return subjects_of([self.record], [self.subject])


def examine(record: Record, *, rules: Sequence[Rule] | None = None) -> Examination:
    """Take one recording through waves, biomarkers and rules, in memory.

    Parameters
    ----------
    record
        As `records.read` gives it.
    rules
        Rules to judge it by; those that come along when not given.

    Returns
    -------
    Examination
        Its findings are traced when they are first asked for.

    Raises
    ------
    SignalError
        When the recording is shorter than 1 s or its leads are unusable as a signal at all.

    Examples
    --------
    >>> import ecgomics as eg  # doctest: +SKIP
    >>> examine(eg.read("ecg.dcm")).met  # doctest: +SKIP
    """
    from ecgomics.biomarkers import compare, measure
    from ecgomics.waves import delineate

    block = record.ecg.expand_dims(record=[record.id]).transpose("record", "lead", "time")
    block.attrs.update(record.ecg.attrs)
    subject = subject_of(record)
    subjects = subjects_of([record.id], [subject])
    beats = delineate(block)
    values = compare(measure(beats, block, subjects=subjects), subjects=subjects)
    shown = record.ecg.isel(time=slice(0, int(LONGEST_ECG_S * record.native_hz)))
    judged_by = tuple(rules if rules is not None else load_rules())
    return Examination(record.id, shown, beats, values, subject, judged_by, _strips(record.ecg, beats))


def examined(cohort: Cohort, record: str, *, rules: Sequence[Rule] | None = None) -> Examination:
    """What a cohort's stages found in one of its records.

    Raises
    ------
    CohortError
        When there is no such record, or the cohort was not analysed.
    """
    if record not in cohort.records.index:
        raise CohortError("a record that is not in the cohort", expected="one of its ids", remedy="see `records`")
    if "biomarkers" not in cohort.stages:
        raise CohortError("a cohort that was not analysed", expected="its biomarkers", remedy="ecgomics analyse COHORT")
    line: Any = cohort.records.loc[record]
    labels = cohort.labels
    start = pd.to_datetime(line["start"])
    subject = Subject(
        source=str(line["source"]),
        patient=str(line["patient"] or ""),
        age=float(line["age"]),
        sex=str(line["sex"] or ""),
        start=None if pd.isna(start) else start.to_pydatetime(),
        device=str(line["device"] or ""),
        native_hz=float(line["native_hz"]),
        duration_s=float(line["duration_s"]),
        synthetic=bool(((labels["record"] == record) & (labels["system"] == "synthetic")).any()),
    )
    ecg = cohort.ecg(record)
    rate = float(ecg.attrs["rate_hz"])
    shown = ecg.isel(time=slice(0, int(min(LONGEST_ECG_S, subject.duration_s) * rate))).load()
    values = cohort.biomarkers.sel(record=[record]).load()
    beats = cohort.beats_of(record)
    judged_by = tuple(rules if rules is not None else load_rules())
    whole = ecg.isel(time=slice(0, int(subject.duration_s * rate)))
    return Examination(record, shown, beats, values, subject, judged_by, _strips(whole, beats))


def _strips(ecg: xr.DataArray, beats: Beats) -> tuple[Strip, ...]:
    rate = float(ecg.attrs["rate_hz"])
    found = moments(beats, duration_s=ecg.sizes["time"] / rate)
    count = round(STRIP_S * rate)
    starts = [round(moment.start_s * rate) for moment in found]
    pieces = [ecg.isel(time=slice(start, start + count)).load() for start in starts]
    return tuple(Strip(moment, piece.assign_attrs(rate_hz=rate)) for moment, piece in zip(found, pieces, strict=True))


def subject_of(record: Record) -> Subject:
    """What a recording knows of itself."""
    return Subject(
        source=record.source,
        patient=record.patient,
        age=record.age,
        sex=record.sex,
        start=record.start,
        device=record.device,
        native_hz=record.native_hz,
        duration_s=record.duration_s,
        synthetic=any(label.system == "synthetic" for label in record.labels),
        notes=record.notes,
    )


def subjects_of(records: Sequence[str], subjects: Sequence[Subject]) -> xr.Dataset:
    """Age and sex along `record`, as the pure stages take them."""
    return xr.Dataset(
        {
            "age": ("record", np.array([subject.age for subject in subjects], dtype=np.float32)),
            "sex": ("record", np.array([subject.sex for subject in subjects], dtype=str)),
        },
        coords={"record": np.array(list(records), dtype=str)},
    )
