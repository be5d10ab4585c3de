"""`Record`: one recording in mV and all its file knew about itself."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from ecgomics.errors import FormatError
from ecgomics.records.limb import derive_limb_leads
from ecgomics.vocabulary import lead_order, normalise_lead

Sex = Literal["M", "F", ""]

RATE_BOUNDS_HZ = (20.0, 100_000.0)
"""Sampling rates outside this are taken for damage."""


@dataclass(frozen=True)
class Label:
    """A statement somebody else made about a recording.

    Parameters
    ----------
    system
        Where the code comes from: ``ptbxl-scp``, ``ptbxl-superclass``, ``snomed-ct``, ``wfdb-comment``, ``table``,
        ``synthetic``.
    code
        The statement's code or text in that system.
    likelihood
        0 to 100 %. PTB-XL gives 0 to form and rhythm statements, which means "stated without a likelihood".
    """

    system: str
    code: str
    likelihood: float = 100.0


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

    @cached_property
    def id(self) -> str:
        """Content hash, 16 hex characters: of the samples (float32, little-endian), the rate and the lead names."""
        samples = np.ascontiguousarray(self.ecg.values, dtype="<f4")
        gaps = np.isnan(samples)
        if gaps.any():
            # every NaN has one bit pattern, or equal recordings could differ
            samples = np.where(gaps, np.float32(np.nan), samples).astype("<f4")
        digest = hashlib.sha256(samples.tobytes())
        digest.update(repr(float(self.native_hz)).encode())
        digest.update("\x1f".join(map(str, self.ecg["lead"].values)).encode())
        return digest.hexdigest()[:16]

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

    def _repr_html_(self) -> str:
        from html import escape

        rows = {
            "source": self.source,
            "leads": ", ".join(self.leads),
            "derived": ", ".join(self.derived_leads) or "none",
            "rate": f"{self.native_hz:g} Hz",
            "duration": f"{self.duration_s:g} s",
            "age, sex": f"{'?' if math.isnan(self.age) else format(self.age, 'g')}, {self.sex or '?'}",
            "labels": ", ".join(label.code for label in self.labels) or "none",
            "notes": "; ".join(self.notes) or "none",
        }
        body = "".join(f"<tr><th>{escape(key)}</th><td>{escape(value)}</td></tr>" for key, value in rows.items())
        return f"<table><caption>Record {self.id}</caption>{body}</table>"


def assemble(
    samples_mv: npt.NDArray[np.floating],
    names: Sequence[str],
    *,
    rate_hz: float,
    source: str,
    description: Description | None = None,
    notes: Sequence[str] = (),
) -> Record:
    """Make a record of raw samples: names spelled as the house does, limb leads completed, damage refused.

    Parameters
    ----------
    samples_mv
        Dims ``(lead, time)``, any float type, mV; NaN and infinities mean missing.
    names
        One name a lead, in any spelling.
    rate_hz
        Sampling rate, Hz; 20 to 100 000.
    source, description, notes
        As in `Record`.

    Raises
    ------
    FormatError
        Without samples, without one finite sample, or with an impossible rate.
    """
    rate = _checked_rate(rate_hz)
    samples = np.array(samples_mv, dtype=np.float32, copy=True)
    if samples.ndim != 2 or samples.size == 0 or samples.shape[0] != len(names):
        raise FormatError("a recording without samples", expected="at least one lead with samples")
    said = list(notes)
    infinite = np.isinf(samples)
    if infinite.any():
        samples[infinite] = np.nan
        said.append(f"{int(infinite.sum())} infinite samples taken for missing")
    if not np.isfinite(samples).any():
        raise FormatError(
            "a recording with no finite sample", expected="at least one lead with numbers", remedy="check its export"
        )
    spelled = _unique(names, said)
    completed, spelled, derived = derive_limb_leads(samples, spelled)
    order = lead_order(spelled)
    rows = [spelled.index(name) for name in order]
    ecg = xr.DataArray(
        completed[rows],
        dims=("lead", "time"),
        coords={"lead": np.array(order, dtype=str)},
        attrs={"rate_hz": rate, "units": "mV"},
        name="ecg",
    )
    record = Record(
        ecg=ecg,
        native_hz=rate,
        source=source,
        derived_leads=tuple(name for name in order if name in derived),
        notes=tuple(dict.fromkeys(said)),
    )
    return record if description is None else record.described(description)


def _checked_rate(rate_hz: float) -> float:
    low, high = RATE_BOUNDS_HZ
    rate = float(rate_hz)
    if not (math.isfinite(rate) and low <= rate <= high):
        raise FormatError(
            f"a sampling rate of {rate:g} Hz",
            expected=f"{low:g} to {high:g} Hz",
            remedy="correct the rate the file or the call states",
        )
    return rate


def _unique(names: Sequence[str], notes: list[str]) -> list[str]:
    """Normalised names, each once; what had to be invented is noted."""
    result: list[str] = []
    for position, name in enumerate(names, start=1):
        spelled = normalise_lead(str(name)) or f"ch{position}"
        if not str(name).strip():
            notes.append(f"lead {position} has no name")
        if spelled in result:
            notes.append(f"lead name {spelled} occurs more than once; later ones are numbered")
            spelled = next(s for k in range(2, len(names) + 2) if (s := f"{spelled}_{k}") not in result)
        result.append(spelled)
    return result


def _joined_labels(first: tuple[Label, ...], second: tuple[Label, ...]) -> tuple[Label, ...]:
    joined: dict[tuple[str, str], Label] = {}
    for label in first + second:
        # LUDB's table and headers spell the same statement in different cases
        joined.setdefault((label.system, label.code.casefold()), label)
    return tuple(joined.values())
