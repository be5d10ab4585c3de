"""`Record`: one recording in mV and all its file knew about itself."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

Sex = Literal["M", "F", ""]

PART_SAMPLES = 1 << 20
"""Samples taken at a time where all of a recording is gone through."""

Measurements = Mapping[str, tuple[float, str]]


@dataclass(frozen=True)
class Label:
    """A statement somebody else made about a recording.

    Parameters
    ----------
    system
        Where the code comes from: ``ptbxl-scp``, ``ptbxl-superclass``, ``snomed-ct``, ``wfdb-comment``, ``table``,
        ``device-statement`` (the interpretation in the file, its words), ``synthetic``.
    code
        The statement's code or text in that system.
    likelihood
        0 to 100 %. PTB-XL gives 0 to form and rhythm statements, which means "stated without a likelihood".
    """

    system: str
    code: str
    likelihood: float = 100.0


def device_statements(texts: Iterable[str]) -> tuple[Label, ...]:
    """What a device said, as labels: each text once, in order, without empty ones."""
    return tuple(Label("device-statement", text) for text in dict.fromkeys(texts) if text)


@dataclass(frozen=True)
class Annotation:
    """Something the file says about one moment or stretch of its recording.

    Parameters
    ----------
    time_s
        When it is or begins, s from the start of the recording.
    code
        What it says, in the words of its system: a beat symbol, a wave's code, a text.
    system
        Whose words: ``wfdb-atr`` (and other annotators), ``mdc``, ``edf``, ``dicom``, or the maker's own.
    lead
        Lead it belongs to; empty when it belongs to all.
    end_s
        When it ends, s; None for a moment.
    """

    time_s: float
    code: str
    system: str
    lead: str = ""
    end_s: float | None = None


@dataclass(frozen=True)
class Description:
    """What a table or header says about a recording beside its samples; fields as in `Record`."""

    patient: str = ""
    age: float = math.nan
    sex: Sex = ""
    start: datetime | None = None
    device: str = ""
    labels: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Record:
    """One recording.

    Parameters
    ----------
    ecg
        Dims ``(lead, time)``, float32 mV, NaN = missing; coord ``lead``; attributes ``rate_hz`` (Hz) and ``units``.
    native_hz
        Sampling rate of the file, Hz.
    source
        Name of the original file without suffix.
    patient
        Patient identifier of the source; empty when unknown.
    age
        Years at recording; NaN when unknown.
    sex
        ``"M"``, ``"F"`` or empty when unknown.
    start
        Beginning of the recording, if stated.
    device
        Maker and model, if stated.
    labels
        Statements that came with the recording.
    derived_leads
        Limb leads that were computed from two others.
    notes
        What was assumed, dropped or repaired on reading.
    format
        Kind of file it came from (see `formats`); empty when made in memory.
    step_uv
        Smallest step of the stored samples by lead, µV (the inverse of the gain); leads derived or stored as floating
        point have none.
    filters
        Filters the file says were applied: ``highpass_hz``, ``lowpass_hz``, ``notch_hz``.
    measurements
        The file's own measurements, name → (value, unit). Named as this house's biomarkers where the meaning is the
        same (``PR_Int_Global``, ``R_Amp_V5``), by the file's own word elsewhere.
    annotations
        Beats, waves and events the file marks, in order of time.
    median_beat
        The file's own representative beat: dims ``(lead, offset)``, float32 mV, attribute ``rate_hz``; or None.
    """

    ecg: xr.DataArray
    native_hz: float
    source: str
    patient: str = ""
    age: float = math.nan
    sex: Sex = ""
    start: datetime | None = None
    device: str = ""
    labels: tuple[Label, ...] = ()
    derived_leads: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())
    format: str = ""
    step_uv: Mapping[str, float] = field(default_factory=dict)
    filters: Mapping[str, float] = field(default_factory=dict)
    measurements: Measurements = field(default_factory=dict)
    annotations: tuple[Annotation, ...] = ()
    median_beat: xr.DataArray | None = None

    @cached_property
    def id(self) -> str:
        """Content hash, 16 hex characters: of the samples (float32, little-endian), the rate and the lead names."""
        digest = hashlib.sha256()
        for part in self.parts(PART_SAMPLES):
            samples = np.ascontiguousarray(part, dtype="<f4")
            gaps = np.isnan(samples)
            if gaps.any():
                # every NaN has one bit pattern, or equal recordings could differ
                samples = np.where(gaps, np.float32(np.nan), samples).astype("<f4")
            digest.update(samples.tobytes())
        digest.update(repr(float(self.native_hz)).encode())
        digest.update("\x1f".join(map(str, self.ecg["lead"].values)).encode())
        return digest.hexdigest()[:16]

    def parts(self, samples: int) -> Iterator[npt.NDArray[np.float32]]:
        """The samples lead after lead, at most so many at a time: a long recording may lie in a file."""
        signal = self.ecg.variable.transpose("lead", ...)
        if self.ecg.size <= samples:
            yield np.asarray(signal.values, dtype=np.float32).reshape(-1)
            return
        for lead in range(self.ecg.sizes["lead"]):
            for start in range(0, self.ecg.sizes["time"], samples):
                yield np.asarray(signal[lead, start : start + samples].values, dtype=np.float32)

    @property
    def duration_s(self) -> float:
        """Length of the recording, s."""
        return float(self.ecg.sizes["time"] / self.native_hz)

    @property
    def leads(self) -> tuple[str, ...]:
        """Lead names, in the order of `ecg`."""
        return tuple(str(name) for name in self.ecg["lead"].values)

    def described(self, description: Description) -> Record:
        """The same recording with what a label table adds.

        A table's patient, age, sex, start and device win where they are stated; labels and notes are joined, each once.
        """
        return replace(
            self,
            patient=description.patient or self.patient,
            age=self.age if math.isnan(description.age) else description.age,
            sex=description.sex or self.sex,
            start=description.start or self.start,
            device=description.device or self.device,
            labels=_joined_labels(self.labels, description.labels),
            notes=tuple(dict.fromkeys(self.notes + description.notes)),
        )

    def __repr__(self) -> str:
        leads = ", ".join(self.leads[:12]) + (" …" if len(self.leads) > 12 else "")
        return (
            f"<Record {self.id}: {len(self.leads)} leads ({leads}), "
            f"{self.duration_s:g} s at {self.native_hz:g} Hz{f', {self.format}' if self.format else ''}>"
        )

    def _repr_html_(self) -> str:
        from ecgomics.records.picture import as_html

        return as_html(self)


def _joined_labels(first: tuple[Label, ...], second: tuple[Label, ...]) -> tuple[Label, ...]:
    joined: dict[tuple[str, str], Label] = {}
    for label in first + second:
        # LUDB's table and headers spell the same statement in different cases
        joined.setdefault((label.system, label.code.casefold()), label)
    return tuple(joined.values())
