"""A cohort's state and its repair."""

from __future__ import annotations

import argparse
from typing import Any

from ecgomics.cli.grammar import cohort_of, opened, quiet, verb_of


def about_a_cohort(verbs: Any) -> None:
    """Add the verb."""
    copy = verb_of(verbs, "copy", _run_copy, "copy a cohort whole: to another disk, to a URL, and back")
    cohort_of(copy)
    copy.add_argument("target", metavar="TARGET", help="a directory or URL where there is no cohort yet")
    quiet(copy)
    cohort_of(verb_of(verbs, "info", _run_info, "say what is in a cohort, and what was refused"))
    cohort_of(verb_of(verbs, "check", _run_check, "compare a cohort's files with what was committed"))
    cohort_of(verb_of(verbs, "repair", _run_repair, "bring a cohort back to its last commit"))


def _run_copy(given: argparse.Namespace) -> None:
    from ecgomics.cohort import copy

    made = copy(given.cohort, given.target, progress=not given.quiet)
    print(f"{len(made)} records copied")


def _run_info(given: argparse.Namespace) -> None:
    cohort = opened(given)
    print(cohort)
    for (reader, reason), lines in cohort.quarantine.groupby(["reader", "reason"], sort=True):
        print(f"  {len(lines):>6}  {reader}: {reason}")


def _run_check(given: argparse.Namespace) -> int:
    from ecgomics.cohort import check

    problems = check(given.cohort)
    print("\n".join(problems) or "whole")
    return 1 if problems else 0


def _run_repair(given: argparse.Namespace) -> None:
    from ecgomics.cohort import repair

    opened(given)
    print("\n".join(repair(given.cohort)) or "nothing to do")


VERBS = (about_a_cohort,)
"""What this module adds to the command line."""
