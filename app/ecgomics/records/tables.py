"""Signals in tables (CSV and its relatives, Parquet) and arrays (`.npy`, `.npz`), with stated rate and unit."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ecgomics.errors import FormatError
from ecgomics.records.grid import on_regular_grid
from ecgomics.records.record import Record, assemble
from ecgomics.records.text_table import NamedColumn, TextTable, named_column, read_text
from ecgomics.records.units import mv_per
from ecgomics.vocabulary import LEADS, normalise_lead

MAX_SAMPLES = 400_000_000
MAX_LEADS = 64

_SIGNAL_KEYS = ("ecg", "signal", "signals", "data", "x")
_RATE_KEYS = ("rate_hz", "fs", "sampling_rate", "sampling_frequency", "rate", "sfreq")
_UNIT_KEYS = ("unit", "units")
_LEAD_KEYS = ("leads", "lead", "lead_names", "channels", "sig_name")

_HOW = "state rate_hz= and unit=, or write them into the file (CSV: a first line '# rate_hz=500 unit=mV')"


@dataclass(frozen=True)
class Stated:
    """What the call and the file state about a table; the call wins."""

    rate_hz: float | None = None
    unit: str | None = None


def read_csv(path: Path, *, stated: Stated) -> Record:
    """Read a text table whose columns are leads, with a time column or a stated rate.

    Raises
    ------
    FormatError
        When it is no table of numbers, or rate or unit are not stated.
    """
    return _from_columns(read_text(path), stated=stated, source=path.stem)


def read_parquet(path: Path, *, stated: Stated) -> Record:
    """Read a Parquet file whose columns are leads; `rate_hz` and `unit` may stand in its schema metadata."""
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path)
    rows, columns = file.metadata.num_rows, file.metadata.num_columns
    if rows * columns > MAX_SAMPLES:
        raise FormatError("a Parquet file of too many samples", expected=f"at most {MAX_SAMPLES}")
    meta = {
        key.decode(): value.decode() for key, value in (file.schema_arrow.metadata or {}).items() if key != b"pandas"
    }
    frame = file.read().to_pandas(ignore_metadata=True)
    names = [str(name) for name in frame.columns]
    numeric = [np.issubdtype(dtype, np.number) if isinstance(dtype, np.dtype) else False for dtype in frame.dtypes]
    kept = [name for name, good in zip(names, numeric, strict=True) if good]
    table = TextTable(
        columns=tuple(named_column(name) for name in kept),
        values=frame[kept].to_numpy(dtype=np.float64).T if kept else np.empty((0, 0)),
        rate_hz=_number(_first(meta, _RATE_KEYS)),
        unit=_text(_first(meta, _UNIT_KEYS)),
        notes=("columns that are no numbers left out",) if len(kept) < len(names) else (),
    )
    return _from_columns(table, stated=stated, source=path.stem)


def read_npy(path: Path, *, stated: Stated) -> Record:
    """Read a NumPy array of dims (lead, time) or (time, lead), or one lead."""
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    return _from_array(array, stated=stated, names=None, source=path.stem, notes=[])


def read_npz(path: Path, *, stated: Stated) -> Record:
    """Read a NumPy archive with a signal (`ecg`, `signal` or `data`) and, if there, `rate_hz`, `unit` and `leads`."""
    with zipfile.ZipFile(path) as archive:
        if sum(item.file_size for item in archive.infolist()) > MAX_SAMPLES * 8:
            raise FormatError("a NumPy archive of too many samples", expected=f"at most {MAX_SAMPLES}")
    with np.load(path, allow_pickle=False) as archive:
        lower = {key.lower(): archive[key] for key in archive.files}
    signal = _first(lower, _SIGNAL_KEYS)
    if signal is None:
        raise FormatError("a NumPy archive without a signal", expected=f"an array named {', '.join(_SIGNAL_KEYS)}")
    leads = _first(lower, _LEAD_KEYS)
    names = None if leads is None else [str(name) for name in np.atleast_1d(leads)]
    unit = _first(lower, _UNIT_KEYS)
    own = Stated(rate_hz=_number(_first(lower, _RATE_KEYS)), unit=None if unit is None else str(unit))
    merged = Stated(rate_hz=stated.rate_hz or own.rate_hz, unit=stated.unit or own.unit)
    return _from_array(signal, stated=merged, names=names, source=path.stem, notes=[])


def _from_columns(table: TextTable, *, stated: Stated, source: str) -> Record:
    notes = list(table.notes)
    time = next((k for k, column in enumerate(table.columns) if column.seconds is not None), None)
    leads = [k for k, column in enumerate(table.columns) if column.seconds is None and not column.is_index]
    if not leads or len(leads) > MAX_LEADS:
        raise FormatError(f"a table with {len(leads)} lead columns", expected=f"1 to {MAX_LEADS}")
    values, rate = table.values[leads], stated.rate_hz or table.rate_hz
    if time is not None:
        seconds = table.values[time] * float(table.columns[time].seconds or 1.0)
        values, measured, repairs = on_regular_grid(values, seconds)
        notes += repairs
        if rate is not None and abs(rate / measured - 1) > 0.01:
            notes.append(f"the stated rate, {rate:g} Hz, disagrees with the time column ({measured:g} Hz); stated kept")
        rate = rate or measured
    columns = [table.columns[k] for k in leads]
    factors = _factors(columns, stated=stated, unit=table.unit)
    if rate is None:
        raise FormatError("a table that states no sampling rate", expected="a rate or a time column", remedy=_HOW)
    names = _named([column.name for column in columns], notes)
    return assemble(values * factors[:, None], names, rate_hz=rate, source=source, notes=notes)


def _factors(columns: Sequence[NamedColumn], *, stated: Stated, unit: str | None) -> npt.NDArray[np.float64]:
    units = [stated.unit or column.unit or unit for column in columns]
    if any(word is None for word in units):
        raise FormatError("a table that states no unit", expected="mV, uV or V", remedy=_HOW)
    return np.array([mv_per(str(word)) for word in units])


def _from_array(
    array: npt.NDArray[Any], *, stated: Stated, names: list[str] | None, source: str, notes: list[str]
) -> Record:
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
        raise FormatError(f"an array that states no {lacking}", expected="a rate in Hz and a unit", remedy=_HOW)
    values = np.atleast_2d(np.asarray(array, dtype=np.float64))
    if array.ndim == 2 and values.shape[0] > values.shape[1]:
        values = values.T
        notes.append("more rows than columns: taken as (time, lead)")
    if values.shape[0] > MAX_LEADS:
        raise FormatError(f"an array of {values.shape[0]} leads", expected=f"at most {MAX_LEADS}")
    named = _named([""] * len(values) if names is None else names, notes)
    return assemble(values * mv_per(stated.unit), named, rate_hz=stated.rate_hz, source=source, notes=notes)


def _named(names: list[str], notes: list[str]) -> list[str]:
    """Names as given; twelve nameless leads are taken in the usual order."""
    if all(name == "" for name in names):
        if len(names) == len(LEADS):
            notes.append("leads without names: the usual order I, II, III, aVR, aVL, aVF, V1–V6 assumed")
            return list(LEADS)
        notes.append("leads without names: numbered")
        return [f"ch{k}" for k in range(1, len(names) + 1)]
    return [normalise_lead(name) for name in names]


def _first(values: Mapping[str, Any], keys: Sequence[str]) -> Any:
    return next((values[key] for key in keys if key in values), None)


def _number(value: Any) -> float | None:
    if value is None:
        return None
    try:
        return float(np.asarray(json.loads(value) if isinstance(value, str) else value).reshape(-1)[0])
    except (ValueError, TypeError, IndexError):
        raise FormatError("a stated sampling rate that is no number", expected="a rate in Hz") from None


def _text(value: Any) -> str | None:
    return None if value is None else str(value).strip('"')
