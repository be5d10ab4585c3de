import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ecgomics.discovery import contrast_pairs
from ecgomics.discovery.pairs import signed_rank_p
from ecgomics.errors import DiscoveryError
from ecgomics.settings import ContrastSettings

QUICK = ContrastSettings(resamples=200)


@pytest.fixture
def cohort():
    """60 patients seen twice: `up` rises, `rate` and what follows it fall, the rest stay as they are."""
    rng = np.random.default_rng(0)
    own = rng.normal(size=(60, 10)) * 3
    before, after = own + rng.normal(size=own.shape) * 0.5, own + rng.normal(size=own.shape) * 0.5
    after[:, 0] += 0.6
    slower = rng.normal(-1, 1, 60)
    after[:, 1] += slower
    after[:, 2] += 2 * slower
    values = pd.DataFrame(np.vstack([before, after]), columns=["up", "rate", "follows", *[f"b{n}" for n in range(7)]])
    return values, np.arange(120) < 60, np.tile(np.array([f"p{n}" for n in range(60)], dtype=object), 2)


def test_a_change_is_found_that_an_unpaired_contrast_could_not_see(cohort):
    values, earlier, patient = cohort
    found = contrast_pairs(values, earlier=earlier, later=~earlier, patient=patient, drawn_on="table", settings=QUICK)
    rows = found.table().set_index("biomarker")
    assert set(found.candidates()["biomarker"]) == {"up", "rate", "follows"}
    assert rows.loc["up", "low"] > 0.5 > rows.loc["rate", "high"]
    assert rows.loc["up", "median_change"] == pytest.approx(0.6, abs=0.25)
    assert (found.n.patients_group, found.n.records_rest) == (60, 60)
    assert stats.mannwhitneyu(values["up"][~earlier], values["up"][earlier]).pvalue > 0.05


def test_what_follows_the_rate_goes_when_the_rate_is_held_equal(cohort):
    values, earlier, patient = cohort
    found = contrast_pairs(
        values, earlier=earlier, later=~earlier, patient=patient, adjust=["rate"], drawn_on="table", settings=QUICK
    )
    rows = found.table().set_index("biomarker")
    assert rows.loc["follows", "q"] < 1e-3 < 0.05 < rows.loc["follows", "q_adjusted"]
    assert found.candidates()["biomarker"].tolist() == ["up"]


def test_p_is_wilcoxons(cohort):
    rng = np.random.default_rng(1)
    for pairs, method in ((12, "exact"), (60, "asymptotic")):
        change = rng.normal(0.2, 1, size=(pairs, 5))
        for column, p in enumerate(signed_rank_p(change)):
            peer = stats.wilcoxon(change[:, column], method=method, correction=method == "asymptotic")
            assert p == pytest.approx(peer.pvalue, rel=1e-6)
    tied = np.round(rng.normal(0.3, 1.5, size=(80, 1)))
    peer = stats.wilcoxon(tied[:, 0], zero_method="pratt", method="asymptotic", correction=True)
    assert signed_rank_p(tied)[0] == pytest.approx(peer.pvalue, rel=1e-6)


def test_few_tied_pairs_are_counted_out():
    change = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [2.0, 0.0], [-1.0, 0.0]])
    ranks = np.array([2.5, 2.5, 2.5, 5.0, 2.5])
    signs = np.array(np.meshgrid(*[[-1, 1]] * 5)).reshape(5, -1)
    total = (np.array([1, 1, 1, 1, -1]) * ranks).sum()
    assert signed_rank_p(change)[0] == pytest.approx(np.mean(np.abs(ranks @ signs) >= total))
    assert signed_rank_p(change)[1] == 1.0


def test_the_effect_is_the_share_of_pairs_of_patients_whose_mean_change_is_upwards(cohort):
    values, earlier, patient = cohort
    found = contrast_pairs(values, earlier=earlier, later=~earlier, patient=patient, drawn_on="table", settings=QUICK)
    change = (values["up"][~earlier].to_numpy() - values["up"][earlier].to_numpy())[:, None]
    both = change + change.T
    expected = np.mean((both > 0) + 0.5 * (both == 0))
    assert found.table().set_index("biomarker").loc["up", "auc"] == pytest.approx(expected, abs=1e-12)
    formula = contrast_pairs(
        values,
        earlier=earlier,
        later=~earlier,
        patient=patient,
        drawn_on="table",
        settings=ContrastSettings(interval="formula"),
    )
    limits = [table.table().set_index("biomarker")[["low", "high"]] for table in (found, formula)]
    np.testing.assert_allclose(limits[0], limits[1].loc[limits[0].index], atol=0.04)


def test_swapping_earlier_and_later_mirrors_the_effect(cohort):
    values, earlier, patient = cohort
    there, back = (
        contrast_pairs(values, earlier=first, later=~first, patient=patient, drawn_on="table", settings=QUICK)
        .table()
        .set_index("biomarker")["auc"]
        .sort_index()
        for first in (earlier, ~earlier)
    )
    np.testing.assert_allclose(there, 1 - back, atol=1e-12)


def test_patients_seen_once_are_left_out_and_said(cohort):
    values, earlier, patient = cohort
    patient[:10] = [f"new{n}" for n in range(10)]
    found = contrast_pairs(values, earlier=earlier, later=~earlier, patient=patient, drawn_on="table", settings=QUICK)
    assert (found.n.patients_group, found.n.dropped) == (50, 20)
    with pytest.raises(DiscoveryError, match="0 patients with records both earlier and later"):
        contrast_pairs(values, earlier=earlier, later=~earlier, settings=QUICK)
    with pytest.raises(DiscoveryError, match="'sex' that is a text"):
        contrast_pairs(
            values,
            earlier=earlier,
            later=~earlier,
            patient=patient,
            adjust=pd.DataFrame({"sex": ["F"] * 120}),
            settings=QUICK,
        )
