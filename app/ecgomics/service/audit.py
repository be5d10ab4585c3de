"""The log of who did what: added to, never changed, and free of anything about a patient."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import select

from ecgomics.service.accounts import Person
from ecgomics.service.database import Database
from ecgomics.service.models import AuditEntry


class Audit:
    """The audit log of a database.

    Parameters
    ----------
    database
        Where it is kept.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def note(
        self,
        action: str,
        *,
        by: Person | None,
        object: str = "",
        address: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Add an entry.

        Parameters
        ----------
        action
            A verb of a thing, such as ``"note.write"``.
        by
            Who; none before sign-in.
        object
            The id of what it was done to.
        address
            Where the request came from.
        details
            Counts and ids; never text of a person or a name of a patient.
        """
        with self.database.session() as session:
            session.add(
                AuditEntry(
                    user_id=by.id if by else None,
                    user_name=by.name if by else "",
                    action=action[:48],
                    object=object[:160],
                    address=address[:64],
                    details=dict(details or {}),
                )
            )

    def entries(self, *, since: datetime | None = None, limit: int = 1000) -> pd.DataFrame:
        """The newest entries first: at, user_name, address, action, object, details."""
        query = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
        if since is not None:
            query = query.where(AuditEntry.at >= since)
        names = ["at", "user_name", "address", "action", "object", "details"]
        with self.database.reading() as session:
            rows = [[getattr(entry, name) for name in names] for entry in session.scalars(query)]
        return pd.DataFrame(rows, columns=names)
