"""Whether a store is whole, and bringing one back to its last commit."""

from __future__ import annotations

import os

from ecgomics.cohort.commit import writing
from ecgomics.cohort.layout import SCHEMA
from ecgomics.cohort.place import Directory, place_of
from ecgomics.errors import CohortError


def check(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Compare every node's files with the digest its commit wrote down.

    Parameters
    ----------
    path
        The store's directory or URL.

    Returns
    -------
    tuple[str, ...]
        What is wrong, a line each; empty when the store is whole.

    Raises
    ------
    CohortError
        When there is no cohort, its manifest is damaged, or it is of a future layout.
    """
    place = place_of(path)
    manifest = place.manifest()
    if manifest.generation == 0:
        raise CohortError("no cohort at this path", expected="a directory made by `ingest`")
    problems = []
    if (place.staging / "swap.json").exists():
        problems.append("a commit was cut short; `ecgomics repair` settles it")
    if manifest.schema < SCHEMA:
        problems.append(f"its layout is {manifest.schema}, now {SCHEMA}; `ecgomics repair` brings it there")
    for node, expected in manifest.nodes.items():
        found = place.digest(node)
        if found is None:
            problems.append(f"{node}: missing")
        elif found != expected:
            problems.append(f"{node}: its files are not those that were committed")
    if not place.metadata():
        problems.append("zarr.json: missing")
    return tuple(problems)


def repair(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Bring a store to its last commit and clear what an interrupted writer left beside it.

    At a URL, let nobody write it meanwhile from another machine.

    Returns
    -------
    tuple[str, ...]
        What was done, a line each.

    Raises
    ------
    CohortError
        When another process is writing the store.
    """
    place = place_of(path)
    done = []
    if place.settle():
        done.append("a commit that was cut short was settled")
    if place.manifest().schema < SCHEMA:
        with writing(place):
            done.append(f"brought to layout {SCHEMA}")
    if place.staging.exists():
        with writing(place) as commit:
            commit.discard()
        done.append("unfinished work beside the store was removed")
    if not isinstance(place, Directory):
        with place.held():
            litter = place.sweep()
        if litter:
            done.append(f"{litter} folders that no commit names were removed")
    return tuple(done)
