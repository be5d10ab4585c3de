"""`erase`: recordings are taken out of a store for good, with all that was found in them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import zarr

from ecgomics.cohort.assembly import Contents, contents_of, ids_digest, put_root, reported_of, signal_group
from ecgomics.cohort.commit import Commit, now, writing
from ecgomics.cohort.layout import CHUNK_S, MILLIVOLTS, SHARD_RECORDS
from ecgomics.cohort.place import Where, place_of
from ecgomics.cohort.remote import Remote
from ecgomics.cohort.reported import NODE
from ecgomics.errors import CohortError


def erase(store: Where, records: Collection[str]) -> int:
    """Take recordings out of a cohort: samples, tables, what their files reported, and every result.

    Parameters
    ----------
    store
        The cohort.
    records
        Ids of the recordings.

    Returns
    -------
    int
        How many were erased.

    Raises
    ------
    CohortError
        When one of them is not in the cohort, nothing would be left of it, or another process writes it.

    Notes
    -----
    Results of all recordings go, since maps, scores and comparisons of the rest were made with those that go; analyse,
    embed and project make them anew. Nothing of the recordings is left in the store's files, at a URL neither. Copies
    elsewhere (the files they came from, backups, reports) are not known here.
    """
    gone = set(records)
    if not gone:
        return 0
    with writing(store) as commit:
        before = contents_of(commit.place)
        unknown = gone - set(before.records.index)
        if unknown:
            raise CohortError(
                f"{len(unknown)} records that are not in the cohort",
                expected="ids of its records",
                remedy="see `records`",
            )
        if len(gone) == len(before.records):
            raise CohortError(
                "all of a cohort to be erased", expected="some that are left", remedy="delete its directory instead"
            )
        _publish(commit, before, gone)
    if isinstance(place_of(store), Remote):
        # a reader may be one commit behind: what only the commit before names goes with the next one
        with writing(store) as commit:
            commit.publish(commit.place.manifest())
    return len(gone)


def _publish(commit: Commit, before: Contents, gone: set[str]) -> None:
    manifest = commit.place.manifest()
    after = Contents(
        before.records[~before.records.index.isin(gone)],
        before.labels[~before.labels["record"].isin(gone)].reset_index(drop=True),
        before.quarantine,
        before.leads,
    )
    put_root(commit, after)
    reported_of(commit.place).without(gone).write(commit.new(NODE))
    _put_signal(commit, before, after, kept=np.flatnonzero(~before.records.index.isin(gone)))
    for record in gone & set(before.records.index[before.records["kind"] == "long"]):
        commit.drop(f"long/{record}")
    ingest = manifest.stages["ingest"]
    for name, stage in manifest.stages.items():
        for node in stage.nodes if name != "ingest" else ():
            commit.drop(node)
    told = replace(ingest, digest=ids_digest(after.records), when=now())
    commit.publish(replace(manifest, stages={"ingest": told}))


def _put_signal(commit: Commit, before: Contents, after: Contents, *, kept: np.ndarray) -> None:
    root = commit.place.root(commit.place.manifest())
    rate_hz = float(root["signal"].attrs["rate_hz"])
    target = commit.new("signal")
    array = signal_group(target, after, rate_hz=rate_hz)
    old: zarr.Array = root["signal/ecg"]
    chunk = round(CHUNK_S * rate_hz)
    for block in range(-(-len(kept) // SHARD_RECORDS)):
        rows = kept[block * SHARD_RECORDS : (block + 1) * SHARD_RECORDS]
        first = block * SHARD_RECORDS
        unchanged = len(rows) == SHARD_RECORDS and rows[0] == first and rows[-1] == first + SHARD_RECORDS - 1
        for piece in range(-(-after.samples // chunk)):
            name = f"ecg/c/{block}/0/{piece}"
            if unchanged:
                commit.keep("signal", name)
                continue
            window = slice(piece * chunk, min((piece + 1) * chunk, after.samples))
            values = np.full((len(rows), len(after.leads), window.stop - window.start), MILLIVOLTS.fill, np.int16)
            # whole blocks are read, of which some rows are taken: a shard is opened once
            for source in np.unique(rows // SHARD_RECORDS):
                here = rows // SHARD_RECORDS == source
                start = int(source) * SHARD_RECORDS
                read = np.asarray(old[start : start + SHARD_RECORDS, :, window])
                values[here, :, : read.shape[2]] = read[rows[here] - start]
            array[first : first + len(rows), :, window] = values
