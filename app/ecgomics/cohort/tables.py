"""The tables of a cohort as pandas frames, and as arrays at the root of the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
import zarr

from ecgomics.cohort import lazy

RECORD_COLUMNS: dict[str, Any] = {
    "source": "text",  # stem of the original file
    "patient": "text",  # the record's own id when the patient is unknown
    "age": "float32",  # years; NaN unknown
    "sex": "text",  # M, F or empty
    "native_hz": "float64",
    "duration_s": "float64",
    "start": "datetime64[ms]",
    "device": "text",
    "kind": "text",  # short: in /signal; long: in /long/<record>
    "samples": "int64",  # at the common rate if short, at the native rate if long
    "leads": "text",  # parted by ;, recorded or derived
    "derived_leads": "text",
    "notes": "text",  # one a line
    "format": "text",  # kind of file it came from; empty when made in memory
    "filters": "text",  # name=value parted by ;, what the file says was applied
    "step_uv": "text",  # lead=µV parted by ;, the smallest step of the stored samples
}
"""Columns of the record table and their types; the index is the record's id."""

SINCE_2: dict[str, Any] = {"format": "", "filters": "", "step_uv": "", "offset": -1}
"""Columns that stores of layout 1 lack, and what they read as there."""

LABEL_COLUMNS: dict[str, Any] = {"record": "text", "system": "text", "code": "text", "likelihood": "float32"}
QUARANTINE_COLUMNS: dict[str, Any] = {
    "hash": "text",  # of the file's bytes, or the record's id when a stage failed
    "source": "text",
    "reader": "text",  # the reader or the stage
    "version": "text",
    "reason": "text",
    "offset": "int64",  # byte of the file at which it went wrong; -1: not known, or not at one place
}


def frame(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, Any]) -> pd.DataFrame:
    """A frame with exactly these columns and types; what a row lacks is empty, NaN or NaT."""
    listed = list(rows)
    series = {name: _typed([row.get(name) for row in listed], kind) for name, kind in columns.items()}
    return pd.DataFrame(series)


def record_frame(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """The record table of rows that hold ``record`` and the columns of `RECORD_COLUMNS`."""
    return frame(rows, {"record": "text", **RECORD_COLUMNS}).set_index("record")


def record_dataset(records: pd.DataFrame) -> xr.Dataset:
    """The record table as the root of the store; its index is the coordinate ``record``."""
    data = {name: ("record", _as_array(records[name])) for name in RECORD_COLUMNS}
    return xr.Dataset(data, coords={"record": records.index.to_numpy(dtype=object)})


def label_arrays(labels: pd.DataFrame) -> dict[str, Any]:
    """The label table as arrays ``label_*``, dim ``label``, by name."""
    return {f"label_{name}": _as_array(labels[name]) for name in LABEL_COLUMNS}


def quarantine_dataset(quarantine: pd.DataFrame) -> xr.Dataset:
    """The quarantine table as a node, dim ``quarantined``."""
    return xr.Dataset({name: ("quarantined", _as_array(quarantine[name])) for name in QUARANTINE_COLUMNS})


def read_records(root: zarr.Group) -> pd.DataFrame:
    """The record table of an open store."""
    index = pd.Index(_array(root, "record"), name="record", dtype=object)
    held = {name: _array(root, name) for name in RECORD_COLUMNS if name not in SINCE_2 or name in root}
    return pd.DataFrame({name: held.get(name, SINCE_2.get(name)) for name in RECORD_COLUMNS}, index=index)


def read_labels(root: zarr.Group) -> pd.DataFrame:
    """The label table of an open store."""
    return pd.DataFrame({name: _array(root, f"label_{name}") for name in LABEL_COLUMNS})


def read_quarantine(root: zarr.Group) -> pd.DataFrame:
    """The quarantine table of an open store."""
    group = root["quarantine"]
    held = {name: lazy.read(group[name]) for name in QUARANTINE_COLUMNS if name not in SINCE_2 or name in group}
    rows = len(held["hash"])
    columns = {name: held.get(name, np.full(rows, SINCE_2.get(name, ""))) for name in QUARANTINE_COLUMNS}
    return pd.DataFrame(columns)


def _array(root: zarr.Group, name: str) -> Any:
    return lazy.read(root[name])


def _typed(values: list[Any], kind: str) -> Any:
    if kind == "text":
        return pd.Series(["" if value is None else str(value) for value in values], dtype=object)
    if kind.startswith("datetime"):
        return pd.Series(np.array(["NaT" if v is None else v for v in values], dtype=kind))
    empty: Any = np.nan if kind.startswith("float") else 0
    return pd.Series([empty if value is None else value for value in values], dtype=kind)


def _as_array(column: pd.Series) -> Any:
    return column.to_numpy()
