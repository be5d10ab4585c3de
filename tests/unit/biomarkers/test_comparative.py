"""Values against a reference and against the cohort."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from ecgomics.biomarkers import compare, measure
from ecgomics.biomarkers.comparative import against_cohort, percentile_in_cohort
from ecgomics.biomarkers.phantom import phantom
from ecgomics.errors import VocabularyError
from ecgomics.settings import BiomarkerSettings


def cohort(size: int, *, seed: int = 0) -> tuple[xr.Dataset, xr.Dataset]:
    """Values of `size` records, spread by hand around one measured phantom, and their subjects."""
    made = phantom()
    one = measure(made.beats, made.ecg, subjects=made.subjects)
    rng = np.random.default_rng(seed)
    values = xr.concat([one.assign_coords(record=[f"r{k}"]) for k in range(size)], dim="record")
    values["value"] = values["value"] * rng.normal(1.0, 0.1, size=values["value"].shape).astype(np.float32)
    subjects = xr.Dataset(
        {"age": ("record", np.full(size, 50.0, dtype=np.float32)), "sex": ("record", ["M"] * size)},
        coords={"record": values["record"]},
    )
    return values, subjects


def why(values: xr.Dataset, column: str, record: int = 0) -> str:
    return values.attrs["reasons"][int(values["reason"].isel(record=record).sel(biomarker=column))]


def set_value(values: xr.Dataset, column: str, numbers: np.ndarray) -> xr.Dataset:
    kept = values.copy(deep=True)
    kept["value"].loc[{"biomarker": column}] = numbers.astype(np.float32)
    return kept


def test_the_limits_of_the_reference_are_two_point_zero_five_deviations_away() -> None:
    values, subjects = cohort(3)
    values = set_value(values, "PR_Int_Global", np.array([113.0, 162.5, 212.0]))
    z = compare(values, subjects=subjects)["value"].sel(biomarker="PR_Int_Global_zRef")
    np.testing.assert_allclose(z, [-2.0537, 0.0, 2.0537], atol=1e-3)


def test_the_percentile_stands_beside_z_and_is_two_and_ninety_eight_at_the_limits() -> None:
    values, subjects = cohort(3)
    values = set_value(values, "PR_Int_Global", np.array([113.0, 162.5, 212.0]))
    got = compare(values, subjects=subjects).sel(biomarker="PR_Int_Global_pctRef")
    np.testing.assert_allclose(got["value"], [2.0, 50.0, 98.0], atol=0.01)
    assert got["unit"].item() == "%"
    assert np.isnan(compare(values).sel(biomarker="PR_Int_Global_pctRef")["value"]).all(), "nobody's age is known"


def test_out_of_limits_counts_what_could_be_compared() -> None:
    values, subjects = cohort(2)
    normal = {"HR_Mean": 70, "PR_Int": 160, "QRS_Dur": 90, "QT_Int": 400, "QT_IntBazett": 410}
    normal |= {"QT_IntFridericia": 400, "QRS_AxisFront": 40}
    for name, number in normal.items():
        values = set_value(values, f"{name}_Global", np.array([number, number]))
    values = set_value(values, "PR_Int_Global", np.array([160, 240]))
    values = set_value(values, "QRS_Dur_Global", np.array([90, 150]))
    got = compare(values, subjects=subjects).sel(biomarker="Out_Of_Limits_Global")
    assert got["value"].values.tolist() == [0, 2]
    assert got["count"].values.tolist() == [7, 7]


@pytest.mark.parametrize(("age", "reason"), [(np.nan, "age unknown"), (12.0, "no reference for this age"), (18.0, "")])
def test_age_is_never_assumed(age: float, reason: str) -> None:
    values, subjects = cohort(2)
    subjects["age"] = ("record", np.array([age, 50.0], dtype=np.float32))
    got = compare(values, subjects=subjects)
    assert why(got, "PR_Int_Global_zRef") == reason
    assert why(got, "Out_Of_Limits_Global") == reason
    assert why(got, "PR_Int_Global_zRef", record=1) == ""


def test_without_subjects_nothing_is_compared_with_the_reference() -> None:
    values, _ = cohort(2)
    assert why(compare(values), "QRS_Dur_Global_zRef") == "age unknown"


def test_a_missing_value_hands_on_its_reason() -> None:
    values, subjects = cohort(30)
    values["value"].loc[{"biomarker": "PR_Int_Global", "record": "r0"}] = np.nan
    values["reason"].loc[{"biomarker": "PR_Int_Global", "record": "r0"}] = values.attrs["reasons"].index("no P wave")
    got = compare(values, subjects=subjects)
    assert why(got, "PR_Int_Global_zRef") == "no P wave"
    assert why(got, "PR_Int_Global_zCohort") == "no P wave"
    assert got["count"].sel(biomarker="PR_Int_Global_zCohort", record="r1").item() == 28


@pytest.mark.parametrize("size", [21, 22, 57, 58])
def test_cohort_z_leaves_the_record_itself_out(size: int) -> None:
    values, subjects = cohort(size, seed=size)
    x = values["value"].sel(biomarker="QRS_Dur_Global").values.astype(float)
    got = compare(values, subjects=subjects)["value"].sel(biomarker="QRS_Dur_Global_zCohort").values
    for k in range(size):
        others = np.delete(x, k)
        mad = np.median(np.abs(others - np.median(others)))
        assert got[k] == pytest.approx((x[k] - np.median(others)) / (1.4826 * mad), rel=1e-4)


def test_records_set_aside_are_compared_and_nobody_is_compared_with_them() -> None:
    values, subjects = cohort(40, seed=2)
    sealed = np.arange(40) % 4 == 0
    rest = values.isel(record=~sealed)
    got = compare(values, subjects=subjects, sealed=sealed)
    alone = compare(rest, subjects=subjects)
    np.testing.assert_array_equal(got["value"].values[~sealed], alone["value"].values)
    np.testing.assert_array_equal(got["count"].values[~sealed], alone["count"].values)
    x = values["value"].sel(biomarker="QRS_Dur_Global").values.astype(float)
    mad = np.median(np.abs(x[~sealed] - np.median(x[~sealed])))
    z = got["value"].sel(biomarker="QRS_Dur_Global_zCohort").values
    np.testing.assert_allclose(z[sealed], (x[sealed] - np.median(x[~sealed])) / (1.4826 * mad), rtol=1e-4)
    assert set(got["count"].sel(biomarker="QRS_Dur_Global_zCohort").values[sealed]) == {30}


def test_cohort_z_with_ties() -> None:
    x = np.array([1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9, 9, 9, 9, 10, 10], dtype=np.float32)
    z, reason, count = against_cohort(x, why=np.zeros(len(x), dtype=np.uint8), fewest=20)
    for k in range(len(x)):
        others = np.delete(x.astype(float), k)
        mad = np.median(np.abs(others - np.median(others)))
        assert z[k] == pytest.approx((x[k] - np.median(others)) / (1.4826 * mad), rel=1e-5)
    assert not reason.any()
    assert set(count) == {21}


def test_the_percentile_in_the_cohort_counts_the_others_below() -> None:
    x = np.array([*range(20), 7, 7], dtype=np.float32)
    why = np.zeros(22, dtype=np.uint8)
    share, reason, count = percentile_in_cohort(x, why=why, fewest=20)
    for k in range(22):
        others = np.delete(x, k)
        assert share[k] == pytest.approx(100 * ((others < x[k]).mean() + 0.5 * (others == x[k]).mean()), rel=1e-6)
    assert not reason.any()
    assert set(count) == {21}
    sealed = np.arange(22) == 21
    apart, _, beside = percentile_in_cohort(x, why=why, fewest=20, sealed=sealed)
    assert apart[21] == pytest.approx(100 * (7 + 1) / 21, rel=1e-6)
    assert beside.tolist() == [20] * 21 + [21]


def test_z_and_percentile_of_the_cohort_stand_side_by_side() -> None:
    values, subjects = cohort(30, seed=4)
    got = compare(values, subjects=subjects)
    z, share = (got["value"].sel(biomarker=f"QRS_Dur_Global_{name}").values for name in ("zCohort", "pctCohort"))
    assert np.array_equal(np.argsort(z), np.argsort(share))
    assert share.min() == 0
    assert share.max() == 100
    assert why(compare(cohort(20)[0]), "QRS_Dur_Global_pctCohort") == "cohort below 20 records"


def test_a_small_cohort_has_no_z() -> None:
    values, subjects = cohort(20)
    got = compare(values, subjects=subjects)
    assert why(got, "QRS_Dur_Global_zCohort") == "cohort below 20 records"
    fewer = compare(values, subjects=subjects, settings=BiomarkerSettings(cohort_min=10))
    assert why(fewer, "QRS_Dur_Global_zCohort") == ""


def test_a_cohort_without_spread_has_no_z() -> None:
    values, subjects = cohort(30)
    values = set_value(values, "QRS_Dur_Global", np.full(30, 88.0))
    assert why(compare(values, subjects=subjects), "QRS_Dur_Global_zCohort") == "cohort has no spread"


def test_comparing_twice_changes_nothing() -> None:
    values, subjects = cohort(25)
    once = compare(values, subjects=subjects)
    xr.testing.assert_identical(compare(once, subjects=subjects), once)
    assert once.attrs["reference"] == "Mason 2007"
    assert (once["dimension"].sel(biomarker="PR_Int_Global_zRef") == "Comparative").item()
    assert once["unit"].sel(biomarker="PR_Int_Global_zRef").item() == "z"


def test_values_are_kept_as_they_were() -> None:
    values, subjects = cohort(25)
    before = values.copy(deep=True)
    got = compare(values, subjects=subjects)
    xr.testing.assert_identical(values, before)
    for variable in ("value", "iqr", "count", "reason"):
        np.testing.assert_array_equal(got[variable].sel(biomarker=values["biomarker"]), values[variable])
        assert got[variable].dtype == values[variable].dtype
    np.testing.assert_array_equal(np.isnan(got["value"]), got["reason"] > 0)


def test_values_of_another_make_are_refused() -> None:
    values, subjects = cohort(2)
    with pytest.raises(VocabularyError, match="list of reasons"):
        compare(values.assign_attrs(reasons=["", "other"]), subjects=subjects)
    with pytest.raises(VocabularyError, match="without the column"):
        compare(values.sel(biomarker=values["biomarker"] != "PR_Int_Global"), subjects=subjects)
