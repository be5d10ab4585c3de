"""Signals in tables (CSV and its relatives, Parquet) and arrays (`.npy`, `.npz`), with stated rate and unit."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ecgomics.errors import FormatError
from ecgomics.records.array_signal import (
    HOW,
    MAX_LEADS,
    MAX_SAMPLES,
    RATE_KEYS,
    SIGNAL_KEYS,
    UNIT_KEYS,
    as_number,
    first_of,
    from_array,
    named_leads,
    stated_in,
)
from ecgomics.records.assembly import assemble
from ecgomics.records.grid import on_regular_grid
from ecgomics.records.record import Description, Record
from ecgomics.records.stated import Stated
from ecgomics.records.text_table import NamedColumn, TextTable, named_column, read_text
from ecgomics.records.units import mv_per


def read_csv(path: Path, *, stated: Stated) -> Record:
    """Read a text table whose columns are leads, with a time column or a stated rate.

    Raises
    ------
    FormatError
        When it is no table of numbers, or rate or unit are not stated.
    """
    return from_columns(read_text(path), stated=stated, source=path.stem)


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
        rate_hz=as_number(first_of(meta, RATE_KEYS)),
        unit=_text(first_of(meta, UNIT_KEYS)),
        notes=("columns that are no numbers left out",) if len(kept) < len(names) else (),
    )
    return from_columns(table, stated=stated, source=path.stem)


def read_npy(path: Path, *, stated: Stated) -> Record:
    """Read a NumPy array of dims (lead, time) or (time, lead), or one lead."""
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    return from_array(array, stated=stated, names=None, source=path.stem, notes=[])


def read_npz(path: Path, *, stated: Stated) -> Record:
    """Read a NumPy archive with a signal (`ecg`, `signal` or `data`) and, if there, `rate_hz`, `unit` and `leads`."""
    with zipfile.ZipFile(path) as archive:
        if sum(item.file_size for item in archive.infolist()) > MAX_SAMPLES * 8:
            raise FormatError("a NumPy archive of too many samples", expected=f"at most {MAX_SAMPLES}")
    with np.load(path, allow_pickle=False) as archive:
        lower = {key.lower(): archive[key] for key in archive.files}
    signal = first_of(lower, SIGNAL_KEYS)
    if signal is None:
        raise FormatError("a NumPy archive without a signal", expected=f"an array named {', '.join(SIGNAL_KEYS)}")
    own = stated_in(lower)
    merged = Stated(stated.rate_hz or own.rate_hz, stated.unit or own.unit, stated.spool)
    return from_array(signal, stated=merged, names=own.leads, source=path.stem, notes=[])


def from_columns(table: TextTable, *, stated: Stated, source: str, description: Description | None = None) -> Record:
    """Make a record of columns: one of time, if there is one, and the leads.

    Raises
    ------
    FormatError
        Without a lead, a rate or a unit, or with too many leads.
    """
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
        raise FormatError("a table that states no sampling rate", expected="a rate or a time column", remedy=HOW)
    names = named_leads([column.name for column in columns], notes)
    return assemble(values * factors[:, None], names, rate_hz=rate, source=source, notes=notes, description=description)


def _factors(columns: Sequence[NamedColumn], *, stated: Stated, unit: str | None) -> npt.NDArray[np.float64]:
    units = [stated.unit or column.unit or unit for column in columns]
    if any(word is None for word in units):
        raise FormatError("a table that states no unit", expected="mV, uV or V", remedy=HOW)
    return np.array([mv_per(str(word)) for word in units])


def _text(value: Any) -> str | None:
    return None if value is None else str(value).strip('"')
