"""The ledger: every question asked of a cohort, in the order they were asked, and what was spent on each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Protocol, Self, runtime_checkable

import pandas as pd

from ecgomics.discovery.candidates import Contrast
from ecgomics.discovery.groups import Group
from ecgomics.errors import DiscoveryError
from ecgomics.settings import LockBoxSettings

Kind = Literal["contrast", "validation", "replication", "group"]
Note = Literal["ledger", "no"]
"""Whether the cohort's ledger is told of a look."""

_VERSION = 1
_START = "0" * 16


@runtime_checkable
class KeepsLooks(Protocol):
    """Anything that keeps a ledger of its own, as a cohort does."""

    def looks(self) -> tuple[dict[str, Any], ...]:
        """Every look so far, oldest first."""
        ...

    def note_look(self, look: Any) -> dict[str, Any]:
        """Add one, made of those so far, while nobody else does."""
        ...


@dataclass(frozen=True)
class Ledger:
    """An append-only list of looks at the data.

    Adding returns a longer ledger; nothing is ever taken out. Each entry carries a hash over itself and the entry
    before it, so that an entry that was changed or removed afterwards is noticed when the ledger is read back.

    Parameters
    ----------
    entries
        One mapping a look, oldest first, in a form JSON can hold.

    Examples
    --------
    >>> Ledger().contrasts, Ledger().tests
    (0, 0)
    """

    entries: tuple[Mapping[str, Any], ...] = ()

    def with_contrast(self, found: Contrast, *, kind: Kind = "contrast", when: datetime | None = None) -> Ledger:
        """Append a contrast that was looked at.

        Parameters
        ----------
        found
            What was looked at.
        kind
            "validation" for the result of `validate`.
        when
            Left out: now.
        """
        table = found.table()
        look = {
            "kind": kind,
            "question": question_of(found.recipe),
            "group": found.recipe.get("group"),
            "against": found.recipe.get("against"),
            "adjust": list(found.recipe.get("adjust", [])),
            "drawn_on": list(found.recipe.get("drawn_on", [])),
            "badge": found.badge,
            "patients": [found.n.patients_group, found.n.patients_rest],
            "tests": int(table["q"].notna().sum()),
            "candidates": found.candidates()["biomarker"].tolist(),
        }
        return self._append(look, when)

    def with_spending(
        self, question: str, *, source: str, outcomes: Iterable[Mapping[str, Any]], when: datetime | None = None
    ) -> Ledger:
        """Append a replication: which candidates were spent on which patients (`source`), with their outcomes."""
        kept = [dict(outcome) for outcome in outcomes]
        look = {"kind": "replication", "question": question, "source": source, "tests": len(kept), "outcomes": kept}
        return self._append(look, when)

    def with_group(self, group: Group, *, when: datetime | None = None) -> Ledger:
        """Append a group saved by its name; one of the same name takes its place."""
        look = {
            "kind": "group",
            "question": "",
            "tests": 0,
            "group": {
                "name": group.name,
                "definition": group.definition,
                "origin": group.origin,
                "defined_by": list(group.defined_by),
                "records": list(group.records),
            },
        }
        return self._append(look, when)

    def groups(self) -> dict[str, Group]:
        """Groups saved so far, by name."""
        told = [entry["group"] for entry in self.entries if entry["kind"] == "group"]
        return {
            each["name"]: Group(
                each["name"],
                tuple(each["records"]),
                definition=each["definition"],
                origin=each["origin"],
                defined_by=tuple(each["defined_by"]),
            )
            for each in told
        }

    @classmethod
    def of(cls, values: Any) -> Self:
        """The ledger that a cohort keeps; an empty one for anything that keeps none."""
        entries = values.looks() if isinstance(values, KeepsLooks) else ()
        return cls.from_dict({"version": _VERSION, "entries": entries})

    def knows(self, found: Contrast, *, kind: Kind = "contrast") -> bool:
        """Whether this very look is in it already."""
        asked = question_of(found.recipe)
        return any(entry["kind"] == kind and entry["question"] == asked for entry in self.entries)

    @property
    def contrasts(self) -> int:
        """How many different contrasts were tried; the same one asked again counts once."""
        return len({entry["question"] for entry in self._looks})

    @property
    def tests(self) -> int:
        """How many biomarkers were tested in these contrasts, all together."""
        return int(sum({entry["question"]: entry["tests"] for entry in self._looks}.values()))

    @property
    def _looks(self) -> list[Mapping[str, Any]]:
        return [entry for entry in self.entries if entry["kind"] in ("contrast", "validation")]

    def spent(self, source: str) -> pd.DataFrame:
        """What was spent on a source of patients: `when, question, biomarker, p, replicated`, oldest first."""
        rows = [
            {"when": entry["when"], "question": entry["question"]} | outcome
            for entry in self.entries
            if entry["kind"] == "replication" and entry["source"] == source
            for outcome in entry["outcomes"]
        ]
        return pd.DataFrame(rows, columns=["when", "question", "biomarker", "p", "replicated"])

    def table(self) -> pd.DataFrame:
        """One row a look: `when, kind, question, name, origin, adjust, badge, tests, candidates`."""
        rows = [_row(entry) for entry in self.entries]
        return pd.DataFrame(
            rows, columns=["when", "kind", "question", "name", "origin", "adjust", "badge", "tests", "candidates"]
        )

    def as_dict(self) -> dict[str, Any]:
        """The whole ledger in a form JSON can hold; `from_dict` reads it."""
        return {"version": _VERSION, "entries": json.loads(json.dumps(list(self.entries)))}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Read a ledger back.

        Raises
        ------
        DiscoveryError
            For another version, and where an entry was changed, removed or put in afterwards.
        """
        if stored.get("version") != _VERSION:
            raise DiscoveryError(
                f"a ledger of version {stored.get('version')!r}",
                expected=f"version {_VERSION}",
                remedy="read it with the release that wrote it",
            )
        entries = tuple(stored["entries"])
        before = _START
        for position, entry in enumerate(entries):
            if entry.get("chain") != _chain(entry, before):
                raise DiscoveryError(
                    f"entry {position + 1} of the ledger does not follow from the one before",
                    expected="the entries as they were written, none changed and none missing",
                    remedy="restore the ledger from a copy; what was looked at can no longer be told from this one",
                )
            before = entry["chain"]
        return cls(entries)

    def _append(self, look: Mapping[str, Any], when: datetime | None) -> Ledger:
        moment = (when or datetime.now(UTC)).isoformat(timespec="seconds")
        entry = {"number": len(self.entries) + 1, "when": moment} | json.loads(json.dumps(look))
        entry["chain"] = _chain(entry, self.entries[-1]["chain"] if self.entries else _START)
        return Ledger((*self.entries, entry))


def save_group(values: Any, group: Group) -> None:
    """Save a group by its name in the ledger of a cohort.

    Raises
    ------
    DiscoveryError
        For values that keep no ledger, and a group without a name.
    """
    if not isinstance(values, KeepsLooks) or not group.name.strip():
        raise DiscoveryError("a group that cannot be saved", expected="a cohort, and a group with a name")
    values.note_look(lambda before: Ledger(tuple(before)).with_group(group).entries[-1])


def with_replicated(found: Contrast, values: Any) -> Contrast:
    """The same contrast with the badge on what replicated before in the lock-box of a cohort, for the same groups."""
    if found.badge == "exploratory":
        # the same records drawn by hand are another claim than those a label names
        return found
    told = {name: entry for name, entry in found.recipe["lockbox"].items() if name != "part"}
    spent = Ledger.of(values).spent(f"lock-box {LockBoxSettings.from_dict(told).digest()}")
    own = spent[(spent["question"] == groups_of(found.recipe)) & spent["replicated"].astype(bool)]
    return found.with_badge("replicated", own["biomarker"]) if len(own) else found


def noted(values: Any, found: Contrast, *, kind: Kind = "contrast", note: Note = "ledger") -> Contrast:
    """Tell a cohort's ledger of a look, once; gives the contrast back.

    Parameters
    ----------
    values
        The cohort; anything that keeps no ledger is told nothing.
    found
        What was looked at.
    kind
        "validation" for the result of `validate`.
    note
        "no": tell nothing.

    Raises
    ------
    CohortError
        When the ledger cannot be written: a look that is not noted must not be taken.
    """
    if note == "ledger" and isinstance(values, KeepsLooks) and not Ledger.of(values).knows(found, kind=kind):
        values.note_look(lambda before: Ledger(tuple(before)).with_contrast(found, kind=kind).entries[-1])
    return found


def question_of(recipe: Mapping[str, Any]) -> str:
    """Short hash of what was asked: groups, confounders, values and part, whatever the resamples and the names."""
    asked = {name: told for name, told in recipe.items() if name not in ("settings", "version")}
    # the halves are looked at to confirm what was asked of the whole: one question
    asked["kind"] = "contrast" if asked["kind"] == "validation" else asked["kind"]
    for side in ("group", "against"):
        if asked.get(side):
            asked[side] = {name: told for name, told in asked[side].items() if name not in ("name", "definition")}
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]


def groups_of(recipe: Mapping[str, Any]) -> str:
    """Short hash of the two groups alone: what a candidate is spent for, whatever it was adjusted for."""
    digests = [(recipe.get(side) or {}).get("digest", "") for side in ("group", "against")]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()[:16]


def _chain(entry: Mapping[str, Any], before: str) -> str:
    told = {name: entry[name] for name in entry if name != "chain"}
    return hashlib.sha256((before + json.dumps(told, sort_keys=True)).encode()).hexdigest()[:16]


def _row(entry: Mapping[str, Any]) -> dict[str, Any]:
    group = entry.get("group") or {}
    found = entry.get("candidates")
    spent = [outcome["biomarker"] for outcome in entry.get("outcomes", [])]
    return {
        "when": entry["when"],
        "kind": entry["kind"],
        "question": entry["question"],
        "name": group.get("name", ""),
        "origin": ", ".join(entry.get("drawn_on", [])),
        "adjust": ", ".join(entry.get("adjust", [])),
        "badge": entry.get("badge", ""),
        "tests": entry["tests"],
        "candidates": ", ".join(found if found is not None else spent),
    }
