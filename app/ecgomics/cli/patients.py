"""One patient of a cohort: the timeline, an export of everything, and erasure."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from ecgomics.cli.grammar import cohort_of, opened, verb_of
from ecgomics.errors import SettingsError


def patient(verbs: Any) -> None:
    """Add the verb."""
    verb = verb_of(verbs, "patient", _run_patient, "a patient's timeline; export or erase all of a patient")
    cohort_of(verb)
    verb.add_argument(
        "patient", metavar="PATIENT", nargs="?", help="identifier; left out: list who has several records"
    )
    verb.add_argument("--timeline", metavar="HTML", type=Path, help="write the timeline as a page")
    verb.add_argument("--export", metavar="ZIP", type=Path, help="write everything there is of the patient")
    verb.add_argument("--erase", action="store_true", help="take the patient out of cohort and database for good")
    verb.add_argument("--yes", action="store_true", help="do not ask before erasing")
    verb.add_argument("--database", metavar="URL", help="people and notes (default: a file beside the cohort)")


def _run_patient(given: argparse.Namespace) -> None:
    from ecgomics.reports.timeline import timeline

    cohort = opened(given)
    if given.patient is None:
        counts = cohort.records["patient"].value_counts()
        print("\n".join(f"{count:>6}  {name}" for name, count in counts.items() if name and count > 1) or "none")
        return
    if given.timeline:
        from ecgomics.reports.timeline import timeline_html

        given.timeline.write_text(timeline_html(cohort, given.patient), encoding="utf-8")
        print(f"written to {given.timeline.name}")
    if given.export:
        from ecgomics.reports.portable import export_patient

        print(f"written to {export_patient(cohort, given.patient, given.export).name}")
    if given.erase:
        _erase(cohort, given)
    elif not given.timeline and not given.export:
        print(timeline(cohort, given.patient).to_string(index=False, float_format=lambda value: f"{value:.4g}"))


def _erase(cohort: Any, given: argparse.Namespace) -> None:
    from ecgomics.service import Accounts, Database
    from ecgomics.service.database import url_for
    from ecgomics.service.erasure import erase_patient

    count = int((cohort.records["patient"].astype(str) == given.patient).sum())
    if not given.yes:
        if not sys.stdin.isatty():
            raise SettingsError("--erase without --yes", expected="--yes, where nobody can be asked")
        if input(f"Erase {count} records and every result of the cohort? Type yes: ").strip().lower() != "yes":
            print("nothing was erased")
            return
    database = Database(given.database or url_for(given.cohort))
    done = erase_patient(cohort, given.patient, database=database, by=Accounts(database).local())
    print(f"{done.records} records erased, {done.written} notes and marks, {done.journals} live journals")
    print("results of the other records were made with them and are gone too: ecgomics analyse COHORT")


VERBS = (patient,)
"""What this module adds to the command line."""
