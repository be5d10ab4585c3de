"""A cohort held in memory, with the interface of `cohort.Cohort`, from arrays made here."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from ecgomics.biomarkers import columns
from ecgomics.dashboards.census import Census
from ecgomics.dashboards.explore_state import ExploreState
from ecgomics.dashboards.ranking import Ranker
from ecgomics.dashboards.reading import Reading
from ecgomics.dashboards.rulebook import RuleBook
from ecgomics.errors import CohortError
from ecgomics.rules import evaluate, load_rules
from ecgomics.vocabulary import LEADS, MARKS

RATE_HZ = 100.0
OFFSET = np.arange(-0.3, 0.5, 0.01)

RULES = """
rules:
  - id: long_pr
    number: T1
    version: 1
    name: Long PR
    statement: Criteria met for a long PR interval.
    dimension: Structural
    chapter: test
    severity: note
    evidence: house
    citations: [{source: made for a test}]
    criteria: {id: pr, biomarker: PR_Int_Global, above: 200, unit: ms}
  - id: high_voltage
    number: T2
    version: 1
    name: High voltage
    statement: Criteria met for a high voltage.
    dimension: Intensity
    chapter: test
    severity: note
    evidence: house
    citations: [{source: made for a test}]
    criteria: {id: sum, biomarker: Sokolow_Global, at_least: 3.5, unit: mV}
"""


HOME = tempfile.TemporaryDirectory(prefix="ecgomics-", ignore_cleanup_errors=True)
"""Where what is kept beside the made-up cohorts lies."""


class FakeCohort:
    """What dashboards use of a cohort."""

    def __init__(self, n: int = 60, *, analysed: bool = True, mapped: bool = True, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.path = Path(tempfile.mkdtemp(dir=HOME.name)) / "fake.zarr"
        self.told: list[dict[str, object]] = []
        ids = [f"{number:016x}" for number in range(n)]
        self.rng, self.ids, self.analysed, self.mapped = rng, ids, analysed, mapped
        self.records = pd.DataFrame(
            {
                "source": [f"rec{number}" for number in range(n)],
                "patient": [f"p{number // 2}" if number < 10 else f"p{number}" for number in range(n)],
                "age": rng.integers(20, 90, n).astype(float),
                "sex": rng.choice(["M", "F"], n),
                "native_hz": 500.0,
                "duration_s": 10.0,
            },
            index=pd.Index(ids, name="record"),
        )
        codes = ["1AVB" if number < n // 4 else "NORM" for number in range(n)]
        self.labels = pd.DataFrame({"record": ids, "system": "ptbxl-scp", "code": codes, "likelihood": 100.0})
        self.encoders = ("handmade",) if mapped else ()
        beat = np.exp(-((OFFSET / 0.02) ** 2)).astype(np.float32)
        self.beats_mv = np.broadcast_to(beat, (n, 12, len(OFFSET))).copy()
        self._make_numbers(n)

    def _make_numbers(self, n: int) -> None:
        table = columns()
        values = self.rng.normal(size=(n, len(table))).astype(np.float32)
        names = table["column"].tolist()
        pr = self.rng.normal(160, 12, n)
        pr[: n // 4] += 70
        values[:, names.index("PR_Int_Global")] = pr
        values[:, names.index("Sokolow_Global")] = self.rng.normal(2.6, 0.7, n)
        values[3:4, names.index("PR_Int_Global")] = np.nan
        self._biomarkers = xr.Dataset(
            {"value": (("record", "biomarker"), values)},
            coords={
                "record": self.ids,
                "biomarker": names,
                "unit": ("biomarker", table["unit"].to_numpy(dtype=str)),
                "dimension": ("biomarker", table["dimension"].to_numpy(dtype=str)),
            },
        )

    @property
    def subjects(self) -> xr.Dataset:
        return xr.Dataset(
            {"age": ("record", self.records["age"].to_numpy()), "sex": ("record", self.records["sex"].to_numpy())},
            coords={"record": self.ids},
        )

    def looks(self) -> tuple[dict[str, object], ...]:
        return tuple(self.told)

    def note_look(self, look) -> dict[str, object]:
        self.told.append(look(tuple(self.told)))
        return self.told[-1]

    def _need(self) -> None:
        if not self.analysed:
            raise CohortError("no such node", remedy="run analyse")

    @property
    def biomarkers(self) -> xr.Dataset:
        self._need()
        return self._biomarkers

    @property
    def findings(self) -> xr.Dataset:
        self._need()
        return evaluate(self._biomarkers, subjects=self.subjects, rules=self.rules)

    @property
    def quality(self) -> xr.Dataset:
        self._need()
        quality = np.linspace(0.3, 1, len(self.ids), dtype=np.float32)
        return xr.Dataset({"record_quality": ("record", quality)}, coords={"record": self.ids})

    @property
    def template(self) -> xr.Dataset:
        self._need()
        return xr.Dataset(
            {"beat_mv": (("record", "lead", "offset"), self.beats_mv)},
            coords={"record": self.ids, "lead": list(LEADS), "offset": OFFSET},
        )

    def latent(self, encoder: str) -> xr.Dataset:
        places = self.rng.normal(size=(len(self.ids), 2))
        places[: len(self.ids) // 4] += 6
        return xr.Dataset(
            {"map": (("record", "axis"), places), "vectors": (("record", "latent"), places)},
            coords={"record": self.ids},
            attrs={"trustworthiness": 0.93},
        )

    def ecg(self, record: str) -> xr.DataArray:
        time = np.arange(0, 10, 1 / RATE_HZ)
        trace = np.exp(-((((time % 0.8) - 0.4) / 0.02) ** 2)).astype(np.float32)
        values = np.stack([trace * (0.4 + 0.1 * k) for k in range(12)])
        return xr.DataArray(values, dims=("lead", "time"), coords={"lead": list(LEADS)}, attrs={"rate_hz": RATE_HZ})

    def beats_of(self, record: str) -> SimpleNamespace:
        self._need()
        r = np.arange(0.4, 10, 0.8)
        marks = np.full((len(r), len(MARKS)), np.nan)
        for name, shift in (("p_on", -0.2), ("qrs_on", -0.04), ("r_peak", 0), ("qrs_off", 0.05), ("t_off", 0.3)):
            marks[:, MARKS.index(name)] = r + shift
        beats = xr.Dataset(
            {
                "r_s": ("beat", r),
                "rr_s": ("beat", np.r_[np.nan, np.diff(r)]),
                "beat_class": ("beat", np.zeros(len(r), dtype=np.int8)),
                "marks": (("beat", "mark"), marks),
                "lead_marks": (("beat", "lead", "mark"), np.repeat(marks[:, None], 12, axis=1)),
            },
            coords={"beat_record": ("beat", np.array([record] * len(r))), "lead": list(LEADS), "mark": list(MARKS)},
        )
        return SimpleNamespace(beats=beats)


@pytest.fixture(scope="session")
def rules(tmp_path_factory):
    path = tmp_path_factory.mktemp("rules") / "test.yaml"
    path.write_text(RULES)
    return load_rules([path], base="none")


@pytest.fixture
def make_reading(rules):
    """Build a reading of a fake cohort: `make_reading(n=60, analysed=True, mapped=True)`."""

    def make(n: int = 60, **options) -> Reading:
        cohort = FakeCohort(n, **options)
        cohort.rules = rules
        book = RuleBook(rules)
        census = Census(cohort, rule_titles=book.titles)
        return Reading(census, book.about(census), Ranker(census))

    return make


@pytest.fixture
def reading(make_reading):
    return make_reading()


@pytest.fixture
def state(reading):
    return ExploreState(reading.census, reading.rulebook)
