import json

import numpy as np
import pandas as pd
import pytest

from ecgomics.discovery import contrast, panel
from ecgomics.discovery.sparse import Scaler, entered, refit
from ecgomics.errors import DiscoveryError
from ecgomics.settings import ContrastSettings, PanelSettings

QUICK = ContrastSettings(interval="formula")
FEW = PanelSettings(folds=4, inner=3, repeats=1, resamples=100)


@pytest.fixture(scope="module")
def cohort():
    """300 patients; two biomarkers and age carry the outcome, a third copies the first; `hidden` is in no biomarker."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(300, 30))
    values[:, 2] = values[:, 0] + 0.3 * rng.normal(size=300)
    age, hidden = rng.normal(size=300), rng.normal(size=300)
    odds = -1 + 1.2 * values[:, 0] - 1.0 * values[:, 1] + 0.8 * age + 1.2 * hidden
    group = rng.random(300) < 1 / (1 + np.exp(-odds))
    values[rng.random(values.shape) < 0.02] = np.nan
    table = pd.DataFrame(values, columns=[f"b{n}" for n in range(30)])
    seen = pd.DataFrame(np.column_stack([hidden, rng.normal(size=(300, 7))]))
    return table, group, pd.DataFrame({"age": age}), seen


@pytest.fixture(scope="module")
def judged(cohort):
    table, group, age, latent = cohort
    found = contrast(table, group, adjust=age, drawn_on="labels", settings=QUICK)
    return panel(found, table, adjust=age, latent=latent, settings=FEW), found


def test_a_panel_is_small_and_holds_what_carries_the_outcome(judged):
    members = judged[0].members.set_index("biomarker")
    assert {"b0", "b1"} <= set(members.index) or {"b2", "b1"} <= set(members.index)
    assert len(members) <= 10
    assert members.loc["b1", "coefficient"] < -0.4
    assert members.loc["b1", "chosen"] == 1.0


def test_what_each_source_adds_is_told_with_an_interval(judged):
    models, gains = (table.set_index(table.columns[0]) for table in (judged[0].models, judged[0].gains))
    assert set(models.index) == {"expert", "confounders", "latent", "both"}
    assert models["auc"].idxmax() == "both"
    assert gains.loc["latent over biomarkers", "low"] > 0
    assert gains.loc["biomarkers over confounders", "low"] > 0
    assert ((models["low"] < models["auc"]) & (models["auc"] < models["high"])).all()
    expected = models.loc["both", "auc"] - models.loc["expert", "auc"]
    assert gains.loc["latent over biomarkers", "auc"] == pytest.approx(expected, abs=1e-12)


def test_predictions_are_calibrated_and_of_use(judged):
    models = judged[0].models.set_index("model")
    assert models.loc["expert", "slope"] == pytest.approx(1.0, abs=0.35)
    assert models.loc["expert", "brier"] < models.loc["confounders", "brier"]
    curve, decision = judged[0].calibration, judged[0].decision.set_index("threshold")
    assert curve["patients"].sum() == 300
    assert curve["observed"].iloc[-1] > 3 * curve["observed"].iloc[0]
    assert decision.loc[0.3, "panel"] > max(decision.loc[0.3, "everyone"], 0.0)


def test_a_latent_of_noise_adds_nothing(cohort):
    table, group, _, _ = cohort
    found = contrast(table, group, drawn_on="labels", settings=QUICK)
    noise = pd.DataFrame(np.random.default_rng(1).normal(size=(300, 8)))
    gains = panel(found, table, latent=noise, settings=FEW).gains.set_index("gain")
    row = gains.loc["latent over biomarkers"]
    assert row["low"] < 0.01
    assert abs(row["auc"]) < 0.03


def test_chance_is_judged_as_chance(cohort):
    table, _, _, _ = cohort
    rng = np.random.default_rng(2)
    for _ in range(3):
        group = rng.permutation(300) < 100
        found = contrast(table, group, drawn_on="labels", settings=QUICK)
        row = panel(found, table, settings=FEW).models.iloc[0]
        # the panel that is best on its own patients is no better than chance on others
        assert row["auc"] < 0.6


def test_the_same_run_gives_the_same_numbers_and_json(cohort, judged):
    table, _, age, latent = cohort
    again = panel(judged[1], table, adjust=age, latent=latent, settings=FEW)
    assert json.dumps(again.as_dict()) == json.dumps(judged[0].as_dict())


def test_too_few_patients_for_the_folds_are_refused(cohort):
    table, _, _, latent = cohort
    found = contrast(table, np.arange(300) < 7, drawn_on="labels", settings=QUICK)
    with pytest.raises(DiscoveryError, match="7 patients on the smaller side; expected at least 8"):
        panel(found, table, settings=FEW)
    wide = contrast(table, np.arange(300) < 100, drawn_on="labels", settings=QUICK)
    with pytest.raises(DiscoveryError, match="latent vectors of 4 records"):
        panel(wide, table, latent=latent.head(4), settings=FEW)
    with pytest.raises(DiscoveryError, match="no biomarker named 'c0'"):
        panel(wide, table, biomarkers=["c0"], settings=FEW)


def test_newtons_fit_is_sklearns(cohort):
    from sklearn.linear_model import LogisticRegression

    table, group, _, _ = cohort
    scaled = Scaler.of_patients(table.to_numpy()).apply(table.to_numpy())[:, :5]
    intercept, weights = refit(scaled, group)
    peer = LogisticRegression(C=1 / (1e-3 * 300), tol=1e-10, max_iter=1000).fit(scaled, group)
    np.testing.assert_allclose([intercept, *weights], [peer.intercept_[0], *peer.coef_[0]], atol=1e-4)


def test_few_enter_a_sparse_model(cohort):
    table, group, _, _ = cohort
    chosen = entered(table.to_numpy(), group, size=3)
    assert 1 <= chosen.sum() <= 3
    assert chosen[[0, 1, 2]].any()
