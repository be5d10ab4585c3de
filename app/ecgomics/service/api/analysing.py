"""Analyse what is posted: numbers, or a file of any format that is read. Nothing of it is kept."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import xarray as xr
from fastapi import APIRouter, File, Form, Header, Request, Response, UploadFile
from fastapi.concurrency import run_in_threadpool

from ecgomics.errors import FormatError, ServiceError
from ecgomics.records import Record, read
from ecgomics.reports.examination import Examination, examine
from ecgomics.reports.tables import report_data
from ecgomics.reports.writing import FORMS, form_of
from ecgomics.service.api.idempotency import replayed
from ecgomics.service.api.problems import RESPONSES, RefusedError
from ecgomics.service.api.schema import MOST_SAMPLES, Samples
from ecgomics.service.api.state import Analyst, Here, Shared
from ecgomics.vocabulary import normalise_lead

router = APIRouter(prefix="/v1", tags=["analyse"], responses=RESPONSES)

TO_MV = {"mV": 1.0, "uV": 0.001, "V": 1000.0}
MEDIA = {
    ".html": "text/html; charset=utf-8",
    ".pdf": "application/pdf",
    ".fhir.json": "application/fhir+json",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
    ".dcm": "application/dicom",
}
Key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=80)]


@router.post("/analyse", summary="Analyse samples")
async def analyse_samples(request: Request, body: Samples, who: Analyst, here: Here, key: Key = None) -> Response:
    """Measurements, biomarkers and criteria met of a recording sent as numbers; the recording is not kept."""

    def work() -> dict[str, Any]:
        with here.work.turn():
            return report_data(examine(record_of(body)))

    digest = hashlib.sha256(await request.body()).hexdigest()
    return await replayed(here, who, key=key, digest=digest, work=work)


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
    made = await run_in_threadpool(_of_file, content, file.filename or "", rate_hz, unit, ending, here)
    return Response(made, media_type=MEDIA[ending])


def too_large(here: Shared) -> RefusedError:
    """The refusal of more bytes than are taken."""
    most = here.settings.largest_mb
    return RefusedError(
        413, ServiceError("a body that is too large", expected=f"at most {most} MB", remedy="`ecgomics ingest`")
    )


def record_of(body: Samples) -> Record:
    """Samples as a `Record`. Raises ServiceError for leads of unlike length, unlike names, or too many samples."""
    lengths = {len(samples) for samples in body.leads.values()}
    total = sum(len(samples) for samples in body.leads.values())
    if len(lengths) != 1 or total > MOST_SAMPLES:
        raise ServiceError(
            f"leads of {len(lengths)} lengths, {total} samples in all",
            expected=f"leads of one length, at most {MOST_SAMPLES} samples",
            remedy="send a longer recording as a file",
        )
    names = [normalise_lead(name) for name in body.leads]
    if len(set(names)) != len(names):
        raise ServiceError("a lead that is named twice", expected="every lead once")
    (length,) = lengths
    if length < body.rate_hz:
        raise ServiceError(f"{length} samples at {body.rate_hz:g} Hz", expected="at least one second")
    block = np.array([[np.nan if value is None else value for value in lead] for lead in body.leads.values()])
    if np.nanmax(np.abs(block), initial=0.0) * TO_MV[body.unit] > 1000:
        raise ServiceError("a voltage above 1 V", expected="an electrocardiogram", remedy="check the unit")
    ecg = xr.DataArray(
        (block * TO_MV[body.unit]).astype(np.float32),
        dims=("lead", "time"),
        coords={"lead": names},
        attrs={"rate_hz": float(body.rate_hz), "units": "mV"},
    )
    age = float("nan") if body.age is None else body.age
    return Record(ecg, native_hz=float(body.rate_hz), source=body.source or "posted", age=age, sex=body.sex)


def _of_file(
    content: bytes, name: str, rate_hz: float | None, unit: str | None, ending: str, here: Shared
) -> str | bytes:
    from ecgomics.reports.imprint import imprint_of

    with here.work.turn(), tempfile.TemporaryDirectory(prefix="ecgomics-") as folder:
        # only the ending of the name is used: what is sent says nothing about where it is written
        path = Path(folder) / f"posted{_safe_ending(name)}"
        path.write_bytes(content)
        examination: Examination = examine(read(path, rate_hz=rate_hz, unit=unit))
        return FORMS[ending](examination, None, imprint_of(examination.rules))


def _safe_ending(name: str) -> str:
    ending = Path(name).suffix.lower()
    if len(ending) > 8 or not ending[1:].isalnum():
        return ""
    if ending in (".hea", ".atr"):
        raise FormatError("a WFDB header without its samples", expected="one whole file", remedy="send EDF or CSV")
    return ending
