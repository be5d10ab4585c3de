"""What the files themselves report: their measurements, annotations and representative beats, kept as they were."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
import zarr

from ecgomics.cohort import lazy
from ecgomics.cohort.layout import LEAD_SEPARATOR, MILLIVOLTS
from ecgomics.cohort.nodes import write_node
from ecgomics.cohort.tables import frame
from ecgomics.records import Record

NODE = "reported"

MEASUREMENT_COLUMNS: dict[str, Any] = {"record": "text", "name": "text", "value": "float64", "unit": "text"}
ANNOTATION_COLUMNS: dict[str, Any] = {
    "record": "text",
    "time_s": "float64",  # from the start of the record
    "end_s": "float64",  # NaN for a moment
    "lead": "text",  # empty: all
    "system": "text",
    "code": "text",
}
BEAT_COLUMNS: dict[str, Any] = {"record": "text", "rate_hz": "float64", "leads": "text", "first": "int64"}
"""Representative beats: ``first`` is where a beat's samples begin in ``sample_mv``, lead after lead."""

_TABLES = {"measurement": MEASUREMENT_COLUMNS, "annotation": ANNOTATION_COLUMNS, "beat": BEAT_COLUMNS}


def said_by(record: Record) -> dict[str, Any]:
    """What a recording's file reports beside its samples, in a form JSON can hold; empty when it reports nothing."""
    said: dict[str, Any] = {}
    if record.measurements:
        said["measurements"] = [[name, value, unit] for name, (value, unit) in record.measurements.items()]
    if record.annotations:
        said["annotations"] = [[a.time_s, a.end_s, a.lead, a.system, a.code] for a in record.annotations]
    if record.median_beat is not None:
        beat = record.median_beat.transpose("lead", "offset")
        raw = MILLIVOLTS.encode(beat.values).astype("<i2").tobytes()
        names = [str(name).replace(LEAD_SEPARATOR, ",") for name in beat["lead"].values]
        said["beat"] = [float(beat.attrs["rate_hz"]), names, base64.b64encode(raw).decode()]
    return said


@dataclass(frozen=True)
class Reported:
    """The reports of all recordings.

    Parameters
    ----------
    measurements, annotations
        Tables with the columns of `MEASUREMENT_COLUMNS` and `ANNOTATION_COLUMNS`.
    beats
        The representative beats there are, columns `BEAT_COLUMNS`.
    samples
        Their samples, int16 steps of 1 µV.
    """

    measurements: pd.DataFrame
    annotations: pd.DataFrame
    beats: pd.DataFrame
    samples: npt.NDArray[np.int16]

    @classmethod
    def read(cls, root: zarr.Group) -> Reported:
        """The reports of an open store; none in one of a layout without them."""
        if NODE not in root:
            measured, marked, beats = (frame([], columns) for columns in _TABLES.values())
            return cls(measured, marked, beats, np.empty(0, dtype=np.int16))
        group = root[NODE]
        measured, marked, beats = (
            pd.DataFrame({name: lazy.read(group[f"{kind}_{name}"]) for name in columns})
            for kind, columns in _TABLES.items()
        )
        return cls(measured, marked, beats, np.asarray(group["sample_mv"][...]))

    def with_more(self, said: Mapping[str, Mapping[str, Any]]) -> Reported:
        """With the reports of further recordings, by record id."""
        measured = [
            {"record": record, "name": name, "value": value, "unit": unit}
            for record, told in said.items()
            for name, value, unit in told.get("measurements", ())
        ]
        marked = [
            {"record": record, "time_s": at, "end_s": end, "lead": lead, "system": system, "code": code}
            for record, told in said.items()
            for at, end, lead, system, code in told.get("annotations", ())
        ]
        beats, samples, first = [], [self.samples], len(self.samples)
        for record, told in said.items():
            if "beat" not in told:
                continue
            rate_hz, leads, text = told["beat"]
            samples.append(np.frombuffer(base64.b64decode(text), dtype="<i2").astype(np.int16))
            beats.append({"record": record, "rate_hz": rate_hz, "leads": LEAD_SEPARATOR.join(leads), "first": first})
            first += len(samples[-1])
        return Reported(
            _joined(self.measurements, frame(measured, MEASUREMENT_COLUMNS)),
            _joined(self.annotations, frame(marked, ANNOTATION_COLUMNS)),
            _joined(self.beats, frame(beats, BEAT_COLUMNS)),
            np.concatenate(samples),
        )

    def without(self, records: Collection[str]) -> Reported:
        """Less the reports of some recordings."""
        measured, marked, beats = (
            table[~table["record"].isin(set(records))].reset_index(drop=True)
            for table in (self.measurements, self.annotations, self.beats)
        )
        ends = np.append(self.beats["first"].to_numpy()[1:], len(self.samples)).astype(int)
        kept = ~self.beats["record"].isin(set(records)).to_numpy()
        parts = [self.samples[first:end] for first, end in zip(self.beats["first"][kept], ends[kept], strict=True)]
        beats["first"] = np.cumsum([0, *map(len, parts)])[: len(parts)]
        return Reported(measured, marked, beats, np.concatenate([self.samples[:0], *parts]))

    def write(self, directory: Path) -> None:
        """Write the node."""
        tables = {"measurement": self.measurements, "annotation": self.annotations, "beat": self.beats}
        columns = {
            f"{kind}_{name}": (kind, table[name].to_numpy()) for kind, table in tables.items() for name in _TABLES[kind]
        }
        write_node(directory, [xr.Dataset(columns | {"sample_mv": ("sample", self.samples, MILLIVOLTS.attributes())})])

    def beat(self, record: str) -> xr.DataArray | None:
        """A recording's representative beat: dims ``(lead, offset)``, float32 mV, attribute ``rate_hz``; or None."""
        places = np.flatnonzero((self.beats["record"] == record).to_numpy())
        if not len(places):
            return None
        row = self.beats.iloc[int(places[0])]
        ends = [*self.beats["first"].tolist(), len(self.samples)]
        leads = str(row["leads"]).split(LEAD_SEPARATOR)
        raw = self.samples[ends[places[0]] : ends[places[0] + 1]].reshape(len(leads), -1)
        attrs = {"rate_hz": float(row["rate_hz"]), "units": "mV"}
        return xr.DataArray(
            MILLIVOLTS.decode(raw), dims=("lead", "offset"), coords={"lead": leads}, attrs=attrs, name="median_beat"
        )


def _joined(before: pd.DataFrame, more: pd.DataFrame) -> pd.DataFrame:
    parts = [table for table in (before, more) if len(table)]
    return pd.concat(parts, ignore_index=True) if parts else before


def pairs_as_text(values: Mapping[str, float]) -> str:
    """`name=value` for each, parted by `;`, as a column of the record table holds them."""
    return LEAD_SEPARATOR.join(f"{name}={value:.9g}" for name, value in values.items())


def pairs_of(text: str) -> dict[str, float]:
    """The values of `pairs_as_text`."""
    parts = (part.rpartition("=") for part in text.split(LEAD_SEPARATOR))
    return {name: float(value) for name, _, value in parts if name}
