"""Erasing recordings: the rest is as it was, and no byte of those that went is left."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest
import xarray as xr

from ecgomics.cohort import assembly, check, erase, erasing, open_cohort
from ecgomics.errors import CohortError
from ecgomics.pipeline import ingest
from ecgomics.records import Label, Record

MARK = 12.345
"""A voltage that stands in the erased recordings alone."""


def record(seed: int, *, seconds: float = 10.0, marked: bool = False) -> Record:
    rng = np.random.default_rng(seed)
    values = rng.normal(scale=0.1, size=(3, round(250 * seconds))).astype(np.float32)
    if marked:
        values[:, ::7] = MARK
    ecg = xr.DataArray(values, dims=("lead", "time"), coords={"lead": ["I", "II", "V1"]})
    ecg.attrs.update(rate_hz=250.0, units="mV")
    beat = xr.DataArray(values[:, :100] * 2, dims=("lead", "offset"), coords={"lead": ["I", "II", "V1"]})
    beat.attrs.update(rate_hz=250.0, units="mV")
    return Record(
        ecg=ecg,
        native_hz=250.0,
        source=f"file-{seed}",
        patient="SECRETPATIENT" if marked else f"p{seed}",
        start=datetime(2026, 1, 1 + seed % 28),
        labels=(Label("synthetic", f"label-{seed}", 100),),
        measurements={"PR": (float(100 + seed), "ms")},
        median_beat=beat,
    )


@pytest.fixture
def store(tmp_path, monkeypatch):
    for module in (assembly, erasing):
        monkeypatch.setattr(module, "SHARD_RECORDS", 16)
    several = [record(seed, marked=seed in (3, 20)) for seed in range(40)]
    several += [record(600, seconds=90.0), record(601, seconds=90.0, marked=True)]
    return ingest(iter(several), tmp_path / "c.zarr", workers=0, progress=False)


@pytest.fixture
def small(tmp_path):
    return ingest(iter([record(seed) for seed in range(8)]), tmp_path / "c.zarr", workers=0, progress=False)


def test_what_is_erased_is_gone_and_the_rest_is_as_it_was(store):
    before = {name: store.ecg(name).values for name in store.ids[[0, 2, 4, 15, 16, 17, 19, 21, 39, 40]]}
    gone = store.records.index[store.records["patient"] == "SECRETPATIENT"]
    assert len(gone) == 3
    beats = {name: store.record(name).median_beat.values for name in store.ids[[2, 4, 19, 21, 40]]}
    assert erase(store.path, gone) == 3
    after = open_cohort(store.path)
    assert check(store.path) == ()
    assert len(after) == 39
    assert not set(gone) & set(after.ids)
    for name, values in before.items():
        np.testing.assert_array_equal(after.ecg(name).values, values)
    assert set(after.labels["record"]) == set(after.ids)
    assert set(after.measurements["record"]) == set(after.ids)
    signal = after.signal.values
    assert np.nanmax(np.abs(signal)) < 2
    assert not any((store.path / "long" / name).exists() for name in gone)
    # representative beats are still those of their recordings
    for name, values in beats.items():
        np.testing.assert_array_equal(after.record(name).median_beat.values, values)


def test_results_go_and_are_made_anew(small):
    small.analyse(workers=0, progress=False)
    assert "biomarkers" in small.stages
    name = small.records.index[small.records["source"] == "file-0"][0]
    before = small.ecg(name).values
    erase(small.path, [name, small.records.index[small.records["source"] == "file-1"][0]])
    after = open_cohort(small.path)
    assert set(after.stages) == {"ingest"}
    assert check(small.path) == ()
    after.analyse(workers=0, progress=False)
    assert after.biomarkers.sizes["record"] == 6
    # what was erased can come again, and more can be added
    ingest(iter([record(0), record(1000)]), small.path, workers=0, progress=False)
    again = open_cohort(small.path)
    assert len(again) == 8
    assert check(small.path) == ()
    np.testing.assert_array_equal(again.ecg(name).values, before)


def test_erasing_what_is_not_there_or_all_of_it_is_refused(small):
    store, generation = small, small.generation
    with pytest.raises(CohortError, match="not in the cohort"):
        erase(store.path, ["0" * 16])
    with pytest.raises(CohortError, match="all of a cohort"):
        erase(store.path, list(store.ids))
    assert erase(store.path, []) == 0
    assert open_cohort(store.path).generation == generation


def test_at_a_url_nothing_is_left_either():
    import fsspec

    url = "memory://erasing/c.zarr"
    several = [record(seed, marked=seed == 2) for seed in range(6)]
    store = ingest(iter(several), url, workers=0, progress=False)
    gone = store.records.index[store.records["patient"] == "SECRETPATIENT"]
    files = fsspec.filesystem("memory")
    before = {name for name in files.find("erasing") if "signal" in name and "/c/" in name}
    erase(url, gone)
    after = {name for name in files.find("erasing") if "signal" in name and "/c/" in name}
    assert not before & after
    assert len(open_cohort(url)) == 5
