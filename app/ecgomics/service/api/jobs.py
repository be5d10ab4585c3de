"""Work that outlasts its request: reports of many records, made one after another, to be fetched when done."""

from __future__ import annotations

import json
import threading
import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path
from sqlalchemy import select

from ecgomics.errors import EcgomicsError, ServiceError
from ecgomics.service.accounts import Person
from ecgomics.service.api import posted
from ecgomics.service.api.problems import RESPONSES, RefusedError
from ecgomics.service.api.schema import BatchRequest, JobState
from ecgomics.service.api.state import Here, Reader, Shared
from ecgomics.service.models import Job, now

router = APIRouter(prefix="/v1", tags=["jobs"], responses=RESPONSES)

JobId = Annotated[str, Path(pattern=r"^[0-9a-f-]{36}$")]
OPEN = ("queued", "running")


@router.post("/batches", status_code=202, summary="Report on many records")
def begin(
    body: BatchRequest,
    who: Reader,
    here: Here,
    key: Annotated[str | None, Header(alias="Idempotency-Key", max_length=80)] = None,
) -> JobState:
    """Begins the work and answers at once; ask for the job to see how far it is. The same key begins it once."""
    here.cohort()
    with here.database.session() as session:
        if key is not None:
            found = session.scalar(select(Job).where(Job.user_id == who.id, Job.idempotency_key == key))
            if found is not None:
                return _state(found)
        job = Job(
            id=str(uuid.uuid4()),
            user_id=who.id,
            kind="reports",
            total=len(body.records),
            asked={"records": body.records},
            idempotency_key=key,
        )
        session.add(job)
        session.flush()
        state = _state(job)
    threading.Thread(target=_run, args=(here, state.id), daemon=True, name=f"job {state.id}").start()
    return state


@router.get("/jobs/{job}", summary="How far a job is")
def look(job: JobId, who: Reader, here: Here) -> JobState:
    """Its state, and its result when it is done. Only its owner sees it."""
    with here.database.reading() as session:
        return _state(_own(session.get(Job, job), who))


@router.delete("/jobs/{job}", summary="Cancel a job")
def cancel(job: JobId, who: Reader, here: Here) -> JobState:
    """Stops it after the record it is at; what is done stays."""
    with here.database.session() as session:
        found = _own(session.get(Job, job), who)
        if found.state in OPEN:
            found.state, found.ended = "cancelled", now()
        return _state(found)


def resume(here: Shared) -> None:
    """Begin again what a stopped server left open."""
    with here.database.reading() as session:
        open_jobs = list(session.scalars(select(Job.id).where(Job.state.in_(OPEN))))
    for job in open_jobs:
        threading.Thread(target=_run, args=(here, job), daemon=True, name=f"job {job}").start()


def _run(here: Shared, job: str) -> None:
    reports: dict[str, Any] = {}
    failed: dict[str, str] = {}
    with here.database.session() as session:
        row = session.get(Job, job)
        if row is None or row.state not in OPEN:
            return
        row.state = "running"
        asked = list(row.asked["records"])
    for place, record in enumerate(asked, start=1):
        try:
            made = here.analysts.submit(posted.of_record, str(here.cohort().path), record, ".json")
            reports[record] = json.loads(made.result())
        except (EcgomicsError, RefusedError) as error:
            failed[record] = str(error)
        with here.database.session() as session:
            row = session.get(Job, job)
            if row is None or row.state != "running":
                return
            row.done = place
    with here.database.session() as session:
        row = session.get(Job, job)
        if row is not None and row.state == "running":
            row.state, row.ended, row.result = "done", now(), {"reports": reports, "failed": failed}


def _own(job: Job | None, who: Person) -> Job:
    if job is None or job.user_id != who.id:
        # another's job is as unknown as one that never was
        raise RefusedError(404, ServiceError("an unknown job", expected="the id of one of your jobs"))
    return job


def _state(job: Job) -> JobState:
    return JobState(
        id=job.id,
        kind=job.kind,
        state=job.state,  # type: ignore[arg-type]
        done=job.done or 0,
        total=job.total,
        error=job.error or "",
        result=job.result,
    )
