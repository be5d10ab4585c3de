"""What files report beside their samples survives into the store; and stores of the layout before, which kept none."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from ecgomics.cli import main
from ecgomics.cohort import Cohort, check, open_cohort, repair
from ecgomics.cohort.export import export
from ecgomics.cohort.manifest import read_manifest
from ecgomics.errors import CohortError, SettingsError
from ecgomics.records import Annotation, Label, Record, describe


@pytest.fixture
def full(record: Callable[..., Record]) -> Record:
    """A recording whose file had something in every field."""
    bare = record(1)
    return replace(
        bare,
        patient="p1",
        age=61.0,
        sex="F",
        start=datetime(2021, 5, 6, 7, 8, 9),
        device="Maker X",
        labels=(Label("device-statement", "NORMAL ECG"),),
        notes=("unit assumed", "a lead left out"),
        format="muse",
        derived_leads=("III", "aVR"),
        step_uv={"I": 4.88, "V1": 5.0},
        filters={"highpass_hz": 0.05, "lowpass_hz": 150.0},
        measurements={"PR_Int_Global": (162.0, "ms"), "R_Amp_V5": (1.25, "mV")},
        annotations=(Annotation(0.5, "N", "wfdb-atr"), Annotation(0.7, "(t", "mdc", lead="V2", end_s=0.9)),
        median_beat=bare.ecg[:, :400].rename(time="offset").rename("median_beat"),
    )


def test_every_field_comes_back(full: Record, take_in: Callable[..., Cohort], record: Callable[..., Record]) -> None:
    cohort = take_in(record(2), full, record(3, measurements={"HR_Mean_Global": (70.0, "/min")}))
    back = cohort.record(full.id)
    fields = "id native_hz source patient age sex start device labels derived_leads notes format step_uv filters"
    for name in [*fields.split(), "measurements", "annotations"]:
        assert getattr(back, name) == getattr(full, name), name
    np.testing.assert_allclose(back.ecg, full.ecg, atol=0.000501)
    assert back.median_beat is not None
    assert full.median_beat is not None
    assert back.median_beat.attrs["rate_hz"] == full.median_beat.attrs["rate_hz"]
    np.testing.assert_allclose(back.median_beat, full.median_beat, atol=0.000501)
    assert cohort.record(cohort.ids[0]).median_beat is None
    assert list(cohort.measurements["name"]) == ["PR_Int_Global", "R_Amp_V5", "HR_Mean_Global"]
    assert list(cohort.annotations["code"]) == ["N", "(t"]
    # what is said of it is what is said of the file, but for the samples' last digit
    said = [line.split() for line in describe(back).splitlines() if not line.startswith("  ")]
    assert said == [line.split() for line in describe(full).splitlines() if not line.startswith("  ")]


def test_reports_stay_when_records_are_added(
    full: Record, take_in: Callable[..., Cohort], record: Callable[..., Record]
) -> None:
    take_in(full)
    cohort = take_in(record(5), replace(full, ecg=full.ecg * 2, patient="p2"))
    assert len(cohort) == 3
    assert cohort.record(full.id).measurements == full.measurements
    assert len(cohort.measurements) == 4
    other = cohort.record(cohort.ids[2])
    assert other.median_beat is not None
    np.testing.assert_allclose(other.median_beat, full.median_beat, atol=0.000501)
    assert check(cohort.path) == ()


def test_they_are_tables_for_others_and_on_the_command_line(
    full: Record, take_in: Callable[..., Cohort], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cohort = take_in(full)
    export(cohort, "measurements", out=tmp_path / "m.csv")
    export(cohort, "annotations", out=tmp_path / "a.parquet")
    assert list(pd.read_csv(tmp_path / "m.csv").columns) == ["record", "source", "name", "value", "unit"]
    found = pd.read_parquet(tmp_path / "a.parquet")
    assert list(found.columns) == ["record", "source", "time_s", "end_s", "lead", "system", "code"]
    assert found["source"].tolist() == ["r1", "r1"]
    assert main(["inspect", str(cohort.path), "--record", full.id]) == 0
    out = capsys.readouterr().out
    assert all(word in out for word in ("PR_Int_Global 162 ms", "highpass 0.05 Hz", "unit assumed", "median beat"))
    with xr.open_datatree(cohort.path, engine="zarr") as tree:
        assert tree["reported/measurement_value"].values.tolist() == [162.0, 1.25]


def test_only_biomarkers_have_a_long_form(cohort: Cohort, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="leave --long out"):
        export(cohort, "records", out=tmp_path / "x.csv", form="long")
    with pytest.raises(CohortError, match="ecgomics embed COHORT"):
        export(cohort, "latent", out=tmp_path / "x.csv")


# layouts


def as_layout_1(cohort: Cohort) -> Path:
    """The store as the layout before this one had it."""
    import shutil

    import zarr

    store = cohort.path
    for name in ("format", "filters", "step_uv", "reported"):
        shutil.rmtree(store / name)
    manifest = json.loads((store / "manifest.json").read_text())
    for name in ("format", "filters", "step_uv", "reported"):
        del manifest["nodes"][name]
    for name in ("lockbox_share", "lockbox_salt"):
        del manifest["stages"]["ingest"]["settings"][name]
    manifest["schema"] = 1
    (store / "manifest.json").write_text(json.dumps(manifest))
    root = json.loads((store / "zarr.json").read_text())
    inline = root["consolidated_metadata"]["metadata"]
    for name in [n for n in inline if n.split("/")[0] in ("format", "filters", "step_uv", "reported")]:
        del inline[name]
    (store / "zarr.json").write_text(json.dumps(root))
    assert "reported" not in zarr.open_group(store, mode="r")
    return store


def test_a_store_of_the_layout_before_is_read_as_it_is(full: Record, take_in: Callable[..., Cohort]) -> None:
    store = as_layout_1(take_in(full))
    old = open_cohort(store)
    assert read_manifest(store).schema == 1
    assert old.lockbox.share == 0
    assert old.records.loc[full.id, "format"] == ""
    assert len(old.measurements) == 0
    assert old.record(full.id).labels == full.labels
    assert check(store)[0].startswith("its layout is 1, now 3")


def test_whoever_writes_it_brings_it_to_this_layout_and_results_stay(
    cohort: Cohort, take_in: Callable[..., Cohort], full: Record, record: Callable[..., Record]
) -> None:
    inputs = {"ingest": cohort.digest_of("ingest")}
    found = xr.Dataset({"value": ("record", np.arange(4.0))}, coords={"record": cohort.ids})
    cohort.write_stage("biomarkers", found, version="1", settings={}, inputs=inputs)
    store = as_layout_1(cohort)
    before = open_cohort(store).records
    assert repair(store) == ("brought to layout 3",)
    assert check(store) == ()
    now = open_cohort(store)
    assert read_manifest(store).schema == 3
    assert now.records.equals(before)
    assert now.is_current("biomarkers", version="1", settings={}, inputs=inputs)
    np.testing.assert_array_equal(now.biomarkers["value"], np.arange(4.0))
    assert now.lockbox.share == 0


def test_a_layout_nothing_leads_on_from_is_refused(cohort: Cohort) -> None:
    manifest = json.loads((cohort.path / "manifest.json").read_text())
    (cohort.path / "manifest.json").write_text(json.dumps(manifest | {"schema": -3}))
    with pytest.raises(CohortError, match="nothing leads on from"):
        repair(cohort.path)
