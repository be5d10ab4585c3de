"""Whether a store is whole, and bringing one back to its last commit."""

from __future__ import annotations

import os
from pathlib import Path

from ecgomics.cohort.commit import settle, staging_of, writing
from ecgomics.cohort.layout import SCHEMA
from ecgomics.cohort.manifest import read_manifest
from ecgomics.cohort.nodes import digest
from ecgomics.errors import CohortError


def check(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Compare every node's files with the digest its commit wrote down.

    Parameters
    ----------
    path
        The store's directory.

    Returns
    -------
    tuple[str, ...]
        What is wrong, a line each; empty when the store is whole.

    Raises
    ------
    CohortError
        When there is no cohort, its manifest is damaged, or it is of a future layout.
    """
    store = Path(path)
    manifest = read_manifest(store)
    if manifest.generation == 0:
        raise CohortError("no cohort at this path", expected="a directory made by `ingest`")
    problems = []
    if (staging_of(store) / "swap.json").exists():
        problems.append("a commit was cut short; `ecgomics repair` settles it")
    if manifest.schema < SCHEMA:
        problems.append(f"its layout is {manifest.schema}, now {SCHEMA}; `ecgomics repair` brings it there")
    for node, expected in manifest.nodes.items():
        if not (store / node).is_dir():
            problems.append(f"{node}: missing")
        elif digest(store / node) != expected:
            problems.append(f"{node}: its files are not those that were committed")
    if not (store / "zarr.json").is_file():
        problems.append("zarr.json: missing")
    return tuple(problems)


def repair(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Bring a store to its last commit and clear what an interrupted writer left beside it.

    Returns
    -------
    tuple[str, ...]
        What was done, a line each.

    Raises
    ------
    CohortError
        When another process is writing the store.
    """
    store = Path(path)
    done = []
    if settle(store):
        done.append("a commit that was cut short was settled")
    if read_manifest(store).schema < SCHEMA:
        with writing(store):
            done.append(f"brought to layout {SCHEMA}")
    if staging_of(store).exists():
        with writing(store) as commit:
            commit.discard()
        done.append("unfinished work beside the store was removed")
    return tuple(done)
