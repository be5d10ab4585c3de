"""Staged recordings into a store: new ones are appended, shards that do not change are linked, not rewritten."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import zarr

from ecgomics.cohort import tables
from ecgomics.cohort.commit import Commit, now
from ecgomics.cohort.layout import CHUNK_S, MILLIVOLTS, SHARD_RECORDS, UNSTATED, FixedPoint
from ecgomics.cohort.manifest import Manifest, Stage
from ecgomics.cohort.nodes import COMPRESSOR, open_node, write_array, write_node
from ecgomics.cohort.place import Place, Where, place_of
from ecgomics.cohort.pyramid import Pyramid
from ecgomics.cohort.reported import NODE, Reported
from ecgomics.cohort.staged import Staged
from ecgomics.cohort.stages import put_node
from ecgomics.errors import CohortError
from ecgomics.settings import IngestSettings
from ecgomics.vocabulary import LEADS, lead_order

_LONG_CHUNK = 8192
_LONG_SHARD = 1 << 20
_ENVELOPE_CHUNK, _ENVELOPE_SHARD = 4096, 1 << 18


@dataclass(frozen=True)
class Contents:
    """The tables of a store, and what of the signal they describe."""

    records: pd.DataFrame
    labels: pd.DataFrame
    quarantine: pd.DataFrame
    leads: tuple[str, ...]

    @property
    def samples(self) -> int:
        """Length of the time axis of `/signal`: the longest short record's."""
        short = self.records["kind"] == "short"
        return int(self.records.loc[short, "samples"].max()) if short.any() else 0

    def tells_the_same(self, other: Contents) -> bool:
        """Whether the tables are equal."""
        pairs = ((self.records, other.records), (self.labels, other.labels), (self.quarantine, other.quarantine))
        return all(mine.equals(theirs) for mine, theirs in pairs)


def contents_of(store: Where) -> Contents:
    """The tables of a store; empty ones before its first commit."""
    place = place_of(store)
    manifest = place.manifest()
    if manifest.generation == 0:
        return Contents(
            tables.record_frame([]),
            tables.frame([], tables.LABEL_COLUMNS),
            tables.frame([], tables.QUARANTINE_COLUMNS),
            (),
        )
    root = place.root(manifest)
    records, labels = tables.read_records(root), tables.read_labels(root)
    leads = tuple(str(name) for name in root["signal/lead"][...])
    return Contents(records, labels, tables.read_quarantine(root), leads)


def reported_of(store: Where) -> Reported:
    """What the files of a store's recordings reported; nothing before its first commit."""
    place = place_of(store)
    manifest = place.manifest()
    if manifest.generation == 0:
        return Reported.read(zarr.create_group(zarr.storage.MemoryStore()))
    return Reported.read(place.root(manifest))


def append(
    commit: Commit,
    staged: Iterable[Staged],
    *,
    refused: Sequence[dict[str, Any]],
    settings: IngestSettings,
    mended: Collection[str] = (),
    key: str = "",
) -> int:
    """Commit staged recordings; those whose content is in the store already only add what was not known of them.

    Parameters
    ----------
    commit
        The open commit of the store.
    staged
        Recordings in the order they are to be kept.
    refused
        Lines for the quarantine table.
    settings
        The settings the recordings were staged with.
    mended
        Hashes of files that were refused before and are no longer.
    key
        Fingerprint of the key that patients are named by.

    Returns
    -------
    int
        Recordings added; when there was nothing to change at all, nothing was committed.
    """
    listed = list(staged)
    before = contents_of(commit.place)
    fresh = _fresh(listed, known=set(before.records.index))
    after = _joined(before, fresh, listed, refused=[*refused], mended=mended)
    manifest = commit.place.manifest()
    grown = bool(fresh) or manifest.generation == 0
    if not grown and after.tells_the_same(before):
        commit.discard_benches()
        return 0
    put_root(commit, after)
    told = {item.row["record"]: item.said for item in fresh if item.said}
    if told or manifest.generation == 0:
        reported_of(commit.place).with_more(told).write(commit.new(NODE))
    if grown:
        _put_signal(commit, before, after, fresh=fresh, rate_hz=float(settings.rate_hz))
        for item in fresh:
            if item.row["kind"] == "long":
                _put_long(commit, item)
        manifest = _without_results(commit, manifest, before=before, after=after)
    commit.publish(manifest.with_stage("ingest", _stage(after, settings, key=key)))
    return len(fresh)


def check_settings(store: Where, settings: IngestSettings) -> None:
    """Refuse settings under which new recordings would not fit those in the store.

    Raises
    ------
    CohortError
        When the common rate, the limit of short records or the lock-box differs from the store's.
    """
    stage = place_of(store).manifest().stages.get("ingest")
    if stage is None:
        return
    begun = UNSTATED | stage.settings
    for name in ("rate_hz", "short_s", *UNSTATED):
        if begun[name] != getattr(settings, name):
            raise CohortError(
                f"the setting {name} = {getattr(settings, name)}",
                expected=f"{begun[name]}, with which this cohort was begun",
                remedy="use the same, or ingest into a new cohort",
            )


KEY = "key of pseudonyms"
"""What the ingest stage calls the fingerprint of its key among its inputs."""


def check_key(store: Where, fingerprint: str) -> None:
    """Refuse a key by which the patients of the store would get other names.

    Raises
    ------
    CohortError
        When it is not the one the cohort was begun with.
    """
    stage = place_of(store).manifest().stages.get("ingest")
    if stage is not None and stage.inputs.get(KEY, "") != fingerprint:
        raise CohortError(
            "another key than the one this cohort was begun with",
            expected="the same, so that a patient keeps one pseudonym",
            remedy="name the file of the first one, or ingest into a new cohort",
        )


def ids_digest(records: pd.DataFrame) -> str:
    """Digest of the recordings themselves: their content ids, in order."""
    return hashlib.sha256("\n".join(records.index).encode()).hexdigest()[:16]


def _fresh(listed: list[Staged], *, known: set[str]) -> list[Staged]:
    seen, fresh = set(known), []
    for item in listed:
        if item.row["record"] not in seen:
            seen.add(item.row["record"])
            fresh.append(item)
    return fresh


def _joined(
    before: Contents,
    fresh: list[Staged],
    listed: list[Staged],
    *,
    refused: list[dict[str, Any]],
    mended: Collection[str],
) -> Contents:
    records = pd.concat([before.records, tables.record_frame(item.row for item in fresh)])
    said = tables.frame((label for item in listed for label in item.labels), tables.LABEL_COLUMNS)
    labels = pd.concat([before.labels, said], ignore_index=True)
    labels = labels.drop_duplicates(["record", "system", "code"], ignore_index=True)
    kept = before.quarantine[~before.quarantine["hash"].isin(mended)]
    # a file that is refused again replaces its line
    quarantine = pd.concat([kept, tables.frame(refused, tables.QUARANTINE_COLUMNS)], ignore_index=True)
    quarantine = quarantine.drop_duplicates(["hash", "source", "reader"], keep="last", ignore_index=True)
    new = {id(item) for item in fresh}
    again = [item for item in listed if id(item) not in new]
    return Contents(_completed(records, again), labels, quarantine, _leads(before, fresh))


def _completed(records: pd.DataFrame, again: list[Staged]) -> pd.DataFrame:
    """Records with what a second source says of the same recording: its name, and what was unknown."""
    done = records.copy()
    for item in again:
        record, row = item.row["record"], item.row
        known = done.loc[record]
        notes = known["notes"].split("\n") if known["notes"] else []
        other = f"the same recording as {row['source']}"
        if row["source"] != known["source"] and other not in notes:
            done.at[record, "notes"] = "\n".join([*notes, other])
        if known["patient"] == record != row["patient"]:
            done.at[record, "patient"] = row["patient"]
        if np.isnan(known["age"]) and not np.isnan(row["age"]):
            done.at[record, "age"] = row["age"]
        if not known["sex"] and row["sex"]:
            done.at[record, "sex"] = row["sex"]
    return done


def _leads(before: Contents, fresh: list[Staged]) -> tuple[str, ...]:
    met = list(dict.fromkeys([*before.leads, *(lead for item in fresh for lead in item.leads)]))
    standard = any(sum(lead in LEADS for lead in item.leads) > len(LEADS) // 2 for item in fresh)
    return tuple(lead_order([*LEADS, *met] if standard else met))


def put_root(commit: Commit, after: Contents) -> None:
    """Put the tables at the root of the store into a commit."""
    # the root's arrays are written as a group of their own, then swapped in one by one
    draft = commit.staging / "new" / "root"
    draft.parent.mkdir(parents=True, exist_ok=True)
    write_node(draft, [tables.record_dataset(after.records)])
    group = zarr.open_group(draft, mode="r+")
    write_array(group, "record", dims=("record",), values=after.records.index.to_numpy(dtype=object))
    for name, values in tables.label_arrays(after.labels).items():
        write_array(group, name, dims=("label",), values=values)
    for name in sorted(group.array_keys()):
        os.rename(draft / name, commit.new(name))
    shutil.rmtree(draft)
    put_quarantine(commit, after.quarantine)


def _put_signal(commit: Commit, before: Contents, after: Contents, *, fresh: list[Staged], rate_hz: float) -> None:
    target = commit.new("signal")
    array = signal_group(target, after, rate_hz=rate_hz)
    chunk = round(CHUNK_S * rate_hz)
    rows = _Rows(before, after, {item.row["record"]: item for item in fresh}, commit.place)
    for block in range(-(-len(after.records) // SHARD_RECORDS)):
        for piece in range(-(-after.samples // chunk)):
            name = f"ecg/c/{block}/0/{piece}"
            if rows.unchanged(block):
                commit.keep("signal", name)
            else:
                window = slice(piece * chunk, min((piece + 1) * chunk, after.samples))
                first = block * SHARD_RECORDS
                values = rows.read(first, window)
                array[first : first + len(values), :, window] = values


def signal_group(target: Path, after: Contents, *, rate_hz: float) -> zarr.Array:
    """Make the node `/signal` for the recordings there will be; its samples, (record, lead, time), are to be filled."""
    group = zarr.create_group(target, zarr_format=3, attributes={"rate_hz": rate_hz, "units": "mV"})
    write_array(group, "lead", dims=("lead",), values=np.array(after.leads, dtype=object))
    shape, chunk = (len(after.records), len(after.leads), after.samples), round(CHUNK_S * rate_hz)
    leads = max(1, shape[1])
    return group.create_array(
        "ecg",
        shape=shape,
        dtype="int16",
        chunks=(1, leads, chunk),
        shards=(SHARD_RECORDS, leads, chunk),
        fill_value=MILLIVOLTS.fill,
        compressors=COMPRESSOR,
        dimension_names=("record", "lead", "time"),
        attributes=MILLIVOLTS.attributes() | {"units": "mV", "rate_hz": rate_hz},
    )


@dataclass
class _Rows:
    """Rows of the new `/signal`, from the store before and from staged recordings."""

    before: Contents
    after: Contents
    fresh: dict[str, Staged]
    place: Place

    def unchanged(self, block: int) -> bool:
        """Whether a block's shards can be taken over as they are."""
        full = (block + 1) * SHARD_RECORDS <= len(self.before.records)
        return full and self.before.leads == self.after.leads

    def read(self, first: int, window: slice) -> npt.NDArray[np.int16]:
        """Encoded rows of one block, dims ``(record, lead, time)``; fill where there is no sample."""
        ids = self.after.records.index[first : first + SHARD_RECORDS]
        shape = (len(ids), len(self.after.leads), window.stop - window.start)
        values = np.full(shape, MILLIVOLTS.fill, dtype=np.int16)
        self._old_rows(values, first, window)
        for row, record in enumerate(ids):
            item = self.fresh.get(record)
            if item is not None and item.row["kind"] == "short":
                part = item.samples()[:, window]
                values[row, self._places(item.leads), : part.shape[1]] = part
        return values

    def _old_rows(self, values: npt.NDArray[np.int16], first: int, window: slice) -> None:
        count = min(len(self.before.records), first + SHARD_RECORDS) - first
        if count <= 0 or self.before.samples <= window.start:
            return
        array = self._old
        old = np.asarray(array[first : first + count, :, window.start : min(window.stop, array.shape[2])])
        values[:count, self._places(self.before.leads), : old.shape[2]] = old

    @cached_property
    def _old(self) -> zarr.Array:
        return self.place.root(self.place.manifest())["signal/ecg"]

    def _places(self, leads: Sequence[str]) -> list[int]:
        return [self.after.leads.index(lead) for lead in leads]


def _put_long(commit: Commit, item: Staged) -> None:
    shape = (len(item.leads), int(item.row["samples"]))
    fixed = replace(MILLIVOLTS, scale=item.scale)
    attrs = {"rate_hz": float(item.row["native_hz"]), "units": "mV"}
    group = zarr.create_group(commit.new(f"long/{item.row['record']}"), zarr_format=3, attributes=attrs)
    write_array(group, "lead", dims=("lead",), values=np.array(item.leads, dtype=object))
    signal = _Growing(_long_array(group, "ecg", shape, fixed=fixed, chunk=_LONG_CHUNK, dims=("lead", "time")))
    pyramid = Pyramid(shape[1], fill=fixed.fill)
    levels = {}
    for size in pyramid.sizes:
        level, dims = (2, shape[0], -(-shape[1] // size)), ("bound", "lead", f"bin_{size}")
        array = _long_array(group, f"envelope_{size}", level, fixed=fixed, chunk=_ENVELOPE_CHUNK, dims=dims)
        levels[size] = _Growing(array)
    for piece in item.pieces(_LONG_SHARD):
        signal.add(piece)
        for size, bins in pyramid.add(piece).items():
            levels[size].add(bins)
    for growing in (signal, *levels.values()):
        growing.flush()


class _Growing:
    """An array that is written along its last dim, each shard once."""

    def __init__(self, array: zarr.Array) -> None:
        self.array = array
        self.step = (array.shards or array.chunks)[-1]
        self.at = 0
        self.waiting: list[npt.NDArray[np.int16]] = []

    def add(self, values: npt.NDArray[np.int16]) -> None:
        """What comes next."""
        self.waiting.append(values)
        count = sum(part.shape[-1] for part in self.waiting)
        if count >= self.step:
            self._write(count - count % self.step)

    def flush(self) -> None:
        """Write what is left."""
        self._write(sum(part.shape[-1] for part in self.waiting))

    def _write(self, count: int) -> None:
        if count == 0:
            return
        values = self.waiting[0] if len(self.waiting) == 1 else np.concatenate(self.waiting, axis=-1)
        self.array[..., self.at : self.at + count] = values[..., :count]
        self.at += count
        self.waiting = [values[..., count:].copy()] if values.shape[-1] > count else []


def _long_array(
    group: zarr.Group, name: str, shape: tuple[int, ...], *, fixed: FixedPoint, chunk: int, dims: tuple[str, ...]
) -> zarr.Array:
    head = shape[:-1]
    most = _LONG_SHARD if name == "ecg" else _ENVELOPE_SHARD
    shard = most if shape[-1] >= most else max(1, -(-shape[-1] // chunk)) * chunk
    return group.create_array(
        name,
        shape=shape,
        dtype="int16",
        chunks=(*head, chunk),
        shards=(*head, shard),
        fill_value=fixed.fill,
        compressors=COMPRESSOR,
        dimension_names=dims,
        attributes=fixed.attributes(),
    )


def _without_results(commit: Commit, manifest: Manifest, *, before: Contents, after: Contents) -> Manifest:
    """Results of the cohort as it was go, since they do not describe the cohort as it will be.

    Vectors and maps stay, with NaN for the new records: their fits are what places these.
    """
    kept = {name: stage for name, stage in manifest.stages.items() if any(n.startswith("latent/") for n in stage.nodes)}
    latent = {node for stage in kept.values() for node in stage.nodes}
    for node in {node for stage in manifest.stages.values() for node in stage.nodes} - latent:
        commit.drop(node)
    old, new = (np.asarray(table.index, dtype=object) for table in (before.records, after.records))
    for node in sorted(latent):
        root = commit.place.root(manifest)
        put_node(commit, node, blocks=[open_node(root[node], records=old).load()], ids=new)
        for child in root[node].group_keys():
            put_node(commit, f"{node}/{child}", blocks=[open_node(root[f"{node}/{child}"]).load()], ids=new)
    return replace(manifest, stages=kept)


def _stage(after: Contents, settings: IngestSettings, *, key: str) -> Stage:
    # the nodes of the ingest are the base of the store and are replaced, never dropped
    return Stage(
        version="1",
        settings=settings.as_dict(),
        inputs={KEY: key} if key else {},
        digest=ids_digest(after.records),
        nodes=(),
        when=now(),
    )


def put_quarantine(commit: Commit, quarantine: pd.DataFrame) -> None:
    """Put a new quarantine table into a commit."""
    write_node(commit.new("quarantine"), [tables.quarantine_dataset(quarantine)])
