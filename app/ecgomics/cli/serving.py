"""The dashboards."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecgomics.cli.grammar import cohort_of, listening, verb_of
from ecgomics.errors import SettingsError

if TYPE_CHECKING:
    from ecgomics.service.openid import Client

SECRET = "ECGOMICS_OPENID_SECRET"
"""Environment's name of the secret at the OpenID provider; with ``_FILE`` behind it, of the file that holds it."""


def serve(verbs: Any) -> None:
    """Add the verb."""
    verb = verb_of(verbs, "serve", _run_serve, "look at a cohort in a browser")
    cohort_of(verb)
    listening(verb, port=5006)
    verb.add_argument("--show", action="store_true", help="open a browser")
    verb.add_argument(
        "--access",
        choices=("open", "accounts"),
        help="open: whoever reaches the port; accounts: who signs in (default: open on loopback, accounts elsewhere)",
    )
    verb.add_argument("--origin", action="append", default=[], metavar="HOST", help="host that browsers see at a proxy")
    verb.add_argument("--processes", type=int, default=1, help="processes that serve (default: %(default)s)")
    verb.add_argument("--database", metavar="URL", help="people, notes, answers (default: a file beside the cohort)")
    verb.add_argument("--cases", metavar="FOLDER", help="one's own teaching cases, YAML files; new ones are kept there")
    verb.add_argument("--openid", metavar="URL", help="issuer of an OpenID provider whose accounts may sign in")
    verb.add_argument("--openid-client", metavar="ID", help=f"this server's id there (its secret: ${SECRET})")
    verb.add_argument(
        "--openid-domain",
        action="append",
        default=[],
        metavar="DOMAIN",
        help="admit only people whose verified address is of this domain; may be repeated",
    )


def _run_serve(given: argparse.Namespace) -> None:
    from ecgomics.dashboards import serve

    if given.cases is not None:
        _open_cases(given.cases)
    serve(
        given.cohort,
        port=given.port,
        address=given.address,
        show=given.show,
        access=given.access,
        database=given.database,
        origins=given.origin,
        processes=given.processes,
        openid=_openid(given),
    )


def _open_cases(folder: str) -> None:
    """Name the folder of one's own cases to the pages, and say on the terminal what is wrong with its files."""
    from ecgomics.learn import casebook
    from ecgomics.learn.casebook import VARIABLE

    place = Path(folder).expanduser().resolve()
    if place.exists() and not place.is_dir():
        raise SettingsError("--cases with a file", expected="a folder of YAML files", remedy="name the folder it is in")
    for trouble in casebook(place).troubles:
        print(f"left out: {trouble}", file=sys.stderr)
    os.environ[VARIABLE] = str(place)


def _openid(given: argparse.Namespace) -> Client | None:
    if given.openid is None:
        return None
    if not given.openid_client:
        raise SettingsError("--openid without --openid-client", expected="this server's id at the provider")
    from ecgomics.service.database import secret_of
    from ecgomics.service.openid import Client

    domains = tuple(domain.lower().lstrip("@") for domain in given.openid_domain)
    return Client(given.openid, given.openid_client, secret=secret_of(SECRET) or "", domains=domains)


VERBS = (serve,)
"""What this module adds to the command line."""
