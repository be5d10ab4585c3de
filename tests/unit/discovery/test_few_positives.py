"""Groups of a handful: all ways to draw them are counted, which no normal curve can stand in for."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ecgomics.discovery import RankTable, contrast
from ecgomics.discovery.significance import exact_p
from ecgomics.settings import ContrastSettings

QUICK = ContrastSettings(interval="formula", min_patients=3)


@pytest.mark.parametrize(("few", "many"), [(1, 5), (3, 40), (5, 30), (7, 7), (20, 60)])
def test_it_is_mann_whitneys_exact_test(few, many):
    rng = np.random.default_rng(few)
    values = rng.permuted(np.tile(np.arange(few + many, dtype=float), (20, 1)), axis=1).T
    members = np.arange(few + many) < few
    ours = RankTable(pd.DataFrame(values)).test(members)[1]
    theirs = stats.mannwhitneyu(values[members], values[~members], method="exact").pvalue
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)
    # the rest may be the small side
    np.testing.assert_allclose(RankTable(pd.DataFrame(values)).test(~members)[1], ours, rtol=1e-12)


def test_ties_never_make_it_smaller_than_counting_every_draw():
    rng = np.random.default_rng(0)
    for _ in range(20):
        # no value is shared by half of the patients: those are counted another way
        values = rng.integers(0, 5, 14).astype(float)
        if np.bincount(values.astype(int)).max() > 6:
            continue
        ranks = stats.rankdata(values)
        sums = np.array([ranks[list(draw)].sum() for draw in itertools.combinations(range(14), 4)])
        own = ranks[:4].sum()
        true = min(1.0, 2 * min((sums >= own - 1e-9).mean(), (sums <= own + 1e-9).mean()))
        ours = RankTable(pd.DataFrame(values)).test(np.arange(14) < 4)[1][0]
        assert ours >= true - 1e-9


def test_missing_values_are_left_out_of_the_count():
    rng = np.random.default_rng(1)
    values = rng.normal(size=(60, 3))
    values[[0, 20, 30], 0] = np.nan
    members = np.arange(60) < 6
    p = RankTable(pd.DataFrame(values)).test(members)[1][0]
    kept = np.isfinite(values[:, 0])
    expected = stats.mannwhitneyu(values[members & kept, 0], values[~members & kept, 0], method="exact").pvalue
    assert p == pytest.approx(expected, rel=1e-9)
    assert exact_p(np.array([0.0]), np.array([0.0]), few=np.array([0.0]), many=np.array([5.0]))[0] == 1.0


def test_four_patients_that_stand_apart_are_found_and_chance_is_not():
    rng = np.random.default_rng(2)
    table = pd.DataFrame(np.round(rng.normal(size=(200, 300)), 1), columns=[f"b{n}" for n in range(300)])
    age = pd.DataFrame({"age": rng.uniform(20, 90, 200)})
    group = np.arange(200) < 4
    table.loc[group, ["b3", "b7"]] += 6.0
    found = contrast(table, group, adjust=age, drawn_on="labels", settings=QUICK)
    assert set(found.candidates()["biomarker"]) == {"b3", "b7"}
    quiet = 0
    for _ in range(60):
        drawn = np.isin(np.arange(200), rng.choice(200, 4, replace=False))
        clean = table.drop(columns=["b3", "b7"])
        quiet += contrast(clean, drawn, adjust=age, drawn_on="labels", settings=QUICK).candidates().empty
    assert quiet >= 57
