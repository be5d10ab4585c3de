"""The analysis on a real Dask cluster of two worker processes."""

from __future__ import annotations

import importlib
import shutil
import warnings
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecgomics import pipeline
from ecgomics.cli import main
from ecgomics.cohort import Cohort, blocks, check, open_cohort
from ecgomics.cohort.crew import Hands
from ecgomics.cohort.nodes import digest
from ecgomics.cohort.progress import Progress
from ecgomics.errors import CohortError, SettingsError
from ecgomics.settings import IngestSettings
from ecgomics.simulate import demo_patients

distributed = pytest.importorskip("distributed")

pytestmark = [pytest.mark.alone, pytest.mark.filterwarnings("default"), pytest.mark.timeout(300)]
NODES = ("beats", "template", "quality", "biomarkers", "findings")

STAGE = """
import os, signal
from pathlib import Path
import numpy as np, xarray as xr

def level(share, settings):
    mark = Path(settings["mark"])
    if settings["bad"] in share.records and share.kind == "real" and not (settings["once"] and mark.exists()):
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    level = np.abs(np.nan_to_num(share.ecg.values)).mean(axis=(1, 2))
    return {"biomarkers": xr.Dataset({"value": ("record", level)}, coords={"record": list(share.records)})}
"""


@pytest.fixture(scope="module")
def stage_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stages")
    (folder / "cluster_stage.py").write_text(STAGE)
    return folder


@pytest.fixture(scope="module")
def address(stage_folder: Path) -> Iterator[str]:
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(str(stage_folder))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cluster = distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
        )
        yield str(cluster.scheduler_address)
        cluster.close()
    patch.undo()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("cluster") / "demo.zarr"
    pipeline.ingest(islice(demo_patients(12, seed=3), 12), store, settings=IngestSettings(short_s=10), progress=False)
    return store


@pytest.fixture
def cohort(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cohort:
    monkeypatch.setattr(blocks, "BLOCK_RECORDS", 4)
    return open_cohort(shutil.copytree(made, tmp_path / "c.zarr"))


def test_results_are_those_of_one_process_bit_for_bit(cohort: Cohort, address: str, tmp_path: Path) -> None:
    other = open_cohort(shutil.copytree(cohort.path, tmp_path / "other.zarr"))
    cohort.analyse(workers=0, progress=False)
    assert main(["analyse", str(other.path), "--scheduler", address, "--quiet"]) == 0
    assert {name: stage.digest for name, stage in cohort.stages.items()} == {
        name: stage.digest for name, stage in other.stages.items()
    }
    for node in NODES:
        assert digest(cohort.path / node) == digest(other.path / node)
    assert len(other.quarantine) == 0


@pytest.mark.parametrize("once", [True, False])
def test_a_worker_killed_half_way_costs_its_block_at_most(
    cohort: Cohort, address: str, stage_folder: Path, monkeypatch: pytest.MonkeyPatch, once: bool, tmp_path: Path
) -> None:
    monkeypatch.syspath_prepend(str(stage_folder))
    stage = importlib.import_module("cluster_stage").level
    bad = str(cohort.ids[5])
    settings: dict[str, Any] = {"bad": bad, "mark": str(tmp_path / "mark"), "once": once}
    with cohort.writing() as commit:
        result = blocks.map_blocks(
            cohort,
            stage,
            settings=settings,
            bench=commit.blocks("x", seen_by="a cluster"),
            key="k",
            hands=Hands(scheduler=address),
            progress=Progress("quiet"),
        )
    whole = blocks.joined([part.load() for part in result.nodes["biomarkers"]])
    assert list(whole["record"].values) == list(cohort.ids)
    # killed from outside, the block is done again; a record that kills whoever touches it is left blank
    assert list(result.failures) == ([] if once else [bad])
    assert (whole["value"].values == 0).tolist() == [record == bad and not once for record in cohort.ids]


def test_a_store_at_a_url_is_filled_analysed_and_embedded_by_a_cluster(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECGOMICS_SCRATCH", str(tmp_path / "scratch"))
    monkeypatch.setattr(blocks, "BLOCK_RECORDS", 3)
    folder = tmp_path / "in"
    folder.mkdir()
    for number, patient in enumerate(islice(demo_patients(6, seed=4), 6)):
        ecg, leads = patient.ecg.values, list(patient.ecg["lead"].values)
        np.savez(folder / f"{number}.npz", ecg=ecg, leads=leads, rate_hz=500.0, unit="mV")
    (folder / "broken.dcm").write_bytes(bytes(128) + b"DICM" + bytes(40))
    near, far = tmp_path / "near.zarr", f"local://{tmp_path}/far/c.zarr"
    given: dict[str, Any] = {"settings": IngestSettings(), "progress": False}
    cohorts = {
        "far": pipeline.ingest(folder, far, scheduler=address, **given),
        "near": pipeline.ingest(folder, near, workers=0, **given),
    }
    shared = pipeline.ingest(folder, tmp_path / "shared.zarr", scheduler=address, **given)
    assert shared.records.equals(cohorts["near"].records)
    for node in ("signal", "record"):
        assert digest(shared.path / node) == digest(near / node)
    for name, cohort in cohorts.items():
        hands: dict[str, Any] = {"scheduler": address} if name == "far" else {"workers": 0}
        cohort.analyse(progress=False, **hands).embed("small", progress=False, **hands)
    assert list(cohorts["far"].quarantine["source"]) == list(cohorts["near"].quarantine["source"]) == ["broken"]
    assert len(cohorts["far"]) == 6
    stages = [{name: stage.digest for name, stage in cohort.stages.items()} for cohort in cohorts.values()]
    assert stages[0] == stages[1]
    assert check(far) == ()
    assert not list((tmp_path / "far" / "c.zarr").glob("bench/*/*"))


def test_an_address_where_nobody_answers_says_what_to_do(cohort: Cohort, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ecgomics.cohort.cluster._PATIENCE_S", 0.5)
    with pytest.raises(SettingsError, match="scheduler that does not answer"):
        cohort.analyse(scheduler="tcp://127.0.0.1:9", progress=False)


def test_workers_that_do_not_see_the_cohort_are_refused(
    cohort: Cohort, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ecgomics.__version__", "9.9")
    with pytest.raises(CohortError, match="same path or URL on every worker"):
        cohort.analyse(scheduler=address, progress=False)
