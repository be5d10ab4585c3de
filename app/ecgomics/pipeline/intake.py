"""Recordings into a cohort."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ecgomics.cohort import Cohort, open_cohort
from ecgomics.cohort.crew import Hands
from ecgomics.cohort.ingest import Retry, Summary, ingest_files, ingest_records
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
    scheduler: str = "",
    memory_gb: float | None = None,
    retry: Retry = "no",
    key_file: str | os.PathLike[str] | None = None,
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
        The store's directory, or a URL that fsspec can write: ``s3://bucket/cohort.zarr``.
    settings
        Common rate, limit of short records, and what tables and arrays do not state themselves.
    labels
        Table of labels; by default one in or above each file's folder is looked for.
    workers
        Processes; by default as many as cores; 0 works in this process.
    scheduler
        Address of a Dask scheduler whose workers read the files instead, which they must see under the same path.
    memory_gb
        Memory a worker process may take, in 10⁹ bytes; a file that needs more is refused and the rest goes on.
    retry
        ``"changed"`` reads of the source just the files in quarantine that another version or reader refused,
        ``"all"`` all of them.
    key_file
        File of the secret by which patients get their pseudonyms, when the settings ask for any; by default one beside
        the store, made when absent.
    progress
        Whether a bar is drawn on a terminal.

    Raises
    ------
    EcgomicsError
        When the source is absent, the settings differ from the cohort's, or another process is writing it.
    """
    options: dict[str, Any] = {"workers": workers, "scheduler": scheduler, "memory_gb": memory_gb, "progress": progress}
    options |= {"retry": retry, "key_file": key_file}
    summarise(source, cohort_path, settings=settings, labels=labels, **options)
    return open_cohort(cohort_path)


def summarise(
    source: Source,
    cohort_path: str | os.PathLike[str],
    *,
    settings: IngestSettings | None = None,
    labels: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    scheduler: str = "",
    memory_gb: float | None = None,
    retry: Retry = "no",
    key_file: str | os.PathLike[str] | None = None,
    progress: bool | Progress = True,
) -> Summary:
    """As `ingest`, but return what was read, added and refused."""
    chosen, shown, store = settings or IngestSettings(), as_progress(progress), os.fspath(cohort_path)
    secret = None if key_file is None else Path(key_file)
    if not isinstance(source, str | os.PathLike):
        return ingest_records(source, store, settings=chosen, progress=shown, key_file=secret)
    table = None if labels is None else Path(labels)
    options: dict[str, Any] = {"hands": Hands(workers, scheduler, memory_gb), "retry": retry, "key_file": secret}
    return ingest_files(Path(source), store, settings=chosen, labels=table, progress=shown, **options)
