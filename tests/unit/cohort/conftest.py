from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ecgomics.cohort import Cohort, open_cohort
from ecgomics.cohort.ingest import ingest_records
from ecgomics.cohort.progress import Progress
from ecgomics.records import Label, Record, assemble
from ecgomics.settings import IngestSettings
from ecgomics.vocabulary import LEADS

QUIET = Progress("quiet")


def make_record(
    seed: int, *, seconds: float = 2.0, rate_hz: float = 500.0, leads: tuple[str, ...] = LEADS, **fields: object
) -> Record:
    """A record of noise; equal arguments give equal content."""
    rng = np.random.default_rng(seed)
    samples = rng.normal(scale=0.5, size=(len(leads), round(seconds * rate_hz)))
    record = assemble(samples, list(leads), rate_hz=rate_hz, source=f"r{seed}")
    return replace(record, **fields)  # type: ignore[arg-type]


@pytest.fixture
def record() -> Callable[..., Record]:
    return make_record


@pytest.fixture
def settings() -> IngestSettings:
    return IngestSettings(short_s=10)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "c.zarr"


@pytest.fixture
def take_in(store: Path, settings: IngestSettings) -> Callable[..., Cohort]:
    def take_in(*records: Record) -> Cohort:
        ingest_records(records, store, settings=settings, progress=QUIET)
        return open_cohort(store)

    return take_in


@pytest.fixture
def cohort(take_in: Callable[..., Cohort]) -> Cohort:
    """Three short records of two people, and a long one."""
    return take_in(
        make_record(1, patient="a", age=40.0, sex="F", labels=(Label("s", "NORM", 80.0), Label("s", "SR", 0.0))),
        make_record(2, patient="a", age=41.0, sex="F"),
        make_record(3, seconds=30, rate_hz=360.0, leads=("MLII", "V1")),
        make_record(4, seconds=1, notes=("<script>alert(1)</script>",), device="<b>x</b>"),
    )
