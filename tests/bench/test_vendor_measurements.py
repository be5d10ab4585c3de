"""Our intervals and axes beside what the electrocardiograph wrote into the file: is anything shifted as a whole?

A machine takes the earliest onset and the latest offset of all leads, we take the median of the leads' marks; the
table shows what that makes. Single files differ by more than the mean does, both ways.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from ecgomics.biomarkers import measure
from ecgomics.records import read
from ecgomics.waves import delineate

DATA = Path(os.environ.get("ECGOMICS_DATA", Path(__file__).parents[3] / "shared" / "data")) / "formats"
pytestmark = [
    pytest.mark.bench,
    pytest.mark.data,
    pytest.mark.skipif(not DATA.exists(), reason="no recordings beside the checkout"),
]

COLUMNS = {
    "PR": "PR_Int_Global",
    "QRS": "QRS_Dur_Global",
    "QT": "QT_Int_Global",
    "P axis": "P_AxisFront_Global",
    "QRS axis": "QRS_AxisFront_Global",
    "T axis": "T_AxisFront_Global",
}
MUSE = {
    "PR": r"<P[RQ]Interval[^>]*>\s*(\d+)",
    "QRS": r"<QRSDuration[^>]*>\s*(\d+)",
    "QT": r"<QTInterval[^>]*>\s*(\d+)",
    "P axis": r"<PAxis[^>]*>\s*(-?\d+)",
    "QRS axis": r"<RAxis[^>]*>\s*(-?\d+)",
    "T axis": r"<TAxis[^>]*>\s*(-?\d+)",
}
PHILIPS = {
    "PR": r"<meanprint>\s*(\d+)",
    "QRS": r"<meanqrsdur>\s*(\d+)",
    "QT": r"<meanqtint>\s*(\d+)",
    "P axis": r"<pfrontaxis>\s*(-?\d+)",
    "QRS axis": r"<qrsfrontaxis>\s*(-?\d+)",
    "T axis": r"<tfrontaxis>\s*(-?\d+)",
}
AECG = {
    name: rf'MDC_ECG_{code}".*?<value [^>]*value="(-?\d+)"'
    for name, code in {
        "PR": "TIME_PD_PR",
        "QRS": "TIME_PD_QRS",
        "QT": "TIME_PD_QT",
        "P axis": "ANGLE_P_FRONT",
        "QRS axis": "ANGLE_QRS_FRONT",
        "T axis": "ANGLE_T_FRONT",
    }.items()
}
FILES = {
    "muse/braveheart_example1.xml": MUSE,
    "muse/guangxi_teaching_sinus_rhythm.xml": MUSE,
    "cardiosoft/ecgprocess_example_cardiologyxml.xml": MUSE,
    "sierra/sierra_1_04_zzdemoptonly.xml": PHILIPS,
    "sierra/sierra_1_03_129DYPRG.xml": PHILIPS,
    "aecg/hl7_example_aecg.xml": AECG,
}


def told(path: Path, patterns: dict[str, str]) -> dict[str, float]:
    raw = path.read_bytes()
    text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1")
    found = {name: re.search(pattern, text, re.DOTALL) for name, pattern in patterns.items()}
    return {name: float(match[1]) if match else np.nan for name, match in found.items()}


def measured(path: Path) -> dict[str, float]:
    record = read(path)
    ecg = record.ecg.expand_dims(record=["0"])
    person = {"age": ("record", np.array([record.age], dtype=np.float32)), "sex": ("record", np.array([record.sex]))}
    subjects = xr.Dataset(person, coords={"record": ["0"]})
    values = measure(delineate(ecg), ecg, subjects=subjects)["value"].isel(record=0)
    return {name: float(values.sel(biomarker=column)) for name, column in COLUMNS.items()}


def test_intervals_and_axes_are_not_shifted_against_the_machines() -> None:
    rows = {}
    for name, patterns in FILES.items():
        machine, own = told(DATA / name, patterns), measured(DATA / name)
        assert np.isfinite([machine[kind] for kind in ("PR", "QRS", "QT", "QRS axis")]).all(), name
        rows[name.partition("/")[2]] = {kind: own[kind] - machine[kind] for kind in COLUMNS}
    table = pd.DataFrame(rows).T
    summary = pd.DataFrame({"mean": table.mean(), "largest": table.abs().max(), "files": table.count()})
    print(f"\nours less the machine's, ms and degrees\n{table.round(0).to_string()}\n{summary.round(1).to_string()}")
    assert abs(summary.loc["PR", "mean"]) <= 10
    assert abs(summary.loc["QRS", "mean"]) <= 10
    assert abs(summary.loc["QT", "mean"]) <= 20
    assert abs(summary.loc["QRS axis", "mean"]) <= 10
