"""Long recordings: taken in piece by piece, shown at any zoom, and handed to the stages without filling the memory."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import numpy as np
import pytest
import wfdb

from ecgomics.cohort import Cohort, check, open_cohort
from ecgomics.cohort.crew import Hands
from ecgomics.cohort.ingest import ingest_files
from ecgomics.cohort.mapped import common_rate
from ecgomics.cohort.progress import Progress
from ecgomics.cohort.resample import resample
from ecgomics.records import read
from ecgomics.settings import IngestSettings

COUNT = 90_017


@pytest.fixture
def holter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cohort:
    """A Holter recording of six minutes, read and written in pieces far smaller than it."""
    digital = np.random.default_rng(0).integers(-2000, 2000, size=(COUNT, 2))
    digital[5000:5200] = -32768  # WFDB's own missing samples
    (tmp_path / "in").mkdir()
    wfdb.wrsamp(
        "h",
        fs=250,
        units=["mV"] * 2,
        sig_name=["V1", "V5"],
        d_signal=digital,
        fmt=["16"] * 2,
        adc_gain=[200.0] * 2,
        baseline=[0] * 2,
        write_dir=str(tmp_path / "in"),
    )
    for module in ("pieces", "assembly", "wfdb_files"):
        monkeypatch.setattr(f"ecgomics.records.{module}.PIECE_SAMPLES", 10_000)
    monkeypatch.setattr("ecgomics.cohort.staged._PIECE", 7_000)
    monkeypatch.setattr("ecgomics.cohort.assembly._LONG_SHARD", 16_384)
    monkeypatch.setattr("ecgomics.cohort.assembly._ENVELOPE_SHARD", 4_096)
    monkeypatch.setattr("ecgomics.cohort.resample._PIECE", 9_000)
    settings = IngestSettings(short_s=60)
    ingest_files(
        tmp_path / "in", tmp_path / "c.zarr", settings=settings, labels=None, hands=Hands(0), progress=Progress("quiet")
    )
    return open_cohort(tmp_path / "c.zarr")


def test_it_is_the_recording_that_is_read_whole(holter: Cohort) -> None:
    whole = read(holter.path.parent / "in" / "h.hea")
    record = holter.ids[0]
    assert record == whole.id
    assert len(holter.quarantine) == 0
    stored = holter.ecg(record)
    assert stored.shape == (2, COUNT)
    np.testing.assert_allclose(stored, whole.ecg, atol=0.000501)
    np.testing.assert_array_equal(holter.ecg(record, start=700, stop=900), stored[:, 700:900])
    assert check(holter.path) == ()
    # the samples that lay beside the store while it was read are gone
    assert not list(holter.path.parent.glob(".*staging*"))


def test_windows_at_any_zoom_are_exact(holter: Cohort) -> None:
    record = holter.ids[0]
    values = holter.ecg(record).values
    rng = np.random.default_rng(1)
    for span in (0.5, 20.0, 100.0, 355.0):
        first = float(rng.uniform(0, 360 - span))
        window = holter.window(record, first, first + span, 300)
        if window.attrs["kind"] == "samples":
            continue
        for column in (0, 7, window.sizes["column"] - 1):
            part = slice(round(float(window["start_s"][column]) * 250), round(float(window["stop_s"][column]) * 250))
            hidden = np.isnan(values[:, part]).all(axis=1)
            expected = np.where(hidden, np.nan, np.nanmax(np.nan_to_num(values[:, part], nan=-99.0), axis=1))
            np.testing.assert_array_equal(window["high"][:, column], expected.astype(np.float32))


def test_stages_see_it_at_the_common_rate_through_a_file_that_leaves_nothing(holter: Cohort) -> None:
    record = str(holter.ids[0])
    seen = common_rate(holter, (record,))
    own = holter.ecg(record)
    expected = resample(own.values, from_hz=250.0, to_hz=500.0)
    assert seen.dims == ("record", "lead", "time")
    assert seen.shape == (1, 2, 2 * COUNT)
    away = np.ones(2 * COUNT, dtype=bool)
    away[9_800:10_600] = away[:100] = away[-100:] = False
    np.testing.assert_allclose(seen.values[0][:, away], expected[:, away], atol=1e-4)
    np.testing.assert_array_equal(np.isnan(seen.values[0]), np.isnan(expected))
    assert sorted(os.listdir(holter.path.parent)) == ["c.zarr", "in"]
    del seen
    gc.collect()
