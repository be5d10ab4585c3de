"""A cohort's results as plain tables, CSV or Parquet: a neutral way out."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecgomics.cohort.cohort import Cohort
from ecgomics.errors import CohortError, SettingsError, did_you_mean
from ecgomics.vocabulary import BEAT_CLASSES, STATES

if TYPE_CHECKING:
    import xarray as xr

Form = Literal["wide", "long"]

_TOGETHER = 256
"""Records read at a time."""


def export(cohort: Cohort, table: str, *, out: str | os.PathLike[str], form: Form = "wide") -> int:
    """Write one table of a cohort to a file, whole or not at all.

    Parameters
    ----------
    cohort
        The cohort.
    table
        One of `TABLES`. Every table begins with ``record`` and ``source`` (the stem of the original file).

        - ``records``: patient, age (years), sex, native_hz, duration_s, labels (JSON).
        - ``labels``: system, code, likelihood (0–100): one row a label.
        - ``measurements``: name, value, unit; ``annotations``: time_s, end_s, lead, system, code: what the files
          themselves had measured and marked.
        - ``marks``: lead (``global`` or a lead), beat (0, 1, … within the record), mark, time_s from the record's
          start; every beat and lead, one row a mark that is present.
        - ``beats``: beat, r_s, class, quality (0–1).
        - ``biomarkers``: one column a biomarker, in its unit.
        - ``findings``: rule, state (not_met, met, unknown), values (JSON: biomarker → value).
        - ``latent``: encoder, z0, z1, …; ``map``: encoder, x, y.
    out
        File to write: ``.csv`` or ``.parquet``.
    form
        ``"long"`` gives biomarkers one row each, with value, unit, dimension, iqr, count and reason.

    Returns
    -------
    int
        Rows written.

    Raises
    ------
    SettingsError
        For an unknown table or suffix.
    CohortError
        When the stage that makes the table has not run.
    """
    if table not in TABLES:
        raise SettingsError(
            f"no table {table!r}", expected=f"one of {', '.join(TABLES)}", remedy=did_you_mean(table, TABLES)
        )
    if form == "long" and table != "biomarkers":
        raise SettingsError(
            f"the table {table!r} in long form", expected="biomarkers, which alone has one", remedy="leave --long out"
        )
    make = _long_biomarkers if form == "long" else TABLES[table]
    return _write(make(cohort), Path(out))


def _records(cohort: Cohort) -> Iterator[pd.DataFrame]:
    records, labels = cohort.records, cohort.labels
    said: dict[str, list[dict[str, Any]]] = {record: [] for record in records.index}
    for record, system, code, likelihood in labels[["record", "system", "code", "likelihood"]].itertuples(index=False):
        said[record].append({"system": system, "code": code, "likelihood": float(likelihood)})
    table = records[["source", "patient", "age", "sex", "native_hz", "duration_s"]].reset_index()
    yield table.assign(labels=[json.dumps(said[record], ensure_ascii=False) for record in records.index])


def _labels(cohort: Cohort) -> Iterator[pd.DataFrame]:
    yield _sourced(cohort, cohort.labels[["record", "system", "code", "likelihood"]])


def _measurements(cohort: Cohort) -> Iterator[pd.DataFrame]:
    yield _sourced(cohort, cohort.measurements)


def _annotations(cohort: Cohort) -> Iterator[pd.DataFrame]:
    yield _sourced(cohort, cohort.annotations)


def _sourced(cohort: Cohort, table: pd.DataFrame) -> pd.DataFrame:
    found = table.copy()
    found.insert(1, "source", table["record"].map(cohort.records["source"]).astype(object))
    return found


def _marks(cohort: Cohort) -> Iterator[pd.DataFrame]:
    for frame, beats in _beat_blocks(cohort):
        # the global marks stand before the leads', as one more lead
        times = np.concatenate([beats["marks"].values[:, np.newaxis], beats["lead_marks"].values], axis=1)
        leads = np.array(["global", *beats["lead"].values.astype(str)], dtype=object)
        beat, lead, mark = np.nonzero(np.isfinite(times))
        table = frame.iloc[beat].reset_index(drop=True)
        names = beats["mark"].values.astype(str).astype(object)
        yield pd.DataFrame(
            {
                "record": table["record"],
                "source": table["source"],
                "lead": leads[lead],
                "beat": table["beat"],
                "mark": names[mark],
                "time_s": np.round(times[beat, lead, mark], 6),
            }
        )


def _beats(cohort: Cohort) -> Iterator[pd.DataFrame]:
    classes = np.array(BEAT_CLASSES, dtype=object)
    for frame, beats in _beat_blocks(cohort):
        yield frame.assign(
            r_s=np.round(beats["r_s"].values, 6),
            **{"class": classes[beats["beat_class"].values], "quality": beats["beat_quality"].values},
        )


def _beat_blocks(cohort: Cohort) -> Iterator[tuple[pd.DataFrame, xr.Dataset]]:
    """Beats of some records at a time, with record, source and beat number of each."""
    sources, ids = cohort.records["source"], cohort.ids
    for start in range(0, max(1, len(ids)), _TOGETHER):
        beats = cohort.beats_of(list(ids[start : start + _TOGETHER])).beats
        owner = pd.Series(beats["beat_record"].values.astype(object), dtype=object)
        number = owner.groupby(owner, sort=False).cumcount()
        frame = pd.DataFrame(
            {"record": owner, "source": owner.map(sources).astype(object), "beat": number.astype("int64")}
        )
        yield frame, beats


def _biomarkers(cohort: Cohort) -> Iterator[pd.DataFrame]:
    values = cohort.biomarkers["value"]
    columns = values["biomarker"].values.astype(str)
    for head, part in _record_blocks(cohort, values):
        yield pd.concat([head, pd.DataFrame(part.values, columns=columns)], axis=1)


def _long_biomarkers(cohort: Cohort) -> Iterator[pd.DataFrame]:
    node = cohort.biomarkers
    reasons = np.array(node.attrs["reasons"], dtype=object)
    about = {name: node[name].values.astype(object) for name in ("biomarker", "unit", "dimension")}
    for head, part in _record_blocks(cohort, node):
        rows, columns = part.sizes["record"], part.sizes["biomarker"]
        table = head.loc[head.index.repeat(columns)].reset_index(drop=True)
        yield table.assign(
            biomarker=np.tile(about["biomarker"], rows),
            value=part["value"].values.ravel(),
            unit=np.tile(about["unit"], rows),
            dimension=np.tile(about["dimension"], rows),
            iqr=part["iqr"].values.ravel(),
            count=part["count"].values.ravel(),
            reason=reasons[part["reason"].values.ravel()],
        )


def _findings(cohort: Cohort) -> Iterator[pd.DataFrame]:
    node = cohort.findings
    rules = node["rule"].values.astype(str)
    states = np.array(STATES, dtype=object)
    owner, names = node["clause_rule"].values.astype(str), node["clause_biomarker"].values.astype(str)
    clauses = {rule: np.flatnonzero(owner == rule) for rule in rules}
    for head, part in _record_blocks(cohort, node[["state", "clause_value"]]):
        table = head.loc[head.index.repeat(len(rules))].reset_index(drop=True)
        values = part["clause_value"].values
        yield table.assign(
            rule=np.tile(rules.astype(object), len(head)),
            state=states[part["state"].values.ravel()],
            values=[_as_json(names, row, clauses[rule]) for row in values for rule in rules],
        )


def _latent(cohort: Cohort) -> Iterator[pd.DataFrame]:
    width = max((cohort.latent(encoder).sizes["latent"] for encoder in _encoders(cohort)), default=0)
    for encoder in _encoders(cohort):
        for head, part in _record_blocks(cohort, cohort.latent(encoder)["vectors"]):
            numbers = np.full((len(head), width), np.nan, dtype=np.float32)
            numbers[:, : part.sizes["latent"]] = part.values
            names = [f"z{number}" for number in range(width)]
            yield pd.concat([head.assign(encoder=encoder), pd.DataFrame(numbers, columns=names)], axis=1)


def _map(cohort: Cohort) -> Iterator[pd.DataFrame]:
    drawn = [encoder for encoder in _encoders(cohort) if "map" in cohort.latent(encoder)]
    if not drawn:
        raise CohortError("the cohort has no map", expected="projected vectors", remedy="run `project` first")
    for encoder in drawn:
        for head, part in _record_blocks(cohort, cohort.latent(encoder)["map"]):
            yield head.assign(encoder=encoder, x=part.values[:, 0], y=part.values[:, 1])


def _encoders(cohort: Cohort) -> tuple[str, ...]:
    if not cohort.encoders:
        cohort.latent("handmade")  # says which stage to run
    return cohort.encoders


def _record_blocks(cohort: Cohort, data: Any) -> Iterator[tuple[pd.DataFrame, Any]]:
    """Some records' part of a node at a time, loaded, with record and source of each."""
    head = cohort.records[["source"]].reset_index()
    for start in range(0, max(1, len(head)), _TOGETHER):
        rows = slice(start, start + _TOGETHER)
        yield head.iloc[rows].reset_index(drop=True), data.isel(record=rows).load()


def _as_json(names: npt.NDArray[np.str_], values: npt.NDArray[np.float32], clauses: npt.NDArray[np.intp]) -> str:
    return json.dumps({names[k]: None if math.isnan(values[k]) else float(f"{values[k]:.7g}") for k in clauses})


TABLES: Mapping[str, Callable[[Cohort], Iterator[pd.DataFrame]]] = {
    "records": _records,
    "labels": _labels,
    "measurements": _measurements,
    "annotations": _annotations,
    "marks": _marks,
    "beats": _beats,
    "biomarkers": _biomarkers,
    "findings": _findings,
    "latent": _latent,
    "map": _map,
}
"""The tables there are, by name."""


def _write(frames: Iterator[pd.DataFrame], out: Path) -> int:
    writers = {".csv": _write_csv, ".parquet": _write_parquet, ".pq": _write_parquet}
    write = writers.get(out.suffix.lower())
    if write is None:
        raise SettingsError(f"a file with the suffix {out.suffix!r}", expected=".csv or .parquet")
    draft = out.with_name(f".{out.name}.partial")
    try:
        rows = write(frames, draft)
        os.replace(draft, out)
    finally:
        draft.unlink(missing_ok=True)
    return rows


def _write_csv(frames: Iterator[pd.DataFrame], path: Path) -> int:
    rows = 0
    with path.open("w", encoding="utf-8", newline="") as stream:
        for position, frame in enumerate(frames):
            frame.to_csv(stream, index=False, header=position == 0)
            rows += len(frame)
    return rows


def _write_parquet(frames: Iterator[pd.DataFrame], path: Path) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows, writer = 0, None
    try:
        for frame in frames:
            # stated, since a frame without rows does not tell text from nothing
            kinds = {str(n): pa.string() if t.kind == "O" else pa.from_numpy_dtype(t) for n, t in frame.dtypes.items()}
            found = pa.Table.from_pandas(frame, schema=pa.schema(kinds.items()), preserve_index=False)
            writer = writer or pq.ParquetWriter(path, found.schema)
            writer.write_table(found)
            rows += len(frame)
    finally:
        if writer is not None:
            writer.close()
    return rows
