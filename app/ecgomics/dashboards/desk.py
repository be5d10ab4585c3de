"""`Desk`: what people keep with a cohort: saved views and groups, verdicts, notes; opened when first needed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ecgomics.errors import CohortError, ServiceError

if TYPE_CHECKING:
    from ecgomics.service import Annotations, Database, Shelf
    from ecgomics.service.accounts import Person

Kind = Literal["view", "selection"]


class Desk:
    """The shelf and the annotations of one cohort, for one person.

    Parameters
    ----------
    path
        The cohort. Where no database is named for the server, it is a file beside it.
    person
        Who is asking; left out: whoever signed in, or the one person of a server without sign-in.
    """

    def __init__(self, path: Path, *, person: Person | None = None) -> None:
        self.path = path
        self._person = person

    @cached_property
    def cohort(self) -> str:
        """What the database calls the cohort: its own name for life, so that it may be moved."""
        from ecgomics.cohort import open_cohort

        try:
            named = open_cohort(self.path).id
        except CohortError:
            named = ""
        # a store begun by an older version has no name before its next commit, one to be begun has none yet
        return named or hashlib.sha256(str(self.path.resolve()).encode()).hexdigest()[:16]

    @cached_property
    def person(self) -> Person:
        """Who is asking."""
        from ecgomics.dashboards.signing import current_person

        return self._person or current_person(self.database)

    @cached_property
    def database(self) -> Database:
        """The database. Raises ServiceError when it cannot be had."""
        try:
            from ecgomics.service.database import database_of, url_for
        except ImportError as error:
            raise ServiceError(
                "nothing to keep it in", expected="the extra ecgomics[service]", remedy="install it to save views"
            ) from error
        return database_of(url_for(self.path))

    @cached_property
    def shelf(self) -> Shelf:
        """Saved views and groups."""
        from ecgomics.service import Shelf

        return Shelf(self.database, cohort=self.cohort)

    @cached_property
    def annotations(self) -> Annotations:
        """Notes, moved marks and verdicts."""
        from ecgomics.service import Annotations

        return Annotations(self.database, cohort=self.cohort)

    def listed(self) -> list[dict[str, Any]]:
        """Everything saved, as a menu lists it: dicts of `kind`, `name`, `owner`, `mine`, `when`, `about`."""
        return [
            {
                "kind": kind,
                "name": kept.name,
                "owner": "" if kept.owner == self.person.name else kept.owner,
                "mine": kept.owner == self.person.name,
                "when": kept.edited.strftime("%Y-%m-%d %H:%M"),
                "about": _about(kind, kept.definition),
            }
            for kind in KINDS
            for kept in self.shelf.names(kind)
        ]

    def save(self, kind: Kind, name: str, definition: Mapping[str, Any]) -> None:
        """Keep something under a name; one's own of that name is replaced. Raises ServiceError without a name."""
        self.shelf.save(kind, name, definition, by=self.person)

    def load(self, kind: Kind, name: str) -> dict[str, Any]:
        """What was kept under a name. Raises ServiceError when there is nothing."""
        return dict(self.shelf.load(kind, name).definition)

    def remove(self, kind: Kind, name: str) -> None:
        """Take something away. Raises AccessError for somebody else's."""
        self.shelf.remove(kind, name, by=self.person)


KINDS: tuple[Kind, ...] = ("view", "selection")


def _about(kind: Kind, definition: Mapping[str, Any]) -> str:
    if kind == "selection":
        return f"{len(definition.get('records', ()))} records"
    parts = [f"{len(definition['filters'])} filters" if definition.get("filters") else ""]
    parts.append(str((definition.get("group") or {}).get("origin", "")))
    return " · ".join(part for part in parts if part)
