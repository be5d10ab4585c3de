"""`erase_patient`: a patient out of a cohort, out of its database, and out of the journals of live streams."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select

from ecgomics.cohort import Cohort, erase
from ecgomics.errors import CohortError
from ecgomics.service.accounts import Person
from ecgomics.service.audit import Audit
from ecgomics.service.database import Database
from ecgomics.service.models import Job, MarkEdit, Note, Saved, Verdict


@dataclass(frozen=True)
class Erased:
    """What was erased, in numbers.

    Attributes
    ----------
    records
        Recordings of the cohort.
    written
        Notes, marks and verdicts of people about them.
    mentions
        Saved selections and finished jobs that named them and no longer do.
    journals
        Journals of live streams they had come from.
    """

    records: int
    written: int
    mentions: int
    journals: int


def erase_patient(cohort: Cohort, patient: str, *, database: Database, by: Person) -> Erased:
    """Erase a patient: every recording, every result made with them, and what people wrote about them.

    Parameters
    ----------
    cohort
        Whose patient it is.
    patient
        Identifier, as the cohort knows it.
    database
        Of the people of the cohort's server.
    by
        An administrator.

    Raises
    ------
    AccessError
        For anybody else.
    CohortError
        When there is no such patient, nobody else is in the cohort, or another process writes it.

    Notes
    -----
    Results of all records go (see `ecgomics.cohort.erase`). That it was done is logged with the numbers alone, never
    with the identifier. Not reached: the files the recordings came from, backups, exports and reports on disk.
    """
    by.require("admin")
    records = [str(name) for name in cohort.records.index[cohort.records["patient"].astype(str) == patient]]
    if not patient or not records:
        raise CohortError("a patient who is not in the cohort", expected="one of its patients", remedy="see `records`")
    count = erase(cohort.address, records)
    written, mentions = _from_database(database, cohort.id, set(records))
    done = Erased(count, written, mentions, _from_journals(cohort, set(records)))
    Audit(database).note("patient.erase", by=by, object=cohort.id, details={"records": count, "written": written})
    return done


def _from_database(database: Database, cohort: str, records: set[str]) -> tuple[int, int]:
    written = mentions = 0
    with database.session() as session:
        for table in (Note, MarkEdit, Verdict):
            gone: Any = session.execute(delete(table).where(table.cohort == cohort, table.record.in_(records)))
            written += int(gone.rowcount)
        for saved in session.scalars(select(Saved).where(Saved.cohort == cohort)):
            less = without(saved.definition, records)
            if less != saved.definition:
                saved.definition, mentions = less, mentions + 1
        for job in session.scalars(select(Job)):
            less, asked = without(job.result, records), without(job.asked, records)
            if (less, asked) != (job.result, job.asked):
                job.result, job.asked, mentions = less, asked, mentions + 1
    return written, mentions


def without(value: Any, records: Collection[str]) -> Any:
    """A JSON value without the items of lists, and the keys of objects, that are ids of records."""
    if isinstance(value, dict):
        return {key: without(item, records) for key, item in value.items() if key not in records}
    if isinstance(value, list):
        return [without(item, records) for item in value if not (isinstance(item, str) and item in records)]
    return "" if isinstance(value, str) and value in records else value


def _from_journals(cohort: Cohort, records: set[str]) -> int:
    from ecgomics.live import live_folder, recordings_of
    from ecgomics.live.owner import is_owned
    from ecgomics.live.recordings import pins

    home = live_folder(cohort.path)
    found = recordings_of(home) if home.is_dir() else ()
    folders: set[Path] = {one.folder for one in found if one.record_id in records}
    gone = 0
    for folder in folders:
        # a stream that still comes in, or that other recordings hold, is kept: its own owner prunes what is let go
        if not is_owned(folder) and not pins(folder):
            shutil.rmtree(folder)
            gone += 1
    return gone
