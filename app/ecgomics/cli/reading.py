"""What is known and what was found: records, tables, the catalogue."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ecgomics.cli.grammar import cohort_of, opened, stated, verb_of


def inspect(verbs: Any) -> None:
    """Add the verb."""
    verb = verb_of(verbs, "inspect", _run_inspect, "say all that a file of a recording holds, and draw it")
    verb.add_argument("file", metavar="FILE", nargs="?", help="a recording; left out: list the formats that are read")
    verb.add_argument("--record", metavar="ID", help="FILE is a cohort: say what it keeps of this record")
    stated(verb)
    verb.add_argument("--html", metavar="OUT", type=Path, help="write it as a page with the ECG drawn")


def _run_inspect(given: argparse.Namespace) -> None:
    from ecgomics.records import describe, formats_table, read

    if given.file is None:
        print(formats_table())
        return
    if given.record is None:
        record = read(given.file, rate_hz=given.rate_hz, unit=given.unit)
    else:
        from ecgomics.cohort import open_cohort

        record = open_cohort(given.file).record(given.record)
    print(describe(record))
    if given.html is not None:
        from ecgomics.records.picture import as_page

        given.html.write_text(as_page(record), encoding="utf-8")
        print(f"drawn in {given.html.name}")


def export(verbs: Any) -> None:
    """Add the verb."""
    verb = verb_of(verbs, "export", _run_export, "write a table of results as CSV or Parquet")
    cohort_of(verb)
    verb.add_argument(
        "table",
        metavar="TABLE",
        help="records, labels, measurements, annotations, marks, beats, biomarkers, findings, latent or map",
    )
    verb.add_argument("--out", metavar="FILE", type=Path, required=True, help="file to write: .csv or .parquet")
    verb.add_argument("--long", action="store_true", help="biomarkers one row each, with unit, iqr, count and reason")


def _run_export(given: argparse.Namespace) -> None:
    from ecgomics.pipeline import export

    rows = export(opened(given), given.table, out=given.out, form="long" if given.long else "wide")
    print(f"{rows} rows")


def catalogue(verbs: Any) -> None:
    """Add the verb."""
    verb = verb_of(verbs, "catalogue", _run_catalogue, "list the biomarkers: what they are, their unit and source")
    verb.add_argument("word", metavar="WORD", nargs="?", default="", help="only those that speak of this")
    verb.add_argument("--html", metavar="FILE", type=Path, help="write biomarkers and rules as a page to read instead")


def _run_catalogue(given: argparse.Namespace) -> None:
    from ecgomics.biomarkers import catalogue

    if given.html is not None:
        from ecgomics.reports import catalogue_html

        given.html.write_text(catalogue_html(), encoding="utf-8")
        print(f"written to {given.html.name}")
        return
    entries = [entry for entry in catalogue() if given.word.lower() in str(asdict(entry)).lower()]
    for entry in entries:
        print(f"{entry.id:<5} {entry.name:<22} {entry.dimension:<12} {entry.unit:<8} {entry.title}")
        print(f"      {entry.definition}  [{entry.citation}]")
        if entry.why_not:
            print(f"      not computed: {entry.why_not}")
    print(f"{len(entries)} families of biomarkers")


VERBS = (
    inspect,
    export,
    catalogue,
)
"""What this module adds to the command line."""
