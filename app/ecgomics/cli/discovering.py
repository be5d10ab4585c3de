"""Which biomarkers set a group apart, and a dossier made again."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from ecgomics.cli.grammar import settings_of, verb_of
from ecgomics.errors import DiscoveryError

_SHOWN = 15
_NAMED = 10


def discover(verbs: Any) -> None:
    """Add the verb."""
    verb = verb_of(verbs, "discover", _run_discover, "hold a group of patients against others, or make a dossier again")
    verb.add_argument(
        "cohort", metavar="COHORT", nargs="?", help="the cohort's directory (--recipe: as the recipe has it)"
    )
    words = "who: label:LBBB, rule:first_degree_block, 'PR_Int_Global > 200', cluster:handmade/6/2, saved:NAME, "
    verb.add_argument("--group", metavar="WHO", help=f"{words}joined by and, or, without, not and brackets")
    verb.add_argument("--against", metavar="WHO", help="another group (default: everybody else)")
    verb.add_argument("--adjust", metavar="A,B,…", default="", help="confounders: age, sex, device, or biomarkers")
    verb.add_argument("--validate", action="store_true", help="find in one half of the patients, confirm in the other")
    verb.add_argument("--replicate", metavar="A,B,…", help="spend candidates on the patients set aside, once each")
    verb.add_argument("--dossier", metavar="HTML", type=Path, help="write the report, and its JSON beside it")
    verb.add_argument("--save", metavar="NAME", help="save the group by a name")
    verb.add_argument("--looks", action="store_true", help="list every contrast tried on this cohort so far")
    verb.add_argument("--recipe", metavar="JSON", type=Path, help="make a dossier again and compare every number")
    verb.add_argument("--top", type=int, default=_SHOWN, metavar="N", help="rows shown (default: %(default)s)")


def _run_discover(given: argparse.Namespace) -> int:
    if given.recipe is not None:
        return _again(given)
    if given.cohort is None or not (given.group or given.looks):
        raise DiscoveryError(
            "discover without a group" if given.cohort else "discover without a cohort",
            expected="COHORT --group WHO, COHORT --looks, or --recipe dossier.json",
        )
    from ecgomics.cohort import open_cohort

    cohort = open_cohort(given.cohort)
    if given.looks:
        _list_looks(cohort)
    if given.group:
        _look(given, cohort)
    return 0


def _look(given: argparse.Namespace, cohort: Any) -> None:
    from ecgomics.discovery import Known, contrast, replicate, save_group, validate

    known = Known.of(cohort)
    group = known.group(given.group, name=given.save or "")
    against = known.group(given.against) if given.against else None
    if given.save:
        save_group(cohort, group)
    asked: dict[str, Any] = {"against": against, "adjust": _listed(given.adjust)}
    asked["settings"] = settings_of(given, "discovery")
    found = (validate if given.validate else contrast)(cohort, group, **asked)
    print(_told(found, top=given.top))
    spent = None
    if given.replicate:
        spent = replicate(found, cohort, group=group, biomarkers=_listed(given.replicate), **asked)
        found = spent.found
        print(f"\nin the patients set aside\n{_table(spent.table())}")
    _tell_tries(cohort)
    if given.dossier:
        found.dossier(given.dossier, replication=spent)
        print(f"dossier: {given.dossier}, {given.dossier.with_suffix('.json')}")


def _again(given: argparse.Namespace) -> int:
    """Make a dossier again; 1 when anything differs."""
    from ecgomics.cohort import open_cohort
    from ecgomics.discovery import changes, reproduce

    stored = _read(given.recipe)
    path = given.cohort or stored["source"]["path"]
    if not path:
        raise DiscoveryError(
            "a dossier that was not made from a cohort", remedy="name the cohort: discover COHORT --recipe …"
        )
    cohort = open_cohort(path)
    differs = changes(stored, cohort)
    if differs:
        print("The data are not those of the dossier:")
        print("\n".join(f"  {line}" for line in differs))
        return 1
    again = reproduce(stored, cohort)
    if again.exact:
        print(f"{again.numbers} numbers made again; largest difference {again.largest:.1g}")
        return 0
    print(f"{len(again.differences)} of {again.numbers} entries differ, by {again.largest:.1g} at most:")
    print(again.differences.head(_NAMED).to_string(index=False))
    return 1


def _read(path: Path) -> dict[str, Any]:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise DiscoveryError(
            "a recipe that cannot be read",
            expected="the JSON beside a dossier's page",
            remedy=str(type(error).__name__),
        ) from error
    if not isinstance(stored, dict) or "source" not in stored or "recipe" not in stored:
        raise DiscoveryError("a file that is no dossier", expected="the JSON beside a dossier's page")
    return stored


def _told(found: Any, *, top: int) -> str:
    from ecgomics.discovery import lost

    n = found.n
    limit = found.recipe["settings"]["q"]
    adjusted = ", ".join(found.recipe["adjust"]) or "nothing"
    candidates = found.candidates()
    lines = [
        f"{n.patients_group} patients against {n.patients_rest}; {n.elsewhere} set aside; badge: {found.badge}",
        f"adjusted for {adjusted}; {len(candidates)} of {len(found.results)} biomarkers at q < {limit:g}",
        *found.notes,
        _table(found.table(top=top)[_columns(found)]),
    ]
    gone = lost(found)
    if len(gone):
        lines.append("\nlost when adjusted\n" + _table(gone.head(top)))
    missing = found.missingness()
    if len(missing):
        lines.append("\nmissing more often on one side\n" + _table(missing.head(top)))
    return "\n".join(lines)


def _columns(found: Any) -> list[str]:
    kept = ["biomarker", "unit", "auc", "low", "high", "q"]
    kept += ["auc_adjusted", "q_adjusted"] if found.recipe["adjust"] else []
    return [*kept, "n_group", "n_rest", "badge"]


def _table(table: Any) -> str:
    return str(table.to_string(index=False, float_format=lambda value: f"{value:.3g}"))


def _list_looks(cohort: Any) -> None:
    from ecgomics.discovery import Ledger

    table = Ledger.of(cohort).table()
    if not len(table):
        print("nobody has looked yet")
        return
    shown = table.drop(columns="question").assign(candidates=table["candidates"].map(_few))
    print(_table(shown))
    _tell_tries(cohort)


def _few(names: str, *, most: int = 3) -> str:
    each = _listed(names)
    return ", ".join(each[:most]) + (f" and {len(each) - most} more" if len(each) > most else "")


def _tell_tries(cohort: Any) -> None:
    from ecgomics.discovery import Ledger

    ledger = Ledger.of(cohort)
    tried = "1 contrast" if ledger.contrasts == 1 else f"{ledger.contrasts} contrasts"
    print(f"\n{tried} tried on this cohort, {ledger.tests} tests")


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


VERBS = (discover,)
"""What this module adds to the command line."""
