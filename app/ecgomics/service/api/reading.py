"""Read the served cohort: its records, their ECG, biomarkers, findings, reports, vectors, and records alike."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from fastapi import APIRouter, Path, Query, Response

from ecgomics.cohort import Cohort
from ecgomics.errors import CohortError
from ecgomics.reports.examination import examined
from ecgomics.reports.tables import biomarker_data, finding_data
from ecgomics.service.api import posted
from ecgomics.service.api.analysing import MEDIA
from ecgomics.service.api.problems import RESPONSES
from ecgomics.service.api.schema import Neighbour, RecordLine, RecordList
from ecgomics.service.api.state import Here, Reader

router = APIRouter(prefix="/v1", tags=["cohort"], responses=RESPONSES)

RecordId = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$", description="Content id of the record.")]
LONGEST_WINDOW_S = 60.0


@router.get("/records", summary="List the records")
def list_records(
    who: Reader,
    here: Here,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    after: Annotated[
        str | None, Query(pattern=r"^[0-9a-f]{16}$", description="The last id of the page before.")
    ] = None,
    rule: Annotated[str | None, Query(max_length=60, description="Only records that meet this rule.")] = None,
) -> RecordList:
    """Records in the order of the store, a page at a time."""
    cohort = here.cohort()
    ids = np.array([str(one) for one in cohort.ids])
    if rule is not None:
        ids = ids[_meets(cohort, rule)]
    start = 0
    if after is not None:
        place = np.flatnonzero(ids == after)
        start = int(place[0]) + 1 if place.size else len(ids)
    page = ids[start : start + limit]
    lines = [_line(cohort, record) for record in page]
    more = start + limit < len(ids)
    return RecordList(total=len(ids), records=lines, next=str(page[-1]) if more and len(page) else None)


@router.get("/records/{record}", summary="One record")
def one_record(record: RecordId, who: Reader, here: Here) -> RecordLine:
    """What is known of it beside its samples."""
    return _line(_known(here.cohort(), record), record)


@router.get("/records/{record}/ecg", summary="Samples of a record")
def samples(
    record: RecordId,
    who: Reader,
    here: Here,
    start_s: Annotated[float, Query(ge=0, le=1e7)] = 0.0,
    stop_s: Annotated[float | None, Query(ge=0, le=1e7)] = None,
) -> dict[str, Any]:
    """Up to a minute of samples in mV by lead; null is a gap."""
    ecg = _known(here.cohort(), record).ecg(record)
    rate = float(ecg.attrs["rate_hz"])
    stop_s = start_s + 10.0 if stop_s is None else min(stop_s, start_s + LONGEST_WINDOW_S)
    part = ecg.isel(time=slice(round(start_s * rate), max(round(start_s * rate), round(stop_s * rate)))).load()
    leads = {
        str(lead): [
            None if not math.isfinite(value) else round(float(value), 4) for value in part.sel(lead=lead).values
        ]
        for lead in part["lead"].values
    }
    return {"record": record, "start_s": start_s, "rate_hz": rate, "unit": "mV", "leads": leads}


@router.get("/records/{record}/biomarkers", summary="Biomarkers of a record")
def biomarkers(record: RecordId, who: Reader, here: Here) -> dict[str, Any]:
    """Every biomarker with value, unit, spread and count, or the reason why there is none."""
    return {"record": record, "biomarkers": biomarker_data(examined(here.cohort(), record))}


@router.get("/records/{record}/findings", summary="Findings of a record")
def findings(
    record: RecordId, who: Reader, here: Here, state: Literal["met", "unknown", "not_met", "all"] = "met"
) -> dict[str, Any]:
    """Rules with their clauses, values, limits and margins."""
    told = examined(here.cohort(), record).findings
    return {"record": record, "findings": [finding_data(one) for one in told if state in ("all", one.state)]}


@router.get("/records/{record}/report", summary="Report of a record")
async def report(
    record: RecordId,
    who: Reader,
    here: Here,
    form: Literal["json", "html", "pdf", "fhir.json", "csv", "dcm"] = "json",
) -> Response:
    """The structured report, compared with the same patient's earlier record."""

    made = await here.analysts.ask(posted.of_record, str(here.cohort().path), record, f".{form}")
    return Response(made, media_type=MEDIA[f".{form}"])


@router.get("/records/{record}/embedding", summary="Vector of a record")
def embedding(
    record: RecordId, who: Reader, here: Here, encoder: Annotated[str, Query(max_length=60)] = "handmade"
) -> dict[str, Any]:
    """An encoder's vector, and its place on the map where there is one."""
    stored = _latent(_known(here.cohort(), record), encoder)
    one = stored.sel(record=record)
    place = [float(value) for value in one["map"].values] if "map" in one else None
    return {
        "record": record,
        "encoder": encoder,
        "vector": _plain(one["vectors"].values),
        "map": place and _plain(place),
    }


@router.get("/records/{record}/similar", summary="Records like this one")
def similar(
    record: RecordId,
    who: Reader,
    here: Here,
    encoder: Annotated[str, Query(max_length=60)] = "handmade",
    count: Annotated[int, Query(ge=1, le=100)] = 10,
) -> list[Neighbour]:
    """The nearest records by an encoder's vectors (Euclidean), the nearest first."""
    stored = _latent(_known(here.cohort(), record), encoder)
    vectors, ids = stored["vectors"].values.astype(np.float64), stored["record"].values.astype(str)
    own = vectors[np.flatnonzero(ids == record)[0]]
    distance = np.sqrt(((vectors - own) ** 2).sum(axis=1))
    order = [int(k) for k in np.argsort(distance, kind="stable") if ids[k] != record and math.isfinite(distance[k])]
    return [Neighbour(record=str(ids[k]), distance=float(distance[k])) for k in order[:count]]


def _known(cohort: Cohort, record: str) -> Cohort:
    if record not in cohort.records.index:
        raise CohortError("a record that is not in the cohort", expected="one of its ids", remedy="list them first")
    return cohort


def _latent(cohort: Cohort, encoder: str) -> Any:
    if encoder not in cohort.encoders:
        known = ", ".join(cohort.encoders) or "none yet"
        raise CohortError(
            "an encoder without vectors here", expected=f"one of: {known}", remedy="ecgomics embed COHORT"
        )
    return cohort.latent(encoder)


def _meets(cohort: Cohort, rule: str) -> Any:
    found = cohort.findings
    if rule not in found["rule"].values.astype(str):
        raise CohortError("an unknown rule", expected="the id of a rule", remedy="`ecgomics rules` lists them")
    met = list(found.attrs["states"]).index("met")
    order = found["state"].sel(rule=rule, record=[str(one) for one in cohort.ids])
    return order.values == met


def _line(cohort: Cohort, record: str) -> RecordLine:
    line: Any = cohort.records.loc[record]
    quality = math.nan
    if "waves" in cohort.stages:
        quality = float(cohort.quality["record_quality"].sel(record=record).values)
    start = pd.to_datetime(line["start"])
    return RecordLine(
        record=record,
        source=str(line["source"]),
        age=_number(line["age"]),
        sex=str(line["sex"] or "") or None,
        start=None if pd.isna(start) else start.isoformat(),
        rate_hz=float(line["native_hz"]),
        duration_s=float(line["duration_s"]),
        quality=_number(quality),
    )


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _plain(values: Any) -> list[float | None]:
    return [_number(float(value)) for value in values]
