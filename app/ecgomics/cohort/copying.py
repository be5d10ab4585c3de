"""A cohort copied whole from one place to another: to a disk, to a URL, and back."""

from __future__ import annotations

from dataclasses import replace

from ecgomics.cohort.cohort import Cohort, open_cohort
from ecgomics.cohort.commit import writing
from ecgomics.cohort.place import Where, place_of
from ecgomics.cohort.progress import Progress, as_progress
from ecgomics.errors import CohortError


def copy(source: Where, target: Where, *, progress: bool | Progress = True) -> Cohort:
    """Copy a cohort's last commit and its ledger; the copy has the same id and is there whole or not at all.

    What lies beside the commit stays behind: the key of pseudonyms, partial results, encoders trained on the cohort.

    Parameters
    ----------
    source, target
        Directory or URL; at the target there is no cohort yet.
    progress
        Whether a bar is drawn on a terminal.

    Raises
    ------
    CohortError
        When there is no cohort to copy, one at the target, or the target cannot be written.
    """
    near, far = place_of(source), place_of(target)
    near.settle()
    manifest = near.manifest()
    if manifest.generation == 0:
        raise CohortError("no cohort to copy", expected="a directory or URL that `ingest` made")
    with writing(far) as commit:
        if far.manifest().generation:
            raise CohortError(
                "a target that is a cohort already", expected="a place without one", remedy="copy to another place"
            )
        shown = as_progress(progress)
        with shown.bar("copying", total=len(manifest.nodes), done=0, unit="nodes") as advance:
            for node in manifest.nodes:
                for file in near.files(node):
                    near.fetch(node, file, commit.new(node) / file, how="copy")
                advance(1)
        commit.publish(replace(manifest, generation=0, places={}))
        for look in near.looks():
            far.note_look(look)
    return open_cohort(far.address)
