"""Selections and views saved by name, each with its definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from ecgomics.errors import AccessError, ConflictError, ServiceError
from ecgomics.service.accounts import Person
from ecgomics.service.database import Database
from ecgomics.service.models import Saved, now

Kind = Literal["selection", "view", "rules"]


@dataclass(frozen=True)
class Kept:
    """Something saved.

    Attributes
    ----------
    name
        Unique for its owner and kind in one cohort.
    definition
        What it is, as JSON can hold it.
    owner
        Name of whoever saved it.
    version
        Grows with every change.
    edited
        When it was last changed, UTC.
    """

    name: str
    definition: dict[str, Any]
    owner: str
    version: int
    edited: datetime


class Shelf:
    """What people saved about one cohort.

    Parameters
    ----------
    database
        Where it is kept.
    cohort
        A stable id of the cohort (its manifest's).
    """

    def __init__(self, database: Database, *, cohort: str) -> None:
        self.database, self.cohort = database, cohort

    def save(
        self, kind: Kind, name: str, definition: Mapping[str, Any], *, by: Person, over: int | None = None
    ) -> Kept:
        """Save under a name; one's own of that name is replaced.

        Parameters
        ----------
        kind, name, definition
            What is saved.
        by
            Whose it is.
        over
            The version this was made from; when somebody (or another window) saved meanwhile, nothing is written.

        Raises
        ------
        ServiceError
            Without a name.
        ConflictError
            When `over` is no longer the newest version.
        """
        name = name.strip()[:120]
        if not name:
            raise ServiceError("nothing to call it by", expected="a name", remedy="type one")
        with self.database.session() as session:
            row = self._row(session, kind, name, owner_id=by.id)
            if row is None:
                row = Saved(cohort=self.cohort, kind=kind, owner_id=by.id, name=name, definition=dict(definition))
                session.add(row)
            else:
                if over is not None and row.version != over:
                    raise ConflictError(
                        "a name saved in another window meanwhile",
                        expected="the newest version",
                        remedy="load it",
                    )
                row.definition, row.version, row.edited = dict(definition), row.version + 1, now()
            session.flush()
            session.refresh(row)
            return _kept(row)

    def names(self, kind: Kind) -> list[Kept]:
        """Everything of a kind, the newest first; a team sees one another's."""
        query = select(Saved).where(Saved.cohort == self.cohort, Saved.kind == kind).order_by(Saved.edited.desc())
        with self.database.reading() as session:
            return [_kept(row) for row in session.scalars(query)]

    def load(self, kind: Kind, name: str, *, owner: str | None = None) -> Kept:
        """What was saved under a name. Raises ServiceError when there is nothing."""
        found = [kept for kept in self.names(kind) if kept.name == name and owner in (None, kept.owner)]
        if not found:
            raise ServiceError(f"no saved {kind} of that name", expected="one on the shelf", remedy="see the list")
        return found[0]

    def remove(self, kind: Kind, name: str, *, by: Person, owner: str | None = None) -> Kept:
        """Take something off the shelf; returned, so that it can be put back.

        Raises
        ------
        AccessError
            For somebody else's, unless an administrator asks.
        ServiceError
            When there is nothing of that name.
        """
        kept = self.load(kind, name, owner=owner or by.name)
        if kept.owner != by.name and not by.may("admin"):
            raise AccessError("somebody else's", expected="your own", remedy="save a copy of your own")
        with self.database.session() as session:
            for row in session.scalars(select(Saved).where(Saved.cohort == self.cohort, Saved.kind == kind)):
                if row.name == name and row.owner.name == kept.owner:
                    session.delete(row)
        return kept

    def _row(self, session: Session, kind: str, name: str, *, owner_id: int) -> Saved | None:
        query = select(Saved).where(
            Saved.cohort == self.cohort, Saved.kind == kind, Saved.name == name, Saved.owner_id == owner_id
        )
        return session.scalar(query)


def _kept(row: Saved) -> Kept:
    return Kept(row.name, dict(row.definition), row.owner.name, row.version, row.edited)
