"""The request of the original service, as far as a public client shows it, answered with our biomarkers.

Known of it: the request's fields, the ten seconds it asks for, the envelope ``code, msg, data``, and the four top
groups and the sub-groups' names. Not known: a single name of a biomarker within them. So the groups and sub-groups have
the original's names (its spelling too), and what is inside has ours. Sub-groups the original filled from models of
other examinations are there and empty. Several leads may be sent, which the original did not take.
"""

from __future__ import annotations

import json
import math
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ecgomics.errors import EcgomicsError
from ecgomics.reports.examination import Examination, examine
from ecgomics.reports.tables import finding_data
from ecgomics.service.api.analysing import body_of, json_of
from ecgomics.service.api.posted import record_of
from ecgomics.service.api.problems import RESPONSES, InvalidError
from ecgomics.service.api.schema import LeadName, Samples
from ecgomics.service.api.state import Analyst, Here

router = APIRouter(prefix="/compat", tags=["compatible"], responses=RESPONSES)

SHORTEST_S = 10.0

SUBGROUPS = (
    "heart_rate_related",
    "wavefrom_related",
    "frequency_domain_relate",
    "mental_related",
    "hrv_related",
    "medical_image_related",
    "electrocardiogram_diagnosis_related",
    "demographic_related",
    "blood_test_related",
    "disease_related",
)

Numbers = Annotated[list[float], Field(max_length=2_000_000)]


class OriginalRequest(BaseModel):
    """The original's fields; ``ecgData`` may also be a mapping from lead to numbers."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    inputType: Literal["raw", "xml"] = "raw"  # noqa: N815  (the original's spelling)
    ecgData: Numbers | dict[LeadName, Numbers] | None = None  # noqa: N815
    ecgSampleRate: int = Field(500, ge=1, le=4000)  # noqa: N815
    xmlData: str | None = Field(None, max_length=5_000_000)  # noqa: N815
    zero: float = 0.0
    gain: float = Field(1.0, description="Divides the samples, less zero: the result is in mV.")
    filter: Literal["MeanDecomposition", "BandPass"] = "MeanDecomposition"


@router.post("/ecgomics", summary="Answer as the original service did", openapi_extra=body_of(OriginalRequest))
async def original(request: Request, who: Analyst, here: Here) -> Response:
    """`code` 200 with the four groups in `data`, or another code with the reason in `msg`."""
    content = await json_of(request)
    return Response(await here.analysts.ask(of_original, content), media_type="application/json")


def of_original(content: bytes) -> bytes:
    """The original's answer to a request. Raises InvalidError for what does not follow `OriginalRequest`."""
    answer: dict[str, Any]
    try:
        data = grouped(_examined(OriginalRequest.model_validate_json(content)))
        answer = {"code": 200, "msg": "success", "data": data}
    except ValidationError as error:
        raise InvalidError.of(error) from None
    except EcgomicsError as error:
        answer = {"code": 400, "msg": str(error), "data": None}
    return json.dumps(answer, allow_nan=False).encode()


def _examined(body: OriginalRequest) -> Examination:
    from ecgomics.errors import ServiceError

    if body.inputType == "xml":
        return _of_xml(body)
    if not body.ecgData:
        raise ServiceError("no samples", expected="numbers in ecgData", remedy="send at least ten seconds")
    leads = body.ecgData if isinstance(body.ecgData, dict) else {"II": body.ecgData}
    if body.gain == 0 or not math.isfinite(body.gain):
        raise ServiceError("a gain of 0", expected="units a mV")
    scaled = {lead: ((np.asarray(samples) - body.zero) / body.gain).tolist() for lead, samples in leads.items()}
    if min(len(samples) for samples in scaled.values()) < SHORTEST_S * body.ecgSampleRate:
        raise ServiceError("less than ten seconds", expected="at least ten seconds without a gap")
    if body.ecgSampleRate < 50:
        raise ServiceError(f"{body.ecgSampleRate} samples a second", expected="at least 50")
    return examine(record_of(Samples.model_validate({"leads": scaled, "rate_hz": body.ecgSampleRate})))


def _of_xml(body: OriginalRequest) -> Examination:
    import tempfile
    from pathlib import Path

    from ecgomics.errors import ServiceError
    from ecgomics.records import read

    if not body.xmlData:
        raise ServiceError("no XML", expected="a document in xmlData")
    with tempfile.TemporaryDirectory(prefix="ecgomics-") as folder:
        path = Path(folder) / "posted.xml"
        path.write_text(body.xmlData, encoding="utf-8")
        return examine(read(path))


def grouped(examination: Examination) -> dict[str, Any]:
    """Biomarkers and findings under the original's groups.

    Returns
    -------
    dict
        ``<Dimension>_ECGomics`` → sub-group → biomarker → value and unit.
    """
    groups: dict[str, Any] = {
        f"{dimension}_ECGomics": {} for dimension in ("Structural", "Intensity", "Functional", "Comparative")
    }
    table = examination.table
    columns = (table[name].tolist() for name in ("value", "unit", "dimension"))
    for name, value, unit, dimension in zip(table.index, *columns, strict=True):
        entry = {"value": round(value, 6) if math.isfinite(value) else None, "unit": unit}
        group = groups.setdefault(f"{dimension}_ECGomics", {})
        group.setdefault(_subgroup(name, dimension), {})[name] = entry
    comparative = groups["Comparative_ECGomics"]
    met = [finding_data(finding) for finding in examination.met]
    comparative["electrocardiogram_diagnosis_related"] = {
        "note": "criteria met, not a diagnosis",
        "criteria_met": met,
    }
    for name in ("medical_image_related", "demographic_related", "blood_test_related", "disease_related"):
        comparative.setdefault(name, {})
    return groups


def _subgroup(name: str, dimension: str) -> str:
    family = name.split("_")[0]
    if dimension == "Functional":
        if family in ("HR", "RR"):
            return "heart_rate_related"
        return "hrv_related"
    if family in ("Band", "Spectral", "SNR"):
        return "frequency_domain_relate"
    return "wavefrom_related"
