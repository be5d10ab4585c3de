"""The stages over a cohort: what they store, when they run again, what a failure costs, and the tables."""

from __future__ import annotations

import importlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from ecgomics import pipeline
from ecgomics.biomarkers import measure
from ecgomics.cohort import Cohort, blocks, check, open_cohort
from ecgomics.cohort.crew import Hands, one_thread
from ecgomics.cohort.mapped import common_rate
from ecgomics.cohort.nodes import digest
from ecgomics.cohort.progress import Progress
from ecgomics.errors import CohortError, EcgomicsError, SettingsError
from ecgomics.latent import Projection
from ecgomics.pipeline import analysis
from ecgomics.records import Record
from ecgomics.settings import IngestSettings, LatentSettings, ProjectionSettings, RuleSettings
from ecgomics.simulate import demo_patients
from ecgomics.vocabulary import BEAT_CLASSES, LEADS, MARKS, STATES
from ecgomics.waves import delineate, hourly

COUNT = 20


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return list(islice(demo_patients(COUNT, seed=3), COUNT))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, records: list[Record]) -> Path:
    """A cohort of virtual patients gone through every stage, one of them recorded for long."""
    first = records[0]
    long = replace(first, ecg=xr.concat([first.ecg] * 2, dim="time"), source="long")
    store = tmp_path_factory.mktemp("pipeline") / "demo.zarr"
    settings = IngestSettings(short_s=10)
    cohort = pipeline.ingest([*records[1:], long], store, settings=settings, progress=False)
    cohort.analyse(workers=0, progress=False).embed(progress=False).project()
    return store


@pytest.fixture
def cohort(made: Path, tmp_path: Path) -> Cohort:
    return open_cohort(shutil.copytree(made, tmp_path / "c.zarr"))


@pytest.fixture(scope="module")
def finished(made: Path) -> Cohort:
    """As `cohort`, to be read only."""
    return open_cohort(made)


def test_every_stage_is_stored_and_any_xarray_opens_it(finished: Cohort) -> None:
    assert set(finished.stages) == {"ingest", "waves", "biomarkers", "rules", "embed:handmade", "project:handmade"}
    assert finished.stale == ()
    assert check(finished.path) == ()
    with xr.open_datatree(finished.path, engine="zarr") as tree:
        tree.load()
        assert tree["biomarkers/value"].sizes["record"] == COUNT
        assert tree["findings/state"].dims == ("record", "rule")
        assert tree["latent/handmade/map"].shape == (COUNT, 2)
    assert "virtual patients" in repr(finished)


def test_beats_in_the_store_are_those_the_waves_find(finished: Cohort) -> None:
    record = str(finished.ids[4])
    with one_thread("torch"):
        direct = delineate(finished.block([record]))
    stored = finished.beats_of(record)
    xr.testing.assert_allclose(stored.beats["lead_marks"], direct.beats["lead_marks"], atol=0.6e-4)
    xr.testing.assert_equal(stored.beats["beat_class"], direct.beats["beat_class"])
    np.testing.assert_allclose(stored.template["beat_mv"], direct.template["beat_mv"], atol=0.51e-3)
    np.testing.assert_allclose(stored.template["template_marks"], direct.template["template_marks"], atol=0.6e-4)
    xr.testing.assert_equal(stored.quality, direct.quality)
    assert stored.beats.attrs["beat_classes"] == list(BEAT_CLASSES)


def test_biomarkers_in_the_store_are_those_measured(finished: Cohort) -> None:
    record = str(finished.ids[4])
    subjects = finished.subjects.sel(record=[record])
    direct = measure(finished.beats_of(record), finished.block([record]), subjects=subjects)
    stored = finished.biomarkers.sel(record=[record])
    shared = [name for name in direct["biomarker"].values if name in set(stored["biomarker"].values)]
    assert len(shared) > 200
    for name in ("value", "reason", "count"):
        np.testing.assert_array_equal(stored[name].sel(biomarker=shared), direct[name].sel(biomarker=shared))
    # those that need the cohort are there too
    assert {"Out_Of_Limits_Global", "PR_Int_Global_zRef"} <= set(stored["biomarker"].values)


def test_a_long_recording_has_representative_beats_by_the_hour(cohort: Cohort, monkeypatch: pytest.MonkeyPatch) -> None:
    long = cohort.records.index[cohort.records["source"] == "long"][0]
    with pytest.raises(CohortError, match="analyse"):
        cohort.hourly(long)
    monkeypatch.setattr(analysis, "HOURLY_FROM_S", 15.0)
    cohort.analyse(workers=0, progress=False)
    stored = cohort.hourly(long).load()
    found = hourly(common_rate(cohort, (long,))[0], beats=cohort.beats_of(long))
    assert list(stored["class"].values) == list(found["class"].values)
    np.testing.assert_array_equal(stored["beat_count"], found["beat_count"])
    np.testing.assert_allclose(stored["beat_mv"], found["beat_mv"], atol=0.000501)
    assert stored["beat_count"].sum() == cohort.beats_of(long).beats.sizes["beat"]
    with pytest.raises(CohortError, match="has no"):
        cohort.hourly(cohort.ids[0])
    assert check(cohort.path) == ()
    assert cohort.stale == ()


def test_a_long_recording_is_analysed_like_the_short_ones(finished: Cohort) -> None:
    long = finished.records.index[finished.records["source"] == "long"][0]
    beats = finished.beats_of(long).beats
    assert 15 < float(beats["r_s"].max()) < 20
    assert np.isfinite(finished.biomarkers["value"].sel(record=long, biomarker="HR_Mean_Global"))


def test_nothing_is_run_again_without_need(cohort: Cohort) -> None:
    generation = cohort.generation
    cohort.analyse(workers=0, progress=False).embed(progress=False).project()
    assert cohort.generation == generation


def test_a_changed_setting_runs_what_depends_on_it(cohort: Cohort) -> None:
    before = cohort.stages
    cohort.analyse(rules=RuleSettings(qtc="Bazett"), workers=0, progress=False)
    after = cohort.stages
    assert before["rules"] != after["rules"]
    assert all(before[name] == after[name] for name in ("waves", "biomarkers", "embed:handmade", "project:handmade"))


def test_a_changed_subject_or_version_runs_what_depends_on_it(cohort: Cohort, monkeypatch: pytest.MonkeyPatch) -> None:
    before = cohort.stages
    monkeypatch.setitem(pipeline.VERSIONS, "biomarkers", "next")
    cohort.analyse(workers=0, progress=False)
    after = cohort.stages
    assert before["waves"] == after["waves"]
    assert after["biomarkers"].version == "next"
    # the same values came out, so what reads them is still up to date
    assert after["biomarkers"].digest == before["biomarkers"].digest
    assert after["rules"] == before["rules"]


def test_worker_processes_give_the_same_result_bit_for_bit(
    cohort: Cohort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "BLOCK_RECORDS", 7)
    monkeypatch.setitem(pipeline.VERSIONS, "waves", "once more")
    other = open_cohort(shutil.copytree(cohort.path, tmp_path / "other.zarr"))
    cohort.analyse(workers=0, progress=False)
    other.analyse(workers=2, progress=False)
    for node in ("beats", "template", "quality", "biomarkers", "findings"):
        assert digest(cohort.path / node) == digest(other.path / node)


def test_a_record_that_fails_costs_only_itself(cohort: Cohort, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = str(cohort.ids[2])

    def failing(ecg: xr.DataArray, **options: Any) -> Any:
        if bad in ecg["record"].values and np.isfinite(ecg.sel(record=bad).values).any():
            raise EcgomicsError("a beat no one has seen")
        return delineate(ecg, **options)

    monkeypatch.setattr("ecgomics.waves.delineate", failing)
    monkeypatch.setitem(pipeline.VERSIONS, "waves", "failing")
    cohort.analyse(workers=0, progress=False)
    line = cohort.quarantine.iloc[-1]
    assert (line["hash"], line["reader"], line["reason"]) == (bad, "waves", "a beat no one has seen")
    assert cohort.beats_of(bad).beats.sizes["beat"] == 0
    assert np.isnan(cohort.biomarkers["value"].sel(record=bad, biomarker="HR_Mean_Global"))
    assert np.isfinite(cohort.biomarkers["value"].sel(record=cohort.ids[3], biomarker="HR_Mean_Global"))
    monkeypatch.undo()
    cohort.analyse(workers=0, progress=False)
    # once it goes well, it is no longer listed
    assert len(cohort.quarantine) == 0
    assert cohort.beats_of(bad).beats.sizes["beat"] > 0


CRASHING = """
import os, signal
import numpy as np, xarray as xr

def level(share, settings):
    if settings["bad"] in share.records and share.kind == "real":
        os.kill(os.getpid(), signal.SIGKILL)
    level = np.abs(np.nan_to_num(share.ecg.values)).mean(axis=(1, 2))
    return {"biomarkers": xr.Dataset({"value": ("record", level)}, coords={"record": list(share.records)})}
"""


def test_a_record_that_crashes_its_worker_costs_only_itself(
    cohort: Cohort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "crashing_stage.py").write_text(CRASHING)
    monkeypatch.syspath_prepend(str(tmp_path))
    stage = importlib.import_module("crashing_stage").level
    bad = str(cohort.ids[1])
    given: Mapping[str, Any] = {
        "settings": {"bad": bad},
        "key": "k",
        "hands": Hands(1),
        "progress": Progress("quiet"),
    }
    with cohort.writing() as commit:
        monkeypatch.setattr(blocks, "BLOCK_RECORDS", 4)
        result = blocks.map_blocks(cohort, stage, bench=commit.blocks("x", seen_by="a cluster"), **given)
    assert result.failures == {bad: "the worker crashed (exit code -9)"}
    whole = blocks.joined([part.load() for part in result.nodes["biomarkers"]])
    assert list(whole["record"].values) == list(cohort.ids)
    assert (whole["value"].values == 0).tolist() == [record == bad for record in cohort.ids]


GREEDY = """
import numpy as np, xarray as xr

def level(share, settings):
    if settings["bad"] in share.records and share.kind == "real":
        np.ones(3_000_000_000)
    level = np.abs(np.nan_to_num(share.ecg.values)).mean(axis=(1, 2))
    return {"biomarkers": xr.Dataset({"value": ("record", level)}, coords={"record": list(share.records)})}
"""


def test_a_record_that_wants_too_much_memory_costs_only_itself(
    cohort: Cohort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "greedy_stage.py").write_text(GREEDY)
    monkeypatch.syspath_prepend(str(tmp_path))
    stage = importlib.import_module("greedy_stage").level
    bad = str(cohort.ids[1])
    given = {"settings": {"bad": bad}, "key": "k", "progress": Progress("quiet")}
    with cohort.writing() as commit:
        hands = Hands(1, memory_gb=4)
        result = blocks.map_blocks(cohort, stage, bench=commit.blocks("x", seen_by="a cluster"), hands=hands, **given)
    assert list(result.failures) == [bad]
    assert "MemoryError" in result.failures[bad]
    assert sum(part.sizes["record"] for part in result.nodes["biomarkers"]) == len(cohort)


def test_added_records_are_placed_on_the_map_which_does_not_move(cohort: Cohort, records: list[Record]) -> None:
    before = cohort.latent("handmade").load()
    fitted = cohort.node("latent/handmade/projection").load()
    pipeline.ingest(records[:1], cohort.path, settings=IngestSettings(short_s=10), progress=False)
    assert len(cohort) == COUNT + 1
    # until they are embedded, added records have no vector and the others keep theirs
    waiting = cohort.latent("handmade").load()
    assert np.isnan(waiting["map"].values[-1]).all()
    assert "embed:handmade" in cohort.stale
    cohort.analyse(workers=0, progress=False).embed(progress=False).project()
    after = cohort.latent("handmade").load()
    assert np.isfinite(after["map"].values).all()
    np.testing.assert_allclose(after["map"].values[:-1], before["map"].values, atol=1e-4)
    xr.testing.assert_identical(cohort.node("latent/handmade/projection").load(), fitted)
    cohort.embed(fit="again", progress=False).project(fit="again")
    drawn = Projection.from_dataset(cohort.node("latent/handmade/projection").load())
    assert len(drawn.record) == COUNT + 1
    assert cohort.stale == ()


def test_how_far_a_map_can_be_trusted_lies_beside_it(finished: Cohort) -> None:
    found = finished.latent("handmade").load()
    projection = Projection.from_dataset(finished.node("latent/handmade/projection").load())
    judged = projection.trust(neighbours=15)
    assert found.attrs["trustworthiness"] == pytest.approx(judged.trustworthiness)
    assert found.attrs["continuity"] == pytest.approx(judged.continuity)
    assert 0 < found.attrs["neighbours"] <= 15
    assert 0 <= float(found["map_trust"].min()) < float(found["map_trust"].max()) <= 1


def test_other_weights_of_an_encoder_make_its_vectors_anew(cohort: Cohort, monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"encoder": "handmade@1", "weights": "a"}
    monkeypatch.setattr("ecgomics.latent.identity", lambda name, **options: told)
    cohort.embed(progress=False)
    assert {"encoder", "weights"} <= set(cohort.stages["embed:handmade"].inputs)
    generation = cohort.generation
    cohort.embed(progress=False)
    assert cohort.generation == generation
    told["weights"] = "b"
    cohort.embed(progress=False)
    assert cohort.stages["embed:handmade"].inputs["weights"] == "b"
    assert cohort.generation == generation + 1


def test_other_settings_fit_again(cohort: Cohort) -> None:
    cohort.project(settings=ProjectionSettings(method="pca"))
    assert Projection.from_dataset(cohort.node("latent/handmade/projection").load()).method == "pca"
    cohort.embed(settings=LatentSettings(beat_components=4), progress=False)
    assert "map" not in cohort.latent("handmade")
    assert "project:handmade" not in cohort.stages


def test_the_small_network_is_trained_stored_and_used_again(cohort: Cohort) -> None:
    quick = LatentSettings(origin="cohort", steps=2, batch=8)
    cohort.embed("small", settings=quick, progress=False).project(
        encoder="small", settings=ProjectionSettings(method="pca")
    )
    assert cohort.encoders == ("ecgomics-small", "handmade")
    assert np.isfinite(cohort.latent("small")["vectors"].values).all()
    generation = cohort.generation
    cohort.embed("small", settings=quick, progress=False)
    assert cohort.generation == generation


def test_the_small_network_that_comes_along_needs_no_training(cohort: Cohort) -> None:
    from ecgomics.latent import encoder_named

    cohort.embed("small", progress=False)
    one = cohort.ids[3]
    vectors = cohort.latent("small")["vectors"]
    alone = encoder_named("small").open().embed(cohort.block([one]))
    np.testing.assert_allclose(vectors.sel(record=one), alone.vectors.sel(record=one), atol=1e-4)


def test_unknown_encoders_and_missing_stages_say_what_to_do(
    cohort: Cohort, tmp_path: Path, records: list[Record]
) -> None:
    with pytest.raises(SettingsError, match="did you mean 'handmade'"):
        cohort.embed("handmad")
    fresh = pipeline.ingest(records[:2], tmp_path / "fresh.zarr", progress=False)
    with pytest.raises(CohortError, match="run `embed` first"):
        fresh.project()
    with pytest.raises(CohortError, match="has not run"):
        fresh.embed()
    with pytest.raises(CohortError, match="run `analyse` first"):
        pipeline.export(fresh, "beats", out=tmp_path / "x.csv")
    assert not (tmp_path / "x.csv").exists()


# the tables

COLUMNS = {
    "records": ["record", "source", "patient", "age", "sex", "native_hz", "duration_s", "labels"],
    "labels": ["record", "source", "system", "code", "likelihood"],
    "marks": ["record", "source", "lead", "beat", "mark", "time_s"],
    "beats": ["record", "source", "beat", "r_s", "class", "quality"],
    "findings": ["record", "source", "rule", "state", "values"],
    "map": ["record", "source", "encoder", "x", "y"],
}


@pytest.fixture(scope="module")
def tables(finished: Cohort, tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    folder = tmp_path_factory.mktemp("tables")
    found = {}
    for table in ("records", "labels", "marks", "beats", "biomarkers", "findings", "latent", "map"):
        rows = pipeline.export(finished, table, out=folder / f"{table}.csv")
        pipeline.export(finished, table, out=folder / f"{table}.parquet")
        found[table] = pd.read_csv(folder / f"{table}.csv", keep_default_na=False, na_values=[""])
        twin = pd.read_parquet(folder / f"{table}.parquet")
        assert len(found[table]) == len(twin) == rows
        assert list(found[table].columns) == list(twin.columns)
        assert found[table].iloc[:, 0].tolist() == twin.iloc[:, 0].tolist()
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        f"{t}.{s}" for t in found for s in ("csv", "parquet")
    )
    return found


@pytest.mark.parametrize("table", COLUMNS)
def test_tables_have_the_columns_agreed_on(tables: dict[str, pd.DataFrame], table: str) -> None:
    assert list(tables[table].columns) == COLUMNS[table]


def test_the_table_of_records(tables: dict[str, pd.DataFrame], finished: Cohort) -> None:
    table = tables["records"]
    assert list(table["record"]) == list(finished.ids)
    assert set(table["source"]) >= {"synthetic-0002", "long"}
    said = json.loads(table["labels"].iloc[0])
    assert said[0].keys() == {"system", "code", "likelihood"}
    assert said[0]["system"] == "synthetic"


def test_the_table_of_marks_holds_every_mark_that_is_there(tables: dict[str, pd.DataFrame], finished: Cohort) -> None:
    marks, beats = tables["marks"], finished.beats.load()
    present = np.isfinite(beats["marks"].values).sum() + np.isfinite(beats["lead_marks"].values).sum()
    assert len(marks) == present
    assert set(marks["mark"]) <= set(MARKS)
    assert set(marks["lead"]) == {"global", *LEADS}
    record = finished.ids[5]
    own = finished.beats_of(record).beats
    mine = marks[(marks["record"] == record) & (marks["lead"] == "V2") & (marks["mark"] == "qrs_on")]
    expected = own["lead_marks"].sel(lead="V2", mark="qrs_on").values
    number = np.flatnonzero(np.isfinite(expected))
    assert list(mine["beat"]) == list(number)
    np.testing.assert_allclose(mine["time_s"], expected[number], atol=1e-6)


def test_the_table_of_beats(tables: dict[str, pd.DataFrame], finished: Cohort) -> None:
    beats = tables["beats"]
    assert len(beats) == finished.beats.sizes["beat"]
    assert set(beats["class"]) <= set(BEAT_CLASSES)
    for _, own in beats.groupby("record", sort=False):
        assert list(own["beat"]) == list(range(len(own)))
        assert (np.diff(own["r_s"]) > 0).all()
    assert beats["quality"].between(0, 1).all()


def test_the_table_of_biomarkers(tables: dict[str, pd.DataFrame], finished: Cohort, tmp_path: Path) -> None:
    wide, node = tables["biomarkers"], finished.biomarkers.load()
    assert list(wide.columns) == ["record", "source", *node["biomarker"].values]
    np.testing.assert_allclose(wide["PR_Int_Global"], node["value"].sel(biomarker="PR_Int_Global"), rtol=1e-6)
    pipeline.export(finished, "biomarkers", out=tmp_path / "long.parquet", form="long")
    long = pd.read_parquet(tmp_path / "long.parquet")
    assert list(long.columns) == [
        "record",
        "source",
        "biomarker",
        "value",
        "unit",
        "dimension",
        "iqr",
        "count",
        "reason",
    ]
    assert len(long) == node["value"].size
    assert (long["value"].isna() == (long["reason"] != "")).all()
    pr = long[long["biomarker"] == "PR_Int_Global"]
    assert set(pr["unit"]) == {"ms"}
    assert set(pr["dimension"]) == {"Structural"}
    np.testing.assert_array_equal(pr["value"], node["value"].sel(biomarker="PR_Int_Global"))


def test_the_table_of_findings(tables: dict[str, pd.DataFrame], finished: Cohort) -> None:
    findings, node = tables["findings"], finished.findings.load()
    assert len(findings) == node["state"].size
    assert set(findings["state"]) <= set(STATES)
    one = findings[(findings["record"] == finished.ids[0]) & (findings["rule"] == "first_degree_block")].iloc[0]
    values = json.loads(one["values"])
    assert values["PR_Int_Global"] == pytest.approx(
        float(finished.biomarkers["value"].sel(record=finished.ids[0], biomarker="PR_Int_Global")), rel=1e-6
    )


def test_the_tables_of_vectors_and_map(tables: dict[str, pd.DataFrame], finished: Cohort) -> None:
    latent, node = tables["latent"], finished.latent("handmade").load()
    width = node.sizes["latent"]
    assert list(latent.columns) == ["record", "source", "encoder", *(f"z{k}" for k in range(width))]
    np.testing.assert_allclose(latent["z3"], node["vectors"][:, 3], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(tables["map"][["x", "y"]], node["map"], rtol=1e-5)


def test_other_tables_and_suffixes_are_refused(finished: Cohort, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="did you mean 'biomarkers'"):
        pipeline.export(finished, "biomarker", out=tmp_path / "x.csv")
    with pytest.raises(SettingsError, match=r"\.csv or \.parquet"):
        pipeline.export(finished, "records", out=tmp_path / "x.xlsx")
    assert list(tmp_path.iterdir()) == []
