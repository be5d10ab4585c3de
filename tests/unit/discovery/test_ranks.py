import numpy as np
import pytest
from scipy import stats

from ecgomics.discovery import RankTable, contrast
from ecgomics.discovery.ranks import midranks
from ecgomics.errors import DiscoveryError
from ecgomics.settings import ContrastSettings


@pytest.fixture
def values():
    rng = np.random.default_rng(1)
    table = rng.normal(size=(300, 40))
    table[:, 10:20] = np.round(table[:, 10:20])
    table[rng.random(table.shape) < 0.1] = np.nan
    table[:, 0] = np.nan
    table[:, 1] = 3.0
    return table


@pytest.fixture
def group():
    return np.random.default_rng(2).random(300) < 0.3


def test_midranks_are_scipys(values):
    expected = stats.rankdata(values, axis=0, nan_policy="omit")
    np.testing.assert_array_equal(midranks(values), expected)


def test_auc_and_p_are_mann_whitneys(values, group):
    auc, p, inside, outside = RankTable(values).test(group)
    for column in range(2, 40):
        ours, theirs = values[group, column], values[~group, column]
        ours, theirs = ours[~np.isnan(ours)], theirs[~np.isnan(theirs)]
        peer = stats.mannwhitneyu(ours, theirs, method="asymptotic")
        assert auc[column] == pytest.approx(peer.statistic / (len(ours) * len(theirs)), abs=1e-9)
        assert p[column] == pytest.approx(peer.pvalue, rel=1e-6)
        assert (inside[column], outside[column]) == (len(ours), len(theirs))


def test_what_is_missing_everywhere_or_never_varies_is_no_effect(values, group):
    auc, p, inside, _ = RankTable(values).test(group)
    assert np.isnan(auc[0])
    assert np.isnan(p[0])
    assert inside[0] == 0
    assert (auc[1], p[1]) == (0.5, 1.0)


def test_the_complement_mirrors_the_effect(values, group):
    table = RankTable(values)
    np.testing.assert_allclose(table.auc(~group), 1 - table.auc(group), atol=1e-9)
    np.testing.assert_allclose(table.test(~group)[1], table.test(group)[1], rtol=1e-9)


def test_two_values_give_fishers_exact_p():
    rare = np.zeros(1000)
    rare[[3, 400, 800]] = 1.0
    group = np.zeros(1000, dtype=bool)
    group[:20] = True
    p = RankTable(rare[:, None]).test(group)[1][0]
    exact = stats.hypergeom(1000, 3, 20)
    assert p == pytest.approx(2 * exact.sf(0), rel=1e-9)
    # the normal approximation alone would have called this three orders of magnitude rarer
    assert stats.mannwhitneyu(rare[group], rare[~group], method="asymptotic").pvalue < p / 100


def test_rare_counts_keep_their_size_under_the_null():
    rng = np.random.default_rng(3)
    counts = np.where(rng.random((400, 1)) < 0.02, rng.integers(1, 6, (400, 1)), 0).astype(float)
    table = RankTable(counts)
    p = [table.test(np.isin(np.arange(400), rng.choice(400, 20, replace=False)))[1][0] for _ in range(400)]
    # of 400 draws, ~4 are below .01 by chance; the normal approximation puts ten times as many there
    assert np.mean(np.array(p) < 0.01) < 0.025


def test_a_preview_has_the_contrasts_auc_and_order_whatever_the_records_per_patient(values, group):
    rng = np.random.default_rng(4)
    patient = rng.integers(0, 120, 300).astype(str)
    live = RankTable(values, patient).preview(group)
    final = contrast(
        values_frame(values), group, patient=patient, drawn_on="latent", settings=ContrastSettings(resamples=100)
    ).table()
    assert live["biomarker"].tolist() == final["biomarker"].tolist()
    np.testing.assert_allclose(live["auc"], final["auc"], atol=1e-9)
    np.testing.assert_allclose(live["q"], final["q"], rtol=1e-9)


def test_a_preview_leaves_small_groups_unsaid(values):
    group = np.zeros(300, dtype=bool)
    group[:4] = True
    assert RankTable(values).preview(group)["auc"].isna().all()
    assert RankTable(values).preview(group, settings=ContrastSettings(min_patients=2))["auc"].notna().any()


def test_sums_stay_exact_over_many_patients():
    order = np.random.default_rng(5).permutation(200_000)
    group = order >= 100_000
    table = RankTable(order[:, None].astype(float))
    assert table.auc(group)[0] == pytest.approx(1.0, abs=1e-8)
    assert table.auc(order % 2 == 0)[0] == pytest.approx(0.5 - 0.5 / 100_000, abs=1e-7)


def test_a_mask_of_another_length_is_refused(values):
    with pytest.raises(DiscoveryError, match="for 300 records"):
        RankTable(values).auc(np.ones(20, dtype=bool))
    with pytest.raises(DiscoveryError, match="one patient id a record"):
        RankTable(values, ["a"])


def values_frame(values):
    import pandas as pd

    return pd.DataFrame(values, columns=[str(column) for column in range(values.shape[1])])


def test_progress_goes_from_little_to_all():
    seen = []
    RankTable(np.random.default_rng(6).normal(size=(1000, 5000)), progress=seen.append)
    assert len(seen) > 1
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
