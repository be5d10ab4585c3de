"""Reports: of one file, of a record of a cohort, of all of them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ecgomics.cli.grammar import quiet, rule_files, stated, verb_of
from ecgomics.errors import SettingsError


def report(verbs: Any) -> None:
    """Add the verb."""
    verb = verb_of(verbs, "report", _run_report, "write a structured report: page, PDF, FHIR, DICOM, JSON or CSV")
    verb.add_argument("source", metavar="SOURCE", help="a recording, or a cohort with --record or --all")
    verb.add_argument("--record", metavar="ID", help="record of the cohort: its id or its source name")
    verb.add_argument("--all", action="store_true", help="every record of the cohort, into the folder --out")
    verb.add_argument(
        "--out",
        metavar="FILE",
        type=Path,
        required=True,
        help=".html, .pdf, .fhir.json, .json, .csv, .dcm; or a folder",
    )
    verb.add_argument("--form", metavar="ENDING", default=".pdf", help="what --all writes (default: %(default)s)")
    verb.add_argument("--before", metavar="FILE", help="the same patient's earlier recording, for comparison")
    stated(verb)
    rule_files(verb)
    quiet(verb)


def _run_report(given: argparse.Namespace) -> None:
    from ecgomics.reports.batch import report_all, report_one
    from ecgomics.rules import load_rules

    rules = load_rules(given.rule_file)
    if given.all:
        if given.record or given.before:
            raise SettingsError("--all with --record or --before", expected="one of them", remedy="leave the other out")
        written, failed = report_all(given.source, given.out, form=given.form, rules=rules, progress=not given.quiet)
        print(f"{written} reports" + (f"; {failed} failed, see {given.out / 'failed.csv'}" if failed else ""))
        return
    path = report_one(
        given.source,
        given.out,
        record=given.record,
        before=given.before,
        rules=rules,
        rate_hz=given.rate_hz,
        unit=given.unit,
    )
    print(f"written to {path.name}")


VERBS = (report,)
"""What this module adds to the command line."""
