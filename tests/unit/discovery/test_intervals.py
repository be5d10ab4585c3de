import numpy as np
import pytest
from scipy import stats

from ecgomics.discovery.intervals import bootstrap_interval, newcombe_interval


def auc_of(group, rest):
    return stats.mannwhitneyu(group, rest).statistic / (len(group) * len(rest))


def test_the_bootstrap_is_the_plain_one_only_faster():
    rng = np.random.default_rng(0)
    values = np.round(rng.normal(size=(60, 1)), 1)
    members = np.arange(60) < 25
    values[members] += 0.5
    low, high = bootstrap_interval(values, members, resamples=4000, seed=1)
    plain = [auc_of(rng.choice(values[:25, 0], 25), rng.choice(values[25:, 0], 35)) for _ in range(4000)]
    assert [low[0], high[0]] == pytest.approx(np.percentile(plain, [2.5, 97.5]), abs=0.015)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(2)
    truth = stats.norm.cdf(0.8 / np.sqrt(2))
    members = np.arange(90) < 30
    # each column is one repetition of the experiment
    values = rng.normal(size=(90, 400)) + 0.8 * members[:, None]
    values[rng.random(values.shape) < 0.1] = np.nan
    for low, high in (
        bootstrap_interval(values, members, resamples=400),
        newcombe_interval(*sizes(values, members)),
    ):
        assert 0.91 <= np.mean((low <= truth) & (truth <= high)) <= 0.98


def test_the_same_seed_gives_the_same_interval():
    values = np.random.default_rng(3).normal(size=(50, 3))
    members = np.arange(50) < 20
    first, again = (bootstrap_interval(values, members, seed=7) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, bootstrap_interval(values, members, seed=8))


def test_sides_that_do_not_overlap_keep_an_honest_limit():
    values = np.arange(12.0)[:, None]
    low, high = bootstrap_interval(values, values[:, 0] >= 6)
    assert 0.5 < low[0] < 0.9
    assert high[0] == pytest.approx(1.0)
    low, high = bootstrap_interval(values, values[:, 0] < 6)
    assert low[0] == pytest.approx(0.0, abs=1e-9)
    assert 0.1 < high[0] < 0.5


def test_what_is_missing_on_one_side_has_no_interval():
    values = np.column_stack([np.arange(20.0), np.where(np.arange(20) < 10, np.nan, 1.0)])
    low, high = bootstrap_interval(values, np.arange(20) < 10)
    assert np.isnan(low[1])
    assert np.isnan(high[1])


def sizes(values, members):
    present = ~np.isnan(values)
    auc = np.array(
        [auc_of(values[members & ok, j], values[~members & ok, j]) for j, ok in enumerate(present.T)], dtype=float
    )
    return auc, present[members].sum(axis=0).astype(float), present[~members].sum(axis=0).astype(float)
