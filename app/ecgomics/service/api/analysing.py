"""Analyse what is posted: numbers, or a file of any format that is read. Nothing of it is kept."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Header, Request, Response, UploadFile
from pydantic import BaseModel

from ecgomics.errors import ServiceError
from ecgomics.reports.writing import form_of
from ecgomics.service.api import posted
from ecgomics.service.api.idempotency import replayed
from ecgomics.service.api.problems import RESPONSES, RefusedError
from ecgomics.service.api.schema import Samples
from ecgomics.service.api.state import Analyst, Here, Shared

router = APIRouter(prefix="/v1", tags=["analyse"], responses=RESPONSES)

MEDIA = {
    ".html": "text/html; charset=utf-8",
    ".pdf": "application/pdf",
    ".fhir.json": "application/fhir+json",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
    ".dcm": "application/dicom",
}
Key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=80)]


def body_of(model: type[BaseModel]) -> dict[str, Any]:
    """What OpenAPI is told of a body that is read by the analysts rather than here."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


@router.post("/analyse", summary="Analyse samples", openapi_extra=body_of(Samples))
async def analyse_samples(request: Request, who: Analyst, here: Here, key: Key = None) -> Response:
    """Measurements, biomarkers and criteria met of a recording sent as numbers; the recording is not kept."""
    content = await json_of(request)
    digest = hashlib.sha256(content).hexdigest()
    return await replayed(here, who, key=key, digest=digest, work=lambda: here.analysts.ask(posted.of_samples, content))


@router.post("/analyse/file", summary="Analyse a file")
async def analyse_file(
    who: Analyst,
    here: Here,
    file: Annotated[UploadFile, File(description="A recording in any format of `ecgomics inspect`, one file.")],
    rate_hz: Annotated[float | None, Form(ge=1, le=20_000, description="Where the file does not state it.")] = None,
    unit: Annotated[str | None, Form(max_length=12, description="Where the file does not state it.")] = None,
    form: Annotated[str, Form(description="Of the answer: json, html, pdf, fhir.json, csv or dcm.")] = "json",
) -> Response:
    """The same of a file; the answer may be a report to print."""
    ending = f".{form.strip('. ').lower()}"
    form_of(f"x{ending}")
    content = await file.read(here.settings.largest_bytes + 1)
    if len(content) > here.settings.largest_bytes:
        raise too_large(here)
    given = posted.Stated(name=file.filename or "", rate_hz=rate_hz, unit=unit)
    return Response(await here.analysts.ask(posted.of_file, content, given, ending), media_type=MEDIA[ending])


async def json_of(request: Request) -> bytes:
    """The body of a request that says it is JSON. Raises RefusedError (415) for another kind."""
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json":
        remedy = "a file is posted as a form to /v1/analyse/file: curl -F file=@ecg.dcm"
        what = ServiceError("a body that is not JSON", expected="Content-Type: application/json", remedy=remedy)
        raise RefusedError(415, what)
    return await request.body()


def too_large(here: Shared) -> RefusedError:
    """The refusal of more bytes than are taken."""
    most = here.settings.largest_mb
    return RefusedError(
        413, ServiceError("a body that is too large", expected=f"at most {most} MB", remedy="`ecgomics ingest`")
    )
