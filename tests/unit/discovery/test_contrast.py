import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from ecgomics.discovery import Group, contrast
from ecgomics.errors import DiscoveryError
from ecgomics.settings import ContrastSettings

QUICK = ContrastSettings(resamples=100)


def correlated(patients, biomarkers, *, seed):
    """Biomarkers that share factors, as real ones do; some are counts, some are missing here and there."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(patients, 10)) @ rng.normal(size=(10, biomarkers)) + rng.normal(
        size=(patients, biomarkers)
    )
    values[:, ::7] = np.maximum(np.round(values[:, ::7] - 4), 0)
    values[rng.random(values.shape) < 0.03] = np.nan
    return pd.DataFrame(
        values, index=[f"r{row:04d}" for row in range(patients)], columns=[f"b{column}" for column in range(biomarkers)]
    )


@pytest.fixture
def table():
    return correlated(200, 60, seed=0)


@pytest.fixture
def group():
    return np.arange(200) < 60


def test_a_planted_effect_leads_the_table(table, group):
    table.loc[group, "b17"] += 6.0
    result = contrast(table, group, drawn_on="labels", settings=QUICK)
    best = result.table().iloc[0]
    assert best["biomarker"] == "b17"
    assert best["low"] < best["auc"] < best["high"]
    assert best["q"] < 1e-3
    assert best["median_group"] > best["median_rest"]
    assert result.candidates()["biomarker"].tolist() == ["b17"]
    effects = (result.table()["auc"] - 0.5).abs()
    assert effects.is_monotonic_decreasing


def test_random_groups_yield_no_candidates():
    table = correlated(400, 150, seed=1)
    rng = np.random.default_rng(2)
    quiet = 0
    for _ in range(100):
        group = np.isin(np.arange(400), rng.choice(400, 60, replace=False))
        quiet += contrast(table, group, drawn_on="labels", settings=QUICK).candidates().empty
    assert quiet >= 95


def test_many_records_of_a_patient_are_not_many_patients():
    rng = np.random.default_rng(3)
    patient = np.repeat([f"p{number}" for number in range(60)], rng.integers(1, 40, 60))
    codes = pd.factorize(patient)[0]
    quiet_by_patient = quiet_by_record = 0
    for _ in range(20):
        own = rng.normal(size=(60, 30))[codes]
        table = pd.DataFrame(own + 0.5 * rng.normal(size=own.shape))
        group = (rng.permutation(60) < 20)[codes]
        quiet_by_patient += (
            contrast(table, group, patient=patient, drawn_on="labels", settings=QUICK).candidates().empty
        )
        quiet_by_record += contrast(table, group, drawn_on="labels", settings=QUICK).candidates().empty
    assert quiet_by_patient >= 19
    # the same records taken as independent are what the patient's rule is there to prevent
    assert quiet_by_record <= 2


def test_groups_drawn_on_the_data_are_exploratory_whoever_they_are_held_against(table, group):
    records = table.index.to_numpy()
    declared = Group.from_mask("labelled", group, record=records, origin="labels")
    drawn = Group.from_mask("lasso", ~group, record=records, origin="latent")
    assert contrast(table, declared, settings=QUICK).badge == "declared"
    assert contrast(table, drawn, settings=QUICK).badge == "exploratory"
    assert contrast(table, declared, against=drawn, settings=QUICK).badge == "exploratory"
    assert contrast(table, group, drawn_on="rules", settings=QUICK).badge == "declared"
    assert contrast(table, group, drawn_on="biomarker", settings=QUICK).badge == "exploratory"
    unstated = contrast(table, group, settings=QUICK)
    assert unstated.badge == "exploratory"
    assert any("not stated" in note for note in unstated.notes)


def test_what_defines_the_group_is_no_candidate(table, group):
    table["b4"] = np.where(group, 9.0, 1.0) + np.linspace(0, 0.1, 200)
    rule = Group.from_mask("rule", group, record=table.index.to_numpy(), origin="rules", defined_by=["b4"])
    result = contrast(table, rule, settings=QUICK)
    assert result.table().iloc[0][["biomarker", "defines_group"]].tolist() == ["b4", True]
    assert "b4" not in result.candidates()["biomarker"].tolist()


def test_confounded_biomarkers_lose_their_effect_and_their_candidacy():
    rng = np.random.default_rng(4)
    age = rng.uniform(20, 90, 400)
    group = rng.random(400) < (age - 20) / 80
    table = pd.DataFrame({"aged": age + rng.normal(0, 10, 400), "true": rng.normal(size=400) + group})
    sex = rng.choice(["F", "M", ""], 400, p=[0.45, 0.45, 0.1])
    result = contrast(table, group, adjust=pd.DataFrame({"age": age, "sex": sex}), drawn_on="labels", settings=QUICK)
    rows = result.table().set_index("biomarker")
    assert rows.loc["aged", "q"] < 1e-6 < rows.loc["aged", "q_adjusted"]
    assert rows.loc["true", "q_adjusted"] < 1e-6
    assert rows.loc["true", "low_adjusted"] < rows.loc["true", "auc_adjusted"] < rows.loc["true", "high_adjusted"]
    assert result.candidates()["biomarker"].tolist() == ["true"]
    assert result.n.incomplete == int((sex == "").sum())
    assert any("lack a confounder" in note for note in result.notes)


def test_little_overlap_is_said(table, group):
    device = pd.DataFrame({"device": np.where(group, "new", "old")})
    device.iloc[0, 0] = "old"
    result = contrast(table, group, adjust=device, drawn_on="labels", settings=QUICK)
    assert any("confounders explain" in note for note in result.notes)


def test_missing_values_are_a_finding_of_their_own(table, group):
    table.loc[group & (np.arange(200) % 2 == 0), "b3"] = np.nan
    row = contrast(table, group, drawn_on="labels", settings=QUICK).table().set_index("biomarker").loc["b3"]
    assert row["missing_group"] >= 30
    assert row["n_group"] + row["missing_group"] == 60
    assert row["n_rest"] + row["missing_rest"] == 140
    assert row["q_missing"] < 1e-4


def test_too_few_values_of_a_biomarker_leave_it_unsaid(table, group):
    table.loc[group, "b3"] = np.nan
    table.iloc[0, 3] = 1.0
    row = contrast(table, group, drawn_on="labels", settings=QUICK).table().iloc[-1]
    assert row["biomarker"] == "b3"
    assert row[["auc", "low", "high", "q"]].isna().all()


def test_mixed_patients_go_with_the_majority_or_are_dropped_and_counted():
    table = pd.DataFrame({"b": np.arange(24.0)})
    patient = np.repeat([f"p{number}" for number in range(12)], 2)
    group = np.arange(24) >= 12
    group[[11, 22]] = True, False
    kept = contrast(table, group, patient=patient, drawn_on="labels", settings=QUICK)
    assert (kept.n.mixed, kept.n.dropped) == (2, 0)
    assert (kept.n.patients_group, kept.n.patients_rest) == (5, 7)
    assert (kept.n.records_group, kept.n.records_rest) == (12, 12)
    dropped = contrast(
        table, group, patient=patient, drawn_on="labels", settings=ContrastSettings(mixed="drop", resamples=100)
    )
    assert (dropped.n.dropped, dropped.n.patients_group, dropped.n.patients_rest) == (2, 5, 5)
    assert any("2 patients have records on both sides" in note for note in dropped.notes)


def test_records_without_a_patient_are_patients_of_their_own(table, group):
    patient = np.array(["p1", "p1", *[""] * 198], dtype=object)
    result = contrast(table, group, patient=patient, drawn_on="labels", settings=QUICK)
    assert result.n.patients_group == 59
    assert result.n.unnamed == 198


def test_a_group_against_another_leaves_the_others_out(table, group):
    other = np.arange(200) >= 150
    table.loc[~group & ~other, :] = 1e9
    result = contrast(table, group, against=other, drawn_on="labels", settings=QUICK)
    assert (result.n.patients_group, result.n.patients_rest) == (60, 50)
    assert result.table()["median_rest"].max() < 1e3


def test_a_rank_said_again_is_no_test_of_its_own(table, group):
    names = [
        f"{name}{more}" for name in table.columns[:3] for more in ("", "_zRef", "_pctRef", "_zCohort", "_pctCohort")
    ]
    values = xr.Dataset(
        {"value": (("record", "biomarker"), np.repeat(table.to_numpy(dtype=np.float32)[:, :3], 5, axis=1))},
        coords={"record": table.index.to_numpy(), "biomarker": names},
    )
    told = contrast(values, group, drawn_on="labels", settings=QUICK).table()["biomarker"]
    assert set(told) == {name for name in names if name.endswith("_zRef") or name in table.columns}


def test_datasets_and_cohorts_bring_their_units_and_subjects(table, group):
    values = xr.Dataset(
        {"value": (("record", "biomarker"), table.to_numpy(dtype=np.float32))},
        coords={
            "record": table.index.to_numpy(),
            "biomarker": table.columns.to_numpy(),
            "unit": ("biomarker", ["ms"] * 60),
            "dimension": ("biomarker", ["Structural"] * 60),
        },
    )

    class Store:
        biomarkers = values
        subjects = xr.Dataset(
            {
                "age": ("record", np.linspace(20, 90, 200)[::-1]),
                "sex": ("record", ["F", "M"] * 100),
                "patient": ("record", [f"p{row // 2}" for row in range(200)]),
            },
            coords={"record": table.index.to_numpy()},
        )

    row = contrast(values, group, drawn_on="labels", settings=QUICK).table().iloc[0]
    assert row[["unit", "dimension", "lead"]].tolist() == ["ms", "Structural", ""]
    result = contrast(Store(), group, adjust=["age", "sex", "b5"], drawn_on="labels", settings=QUICK)
    assert result.n.patients_group == 30
    assert result.recipe["adjust"] == ["age", "sex", "b5"]
    assert result.table()["auc_adjusted"].notna().any()


def test_groups_can_be_ids_series_or_masks(table, group):
    by_mask = contrast(table, group, drawn_on="labels", settings=QUICK)
    by_id = contrast(table, table.index[group].tolist(), drawn_on="labels", settings=QUICK)
    by_series = contrast(table, pd.Series(group, index=table.index)[::-1], drawn_on="labels", settings=QUICK)
    for other in (by_id, by_series):
        pd.testing.assert_frame_equal(by_mask.table(), other.table())
        assert by_mask.recipe == other.recipe


def test_a_selection_of_a_dashboard_is_a_group_that_knows_where_it_was_drawn(table, group):
    from ecgomics.dashboards import Selection

    ids = table.index[group].tolist()
    plain = contrast(table, ids, drawn_on="latent", settings=QUICK)
    lassoed = contrast(table, Selection.of(ids, drawn_on="latent"), settings=QUICK)
    assert (lassoed.badge, lassoed.n) == ("exploratory", plain.n)
    pd.testing.assert_frame_equal(lassoed.table(), plain.table())
    assert contrast(table, Selection.of(ids, drawn_on="labels"), settings=QUICK).badge == "declared"
    assert contrast(table, iter(ids), settings=QUICK).n == contrast(table, set(ids), settings=QUICK).n == plain.n


def test_the_recipe_is_json_and_the_same_run_gives_the_same_numbers(table, group):
    first, again = (contrast(table, group, drawn_on="labels", settings=QUICK) for _ in range(2))
    pd.testing.assert_frame_equal(first.table(), again.table(), check_exact=True)
    assert json.loads(json.dumps(first.recipe)) == first.recipe == again.recipe
    table.iloc[3, 3] += 1
    assert contrast(table, group, drawn_on="labels", settings=QUICK).recipe["values"] != first.recipe["values"]


def test_intervals_by_formula_are_close_to_those_by_resampling(table, group):
    formula = ContrastSettings(interval="formula")
    table = table.drop(columns=table.columns[::7])  # counts: with many ties the formula is wider than needed
    quick, slow = (contrast(table, group, drawn_on="labels", settings=way).table() for way in (formula, None))
    np.testing.assert_allclose(quick[["low", "high"]], slow[["low", "high"]], atol=0.025)


def test_inputs_are_left_as_they_were(table, group):
    before, mask = table.copy(), group.copy()
    result = contrast(table, group, drawn_on="labels", settings=QUICK)
    result.table().insert(0, "extra", 1)
    result.table()["auc"].to_numpy()[:] = 0
    assert result.table()["auc"].iloc[0] != 0
    pd.testing.assert_frame_equal(table, before)
    np.testing.assert_array_equal(group, mask)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (dict(group=np.arange(200) < 3), "3 patients in the group; expected at least 5"),
        (dict(group=np.arange(200) >= 3), "3 patients in the rest"),
        (dict(group=np.ones(20, dtype=bool)), "for 200 records"),
        (dict(group=np.arange(200) < 50, against=np.arange(200) < 60), "50 records are in both"),
        (dict(group=np.arange(200) < 50, patient=["p"] * 3), "3 patient ids for 200"),
        (dict(group=np.arange(200) < 50, adjust=["b_1"]), "did you mean 'b1'"),
        (dict(group=np.arange(200) < 50, adjust=pd.DataFrame({"age": [1.0]})), "confounders of 1 records"),
        (dict(group=np.arange(200) < 50, drawn_on="map"), "drawn on 'map'"),
        (dict(group=["r_0004", "r_0005"]), "none of the group's 2 records.*did you mean 'r0004'"),
        (dict(group=Group("elsewhere", ("x",))), "none of the group's 1 records.*from one cohort"),
        (dict(group=[]), "0 patients in the group"),
    ],
)
def test_what_cannot_be_compared_is_said(table, call, said):
    group = call.pop("group")
    with pytest.raises(DiscoveryError, match=said):
        contrast(table, group, **call)


def test_a_dataset_without_values_is_refused(group):
    with pytest.raises(DiscoveryError, match="expected a variable value"):
        contrast(xr.Dataset({"iqr": ("record", [1.0])}), group)
