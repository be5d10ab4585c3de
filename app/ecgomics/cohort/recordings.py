"""Recordings of a store as arrays, and as the `Record` their file was."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from ecgomics.cohort.layout import LEAD_SEPARATOR
from ecgomics.cohort.opened import Opened
from ecgomics.cohort.reported import pairs_of
from ecgomics.records import Annotation, Label, Record


def as_ecg(
    values: npt.NDArray[Any], dims: tuple[str, ...], *, coords: Mapping[str, Any], rate_hz: float
) -> xr.DataArray:
    """Samples in mV as the house's signal block."""
    attrs = {"rate_hz": rate_hz, "units": "mV"}
    return xr.DataArray(values, dims=dims, coords=coords, attrs=attrs, name="ecg")


def ecg_of(opened: Opened, record: str, *, start: int = 0, stop: int | None = None) -> xr.DataArray:
    """A stretch of a recording; see `Cohort.ecg`."""
    strip = opened.strip(record)
    values = strip.fixed.decode(np.asarray(strip.signal[:, start:stop]))
    return as_ecg(values, ("lead", "time"), coords={"lead": list(strip.leads)}, rate_hz=strip.rate_hz)


def stored_record(opened: Opened, identity: str) -> Record:
    """A recording with all its file knew about itself; see `Cohort.record`."""
    ecg = ecg_of(opened, identity)
    row: dict[Any, Any] = opened.records.loc[identity].to_dict()
    labels = opened.labels[opened.labels["record"] == identity]
    told = opened.reported
    measured = told.measurements[told.measurements["record"] == identity]
    marked = told.annotations[told.annotations["record"] == identity]
    found = Record(
        ecg=ecg,
        native_hz=float(ecg.attrs["rate_hz"]),
        source=row["source"],
        patient="" if row["patient"] == identity else row["patient"],
        age=float(row["age"]),
        sex=row["sex"],
        start=_moment(row["start"]),
        device=row["device"],
        labels=tuple(Label(*said) for said in labels[["system", "code", "likelihood"]].itertuples(index=False)),
        derived_leads=tuple(name for name in row["derived_leads"].split(LEAD_SEPARATOR) if name),
        notes=tuple(note for note in row["notes"].split("\n") if note),
        format=row["format"],
        step_uv=pairs_of(row["step_uv"]),
        filters=pairs_of(row["filters"]),
        measurements={
            name: (value, unit) for name, value, unit in measured[["name", "value", "unit"]].itertuples(index=False)
        },
        annotations=tuple(
            Annotation(at, code, system, lead=lead, end_s=None if math.isnan(end) else end)
            for at, end, lead, system, code in marked[["time_s", "end_s", "lead", "system", "code"]].itertuples(
                index=False
            )
        ),
        median_beat=told.beat(identity),
    )
    # the id is of the samples as they were read, not as they were rounded and brought to the common rate
    vars(found)["id"] = identity
    return found


def _moment(value: Any) -> datetime | None:
    return None if pd.isna(value) else pd.Timestamp(value).to_pydatetime()
