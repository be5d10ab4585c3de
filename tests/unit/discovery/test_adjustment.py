import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ecgomics.discovery.adjustment import Confounders, adjust
from ecgomics.discovery.patients import Patients


def confounders(**columns):
    table = pd.DataFrame(columns)
    return Confounders.of_patients(table, Patients.from_ids(np.arange(len(table))))


@pytest.fixture
def population():
    """600 patients whose group is older: a biomarker of age alone, one of the group alone, and noise."""
    rng = np.random.default_rng(0)
    age = rng.uniform(20, 90, 600)
    members = rng.random(600) < 1 / (1 + np.exp(-(age - 70) / 8))
    of_age = (age / 20) ** 3 + rng.normal(0, 12, 600)
    of_group = rng.normal(size=600) + 0.8 * members
    return age, members, np.column_stack([of_age, of_group, rng.normal(size=600)])


def test_an_effect_of_age_goes_and_an_effect_of_the_group_stays(population):
    age, members, values = population
    unadjusted = stats.mannwhitneyu(values[members, 0], values[~members, 0])
    assert unadjusted.pvalue < 1e-20
    adjusted = adjust(values, members, confounders(age=age))
    assert adjusted.p[0] > 0.01
    assert abs(adjusted.auc[0] - 0.5) < 0.06
    assert adjusted.auc[1] == pytest.approx(stats.norm.cdf(0.8 / np.sqrt(2)), abs=0.05)
    assert adjusted.p[1] < 1e-6


def test_p_is_that_of_ordinary_least_squares(population):
    age, members, values = population
    ages = confounders(age=age)
    design = np.column_stack([members.astype(float), ages.matrix / 100, np.ones(600)])
    scores = stats.norm.ppf((stats.rankdata(values[:, 1]) - 0.5) / 600)
    slope, rss, *_ = np.linalg.lstsq(design, scores, rcond=None)
    freedom = 600 - design.shape[1]
    error = np.sqrt(rss[0] / freedom * np.linalg.inv(design.T @ design)[0, 0])
    expected = 2 * stats.t.sf(abs(slope[0] / error), freedom)
    assert adjust(values, members, ages).p[1] == pytest.approx(expected, rel=1e-6)


def test_nothing_to_adjust_for_leaves_the_effect(population):
    _, members, values = population
    adjusted = adjust(values, members, confounders(site=["a"] * 600))
    peer = stats.mannwhitneyu(values[members, 1], values[~members, 1]).statistic
    assert adjusted.auc[1] == pytest.approx(peer / (members.sum() * (~members).sum()), abs=1e-9)
    assert adjusted.overlap == pytest.approx(1.0)


def test_swapping_the_sides_mirrors_the_effect(population):
    age, members, values = population
    ours, theirs = (adjust(values, side, confounders(age=age)) for side in (members, ~members))
    np.testing.assert_allclose(ours.auc, 1 - theirs.auc, atol=1e-9)
    np.testing.assert_allclose(ours.p, theirs.p, rtol=1e-6)


def test_units_do_not_matter(population):
    age, members, values = population
    plain = adjust(values, members, confounders(age=age))
    scaled = adjust(values**3 * 1000, members, confounders(age=age / 100))
    np.testing.assert_allclose(plain.auc, scaled.auc, atol=1e-9)


def test_the_p_is_even_when_only_the_confounder_differs():
    rng = np.random.default_rng(5)
    age = rng.uniform(20, 90, 200)
    members = rng.random(200) < (age - 10) / 100
    values = age[:, None] / 30 + rng.normal(size=(200, 500))
    p = adjust(values, members, confounders(age=age)).p
    assert stats.kstest(p, "uniform").pvalue > 0.001


def test_patients_without_a_confounder_are_left_out():
    rng = np.random.default_rng(6)
    values, members = rng.normal(size=(100, 1)), np.arange(100) < 40
    sex = np.array(["F", "M"] * 50, dtype=object)
    sex[:10] = ""
    adjusted = adjust(values, members, confounders(sex=sex))
    assert np.isnan(adjusted.residuals[:10]).all()
    assert np.isfinite(adjusted.residuals[10:]).all()


def test_a_group_that_is_the_confounder_cannot_be_adjusted():
    members = np.arange(100) < 40
    values = np.random.default_rng(7).normal(size=(100, 2))
    adjusted = adjust(values, members, confounders(device=np.where(members, "new", "old")))
    assert np.isnan(adjusted.p).all()
    assert np.isnan(adjusted.auc).all()
    assert adjusted.overlap == pytest.approx(0.0, abs=1e-9)


def test_repeated_records_fold_to_the_patients_age_and_commonest_sex():
    patients = Patients.from_ids(["a", "a", "a", "b"])
    table = pd.DataFrame({"age": [40.0, 41.0, 45.0, 60.0], "sex": ["F", "M", "F", "M"]})
    folded = Confounders.of_patients(table, patients)
    np.testing.assert_array_equal(folded.matrix, [[41.0, 0.0], [60.0, 1.0]])
