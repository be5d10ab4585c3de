"""What is done with what was posted, in a process of `Analysts`: bytes in, the answer's bytes out."""

from __future__ import annotations

import functools
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from pydantic import ValidationError

from ecgomics.cohort import open_cohort
from ecgomics.errors import FormatError, ServiceError
from ecgomics.records import Record, read
from ecgomics.reports.batch import earlier_of
from ecgomics.reports.examination import examine, examined
from ecgomics.reports.imprint import imprint_of
from ecgomics.reports.tables import report_data
from ecgomics.reports.writing import FORMS
from ecgomics.service.api.problems import InvalidError
from ecgomics.service.api.schema import MOST_SAMPLES, Samples
from ecgomics.vocabulary import normalise_lead

TO_MV = {"mV": 1.0, "uV": 0.001, "V": 1000.0}


_opened = functools.lru_cache(maxsize=4)(open_cohort)
"""A cohort reads what was committed since it was opened."""


def of_samples(content: bytes) -> bytes:
    """The report of samples as JSON. Raises InvalidError for what does not follow `Samples`."""
    try:
        body = Samples.model_validate_json(content)
    except ValidationError as error:
        raise InvalidError.of(error) from None
    return json.dumps(report_data(examine(record_of(body))), allow_nan=False).encode()


@dataclass(frozen=True)
class Stated:
    """What was said of a file beside its bytes: its name; rate and unit where it does not state them itself."""

    name: str
    rate_hz: float | None
    unit: str | None


def of_file(content: bytes, stated: Stated, ending: str) -> bytes:
    """The report of a file, in the form an ending asks for. Raises FormatError, SignalError."""
    with tempfile.TemporaryDirectory(prefix="ecgomics-") as folder:
        # only the ending of the name is used: what is sent says nothing about where it is written
        path = Path(folder) / f"posted{_safe_ending(stated.name)}"
        path.write_bytes(content)
        examination = examine(read(path, rate_hz=stated.rate_hz, unit=stated.unit))
        made = FORMS[ending](examination, None, imprint_of(examination.rules))
    return made if isinstance(made, bytes) else made.encode()


def of_record(cohort_path: str, record: str, ending: str) -> bytes:
    """The report of a cohort's record, beside the patient's earlier one. Raises CohortError."""
    cohort = _opened(cohort_path)
    now = examined(cohort, record)
    imprint = imprint_of(now.rules, recipe=f"ecgomics report COHORT --record {record}")
    made = FORMS[ending](now, earlier_of(cohort, record), imprint)
    return made if isinstance(made, bytes) else made.encode()


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


def _safe_ending(name: str) -> str:
    ending = Path(name).suffix.lower()
    if len(ending) > 8 or not ending[1:].isalnum():
        return ""
    if ending in (".hea", ".atr"):
        raise FormatError("a WFDB header without its samples", expected="one whole file", remedy="send EDF or CSV")
    return ending
