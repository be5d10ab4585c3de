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
    verb.add_argument("--address", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    verb.add_argument(
        "--access",
        choices=("open", "accounts"),
        help="open: whoever reaches the port; accounts: who signs in (default: open on loopback, accounts elsewhere)",
    )
    verb.add_argument("--origin", action="append", default=[], metavar="HOST", help="host that browsers see at a proxy")
    verb.add_argument("--processes", type=int, default=1, help="processes that serve (default: %(default)s)")
    verb.add_argument("--database", metavar="URL", help="people, notes, answers (default: a file beside the cohort)")


def _run_serve(given: argparse.Namespace) -> None:
    from ecgomics.dashboards import serve

    serve(
        given.cohort,
        port=given.port,
        address=given.address,
        show=given.show,
        access=given.access,
        database=given.database,
        origins=given.origin,
        processes=given.processes,
    )


VERBS = (serve,)
"""What this module adds to the command line."""
