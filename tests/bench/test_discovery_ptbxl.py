"""Real labels: each is led by what a cardiologist would look at, with its family, interval and adjusted effect.

Needs the recordings beside the checkout; prints the table that the notes quote. PTB-XL's development excerpt holds one
patient with first-degree block whose P waves could be measured: that label is taken from LUDB, whose four are too few
for more than an order, and say so.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ecgomics.discovery import Known, contrast, families
from ecgomics.settings import ContrastSettings, IngestSettings

DATA = Path(os.environ.get("ECGOMICS_DATA", Path(__file__).parents[3] / "shared" / "data"))
pytestmark = [
    pytest.mark.bench,
    pytest.mark.data,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not (DATA / "ptbxl").is_dir(), reason="the real recordings are not beside this checkout"),
]
FEW = ContrastSettings(min_patients=2, resamples=500)
SHOWN = 6


@pytest.fixture(scope="module")
def ptbxl(tmp_path_factory):
    return taken_in(DATA / "ptbxl", tmp_path_factory.mktemp("real") / "ptbxl.zarr")


@pytest.fixture(scope="module")
def ludb(tmp_path_factory):
    return taken_in(DATA / "ludb", tmp_path_factory.mktemp("real") / "ludb.zarr")


def taken_in(source, path):
    from ecgomics import pipeline

    cohort = pipeline.ingest(
        source, path, settings=IngestSettings(copies="low", lockbox_share=0.0), workers=0, progress=False
    )
    return cohort.analyse(workers=0, progress=False)


def asked(cohort, who, *, adjust=("age", "sex")):
    """The contrast of a label, its leaders printed with interval, adjusted effect and family."""
    found = contrast(cohort, Known.of(cohort).group(who), adjust=list(adjust), settings=FEW, note="no")
    names = found.table(top=30)["biomarker"].tolist()
    kin = families(found, cohort, among=names).set_index("biomarker")["representative"]
    shown = found.table(top=SHOWN).assign(family=lambda rows: kin.reindex(rows["biomarker"]).to_numpy())
    columns = ["biomarker", "auc", "low", "high", "q", "auc_adjusted", "q_adjusted", "family"]
    print(
        f"\n{who}: {found.n.patients_group} against {found.n.patients_rest} patients, {len(found.candidates())} found"
    )
    print(shown[columns].to_string(index=False, float_format=lambda value: f"{value:.3g}"))
    return found, found.results.set_index("biomarker")


def leads(found, starts, *, among=12):
    return found.table(top=among)["biomarker"].str.startswith(tuple(starts)).sum()


def test_first_degree_block_is_led_by_pr(ludb):
    found, rows = asked(ludb, 'label:"I degree AV block"')
    assert leads(found, ("PR_Int", "PR_Seg", "PR_"), among=4) >= 3
    assert rows.loc["PR_Int_Global", "auc"] > 0.95
    assert rows.loc["PR_Int_Global", "auc_adjusted"] > 0.9


def test_left_bundle_branch_block_is_led_by_late_left_leads(ptbxl):
    found, rows = asked(ptbxl, "label:CLBBB")
    left = [
        f"{name}_{lead}" for name in ("R_PeakTime", "R_Dur", "Q_Dur", "R_Notch") for lead in ("I", "aVL", "V5", "V6")
    ]
    assert leads(found, left) >= 4
    assert rows.loc["QRS_Dur_Global", "auc"] > 0.95
    assert rows.loc["QRS_Dur_Global", "q"] < 0.05


def test_right_bundle_branch_block_is_led_by_v1(ptbxl):
    found, rows = asked(ptbxl, "label:IRBBB or label:CRBBB")
    assert found.table(top=12)["biomarker"].str.endswith("_V1").sum() >= 4
    assert {"RSR_Pattern_V1", "R2_Amp_V1"} <= set(found.candidates()["biomarker"])
    assert rows.loc["RSR_Pattern_V1", "q_adjusted"] < 0.001


def test_complete_bundle_branch_blocks_are_led_by_qrs_duration(ptbxl):
    _, rows = asked(ptbxl, "label:CLBBB or label:CRBBB or label:IVCD")
    assert rows.index.get_loc("QRS_Dur_Global") < 20
    assert rows.loc["QRS_Dur_Global", "auc"] > 0.85


def test_left_ventricular_hypertrophy_is_led_by_voltage_sums(ptbxl):
    found, rows = asked(ptbxl, "label:LVH or label:VCLVH")
    voltages = ("Sokolow", "Cornell", "QRS_PPSum", "R_Amp_V5", "R_Amp_V6", "QRS_PP", "QRS_MaxChest", "Band_", "Peguero")
    assert leads(found, voltages, among=8) >= 5
    assert rows.loc["Sokolow_Global", "q_adjusted"] < 0.001
    assert "Sokolow_Global" in found.candidates()["biomarker"].tolist()


def test_atrial_fibrillation_is_led_by_irregularity_and_missing_p_waves(ptbxl):
    found, rows = asked(ptbxl, "label:AFIB")
    assert leads(found, ("CosEn", "RR_", "P_QRS", "P_Fraction", "NRMSSD", "RMSSD", "SD", "PR_Level")) >= 6
    assert rows.loc["P_Fraction_Global", "auc"] < 0.05
    assert rows.loc["RR_Entropy_Global", "q_adjusted"] < 0.001
    # that the P waves are not there is told by what cannot be measured
    missing = found.missingness().set_index("biomarker")
    assert missing.loc["PR_Int_Global", "share_group"] == 1.0
    assert missing.loc["PR_Int_Global", "share_rest"] < 0.1
