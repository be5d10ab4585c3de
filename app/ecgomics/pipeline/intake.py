"""Recordings into a cohort."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ecgomics.cohort import Cohort, open_cohort
from ecgomics.cohort.ingest import Summary, ingest_files, ingest_records
from ecgomics.cohort.progress import Progress, as_progress
from ecgomics.records import Record
from ecgomics.settings import IngestSettings

Source = str | os.PathLike[str] | Iterable[Record]


def ingest(
    source: Source,
    cohort_path: str | os.PathLike[str],
    *,
    settings: IngestSettings | None = None,
    labels: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    progress: bool | Progress = True,
) -> Cohort:
    """Take recordings into a cohort; made when absent, appended to when there.

    The same content twice is kept once. A run that was killed goes on where it stopped. What cannot be read ends in
    `Cohort.quarantine`, and the rest is taken in.

    Parameters
    ----------
    source
        A folder, a file, a table (CSV) of paths and labels, or an iterable of `Record`.
    cohort_path
        The store's directory.
    settings
        Common rate, limit of short records, and what tables and arrays do not state themselves.
    labels
        Table of labels; by default one in or above each file's folder is looked for.
    workers
        Processes; by default as many as cores; 0 works in this process.
    progress
        Whether a bar is drawn on a terminal.

    Raises
    ------
    EcgomicsError
        When the source is absent, the settings differ from the cohort's, or another process is writing it.
    """
    summarise(source, cohort_path, settings=settings, labels=labels, workers=workers, progress=progress)
    return open_cohort(cohort_path)


def summarise(
    source: Source,
    cohort_path: str | os.PathLike[str],
    *,
    settings: IngestSettings | None = None,
    labels: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    progress: bool | Progress = True,
) -> Summary:
    """As `ingest`, but return what was read, added and refused."""
    chosen, shown, store = settings or IngestSettings(), as_progress(progress), Path(cohort_path)
    if not isinstance(source, str | os.PathLike):
        return ingest_records(source, store, settings=chosen, progress=shown)
    table = None if labels is None else Path(labels)
    return ingest_files(Path(source), store, settings=chosen, labels=table, workers=workers, progress=shown)
