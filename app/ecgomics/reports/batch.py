"""Reports of one recording or of every record of a cohort."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path

from ecgomics.cohort import Cohort, open_cohort
from ecgomics.errors import CohortError, EcgomicsError, did_you_mean
from ecgomics.reports.examination import Examination, examine, examined
from ecgomics.reports.imprint import imprint_of
from ecgomics.reports.writing import form_of, write_report
from ecgomics.rules import Rule


def report_one(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    record: str | None = None,
    before: str | os.PathLike[str] | None = None,
    rules: Sequence[Rule] | None = None,
    rate_hz: float | None = None,
    unit: str | None = None,
) -> Path:
    """Write the report of a recording, or of one record of a cohort.

    Parameters
    ----------
    source
        A recording's file, or a cohort when `record` is given.
    out
        File to write; its ending says the form.
    record
        Id or source name of a record of the cohort; it is compared with the same patient's earlier one, if any.
    before
        File of the same patient's earlier recording.
    rules
        To judge by; those that come along by default.
    rate_hz, unit
        Sampling rate, Hz, and unit of a table or array that states none; as `records.read` takes them.

    Raises
    ------
    CohortError
        When there is no such record, or `source` is a cohort and no record is named.
    FormatError
        When a file cannot be read, or `out` has an unknown ending.
    """
    from ecgomics.records import read

    form_of(Path(out).name)
    if record is None:
        if Path(source).is_dir():
            raise CohortError("a folder and no record", expected="a recording, or a cohort with --record ID or --all")
        now = examine(read(Path(source), rate_hz=rate_hz, unit=unit), rules=rules)
        earlier = examine(read(Path(before), rate_hz=rate_hz, unit=unit), rules=rules) if before else None
        recipe = "ecgomics report FILE"
    else:
        cohort = open_cohort(source)
        identity = record_id(cohort, record)
        now, earlier = examined(cohort, identity, rules=rules), earlier_of(cohort, identity, rules=rules)
        recipe = f"ecgomics report COHORT --record {identity}"
    return write_report(now, out, before=earlier, imprint=imprint_of(now.rules, recipe=recipe))


def report_all(
    source: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    form: str = ".pdf",
    rules: Sequence[Rule] | None = None,
    progress: bool = True,
) -> tuple[int, int]:
    """Write a report of every record of a cohort; how many were written, and how many failed.

    Files are named by record id. Those that are there are left alone, so that an interrupted run goes on; what failed
    is listed with its reason in ``failed.csv``.
    """
    from tqdm import tqdm

    form_of(f"x{form}")
    cohort, into = open_cohort(source), Path(folder)
    into.mkdir(parents=True, exist_ok=True)
    written, failures = 0, []
    for record in tqdm([str(one) for one in cohort.ids], desc="reports", unit="record", disable=not progress):
        target = into / f"{record}{form}"
        if target.exists():
            written += 1
            continue
        try:
            now = examined(cohort, record, rules=rules)
            recipe = f"ecgomics report COHORT --record {record}"
            imprint = imprint_of(now.rules, recipe=recipe)
            write_report(now, target, before=earlier_of(cohort, record, rules=rules), imprint=imprint)
            written += 1
        except EcgomicsError as error:
            failures.append((record, str(error)))
    if failures:
        with (into / "failed.csv").open("w", newline="", encoding="utf-8") as out:
            csv.writer(out).writerows([("record", "reason"), *failures])
    return written, len(failures)


def earlier_of(cohort: Cohort, record: str, *, rules: Sequence[Rule] | None = None) -> Examination | None:
    """The same patient's record before this one; none without a patient, a start, or an earlier record."""
    from ecgomics.biomarkers.serial import earlier_record

    table = cohort.records
    patient = table.loc[record, "patient"]
    if not patient:
        return None
    own = table[table["patient"] == patient]
    before = str(earlier_record(own["patient"], own["start"])[record])
    return examined(cohort, before, rules=rules) if before else None


def record_id(cohort: Cohort, named: str) -> str:
    """A record's id, given the id, the beginning of it, or the name of its source.

    Raises
    ------
    CohortError
        When nothing or more than one thing is named so.
    """
    ids = [str(one) for one in cohort.ids]
    if named in ids:
        return named
    sources = cohort.records["source"].astype(str)
    found = [one for one in ids if len(named) >= 4 and one.startswith(named)]
    found += [str(one) for one in sources.index[sources == named]]
    found = list(dict.fromkeys(found))
    if len(found) == 1:
        return found[0]
    raise CohortError(
        f"a name of {len(found)} records",
        expected="the id of one, or the name of the file it came from",
        remedy=did_you_mean(named, [*ids, *sources]) or "`ecgomics export COHORT records` lists them",
    )
