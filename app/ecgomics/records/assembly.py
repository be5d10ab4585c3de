"""`assemble`: raw samples and what their file says → a `Record`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from ecgomics.errors import FormatError
from ecgomics.records.limb import derive_limb_leads, limb_sums
from ecgomics.records.pieces import PIECE_SAMPLES, Laid, Pieces, Row
from ecgomics.records.record import Annotation, Description, Measurements, Record
from ecgomics.vocabulary import lead_order, normalise_lead

RATE_BOUNDS_HZ = (20.0, 100_000.0)
"""Sampling rates outside this are taken for damage."""

MAX_ANNOTATIONS = 2_000_000


@dataclass(frozen=True)
class Median:
    """A file's representative beat: samples of dims ``(lead, offset)``, mV; lead names in any spelling; rate in Hz."""

    samples_mv: npt.NDArray[np.floating]
    names: Sequence[str]
    rate_hz: float


@dataclass(frozen=True)
class Beside:
    """What a file holds beside its samples and its description.

    Parameters
    ----------
    measurements, annotations, filters
        As in `Record`; what is no number, and a filter of 0 Hz, is left out.
    median
        The file's representative beat.
    step_uv
        Smallest step of each stored lead, µV, in the order of the names; NaN where it has none.
    """

    measurements: Measurements = field(default_factory=dict)
    annotations: Sequence[Annotation] = ()
    filters: Mapping[str, float] = field(default_factory=dict)
    median: Median | None = None
    step_uv: Sequence[float] = ()


def assemble(
    samples_mv: npt.NDArray[np.floating] | Pieces,
    names: Sequence[str],
    *,
    rate_hz: float,
    source: str,
    description: Description | None = None,
    notes: Sequence[str] = (),
    beside: Beside | None = None,
    spool: Path | None = None,
) -> Record:
    """Make a record of raw samples: names spelled as the house does, limb leads completed, damage refused.

    Parameters
    ----------
    samples_mv
        Dims ``(lead, time)``, any float type, mV; NaN and infinities mean missing. Or pieces of that; what they add
        to `notes` while they are read is kept.
    names
        One name a lead, in any spelling.
    rate_hz
        Sampling rate, Hz; 20 to 100 000.
    source, description, notes
        As in `Record`.
    beside
        Measurements, annotations, median beat, filters and steps, where the file has them.
    spool
        File for the samples of a long recording in pieces, which are then read from there and not held in memory; the
        caller removes it when done with the record.

    Raises
    ------
    FormatError
        Without samples, without one finite sample, or with an impossible rate.
    """
    rate = _checked_rate(rate_hz)
    spelled, renamed = _unique(names)
    signal: Laid | tuple[npt.NDArray[np.float32], int]
    if isinstance(samples_mv, Pieces) and spool is not None and samples_mv.size > PIECE_SAMPLES:
        signal = samples_mv.laid(spool)
    else:
        signal = _gathered(samples_mv)
    held = list(signal.alive) if isinstance(signal, Laid) else [bool(np.isfinite(lead).any()) for lead in signal[0]]
    if len(held) != len(spelled):
        raise FormatError("a recording without samples", expected="at least one lead with samples")
    infinite = signal.infinite if isinstance(signal, Laid) else signal[1]
    said = [*notes, *([f"{infinite} infinite samples taken for missing"] if infinite else []), *renamed]
    if not any(held):
        raise FormatError(
            "a recording with no finite sample", expected="at least one lead with numbers", remedy="check its export"
        )
    samples = signal if isinstance(signal, Laid) else signal[0]
    ecg, derived = _block(samples, spelled, rate_hz=rate, along="time")
    extra = beside or Beside()
    record = Record(
        ecg=ecg,
        native_hz=rate,
        source=source,
        derived_leads=derived,
        step_uv={name: float(step) for name, step in zip(spelled, extra.step_uv, strict=False) if step > 0},
        filters={name: float(value) for name, value in extra.filters.items() if value > 0},
        measurements=_finite(extra.measurements),
        annotations=_in_order(extra.annotations),
        median_beat=_median(extra.median, said),
        notes=tuple(dict.fromkeys(said)),
    )
    return record if description is None else record.described(description)


def _gathered(samples_mv: npt.NDArray[np.floating] | Pieces) -> tuple[npt.NDArray[np.float32], int]:
    """Samples in memory, and how many infinite ones were taken for missing."""
    whole = samples_mv.gathered() if isinstance(samples_mv, Pieces) else samples_mv
    samples = np.array(whole, dtype=np.float32, copy=not isinstance(samples_mv, Pieces))
    if samples.ndim != 2 or samples.size == 0:
        raise FormatError("a recording without samples", expected="at least one lead with samples")
    infinite = np.isinf(samples)
    samples[infinite] = np.nan
    return samples, int(infinite.sum())


def _block(
    samples: npt.NDArray[np.float32] | Laid, names: list[str], *, rate_hz: float, along: str
) -> tuple[xr.DataArray, tuple[str, ...]]:
    """Leads in the usual order with the missing limb leads derived, and which those are."""
    if isinstance(samples, Laid):
        sums = limb_sums(names, alive=[name for name, alive in zip(names, samples.alive, strict=True) if alive])
        derived, spelled = tuple(sums), [*names, *sums]
        order = lead_order(spelled)
        own: dict[str, Row] = {name: ((place, 1.0),) for place, name in enumerate(names)}
        values: Any = samples.variable([(own | sums)[name] for name in order], along=along)
    else:
        completed, spelled, derived = derive_limb_leads(samples, names)
        order = lead_order(spelled)
        rows = [spelled.index(name) for name in order]
        # a day of twelve leads is not copied for nothing
        values = (("lead", along), completed if rows == list(range(len(rows))) else completed[rows])
    variable = values if isinstance(values, xr.Variable) else xr.Variable(*values)
    block = xr.DataArray(
        variable,
        coords={"lead": np.array(order, dtype=str)},
        name="ecg" if along == "time" else "median_beat",
        attrs={"rate_hz": rate_hz, "units": "mV"},
    )
    return block, tuple(name for name in order if name in derived)


def _median(median: Median | None, notes: list[str]) -> xr.DataArray | None:
    if median is None:
        return None
    samples = np.array(median.samples_mv, dtype=np.float32, copy=True)
    low, high = RATE_BOUNDS_HZ
    usable = samples.ndim == 2 and samples.size and len(samples) == len(median.names) and np.isfinite(samples).any()
    if not usable or not low <= median.rate_hz <= high:
        notes.append("a representative beat that cannot be used left out")
        return None
    names, _ = _unique(median.names)
    return _block(samples, names, rate_hz=float(median.rate_hz), along="offset")[0]


def _finite(measurements: Measurements) -> dict[str, tuple[float, str]]:
    return {name: (float(value), unit) for name, (value, unit) in measurements.items() if math.isfinite(value)}


def _in_order(annotations: Sequence[Annotation]) -> tuple[Annotation, ...]:
    if len(annotations) > MAX_ANNOTATIONS:
        raise FormatError(f"{len(annotations)} annotations", expected=f"at most {MAX_ANNOTATIONS}")
    timed = (annotation for annotation in annotations if math.isfinite(annotation.time_s))
    return tuple(sorted(timed, key=lambda annotation: annotation.time_s))


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


def _unique(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Normalised names, each once; and notes on what had to be invented."""
    result: list[str] = []
    notes: list[str] = []
    for position, name in enumerate(names, start=1):
        spelled = normalise_lead(str(name)) or f"ch{position}"
        if not str(name).strip():
            notes.append(f"lead {position} has no name")
        if spelled in result:
            notes.append(f"lead name {spelled} occurs more than once; later ones are numbered")
            spelled = next(s for k in range(2, len(names) + 2) if (s := f"{spelled}_{k}") not in result)
        result.append(spelled)
    return result, notes
