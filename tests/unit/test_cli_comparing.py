"""`ecgomics compare`, `changes` and `discord`: another program, the patient's earlier record, a model."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import ecgomics
from ecgomics.cli import main
from ecgomics.simulate import demo_patients


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every patient twice, the second time a month later and with a little noise."""
    path = tmp_path_factory.mktemp("compared") / "c.zarr"
    rng = np.random.default_rng(0)
    made, begin = [], datetime(2024, 1, 1)
    for number, record in enumerate(demo_patients(6, seed=3)):
        noisy = record.ecg + rng.normal(scale=0.004, size=record.ecg.shape).astype(np.float32)
        later = replace(record, ecg=noisy.assign_attrs(record.ecg.attrs), start=begin + timedelta(days=30))
        made += [replace(record, patient=f"p{number}", start=begin), replace(later, patient=f"p{number}")]
    cohort = ecgomics.ingest(made, path, progress=False)
    cohort.analyse(workers=0, progress=False)
    return path


def test_a_table_by_record_id_is_compared(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cohort = ecgomics.open_cohort(store)
    pr = cohort.biomarkers["value"].sel(biomarker="PR_Int_Global").to_pandas() + 10.0
    pd.DataFrame({"record": pr.index, "PR_Int_Global": pr.to_numpy()}).to_csv(tmp_path / "theirs.csv", index=False)
    given = ["compare", str(store), "--with", str(tmp_path / "theirs.csv"), "--out", str(tmp_path / "out.csv")]
    assert main(given) == 0
    assert "PR_Int_Global" in capsys.readouterr().out
    assert pd.read_csv(tmp_path / "out.csv", index_col=0).loc["PR_Int_Global", "bias"] == pytest.approx(-10, abs=0.01)


@pytest.mark.filterwarnings("ignore")
def test_neurokits_marks_are_compared(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(store), "--records", "5"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("5 records; ours less theirs")
    assert "QRS_Dur_Global" in out


def test_changes_since_the_earlier_record(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["changes", str(store), "--out", str(tmp_path / "changes.csv")]) == 0
    out = capsys.readouterr().out
    assert "records have an earlier one" in out
    assert "changes beyond it" in out
    written = pd.read_csv(tmp_path / "changes.csv")
    assert (written["change"].abs() > written["detectable"]).all()


def test_a_model_against_a_rule(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cohort = ecgomics.open_cohort(store)
    state = cohort.findings["state"].sel(rule="sinus_rhythm").to_series()
    model = pd.DataFrame({"record": state.index, "probability": np.where(state == 1, 0.02, 0.98)})
    model.to_csv(tmp_path / "model.csv", index=False)
    assert main(["discord", str(store), "--rule", "sinus_rhythm", "--model", str(tmp_path / "model.csv")]) == 0
    assert capsys.readouterr().out.strip().endswith(f"{int((state != 2).sum())} records")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["compare", "--with", "nowhere.csv"], "not there"),
        (["discord", "--rule", "pause", "--model", "nowhere.csv"], "not there"),
    ],
)
def test_what_cannot_be_is_said(store: Path, given: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([given[0], str(store), *given[1:]]) == 2
    assert said in capsys.readouterr().err
