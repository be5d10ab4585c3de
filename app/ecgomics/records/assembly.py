"""`assemble`: raw samples and what their file says → a `Record`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import xarray as xr

from ecgomics.errors import FormatError
from ecgomics.records.limb import derive_limb_leads
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
        As in `Record`.
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
    samples_mv: npt.NDArray[np.floating],
    names: Sequence[str],
    *,
    rate_hz: float,
    source: str,
    description: Description | None = None,
    notes: Sequence[str] = (),
    beside: Beside | None = None,
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
    beside
        Measurements, annotations, median beat, filters and steps, where the file has them.

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
    ecg, derived = _block(samples, spelled, rate_hz=rate, along="time")
    extra = beside or Beside()
    record = Record(
        ecg=ecg,
        native_hz=rate,
        source=source,
        derived_leads=derived,
        step_uv={name: float(step) for name, step in zip(spelled, extra.step_uv, strict=False) if step > 0},
        filters=dict(extra.filters),
        measurements=_finite(extra.measurements),
        annotations=_in_order(extra.annotations),
        median_beat=_median(extra.median, said),
        notes=tuple(dict.fromkeys(said)),
    )
    return record if description is None else record.described(description)


def _block(
    samples: npt.NDArray[np.float32], names: list[str], *, rate_hz: float, along: str
) -> tuple[xr.DataArray, tuple[str, ...]]:
    """Leads in the usual order with the missing limb leads derived, and which those are."""
    completed, spelled, derived = derive_limb_leads(samples, names)
    order = lead_order(spelled)
    rows = [spelled.index(name) for name in order]
    block = xr.DataArray(
        # a day of twelve leads is not copied for nothing
        completed if rows == list(range(len(rows))) else completed[rows],
        dims=("lead", along),
        coords={"lead": np.array(order, dtype=str)},
        attrs={"rate_hz": rate_hz, "units": "mV"},
        name="ecg" if along == "time" else "median_beat",
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
    names = _unique(median.names, [])
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
