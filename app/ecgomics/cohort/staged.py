"""One recording on its way into a cohort: encoded samples and a description, side by side in the staging directory."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ecgomics.cohort.layout import LEAD_SEPARATOR, MILLIVOLTS, FixedPoint
from ecgomics.cohort.reported import pairs_as_text, said_by
from ecgomics.cohort.resample import resample
from ecgomics.errors import FormatError
from ecgomics.records import Record
from ecgomics.settings import IngestSettings

_PIECE = 1 << 20


@dataclass(frozen=True)
class Staged:
    """A recording staged for a cohort.

    Parameters
    ----------
    row
        Its line of the record table, with ``record``.
    labels
        Its lines of the label table.
    leads
        Lead names in the order of the payload.
    scale
        mV of one step of the payload.
    payload
        File of int16 samples, dims ``(lead, time)``.
    said
        What its file reports beside them, as `reported.said_by` gives it.
    """

    row: dict[str, Any]
    labels: list[dict[str, Any]]
    leads: list[str]
    scale: float
    payload: str
    said: dict[str, Any] = field(default_factory=dict)

    def samples(self) -> npt.NDArray[np.int16]:
        """The encoded samples, mapped from their file."""
        shape = (len(self.leads), int(self.row["samples"]))
        return np.memmap(self.payload, dtype="<i2", mode="r", shape=shape)

    def pieces(self, samples: int) -> Iterator[npt.NDArray[np.int16]]:
        """The encoded samples, dims ``(lead, time)``, so many of each lead at a time; nothing stays mapped."""
        for start in range(0, int(self.row["samples"]), samples):
            yield np.array(self.samples()[:, start : start + samples])


@dataclass(frozen=True)
class Refused:
    """A file that could not be read; its line of the quarantine table."""

    quarantine: dict[str, Any] = field(default_factory=dict)


def stage(record: Record, directory: Path, *, key: str, settings: IngestSettings) -> Staged:
    """Encode a recording and write it down.

    Parameters
    ----------
    record
        The recording.
    directory
        Where its two files go.
    key
        Their name.
    settings
        Common rate and the limit between short and long.

    Raises
    ------
    FormatError
        When no lead has a finite sample.
    """
    peak = max((_peak(part) for part in record.parts(_PIECE)), default=-math.inf)
    if math.isinf(peak):
        raise FormatError("no lead holds a number", expected="at least one lead with samples", remedy="leave it out")
    notes = list(record.notes)
    payload = directory / f"{key}.i2"
    if record.ecg.sizes["time"] / record.native_hz <= settings.short_s:
        values = np.asarray(record.ecg.transpose("lead", "time").values, dtype=np.float32)
        values = resample(values, from_hz=record.native_hz, to_hz=settings.rate_hz)
        kind, count, fixed = "short", values.shape[1], MILLIVOLTS
        clipped = int((np.abs(values) > fixed.limit).sum())
        if clipped:
            notes.append(f"{clipped} samples beyond {fixed.limit:g} mV were cut to it")
        parts: Iterable[npt.NDArray[np.float32]] = values
    else:
        kind, count, fixed = "long", record.ecg.sizes["time"], _scale_for(peak)
        parts = record.parts(_PIECE)
    row = _row(record, kind=kind, samples=count, notes=notes)
    with payload.open("wb") as stream:
        for part in parts:
            stream.write(fixed.encode(part).astype("<i2").tobytes())
    leads = row["leads"].split(LEAD_SEPARATOR)
    staged = Staged(row, _labels(record), leads, fixed.scale, str(payload), said_by(record))
    write_outcome(staged, directory, key=key)
    return staged


def refuse(directory: Path, *, key: str, quarantine: dict[str, Any]) -> Refused:
    """Write down that a file could not be read."""
    refused = Refused(quarantine)
    write_outcome(refused, directory, key=key)
    return refused


def write_outcome(outcome: Staged | Refused, directory: Path, *, key: str) -> None:
    """Record the outcome for a file, whole or not at all."""
    draft = directory / f"{key}.partial"
    draft.write_text(json.dumps(asdict(outcome)))
    os.replace(draft, directory / f"{key}.json")


def read_outcome(directory: Path, *, key: str) -> Staged | Refused | None:
    """What an earlier run found for a file; None when it did not come to it."""
    try:
        found = json.loads((directory / f"{key}.json").read_text())
    except (FileNotFoundError, ValueError):
        return None
    if "quarantine" in found:
        return Refused(**found)
    payload = directory / f"{key}.i2"
    staged = Staged(**{**found, "payload": str(payload)})
    expected = 2 * len(staged.leads) * int(staged.row["samples"])
    return staged if payload.exists() and payload.stat().st_size == expected else None


def key_of(*parts: object) -> str:
    """A short name for a file in a certain state, for staging it once."""
    # a path may hold bytes that are no UTF-8
    return hashlib.sha256("\x1f".join(map(str, parts)).encode(errors="surrogateescape")).hexdigest()[:24]


def _peak(part: npt.NDArray[np.float32]) -> float:
    """Largest magnitude, mV; −∞ without a number, so that it loses to any."""
    finite = part[np.isfinite(part)]
    return float(np.abs(finite).max()) if finite.size else -math.inf


def _scale_for(peak: float) -> FixedPoint:
    scale = MILLIVOLTS.scale * max(1, math.ceil(peak / MILLIVOLTS.limit))
    return FixedPoint(MILLIVOLTS.dtype, scale, MILLIVOLTS.decoded)


def _row(record: Record, *, kind: str, samples: int, notes: list[str]) -> dict[str, Any]:
    return {
        "record": record.id,
        "source": record.source,
        "patient": record.patient or record.id,
        "age": float(record.age),
        "sex": record.sex,
        "native_hz": float(record.native_hz),
        "duration_s": float(record.ecg.sizes["time"] / record.native_hz),
        "start": _stamp(record.start),
        "device": record.device,
        "kind": kind,
        "samples": samples,
        "leads": LEAD_SEPARATOR.join(str(lead).replace(LEAD_SEPARATOR, ",") for lead in record.ecg["lead"].values),
        "derived_leads": LEAD_SEPARATOR.join(record.derived_leads),
        "notes": "\n".join(notes),
        "format": record.format,
        "filters": pairs_as_text(record.filters),
        "step_uv": pairs_as_text(record.step_uv),
    }


def _stamp(start: datetime | None) -> str | None:
    return None if start is None else start.replace(tzinfo=None).isoformat(timespec="milliseconds")


def _labels(record: Record) -> list[dict[str, Any]]:
    return [
        {"record": record.id, "system": label.system, "code": label.code, "likelihood": float(label.likelihood)}
        for label in record.labels
    ]
