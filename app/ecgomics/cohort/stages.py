"""Results of a stage into a commit: nodes in the order of the store's records, and the stage's manifest entry."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
import zarr

from ecgomics.cohort.commit import Commit, now
from ecgomics.cohort.manifest import Manifest, Stage
from ecgomics.cohort.nodes import plain, write_array, write_node
from ecgomics.errors import CohortError
from ecgomics.settings import Settings

Ids = npt.NDArray[np.object_]


def put_node(commit: Commit, node: str, *, blocks: Sequence[xr.Dataset], ids: Ids) -> None:
    """Make a node from datasets that follow each other in the order of the store's records.

    Parameters
    ----------
    commit
        The open commit.
    node
        Its path; a path below a node already in the commit becomes part of that node.
    blocks
        One dataset, whose records may be in any order; or several, whose records together are exactly `ids`.
    ids
        The store's record ids.

    Raises
    ------
    CohortError
        When the records are not the store's.
    """
    ordered = [_ordered(blocks[0], ids, node=node)] if len(blocks) == 1 else list(blocks)
    _check_records(ordered, ids, node=node)
    path = _place(commit, node)
    along = next((dim for dim in ("beat", "record") if dim in ordered[0].dims), None)
    total = sum(block.sizes[along] for block in ordered) if along else 0
    write_node(path, ordered, along=along, total=total)
    if along == "beat":
        counts = _beat_counts(ordered, ids)
        write_array(zarr.open_group(path, mode="r+"), "beat_count", dims=("record",), values=counts)


def with_result(manifest: Manifest, commit: Commit, *, name: str, stage: Stage, beside: Sequence[str] = ()) -> Manifest:
    """The manifest after a stage's nodes have been put.

    Stages whose nodes it replaces go, but for those it has read, or whose part it has carried over (`beside`).
    """
    # the quarantine table is the cohort's, whoever adds to it
    nodes = tuple(node for node in commit.put if node != "quarantine")
    kept = {
        other: found
        for other, found in manifest.stages.items()
        if other in stage.inputs or other in beside or not set(found.nodes) & set(nodes)
    }
    return replace(manifest, stages=kept | {name: replace(stage, nodes=nodes, when=now())})


def as_settings(settings: Settings | Mapping[str, Any]) -> dict[str, Any]:
    """Settings as the manifest holds them."""
    values = settings.as_dict() if isinstance(settings, Settings) else settings
    return {str(key): plain(value) for key, value in values.items()}


def values_digest(table: pd.DataFrame, columns: Sequence[str]) -> str:
    """Digest of columns of a table, for stages that read them."""
    total = hashlib.sha256()
    for name in columns:
        total.update(f"\x1e{name}\x1e".encode())
        total.update("\x1f".join(map(str, table[name])).encode())
    return total.hexdigest()[:16]


def _place(commit: Commit, node: str) -> Path:
    above = next((str(p) for p in Path(node).parents if str(p) in commit.put), None)
    return commit.staging / "new" / node if above else commit.new(node)


def _ordered(dataset: xr.Dataset, ids: Ids, *, node: str) -> xr.Dataset:
    if "beat_record" in dataset.coords:
        rows = _rows_of(dataset["beat_record"].values, ids, node=node)
        order = np.argsort(rows, kind="stable")
        return dataset if (order == np.arange(len(order))).all() else dataset.isel(beat=order)
    if "record" not in dataset.dims or "record" not in dataset.coords:
        return dataset
    found = dataset["record"].values.astype(object)
    if len(found) == len(ids) and (found == ids).all():
        return dataset
    _rows_of(found, ids, node=node)
    whole = [str(n) for n, v in dataset.data_vars.items() if "record" in v.dims and v.dtype.kind not in "fUO"]
    if len(found) != len(ids) and whole:
        raise CohortError(
            f"the result for {node!r} lacks {len(ids) - len(found)} records",
            expected=f"every record, since {', '.join(whole)} cannot say that a value is missing",
        )
    return dataset.reindex(
        record=ids, fill_value={str(n): "" for n, v in dataset.data_vars.items() if v.dtype.kind in "UO"}
    )


def _check_records(blocks: Sequence[xr.Dataset], ids: Ids, *, node: str) -> None:
    if "record" not in blocks[0].dims:
        return
    if "record" in blocks[0].coords:
        found = np.concatenate([block["record"].values.astype(object) for block in blocks])
    else:
        found = ids[: sum(block.sizes["record"] for block in blocks)]
    if len(found) != len(ids) or not (found == ids).all():
        raise CohortError(
            f"the result for {node!r} holds other records than the cohort", expected="the cohort's, in order"
        )


def _rows_of(found: npt.NDArray[Any], ids: Ids, *, node: str) -> npt.NDArray[np.int64]:
    rows = pd.Index(ids).get_indexer(pd.Index(found.astype(object)))
    if (rows < 0).any():
        raise CohortError(
            f"the result for {node!r} names {int((rows < 0).sum())} records this cohort does not have",
            expected="record ids of the cohort",
        )
    return np.asarray(rows)


def _beat_counts(blocks: Sequence[xr.Dataset], ids: Ids) -> npt.NDArray[np.int64]:
    rows = np.concatenate([_rows_of(block["beat_record"].values, ids, node="beats") for block in blocks])
    if (np.diff(rows) < 0).any():
        raise CohortError("beats are not in the order of the records", expected="a record's beats together, in order")
    return np.bincount(rows, minlength=len(ids)).astype(np.int64)
