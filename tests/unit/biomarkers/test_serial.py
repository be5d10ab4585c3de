"""A patient's record against the one before, repeatability, and another extractor."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from ecgomics.biomarkers import against_neurokit, change, disagreement, from_ptbxl_plus, repeatability, trend
from ecgomics.biomarkers.serial import earlier_record
from ecgomics.errors import VocabularyError


def values(rows: dict[str, tuple[float, float]]) -> xr.Dataset:
    return xr.Dataset(
        {"value": (("record", "biomarker"), np.array(list(rows.values()), dtype=np.float32))},
        coords={
            "record": list(rows),
            "biomarker": ["PR_Int_Global", "QRS_AxisFront_Global"],
            "unit": ("biomarker", ["ms", "°"]),
        },
    )


TABLE = values({"a1": (160, 170), "b1": (150, 10), "a2": (190, -170), "a3": (math.nan, -165), "c1": (140, 0)})
PATIENT = pd.Series({"a1": "a", "b1": "b", "a2": "a", "a3": "a", "c1": ""})
START = pd.to_datetime(
    pd.Series({"a1": "2020-01-01", "b1": None, "a2": "2020-03-01", "a3": "2020-03-11", "c1": "2020-01-01"})
)


def test_the_record_before_is_the_latest_earlier_one_of_the_patient() -> None:
    assert earlier_record(PATIENT, START).to_dict() == {"a1": "", "b1": "", "a2": "a1", "a3": "a2", "c1": ""}


def test_records_that_began_together_are_not_earlier_than_one_another() -> None:
    patient = pd.Series({"x": "p", "y": "p", "z": "p"})
    start = pd.to_datetime(pd.Series({"x": "2020-01-01", "y": "2020-01-02", "z": "2020-01-02"}))
    assert earlier_record(patient, start).to_dict() == {"x": "", "y": "x", "z": "x"}


def test_change_is_flagged_beyond_what_is_detectable() -> None:
    found = change(
        TABLE, patient=PATIENT, start=START, detectable={"PR_Int_Global": 25.0, "QRS_AxisFront_Global": 30.0}
    )
    assert found["record"].values.tolist() == ["a2", "a3"]
    assert found["earlier"].values.tolist() == ["a1", "a2"]
    assert found["days"].values.tolist() == [60, 10]
    np.testing.assert_allclose(found["change"].values, [[30, 20], [np.nan, 5]])
    assert found["beyond"].values.tolist() == [[True, False], [False, False]]


def test_without_a_detectable_change_nothing_is_flagged() -> None:
    found = change(TABLE, patient=PATIENT, start=START, detectable={})
    assert not found["beyond"].any()
    assert np.isnan(found["detectable"]).all()


def test_repeatability_recovers_the_variation_it_was_made_with() -> None:
    rng = np.random.default_rng(0)
    people, visits, within = 400, 2, 8.0
    rows, patient, start = {}, {}, {}
    for person in range(people):
        level = rng.normal(160, 20)
        for visit in range(visits):
            record = f"r{person}-{visit}"
            rows[record] = (level + rng.normal(scale=within), 0.0)
            patient[record], start[record] = f"p{person}", f"2020-01-0{visit + 1}"
    found = repeatability(values(rows), patient=pd.Series(patient), start=pd.Series(start))
    one = found.loc["PR_Int_Global"]
    assert one["pairs"] == people
    assert one["within"] == pytest.approx(within, rel=0.1)
    assert one["detectable"] == pytest.approx(1.96 * math.sqrt(2) * one["within"], rel=1e-3)
    assert one["percent"] == pytest.approx(100 * one["detectable"] / 160, rel=0.02)
    far = repeatability(values(rows), patient=pd.Series(patient), start=pd.Series(start), within_days=0.5)
    assert far["pairs"].eq(0).all()
    assert far["detectable"].isna().all()


def test_disagreement_by_hand() -> None:
    records = [f"r{k}" for k in range(6)]
    ours = values({record: (160 + k, 179) for k, record in enumerate(records)})
    theirs = pd.DataFrame(
        {"PR_Int_Global": np.arange(6) + 155.0, "QRS_AxisFront_Global": [-179.0] * 5 + [math.nan], "Other": 0.0},
        index=records,
    )
    summary, apart = disagreement(ours, theirs)
    assert list(summary.index) == ["PR_Int_Global", "QRS_AxisFront_Global"]
    assert summary.loc["PR_Int_Global", ["n", "bias", "sd", "low", "high"]].tolist() == pytest.approx([6, 5, 0, 5, 5])
    assert summary.loc["QRS_AxisFront_Global", "bias"] == pytest.approx(-2)
    assert apart.loc["r5"].isna().tolist() == [False, True]


def test_tables_without_anything_in_common_are_refused() -> None:
    with pytest.raises(VocabularyError, match="0 records and 0 columns"):
        disagreement(TABLE, pd.DataFrame({"x": [1.0]}, index=["q"]))


def test_the_same_beats_by_neurokit_give_about_the_same_intervals() -> None:
    from ecgomics.biomarkers import measure
    from ecgomics.settings import WavesSettings
    from ecgomics.simulate import draw_patient, simulate
    from ecgomics.waves import delineate

    made = simulate(draw_patient("normal", seed=3), seed=3)
    ecg = made.ecg.expand_dims(record=["v"])
    ours = measure(delineate(ecg), ecg)
    theirs = measure(delineate(ecg, settings=WavesSettings(method="neurokit")), ecg)
    _, apart = disagreement(ours, theirs)
    assert abs(apart.loc["v", "HR_Mean_Global"]) < 1
    assert abs(apart.loc["v", "QRS_Dur_Global"]) < 40


def test_the_trend_is_the_median_slope_a_year_and_needs_three_records() -> None:
    records = [f"r{k}" for k in range(6)]
    values = xr.Dataset(
        {"value": (("record", "biomarker"), np.array([[150], [160], [190], [170], [100], [110]], dtype=np.float32))},
        coords={"record": records, "biomarker": ["PR_Int_Global"], "unit": ("biomarker", ["ms"])},
    )
    patient = pd.Series(["a", "a", "a", "a", "b", "b"], index=records)
    start = pd.Series(pd.to_datetime([f"20{y}-01-01" for y in (20, 21, 22, 23, 20, 21)]), index=records)
    found = trend(values, patient=patient, start=start)
    assert found["patient"].tolist() == ["a"]
    # slopes of the six pairs: 10, 20, 20/3, 30, 5, −20
    assert found["slope"].item() == pytest.approx((10 + 20 / 3) / 2, rel=0.01)
    assert found["low"].item() < found["slope"].item() < found["high"].item()
    assert found["n"].item() == 4


def test_a_feature_table_of_ptbxl_plus_is_read_under_our_names() -> None:
    table = pd.DataFrame(
        {
            "PR_Int_Global": [160.0, 170.0, 180.0],
            "ecg_id": [2, 1, 9],
            "R_AxisFrontal_Global": [40.0, 50.0, 60.0],
            "S_Amp_V1": [0.9, -1.1, 0.3],
            "PR_Int_Global_iqr": [3.0, 4.0, 5.0],
            "VM_Length_Global": [1.0, 1.0, 1.0],
        }
    )
    found = from_ptbxl_plus(table, records={"1": "one", "2": "two"})
    assert found.index.tolist() == ["two", "one"]
    assert sorted(found.columns) == ["PR_Int_Global", "QRS_AxisFront_Global", "S_Amp_V1"]
    assert found["S_Amp_V1"].tolist() == [-0.9, -1.1]
    with pytest.raises(VocabularyError, match="without a column 'ecg_id'"):
        from_ptbxl_plus(table.drop(columns="ecg_id"), records={"1": "one"})
    with pytest.raises(VocabularyError, match="0 recordings in common"):
        from_ptbxl_plus(table, records={"77": "x"})


@pytest.mark.filterwarnings("ignore")
def test_neurokits_marks_give_much_the_same_rate_and_other_intervals() -> None:
    from ecgomics.simulate import draw_patient, simulate

    made = [simulate(draw_patient("normal", seed=seed), seed=seed, duration_s=8.0).ecg for seed in range(5)]
    ecg = xr.concat(made, dim="record").assign_coords(record=[f"r{k}" for k in range(5)]).assign_attrs(made[0].attrs)
    summary, apart = against_neurokit(ecg)
    assert apart.shape[0] == 5
    assert abs(summary.loc["HR_Mean_Global", "bias"]) < 1.0
    assert summary.loc["QRS_Dur_Global", "low"] < summary.loc["QRS_Dur_Global", "high"]
