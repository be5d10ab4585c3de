import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ecgomics.discovery.association import associate
from ecgomics.errors import DiscoveryError
from ecgomics.settings import ContrastSettings, LockBoxSettings

QUICK = ContrastSettings(resamples=200)


@pytest.fixture
def cohort():
    rng = np.random.default_rng(0)
    age = rng.uniform(20, 90, 300)
    outcome = age / 20 + rng.normal(size=300)
    values = rng.normal(size=(300, 12))
    values[:, 0] += 0.8 * (outcome - age / 20)
    values[:, 1] = age / 20 + 0.5 * rng.normal(size=300)
    values[rng.random(values.shape) < 0.05] = np.nan
    return pd.DataFrame(values, columns=[f"b{n}" for n in range(12)]), outcome, pd.DataFrame({"age": age})


def test_rho_and_p_are_spearmans(cohort):
    values, outcome, _ = cohort
    found = associate(values, outcome, drawn_on="table", settings=QUICK).results.set_index("biomarker")
    for name in values:
        peer = stats.spearmanr(values[name], outcome, nan_policy="omit")
        assert found.loc[name, "rho"] == pytest.approx(peer.statistic, abs=1e-9)
        assert found.loc[name, "p"] == pytest.approx(peer.pvalue, rel=1e-6)


def test_intervals_hold_the_effect_and_agree_with_the_formula(cohort):
    values, outcome, _ = cohort
    sampled, formula = (
        associate(values, outcome, drawn_on="table", settings=way).table()
        for way in (ContrastSettings(), ContrastSettings(interval="formula"))
    )
    assert ((sampled["low"] < sampled["rho"]) & (sampled["rho"] < sampled["high"])).all()
    np.testing.assert_allclose(sampled[["low", "high"]], formula[["low", "high"]], atol=0.04)


def test_what_age_alone_carries_goes_when_age_is_held_equal(cohort):
    values, outcome, age = cohort
    result = associate(values, outcome, adjust=age, drawn_on="table", settings=QUICK)
    rows = result.table().set_index("biomarker")
    assert rows.loc["b1", "rho"] > 0.5
    assert abs(rows.loc["b1", "rho_adjusted"]) < 0.15
    assert rows.loc["b0", "rho_adjusted"] > 0.4
    assert result.candidates()["biomarker"].tolist() == ["b0"]
    assert result.badge == "declared"


def test_partial_p_is_that_of_least_squares(cohort):
    values, outcome, _ = cohort
    rng = np.random.default_rng(1)
    site = pd.DataFrame({"site": rng.choice(["a", "b", "c"], 300)})
    found = associate(values, outcome, adjust=site, drawn_on="table", settings=QUICK).results.set_index("biomarker")
    rows = values["b3"].notna().to_numpy()
    scores = [stats.norm.ppf((stats.rankdata(side[rows]) - 0.5) / rows.sum()) for side in (values["b3"], outcome)]
    dummies = pd.get_dummies(site["site"], dtype=float).to_numpy()[rows]
    ours, theirs = (s - dummies @ np.linalg.lstsq(dummies, s, rcond=None)[0] for s in scores)
    rho = np.corrcoef(ours, theirs)[0, 1]
    assert found.loc["b3", "rho_adjusted"] == pytest.approx(rho, abs=1e-9)
    t = abs(rho) * np.sqrt((rows.sum() - 4) / (1 - rho**2))
    assert found.loc["b3", "p_adjusted"] == pytest.approx(2 * stats.t.sf(t, rows.sum() - 4), rel=1e-6)


def test_a_patient_has_one_vote_and_one_outcome(cohort):
    values, outcome, _ = cohort
    twice = pd.concat([values, values], ignore_index=True)
    patient = [f"p{row}" for row in range(300)] * 2
    once = associate(values, outcome, drawn_on="table", settings=QUICK)
    again = associate(twice, np.tile(outcome, 2), patient=patient, drawn_on="table", settings=QUICK)
    np.testing.assert_allclose(once.table()["rho"], again.table()["rho"], atol=1e-12)
    assert (again.n.patients_group, again.n.records_group) == (300, 600)
    with pytest.raises(DiscoveryError, match="300 patients whose records have different outcome"):
        associate(twice, np.arange(600), patient=patient, settings=QUICK)


def test_the_lock_box_is_left_out(cohort):
    values, outcome, _ = cohort
    result = associate(values, outcome, lockbox=LockBoxSettings(share=0.3), settings=QUICK)
    assert result.n.patients_group + result.n.elsewhere == 300
    assert result.badge == "exploratory"


def test_chance_is_left_alone():
    rng = np.random.default_rng(2)
    quick = ContrastSettings(interval="formula")
    quiet = [
        associate(pd.DataFrame(rng.normal(size=(100, 80))), rng.normal(size=100), drawn_on="table", settings=quick)
        for _ in range(60)
    ]
    assert sum(len(found.candidates()) > 0 for found in quiet) <= 3


@pytest.mark.parametrize(
    ("outcome", "said"),
    [(np.zeros(300), "not the same for all"), (np.full(300, np.nan), "0 patients"), (np.zeros(3), "of 3 records")],
)
def test_what_cannot_be_correlated_is_said(cohort, outcome, said):
    with pytest.raises(DiscoveryError, match=said):
        associate(cohort[0], outcome, settings=QUICK)
