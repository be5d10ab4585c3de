"""`ecgomics rules`: the list, what rules find in a cohort, one against a label, its page, and limits saved."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import ecgomics
from ecgomics.cli import main
from ecgomics.rules import load_rules
from ecgomics.simulate import demo_patients


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rules") / "c.zarr"
    cohort = ecgomics.ingest(demo_patients(6, seed=3), path, progress=False)
    cohort.analyse(workers=0, progress=False)
    return path


def test_prevalence_of_every_rule(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", str(store)]) == 0
    out = capsys.readouterr().out
    assert all(rule.id in out for rule in load_rules())
    assert out.strip().endswith(f"{len(ecgomics.open_cohort(store).records)} records")


def test_one_rule_against_a_label_and_its_page(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels: pd.DataFrame = ecgomics.open_cohort(store).labels
    system, code = labels.iloc[0][["system", "code"]]
    page = tmp_path / "rule.html"
    given = ["rules", str(store), "--rule", "sinus_rhythm", "--against", f"{system}:{code}", "--html", str(page)]
    assert main(given) == 0
    out = capsys.readouterr().out
    assert "sensitivity" in out
    assert "disagreements" in out
    assert "<svg" in page.read_text("utf-8") or "They agree" in page.read_text("utf-8")


def test_another_limit_is_judged_and_saved(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = tmp_path / "mine.yaml"
    assert main(["rules", str(store), "--rule", "tachycardia", "--limit", "rate=20", "--save", str(saved)]) == 0
    assert "met in 1.00" in capsys.readouterr().out
    assert main(["rules", str(store), "--rule", "tachycardia", "--rule-file", str(saved)]) == 0
    assert "met in 1.00" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--rule", "sinus_rythm"], "did you mean 'sinus_rhythm'"),
        (["--rule", "tachycardia", "--limit", "rate"], "CLAUSE=X"),
        (["--rule", "tachycardia", "--limit", "rte=3"], "did you mean 'tachycardia.rate'"),
        (["--rule", "tachycardia", "--against", "nothing"], "SYSTEM:CODE"),
        (["--save", "x.yaml"], "--limit CLAUSE=X beside it"),
    ],
)
def test_what_cannot_be_is_said(store: Path, given: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", str(store), *given]) == 2
    assert said in capsys.readouterr().err
