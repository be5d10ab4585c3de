import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ecgomics.discovery import contrast, dose_response, extremes, subgroups
from ecgomics.errors import DiscoveryError
from ecgomics.settings import ContrastSettings

QUICK = ContrastSettings(interval="formula")


@pytest.fixture(scope="module")
def cohort():
    """800 patients: the share of the group rises with `dose`, falls with `down`; `young` acts below 50 years only."""
    rng = np.random.default_rng(0)
    age = rng.uniform(20, 80, 800)
    values = pd.DataFrame(rng.normal(size=(800, 4)), columns=["dose", "down", "young", "noise"])
    odds = -1 + values["dose"] - values["down"] + 2.0 * values["young"] * (age < 50)
    group = rng.random(800) < 1 / (1 + np.exp(-odds.to_numpy()))
    values.index = [f"r{row:03d}" for row in range(800)]
    values.iloc[::50, 0] = np.nan
    people = pd.DataFrame({"age": age, "sex": rng.choice(["F", "M", ""], 800), "device": "one"})
    return values, group, people, contrast(values, group, drawn_on="labels", settings=QUICK)


def test_the_share_of_the_group_rises_with_the_dose(cohort):
    values, group, _, found = cohort
    table = dose_response(found, values, biomarker="dose")
    assert len(table) == 5
    assert table["share"].is_monotonic_increasing
    assert table["patients"].sum() == values["dose"].notna().sum()
    assert table["in_group"].sum() == group[values["dose"].notna()].sum()
    assert ((table["low"] < table["share"]) & (table["share"] < table["high"])).all()
    assert (table["upto"].to_numpy()[:-1] <= table["from_"].to_numpy()[1:]).all()
    assert table.attrs["trend_p"] < 1e-6
    assert dose_response(found, values, biomarker="noise").attrs["trend_p"] > 0.01


def test_intervals_of_shares_are_wilsons(cohort):
    values, _, _, found = cohort
    row = dose_response(found, values, biomarker="down").iloc[2]
    peer = stats.binomtest(int(row["in_group"]), int(row["patients"])).proportion_ci(0.95, method="wilson")
    np.testing.assert_allclose(row[["low", "high"]].to_numpy(dtype=float), [peer.low, peer.high], atol=1e-9)


def test_the_trends_p_is_cochran_and_armitages(cohort):
    values, _, _, found = cohort
    table = dose_response(found, values, biomarker="noise")
    # r² · n of the 0/1 outcome with the bin is Cochran and Armitage's chi-square
    outcome = np.concatenate(
        [np.repeat([1.0, 0.0], [a, n - a]) for a, n in zip(table["in_group"], table["patients"], strict=True)]
    )
    r = np.corrcoef(outcome, np.repeat(table["bin"], table["patients"]))[0, 1]
    assert table.attrs["trend_p"] == pytest.approx(stats.chi2.sf(r**2 * len(outcome), 1), rel=1e-9)


def test_a_count_of_few_values_makes_fewer_bins(cohort):
    values, group, _, _ = cohort
    counts = pd.DataFrame({"count": np.where(np.arange(800) % 10 == 0, 1.0, 0.0)}, index=values.index)
    table = dose_response(contrast(counts, group, drawn_on="labels", settings=QUICK), counts, biomarker="count")
    assert table["patients"].sum() == 800
    assert len(table) <= 2


def test_an_effect_of_the_young_alone_shows_as_an_interaction(cohort):
    values, _, people, found = cohort
    table = subgroups(found, values, biomarker="young", by=people)
    assert table["by"].tolist() == ["all", "age", "age", "sex", "sex", "device"]
    age = table[table["by"] == "age"]
    assert age["subgroup"].str.contains("under|and over").all()
    assert age["interaction_p"].max() < 1e-4
    assert table.loc[table["by"] == "sex", "interaction_p"].min() > 0.01
    assert table.loc[table["by"] == "device", "interaction_p"].isna().all()
    every = table.iloc[0]
    assert every["auc"] == pytest.approx(found.table().set_index("biomarker").loc["young", "auc"], abs=1e-9)
    assert set(table.loc[table["by"] == "sex", "subgroup"]) == {"F", "M"}


def test_interactions_of_chance_are_even(cohort):
    values, _, _, found = cohort
    rng = np.random.default_rng(1)
    p = [
        subgroups(found, values, biomarker="dose", by=pd.DataFrame({"coin": rng.integers(0, 2, 800)})).iloc[-1][
            "interaction_p"
        ]
        for _ in range(100)
    ]
    assert stats.kstest(p, "uniform").pvalue > 0.001


def test_records_to_look_at_are_the_ends_and_those_against(cohort):
    values, group, _, found = cohort
    table = extremes(found, values, biomarker="down", count=3)
    assert table.groupby(["side", "kind"]).size().tolist() == [3, 3, 3, 3]
    rows = table.set_index(["side", "kind"]).sort_index(kind="stable")
    ours, theirs = values.loc[group, "down"], values.loc[~group, "down"]
    assert rows.loc[("group", "typical"), "value"].tolist() == sorted(ours)[:3]
    assert rows.loc[("group", "counter"), "value"].tolist() == sorted(ours, reverse=True)[:3]
    assert rows.loc[("rest", "typical"), "value"].tolist() == sorted(theirs, reverse=True)[:3]
    assert (rows.loc[("rest", "counter"), "value"] < ours.median()).all()
    assert table["quantile"].between(0, 1).all()


def test_a_perfect_biomarker_has_no_counter_examples():
    values = pd.DataFrame({"b": np.arange(40.0)}, index=[f"r{row}" for row in range(40)])
    found = contrast(values, np.arange(40) >= 20, drawn_on="labels", settings=QUICK)
    assert set(extremes(found, values, biomarker="b")["kind"]) == {"typical"}


def test_an_unknown_biomarker_is_named(cohort):
    values, _, _, found = cohort
    for ask in (dose_response, extremes):
        with pytest.raises(DiscoveryError, match="did you mean 'dose'"):
            ask(found, values, biomarker="does")
