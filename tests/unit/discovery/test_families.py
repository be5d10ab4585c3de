import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ecgomics.discovery import contrast, families, stability
from ecgomics.discovery.kinship import rank_correlation
from ecgomics.settings import ContrastSettings, FamilySettings, LockBoxSettings, StabilitySettings

QUICK = ContrastSettings(interval="formula")


@pytest.fixture(scope="module")
def cohort():
    """Three families of five biomarkers, two of which differ, and thirty that are noise."""
    rng = np.random.default_rng(0)
    group = np.arange(300) < 90
    factors = rng.normal(size=(300, 3)) + 1.2 * np.outer(group, [1, -1, 0])
    kin = np.repeat(factors, 5, axis=1) + 0.4 * rng.normal(size=(300, 15))
    values = np.column_stack([kin, rng.normal(size=(300, 30))])
    names = [f"{family}{n}" for family in "abc" for n in range(5)] + [f"n{n}" for n in range(30)]
    return pd.DataFrame(values, columns=names), group


def test_correlations_are_spearmans_over_the_rows_that_have_both():
    values = np.random.default_rng(1).normal(size=(80, 6))
    np.testing.assert_allclose(rank_correlation(values), stats.spearmanr(values).statistic, atol=1e-12)
    values[::7, 0] = np.nan
    values[:, 5] = 2.0
    found = rank_correlation(values)
    peer = stats.spearmanr(values[:, 0], values[:, 1], nan_policy="omit").statistic
    assert found[0, 1] == pytest.approx(peer, abs=0.02)
    assert found[5].tolist() == [0.0] * 6


def test_what_says_the_same_is_one_family_with_its_strongest_in_front(cohort):
    values, group = cohort
    found = contrast(values, group, drawn_on="labels", settings=QUICK)
    rows = families(found, values)
    assert set(rows["biomarker"]) == set(found.candidates()["biomarker"])
    assert rows.groupby("family")["biomarker"].apply(lambda names: len({name[0] for name in names})).max() == 1
    assert rows["size"].tolist()[:10] == [5] * 10
    assert {name[0] for name in rows["representative"][:10]} == {"a", "b"}
    first = rows.drop_duplicates("family")
    assert (first["biomarker"] == first["representative"]).all()
    assert first["representative"].iloc[0] == found.table()["biomarker"].iloc[0]
    assert (rows["correlation"] > 0.6).all()
    everything = families(found, values, among=values.columns.tolist(), settings=FamilySettings(correlation=0.7))
    assert everything["family"].nunique() == 3 + 30


def test_no_candidates_are_no_families(cohort):
    values, group = cohort
    found = contrast(values[["n0", "n1"]], group, drawn_on="labels", settings=QUICK)
    assert families(found, values[["n0", "n1"]]).empty


@pytest.mark.parametrize("way", ["marginal", "sparse"])
def test_what_differs_is_drawn_again_and_noise_is_not(cohort, way):
    values, group = cohort
    found = contrast(values, group, drawn_on="labels", settings=QUICK)
    rows = stability(found, values, settings=StabilitySettings(resamples=20, way=way, size=6))
    stable = rows.loc[rows["stable"], "biomarker"].tolist()
    assert {name[0] for name in stable} == {"a", "b"}
    assert rows["frequency"].is_monotonic_decreasing
    assert rows.set_index("biomarker")["frequency"].filter(like="n").max() < 0.5
    if way == "marginal":
        assert len(stable) == 10
    again = stability(found, values, settings=StabilitySettings(resamples=20, way=way, size=6))
    pd.testing.assert_frame_equal(rows, again)


def test_an_effect_of_age_is_not_stable_once_age_is_held_equal(cohort):
    values, group = cohort
    rng = np.random.default_rng(2)
    age = pd.DataFrame({"age": rng.uniform(20, 60, 300) + 30 * group})
    table = values.assign(aged=age["age"] / 20 + rng.normal(size=300))
    found = contrast(table, group, adjust=age, drawn_on="labels", settings=QUICK)
    quick = StabilitySettings(resamples=20)
    plain = stability(found, table, settings=quick).set_index("biomarker")["frequency"]
    held = stability(found, table, adjust=age, settings=quick).set_index("biomarker")["frequency"]
    assert plain["aged"] == 1.0
    assert held["aged"] < 0.3
    assert held["a0"] > 0.5


def test_the_lock_box_is_not_drawn_from(cohort):
    values, group = cohort
    found = contrast(values, group, drawn_on="labels", lockbox=LockBoxSettings(share=0.3), settings=QUICK)
    spoilt = values.copy()
    outside = values.index.astype(str).isin([*found.sides[0], *found.sides[1]])
    spoilt.loc[~outside] = 1e6
    quick = StabilitySettings(resamples=10)
    pd.testing.assert_frame_equal(stability(found, values, settings=quick), stability(found, spoilt, settings=quick))
    pd.testing.assert_frame_equal(families(found, values), families(found, spoilt))
