"""That a biomarker is missing more often on one side is a finding of its own, in every kind of analysis."""

import numpy as np
import pandas as pd
import pytest

from ecgomics.discovery import associate, contrast, contrast_pairs, dossier, hazards
from ecgomics.settings import ContrastSettings

QUICK = ContrastSettings(resamples=100, interval="formula")


@pytest.fixture
def table():
    """`gone` lacks a third of the first hundred patients and nobody else; `some` lacks a tenth of all."""
    rng = np.random.default_rng(0)
    values = pd.DataFrame(rng.normal(size=(300, 6)), columns=["gone", "some", "b0", "b1", "b2", "b3"])
    values.loc[(np.arange(300) < 100) & (rng.random(300) < 0.33), "gone"] = np.nan
    values.loc[rng.random(300) < 0.1, "some"] = np.nan
    return values


def test_of_two_groups(table):
    found = contrast(table, np.arange(300) < 100, drawn_on="labels", settings=QUICK)
    rows = found.missingness()
    assert rows["biomarker"].tolist() == ["gone"]
    row = rows.iloc[0]
    assert row["share_rest"] == 0
    assert row["share_group"] == table["gone"].iloc[:100].isna().mean()
    assert row["auc_missing"] == pytest.approx(0.5 + row["share_group"] / 2)
    assert found.missingness(q=1.1)["biomarker"].tolist()[0] == "gone"
    # that it is missing is told beside the effect, not as one
    assert "gone" not in found.candidates()["biomarker"].tolist()
    assert "Missing more often on one side" in dossier(found, table, draws=10).html()


def test_of_a_continuous_outcome(table):
    outcome = np.where(np.arange(300) < 100, 2.0, 0.0) + np.linspace(0, 1, 300)
    rows = associate(table, outcome, drawn_on="table", settings=QUICK).missingness()
    assert rows["biomarker"].tolist() == ["gone"]
    assert rows["auc_missing"].iloc[0] > 0.8
    assert rows["share_group"].iloc[0] == table["gone"].isna().mean()
    assert rows["share_rest"].isna().all()


def test_of_a_time_to_an_event(table):
    duration = np.where(np.arange(300) < 100, 1.0, 9.0) + np.linspace(0, 1, 300)
    found = hazards(table, duration, event=np.ones(300), drawn_on="table", settings=QUICK)
    rows = found.missingness()
    assert rows["biomarker"].tolist() == ["gone"]
    assert rows["share_group"].iloc[0] == table["gone"].isna().mean()


def test_of_pairs():
    rng = np.random.default_rng(1)
    values = pd.DataFrame(rng.normal(size=(120, 3)), columns=["lost", "b0", "b1"])
    later = np.arange(120) % 2 == 1
    values.loc[later & (np.arange(120) < 40), "lost"] = np.nan
    patient = np.arange(120) // 2
    found = contrast_pairs(values, earlier=~later, later=later, patient=patient, drawn_on="table", settings=QUICK)
    row = found.missingness().iloc[0]
    assert row["biomarker"] == "lost"
    assert (row["share_group"], row["share_rest"]) == (20 / 60, 0)
    assert found.results.set_index("biomarker").loc["lost", "n_group"] == 40
