"""`ecgomics discover`: a group held against others, looks kept, candidates spent once, a dossier made again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ecgomics import pipeline
from ecgomics.cli import main
from ecgomics.cohort import open_cohort
from ecgomics.discovery import Ledger
from ecgomics.simulate import demo_patients

QUICK = ("--interval", "formula")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("discover") / "demo.zarr"
    cohort = pipeline.ingest(demo_patients(90, seed=5), path, workers=0, progress=False)
    cohort.analyse(workers=0, progress=False)
    return path


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "demo.zarr")
    return tmp_path / "demo.zarr"


def test_a_look_a_dossier_and_its_recipe(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, recipe = tmp_path / "first.html", tmp_path / "first.json"
    asked = ("--group", "label:planted", "--adjust", "age,sex", "--save", "early T peak", "--dossier", str(page))
    assert main(["discover", str(store), *asked, *QUICK]) == 0
    told = capsys.readouterr().out
    assert "badge: declared" in told
    assert "Tpe_QT_Ratio_Global" in told
    assert "set aside and were not looked at" in told
    assert "1 contrast tried on this cohort" in told
    assert "<h1>Contrast: early T peak</h1>" in page.read_text(encoding="utf-8")
    assert main(["discover", "--recipe", str(recipe)]) == 0
    assert "numbers made again; largest difference 0" in capsys.readouterr().out
    assert "early T peak" in Ledger.of(open_cohort(store)).groups()

    stored = json.loads(recipe.read_text(encoding="utf-8"))
    stored["results"]["table"][0]["auc"] += 1e-6
    recipe.write_text(json.dumps(stored), encoding="utf-8")
    assert main(["discover", "--recipe", str(recipe)]) == 1
    assert "/results/table/0/auc" in capsys.readouterr().out

    cohort = open_cohort(store)
    pipeline.ingest(demo_patients(96, seed=5), store, workers=0, progress=False)
    cohort = open_cohort(store)
    cohort.analyse(workers=0, progress=False)
    assert main(["discover", str(store), "--recipe", str(recipe)]) == 1
    told = capsys.readouterr().out
    assert "The data are not those of the dossier" in told
    assert "the stage biomarkers has run again" in told
    assert "0 of the records looked at are gone, and" in told


def test_candidates_are_spent_once(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["discover", str(store), "--group", "label:planted", "--min-patients", "2", *QUICK]
    assert main([*asked, "--replicate", "Tpe_QT_Ratio_Global"]) == 0
    assert "in the patients set aside" in capsys.readouterr().out
    assert main([*asked, "--replicate", "Tpe_QT_Ratio_Global"]) == 2
    assert "was spent on these patients" in capsys.readouterr().err
    assert main(["discover", str(store), "--looks"]) == 0
    assert "replication" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ([], "discover without a cohort"),
        (["COHORT"], "discover without a group"),
        (["COHORT", "--group", "label:plantd"], "did you mean 'planted'"),
        (["--recipe", "no-such.json"], "a recipe that cannot be read"),
    ],
)
def test_what_cannot_be_asked_is_said(
    made: Path, asked: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["discover", *(str(made) if word == "COHORT" else word for word in asked)]) == 2
    assert said in capsys.readouterr().err


def test_a_file_that_is_no_dossier_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "other.json"
    path.write_text("[1]", encoding="utf-8")
    assert main(["discover", "--recipe", str(path)]) == 2
    assert "no dossier" in capsys.readouterr().err
