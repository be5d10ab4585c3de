"""A stage beside its peers."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from ecgomics.cli.grammar import verb_of
from ecgomics.errors import SettingsError


def bench(verbs: Any) -> None:
    """Add the verb."""
    verb = verb_of(verbs, "bench", _run_bench, "measure a stage beside its installed peers: accuracy or speed")
    verb.add_argument("stage", choices=("waves",), help="what is measured")
    verb.add_argument("folder", metavar="FOLDER", type=Path, nargs="?", help="annotated WFDB recordings: accuracy")
    verb.add_argument("--speed", action="store_true", help="time of one core, on made-up records, instead of accuracy")
    verb.add_argument("--json", metavar="FILE", help="write the figures as JSON; - is the standard output")


def _run_bench(given: argparse.Namespace) -> None:
    from ecgomics.waves import benchmark

    if given.speed == (given.folder is not None):
        raise SettingsError(
            "a bench with both a folder and --speed" if given.speed else "a bench without a folder",
            expected="a folder of annotated recordings, or --speed",
            remedy="ecgomics bench waves FOLDER, or ecgomics bench waves --speed",
        )
    figures: Any = benchmark.speed() if given.speed else benchmark.accuracy(given.folder).to_dict("records")
    if given.json is None:
        print(benchmark.shown(figures))
    elif given.json == "-":
        print(json.dumps(figures, indent=2))
    else:
        Path(given.json).write_text(json.dumps(figures, indent=2), encoding="utf-8")


VERBS = (bench,)
"""What this module adds to the command line."""
