"""The report as a FHIR R4 bundle: DiagnosticReport, Observations with LOINC codes, and the samples.

HL7 FHIR R4 (4.0.1): Bundle, DiagnosticReport, Observation, Device, Patient, SampledData. Lead codes are ISO/IEEE
11073-10102 (MDC); measurements carry the LOINC code of the catalogue where there is one, and always our own.
"""

from __future__ import annotations

import base64
import json
import math
import uuid
from typing import Any

import numpy as np

from ecgomics.biomarkers.references import entry_of
from ecgomics.reports.examination import Examination
from ecgomics.reports.imprint import Imprint, imprint_of
from ecgomics.reports.measurements import Row, rows
from ecgomics.reports.summary import criteria, headline

LOINC, MDC, UCUM = "http://loinc.org", "urn:iso:std:iso:11073:10101", "http://unitsofmeasure.org"
OURS = "urn:ecgomics:biomarker"
UNITS = {"ms": "ms", "mV": "mV", "/min": "/min", "°": "deg", "mV·ms": "mV.ms", "%": "%", "1": "1", "s": "s"}
"""UCUM by our unit."""
STEP_MV = 0.001
"""Samples are whole microvolts."""
LEAD_NUMBERS = {
    "I": 1,
    "II": 2,
    **{f"V{n}": n + 2 for n in range(1, 7)},
    "III": 61,
    "aVR": 62,
    "aVL": 63,
    "aVF": 64,
}
"""MDC_ECG_LEAD numbers; the code is 131328 + the number."""

_SPACE = uuid.UUID("5d0c9a6e-1a5e-4c55-9f0e-6a6f0f0c2a11")


def report_fhir(
    now: Examination, *, before: Examination | None = None, imprint: Imprint | None = None, pdf: bytes | None = None
) -> str:
    """The report as a FHIR R4 collection bundle, JSON.

    Parameters
    ----------
    now, before, imprint
        As `report_html` takes them.
    pdf
        The printed report, to be presented within.
    """
    imprint = imprint or imprint_of(now.rules)
    device, patient, study = (_id(now, kind) for kind in ("device", "patient", "study"))
    table = [row for row in rows(now, before=before) if math.isfinite(row.value)]
    measured = [_measurement(now, row, patient=patient, device=device) for row in table]
    report = _report(now, imprint, results=[study, *(entry["id"] for entry in measured)], patient=patient, pdf=pdf)
    resources = [
        report,
        _patient(now, patient),
        _device(device, imprint),
        _study(now, study, patient=patient, device=device),
        *measured,
    ]
    bundle = {
        "resourceType": "Bundle",
        "id": _id(now, "bundle"),
        "type": "collection",
        "timestamp": imprint.made.isoformat(timespec="seconds"),
        "entry": [{"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource} for resource in resources],
    }
    return json.dumps(bundle, ensure_ascii=False)


def _report(
    now: Examination, imprint: Imprint, *, results: list[str], patient: str, pdf: bytes | None
) -> dict[str, Any]:
    report: dict[str, Any] = {
        "resourceType": "DiagnosticReport",
        "id": _id(now, "report"),
        # nobody has looked at it until somebody signs
        "status": "final" if imprint.reviewed else "preliminary",
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "EC"}]}],
        "code": {"coding": [{"system": LOINC, "code": "11524-6", "display": "EKG study"}]},
        "subject": _reference(patient),
        "issued": imprint.made.isoformat(timespec="seconds"),
        "result": [_reference(result) for result in results],
        "conclusion": f"{headline(now)} For research and teaching: criteria met, not a diagnosis.",
        "conclusionCode": [{"text": one.title} for one in criteria(now)],
    }
    if now.subject.start:
        report["effectiveDateTime"] = _moment(now)
    if pdf is not None:
        report["presentedForm"] = [
            {"contentType": "application/pdf", "data": base64.b64encode(pdf).decode(), "title": "ECG report"}
        ]
    return _without_nothing(report)


def _patient(now: Examination, patient: str) -> dict[str, Any]:
    resource: dict[str, Any] = {
        "resourceType": "Patient",
        "id": patient,
        "gender": {"M": "male", "F": "female"}.get(now.subject.sex, "unknown"),
    }
    if now.subject.patient:
        resource["identifier"] = [{"system": "urn:ecgomics:patient", "value": now.subject.patient}]
    if now.subject.synthetic:
        resource["meta"] = {"tag": [{"system": "urn:ecgomics:tag", "code": "synthetic", "display": "virtual patient"}]}
    return resource


def _device(device: str, imprint: Imprint) -> dict[str, Any]:
    return {
        "resourceType": "Device",
        "id": device,
        "deviceName": [{"name": "ECGomics", "type": "model-name"}],
        "version": [{"value": imprint.version}],
        "note": [{"text": f"rules {imprint.rules}; research and teaching software, no medical device"}],
    }


def _study(now: Examination, study: str, *, patient: str, device: str) -> dict[str, Any]:
    """The recording itself: one component a lead."""
    rate = float(now.ecg.attrs["rate_hz"])
    resource: dict[str, Any] = {
        "resourceType": "Observation",
        "id": study,
        "status": "final",
        "category": [_category("procedure")],
        "code": {"coding": [{"system": LOINC, "code": "11524-6", "display": "EKG study"}]},
        "subject": _reference(patient),
        "device": _reference(device),
        "component": [_lead(lead, now.ecg.sel(lead=lead).values, rate=rate) for lead in now.leads],
    }
    if now.subject.start:
        resource["effectiveDateTime"] = _moment(now)
    return resource


def _lead(lead: str, samples: Any, *, rate: float) -> dict[str, Any]:
    steps = np.where(np.isfinite(samples), np.round(samples / STEP_MV), 0).astype(int)
    # E: below detection or no value; FHIR has no other word for a gap
    words = ["E" if not there else str(step) for step, there in zip(steps, np.isfinite(samples), strict=True)]
    coding = {"system": OURS, "code": f"lead-{lead}", "display": f"lead {lead}"}
    if lead in LEAD_NUMBERS:
        coding = {
            "system": MDC,
            "code": str(131328 + LEAD_NUMBERS[lead]),
            "display": f"MDC_ECG_ELEC_POTL_{lead.upper()}",
        }
    return {
        "code": {"coding": [coding]},
        "valueSampledData": {
            "origin": {"value": 0, "unit": "mV", "system": UCUM, "code": "mV"},
            "period": 1000.0 / rate,
            "factor": STEP_MV,
            "dimensions": 1,
            "data": " ".join(words),
        },
    }


def _measurement(now: Examination, row: Row, *, patient: str, device: str) -> dict[str, Any]:
    entry = entry_of(row.biomarker)
    codes = dict(entry.codes) if entry else {}
    coding = [{"system": OURS, "code": row.biomarker, "display": row.title}]
    loinc = codes.get("loinc")
    if loinc:
        coding.insert(0, {"system": LOINC, "code": str(loinc)})
    resource: dict[str, Any] = {
        "resourceType": "Observation",
        "id": _id(now, row.biomarker),
        "status": "preliminary",
        "category": [_category("procedure")],
        "code": {"coding": coding, "text": row.title},
        "subject": _reference(patient),
        "device": _reference(device),
        "derivedFrom": [_reference(_id(now, "study"))],
        "valueQuantity": _quantity(row.value, row.unit),
    }
    if row.reference is not None:
        limits = {"low": row.reference.low, "high": row.reference.high}
        given = {side: _quantity(limit, row.unit) for side, limit in limits.items() if limit is not None}
        resource["referenceRange"] = [{**given, "text": row.reference.source}]
        above = row.reference.high is not None and row.value > row.reference.high
        code = ("H" if above else "L") if row.outside else "N"
        system = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
        resource["interpretation"] = [{"coding": [{"system": system, "code": code}]}]
    if now.subject.start:
        resource["effectiveDateTime"] = _moment(now)
    return resource


def _quantity(value: float, unit: str) -> dict[str, Any]:
    return {"value": round(float(value), 4), "unit": unit, "system": UCUM, "code": UNITS.get(unit, "1")}


def _category(code: str) -> dict[str, Any]:
    return {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": code}]}


def _reference(identity: str) -> dict[str, str]:
    return {"reference": f"urn:uuid:{identity}"}


def _moment(now: Examination) -> str:
    start = now.subject.start
    assert start is not None
    # files rarely state a zone; a date alone is then all that is sure
    return start.isoformat(timespec="seconds") if start.tzinfo else f"{start:%Y-%m-%d}"


def _id(now: Examination, kind: str) -> str:
    return str(uuid.uuid5(_SPACE, f"{now.record}/{kind}"))


def _without_nothing(resource: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in resource.items() if value not in ([], "", None)}
