"""The dashboards."""

from __future__ import annotations

import argparse
from typing import Any

from ecgomics.cli.grammar import cohort_of, verb_of


def serve(verbs: Any) -> None:
    """Add the verb."""
    verb = verb_of(verbs, "serve", _run_serve, "look at a cohort in a browser")
    cohort_of(verb)
    verb.add_argument("--port", type=int, default=5006, help="TCP port; 0 takes a free one (default: %(default)s)")
    verb.add_argument("--show", action="store_true", help="open a browser")


def _run_serve(given: argparse.Namespace) -> None:
    from ecgomics.dashboards import serve

    serve(given.cohort, port=given.port, address="127.0.0.1", show=given.show)


VERBS = (serve,)
"""What this module adds to the command line."""
