"""What a cardiologist expects of real labels; skipped where the recordings are not beside the checkout."""

import ast
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from ecgomics.discovery import contrast

DATA = Path(os.environ.get("ECGOMICS_DATA", Path(__file__).parents[4] / "shared" / "data")) / "ptbxl"

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not DATA.is_dir(), reason="the real recordings are not beside this checkout"),
]


@pytest.fixture(scope="module")
def ptbxl():
    """Biomarkers, subjects and the codes of 200 PTB-XL records at 100 Hz."""
    from ecgomics.biomarkers import measure
    from ecgomics.records import read
    from ecgomics.waves import delineate

    table = pd.read_csv(DATA / "ptbxl_database.csv")
    table = table[[(DATA / f"{name}.hea").is_file() for name in table["filename_lr"]]]
    records = [read(DATA / f"{name}.hea") for name in table["filename_lr"]]
    names = [f"ptbxl-{number}" for number in table["ecg_id"]]
    ecg = xr.concat([record.ecg for record in records], dim=pd.Index(names, name="record"), join="override")
    ecg = ecg.assign_attrs(rate_hz=records[0].native_hz)
    sex = table["sex"].map({0: "M", 1: "F"}).to_numpy()
    age = table["age"].to_numpy(dtype=np.float32)
    subjects = xr.Dataset(
        {"age": ("record", age), "sex": ("record", sex), "patient": ("record", table["patient_id"].astype(str))},
        coords={"record": names},
    )
    values = measure(delineate(ecg), ecg, subjects=subjects)
    return values, subjects, [ast.literal_eval(codes) for codes in table["scp_codes"]]


@pytest.mark.parametrize(
    ("codes", "led_by"),
    [
        (("LVH",), ("Sokolow", "Cornell", "QRS_PPSum", "QRS_Max", "Peguero", "QRS_PP", "Band")),
        (("AFIB",), ("P_Fraction", "P_QRS_Ratio", "RR_", "PR_Level", "NRMSSD", "CosEn")),
        (
            ("IRBBB", "CRBBB"),
            ("R2_", "RSR", "ST_Slope_V1", "ST_Curve_V1", "ST_Amp_V1", "R_PeakTime_V1", "QRS_Dur", "S_Dur"),
        ),
        (("IMI",), ("Q_", "QR_Ratio", "S_Dur", "QRS_AxisFront")),
    ],
)
def test_labels_are_led_by_what_defines_them(ptbxl, codes, led_by):
    values, subjects, labels = ptbxl
    group = np.array([any(code in given for code in codes) for given in labels])
    people = subjects[["age", "sex"]].to_dataframe()[["age", "sex"]]
    result = contrast(values, group, patient=subjects["patient"].values, adjust=people, drawn_on="labels")
    leaders = result.table(top=3)
    assert result.badge == "declared"
    assert leaders["biomarker"].str.startswith(led_by).sum() >= 2, leaders["biomarker"].tolist()
    assert (leaders["auc_adjusted"] - 0.5).abs().min() > 0.25


def test_normal_records_differ_in_repolarisation(ptbxl):
    values, subjects, labels = ptbxl
    group = np.array(["NORM" in given for given in labels])
    result = contrast(values, group, patient=subjects["patient"].values, drawn_on="labels")
    assert len(result.candidates()) > 20
    assert result.table(top=10)["biomarker"].str.contains("^T|ST|QRST").sum() >= 5
