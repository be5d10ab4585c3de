"""Stores of older layouts: read as they are, and brought to this layout by whoever next writes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ecgomics.cohort.commit import Commit
from ecgomics.cohort.layout import SCHEMA, UNSTATED
from ecgomics.cohort.manifest import Manifest
from ecgomics.errors import CohortError

Step = Callable[[Commit, Manifest], Manifest]


def migrate(commit: Commit) -> bool:
    """Bring a store to this layout, step by step in one commit; True when there was something to do.

    Raises
    ------
    CohortError
        When no step leads on from its layout.
    """
    manifest = commit.place.manifest()
    if manifest.generation == 0 or manifest.schema == SCHEMA:
        return False
    while manifest.schema < SCHEMA:
        if manifest.schema not in STEPS:
            raise CohortError(
                f"a cohort of layout {manifest.schema}, which nothing leads on from",
                expected=f"one of layouts {', '.join(map(str, [*sorted(STEPS), SCHEMA]))}",
                remedy="ingest the recordings again",
            )
        manifest = replace(STEPS[manifest.schema](commit, manifest), schema=manifest.schema + 1)
    commit.publish(manifest)
    return True


def _reports_and_lock_box(commit: Commit, manifest: Manifest) -> Manifest:
    """1 → 2: columns and a node for what files report, empty since it was not kept; a lock-box with nobody in it."""
    from ecgomics.cohort.assembly import contents_of, put_root, reported_of
    from ecgomics.cohort.reported import NODE

    put_root(commit, contents_of(commit.place))
    reported_of(commit.place).write(commit.new(NODE))
    ingest = manifest.stages["ingest"]
    return manifest.with_stage("ingest", replace(ingest, settings=UNSTATED | ingest.settings))


def _id_and_places(commit: Commit, manifest: Manifest) -> Manifest:
    """2 → 3: the id by which an older cohort is read already is written down; hours come with the next analysis."""
    return manifest


STEPS: dict[int, Step] = {1: _reports_and_lock_box, 2: _id_and_places}
"""What leads on from each layout to the next. A step changes nothing that stages read, so results stay."""
