"""A repeated request gets the answer of the first: `Idempotency-Key`, kept for a day."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

from fastapi import Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import delete

from ecgomics.errors import ServiceError
from ecgomics.service.accounts import Person
from ecgomics.service.api.problems import RefusedError
from ecgomics.service.api.state import Shared
from ecgomics.service.models import Reply, now

KEPT = timedelta(days=1)


async def replayed(
    here: Shared, who: Person, *, key: str | None, digest: str, work: Callable[[], Awaitable[bytes]]
) -> Response:
    """Do the work, or give the answer it gave before under the same key.

    Raises
    ------
    RefusedError
        422 when the key was used for another request.
    """
    if key is None:
        return _json(await work())
    before = await run_in_threadpool(_before, here, who, key)
    if before is not None:
        if before.request_hash != digest:
            error = ServiceError("an idempotency key of another request", expected="a new key for a new request")
            raise RefusedError(422, error)
        return _json(before.body, replayed="true")
    body = (await work()).decode()
    await run_in_threadpool(_keep, here, who, key, digest, body)
    return _json(body)


def _before(here: Shared, who: Person, key: str) -> Reply | None:
    with here.database.reading() as session:
        found = session.get(Reply, (who.id, key))
        return found if found is not None and found.at > now() - KEPT else None


def _keep(here: Shared, who: Person, key: str, digest: str, body: str) -> None:
    with here.database.session() as session:
        session.execute(delete(Reply).where(Reply.at <= now() - KEPT))
        if session.get(Reply, (who.id, key)) is None:
            session.add(Reply(user_id=who.id, idempotency_key=key, request_hash=digest, status=200, body=body))


def _json(body: str | bytes, **headers: str) -> Response:
    named = {f"Idempotent-{name.title()}": value for name, value in headers.items()}
    return Response(body, media_type="application/json", headers=named)
