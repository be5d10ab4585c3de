"""A bare array and what goes with it → a record: NumPy, MATLAB and HDF5 files share this."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ecgomics.errors import FormatError
from ecgomics.records.assembly import Beside, assemble
from ecgomics.records.pieces import Pieces, Samples, steps
from ecgomics.records.record import Description, Record
from ecgomics.records.stated import Stated
from ecgomics.records.units import mv_per
from ecgomics.vocabulary import LEADS, normalise_lead

MAX_SAMPLES = 400_000_000
MAX_LEADS = 64

SIGNAL_KEYS = ("ecg", "signal", "signals", "data", "x", "tracings", "tracing", "val")
RATE_KEYS = ("rate_hz", "fs", "sampling_rate", "sampling_frequency", "sample_rate", "rate", "sfreq", "freq")
UNIT_KEYS = ("unit", "units")
LEAD_KEYS = ("leads", "lead", "lead_names", "channels", "sig_name")

HOW = (
    "state them (ingest --stated-hz --stated-unit, report and inspect --rate-hz --unit, in Python rate_hz= and unit=), "
    "or write them into the file (CSV: a first line '# rate_hz=500 unit=mV')"
)


@dataclass(frozen=True)
class Own:
    """What a file states about its array, if anything."""

    rate_hz: float | None = None
    unit: str | None = None
    leads: list[str] | None = None


def stated_in(values: Mapping[str, Any]) -> Own:
    """Rate, unit and lead names among named values (keys in lower case)."""
    unit, leads = first_of(values, UNIT_KEYS), first_of(values, LEAD_KEYS)
    return Own(
        rate_hz=as_number(first_of(values, RATE_KEYS)),
        unit=None if unit is None else _word(unit) or None,
        leads=None
        if leads is None
        else [_word(name) for name in np.atleast_1d(np.asarray(leads, dtype=object).ravel())],
    )


class Values(Protocol):
    """An array, in memory or in a file, that is read by slices."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of its elements."""

    @property
    def ndim(self) -> int:
        """Number of its dims."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""

    @property
    def size(self) -> int:
        """Number of its elements."""

    def __getitem__(self, key: Any) -> Any: ...


def from_array(
    array: Values,
    *,
    stated: Stated,
    names: Sequence[str] | None,
    source: str,
    notes: Sequence[str],
    description: Description | None = None,
) -> Record:
    """Make a record of one array.

    Parameters
    ----------
    array
        Numbers of dims ``(lead, time)`` or ``(time, lead)``, or one lead; the longer axis is time. Read when the record
        is made, not later.
    stated
        Rate and unit; both are needed. Into its spool a long array goes piece by piece.
    names
        Lead names, or None: twelve leads are then taken in the usual order.

    Raises
    ------
    FormatError
        For another kind or shape of array, or without a rate or a unit.
    """
    said = list(notes)
    if array.dtype.kind not in "iuf" or array.ndim not in (1, 2) or array.size == 0:
        raise FormatError(
            f"an array of {array.ndim} dimensions and kind {array.dtype.kind!r}",
            expected="one recording: numbers of dims (lead, time) or (time, lead)",
            remedy="save one file per recording",
        )
    if array.size > MAX_SAMPLES:
        raise FormatError("an array of too many samples", expected=f"at most {MAX_SAMPLES}")
    if stated.rate_hz is None or stated.unit is None:
        lacking = "sampling rate" if stated.rate_hz is None else "unit"
        raise FormatError(f"an array that states no {lacking}", expected="a rate in Hz and a unit", remedy=HOW)
    upright = array.ndim == 2 and array.shape[0] > array.shape[1]
    leads, samples = (1, array.shape[0]) if array.ndim == 1 else sorted(array.shape)
    if upright:
        said.append("more rows than columns: taken as (time, lead)")
    if leads > MAX_LEADS:
        raise FormatError(f"an array of {leads} leads", expected=f"at most {MAX_LEADS}")
    named = named_leads([""] * leads if names is None else list(names), said)
    factor = mv_per(stated.unit)
    step_uv = [factor * 1e3] * leads if array.dtype.kind in "iu" else []
    return assemble(
        Pieces(leads, samples, _pieces(array, leads, samples=samples, upright=upright, factor=factor)),
        named,
        rate_hz=stated.rate_hz,
        source=source,
        notes=said,
        description=description,
        beside=Beside(step_uv=step_uv),
        spool=stated.spool,
    )


def _pieces(array: Values, leads: int, *, samples: int, upright: bool, factor: float) -> Iterator[Samples]:
    """The array in stretches of time, dims ``(lead, time)``, mV."""
    for start, stop in steps(samples, width=leads):
        part = np.asarray(array[start:stop] if upright or array.ndim == 1 else array[:, start:stop], dtype=np.float64)
        yield np.atleast_2d(part.T if upright else part) * factor


def named_leads(names: list[str], notes: list[str]) -> list[str]:
    """Names as given; twelve nameless leads are taken in the usual order."""
    if all(name == "" for name in names):
        if len(names) == len(LEADS):
            notes.append("leads without names: the usual order I, II, III, aVR, aVL, aVF, V1–V6 assumed")
            return list(LEADS)
        notes.append("leads without names: numbered")
        return [f"ch{k}" for k in range(1, len(names) + 1)]
    return [normalise_lead(name) for name in names]


def first_of(values: Mapping[str, Any], keys: Sequence[str]) -> Any:
    """The value of the first key that is there."""
    return next((values[key] for key in keys if key in values), None)


def as_number(value: Any) -> float | None:
    """A stated rate as a number, from a number, an array of one, or text.

    Raises
    ------
    FormatError
        When it is stated but no number.
    """
    if value is None:
        return None
    try:
        text = value.decode() if isinstance(value, bytes) else value
        return float(np.asarray(json.loads(text) if isinstance(text, str) else text).reshape(-1)[0])
    except (ValueError, TypeError, IndexError, OverflowError):
        raise FormatError("a stated sampling rate that is no number", expected="a rate in Hz") from None


def _word(value: Any) -> str:
    while isinstance(value, np.ndarray):
        value = value.flat[0] if value.size else ""
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value).strip()
