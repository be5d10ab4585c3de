"""A shared service: the programming interface, its people, and the copies that are kept of it all."""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path
from typing import Any

from ecgomics.cli.grammar import listening, settings_of, verb_of
from ecgomics.errors import ServiceError, SettingsError


def api(verbs: Any) -> None:
    """Add the verb."""
    verb = verb_of(verbs, "api", _run_api, "answer over HTTP: analyse what is posted, read a cohort")
    verb.add_argument("cohort", metavar="COHORT", nargs="?", help="the cohort to serve; left out: none")
    listening(verb, port=8000)
    verb.add_argument(
        "--access",
        choices=("open", "keys"),
        help="open: whoever reaches the port; keys: whoever has one (default: open on loopback, keys elsewhere)",
    )
    _database(verb)


def _run_api(given: argparse.Namespace) -> None:
    from ecgomics.service.api.launch import launch

    launch(
        given.cohort,
        address=given.address,
        port=given.port,
        access=given.access,
        database=_url(given),
        settings=settings_of(given, "api"),
    )


def people(verbs: Any) -> None:
    """Add the verb."""
    verb = verb_of(verbs, "people", _run_people, "list, add and change who may sign in, and their keys")
    verb.add_argument(
        "act", choices=("list", "add", "change", "close", "key", "keys", "revoke"), nargs="?", default="list"
    )
    verb.add_argument("name", metavar="NAME", nargs="?", help="whom it is about")
    verb.add_argument("--role", choices=("viewer", "annotator", "teacher", "admin"), help="what they may do")
    verb.add_argument("--password", action="store_true", help="ask for a new password (else read from a pipe)")
    verb.add_argument("--label", default="", help="what a new key is for")
    verb.add_argument("--scope", action="append", help="what a new key may do; may be repeated")
    verb.add_argument("--key", type=int, metavar="N", help="number of the key to revoke")
    verb.add_argument("--cohort", metavar="COHORT", help="the cohort whose server it is, to find its database")
    _database(verb)


def _run_people(given: argparse.Namespace) -> None:
    from ecgomics.service import Accounts, Audit, Database

    database = Database(_url(given))
    accounts, audit = Accounts(database), Audit(database)
    if given.act == "list":
        everybody = accounts.people()
        for person in everybody:
            print(f"{person.name:<24} {person.role:<10} {person.shown_as}")
        if not everybody:
            print("nobody yet: ecgomics people add NAME --role admin --cohort COHORT", file=sys.stderr)
        return
    if not given.name:
        raise SettingsError(f"people {given.act} without a name", expected="NAME", remedy=f"people {given.act} NAME")
    if given.act == "add":
        role = given.role or "viewer"
        accounts.add(given.name, password=_password(), role=role)
        print(f"{given.name} may sign in as {role}")
    elif given.act == "change":
        if given.role is None and not given.password:
            raise SettingsError("change without a change", expected="--role, --password or both")
        accounts.change(given.name, role=given.role, password=_password() if given.password else None)
        print(f"{given.name} is changed")
    elif given.act == "close":
        accounts.close(given.name)
        print(f"{given.name} may no longer sign in")
    elif given.act == "key":
        print(accounts.make_key(given.name, label=given.label, scopes=given.scope or ("read", "analyse")))
        print("keep it: it is not shown again", file=sys.stderr)
    elif given.act == "keys":
        for number, label, scopes, used in accounts.keys(given.name):
            print(f"{number:<5} {label:<24} {','.join(scopes):<24} {used or 'never used'}")
    else:
        if given.key is None:
            raise SettingsError("revoke without --key", expected="--key N", remedy="`people keys NAME` lists them")
        accounts.revoke(given.name, key=given.key)
        print(f"key {given.key} of {given.name} opens nothing any more")
    if given.act != "keys":
        audit.note(f"people.{given.act}", by=None, object=given.name, address="command line")


def agreement(verbs: Any) -> None:
    """Add the verb."""
    verb = verb_of(verbs, "agreement", _run_agreement, "how far two annotators of a cohort agree")
    verb.add_argument("cohort", metavar="COHORT", help="the cohort's directory")
    verb.add_argument("one", metavar="ONE", help="name of an annotator, or machine")
    verb.add_argument("other", metavar="OTHER", help="name of another")
    verb.add_argument("--record", metavar="ID", help="only one record")
    _database(verb)


def _run_agreement(given: argparse.Namespace) -> None:
    from ecgomics.cohort import open_cohort
    from ecgomics.service import Accounts, Annotations, Database
    from ecgomics.service.annotations import mark_agreement, verdict_agreement

    database = Database(_url(given))
    for name in (given.one, given.other):
        if name != "machine":
            Accounts(database).find(name)
    kept = Annotations(database, cohort=open_cohort(given.cohort).id)
    marks = mark_agreement(kept.marks(given.record), one=given.one, other=given.other)
    if marks.empty:
        print("no mark that both placed")
    else:
        print(f"marks, {given.other} less {given.one}; limits of agreement (95 %):")
        print(marks.to_string(index=False, float_format=lambda value: f"{value:.1f}"))
    if "machine" in (given.one, given.other):
        return
    said = verdict_agreement(kept.verdicts(given.record), one=given.one, other=given.other)
    if not said["n"]:
        print("no event that both judged")
        return
    print(
        f"verdicts: {said['n']:.0f} judged by both, {100 * said['observed']:.0f} % alike, "
        f"kappa {said['kappa']:.2f} ± {1.96 * said['kappa_se']:.2f}"
    )


def backup(verbs: Any) -> None:
    """Add the verb."""
    verb = verb_of(verbs, "backup", _run_backup, "copy a cohort and its database while both are in use")
    verb.add_argument("cohort", metavar="COHORT", help="the cohort's directory")
    verb.add_argument("out", metavar="FOLDER", type=Path, help="a folder to make; it must not exist")
    _database(verb)


def _run_backup(given: argparse.Namespace) -> None:
    from ecgomics.service.backup import back_up

    print(back_up(given.cohort, given.out, database=_url(given)))


def restore(verbs: Any) -> None:
    """Add the verb."""
    verb = verb_of(verbs, "restore", _run_restore, "bring a backup back: a cohort and its database")
    verb.add_argument("folder", metavar="FOLDER", type=Path, help="what `ecgomics backup` made")
    verb.add_argument("cohort", metavar="COHORT", type=Path, help="where the cohort shall be; it must not exist")
    _database(verb)


def _run_restore(given: argparse.Namespace) -> None:
    from ecgomics.service.backup import restore_from

    print(restore_from(given.folder, given.cohort, database=_url(given)))


def _database(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--database",
        metavar="URL",
        help="sqlite:///file.db or postgresql://… (default: $ECGOMICS_DATABASE, else a file beside the cohort)",
    )


def _url(given: argparse.Namespace) -> str:
    from ecgomics.service.database import url_for

    named: str | None = given.database
    return named or url_for(given.cohort)


def _password() -> str:
    """Asked for twice on a terminal, else the first line of the standard input: never an argument others can see."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("password: ")
    if first != getpass.getpass("once more: "):
        raise ServiceError("two passwords that differ", expected="the same twice", remedy="try again")
    return first


VERBS = (api, people, agreement, backup, restore)
"""What this module adds to the command line."""
