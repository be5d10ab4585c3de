from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pytest
import xarray as xr

from ecgomics.rules import evaluate, load_rules
from ecgomics.rules.loading import closure
from ecgomics.vocabulary import LEADS, STATES

LEADWISE: dict[str, float] = {
    "ST_Amp": 0.0,
    "ST_Slope": 0.2,
    "T_Amp": 0.3,
    "T_Asymmetry": 1.5,
    "T_Morph": 0.0,
    "R_Amp": 1.0,
    "S_Amp": -0.3,
    "Q_Amp": 0.0,
    "Q_Dur": 0.0,
    "R_Dur": 50.0,
    "S_Dur": 20.0,
    "R_PeakTime": 35.0,
    "QRS_Balance": 0.6,
    "QRS_PP": 1.5,
    "QRS_Notches": 0.0,
    "Q_Present": 0.0,
    "QS_Pattern": 0.0,
    "RSR_Pattern": 0.0,
    "STS_Ratio": 0.0,
    "JWave_Amp": 0.0,
    "SNR": 25.0,
    "R2_Amp": 0.0,
    "P_Morph": 1.0,
    "P_Amp": 0.1,
}

GLOBAL: dict[str, float] = {
    "P_Fraction_Global": 1.0,
    "P_Amp_aVR": -0.08,
    "HR_Mean_Global": 70.0,
    "HR_Sinus_Global": 70.0,
    "HR_Min_Global": 68.0,
    "HR_Max_Global": 72.0,
    "PR_Int_Global": 160.0,
    "PR_Spread_Global": 8.0,
    "PR_LeadSpread_Global": 10.0,
    "RR_StdDev_Global": 20.0,
    "RR_Max_Global": 890.0,
    "PAC_Count_Global": 0.0,
    "PVC_Count_Global": 0.0,
    "PVC_Burden_Global": 0.0,
    "PVC_Couplets_Global": 0.0,
    "PVC_RunMax_Global": 0.0,
    "Bigeminy_Global": 0.0,
    "PP_Deviation_Global": 0.02,
    "AV_Blocked_Global": 0.0,
    "AV_BlockedRun_Global": 0.0,
    "AV_Alternating_Global": 0.0,
    "HR_Atrial_Global": 70.0,
    "RR_CV_Global": 0.03,
    "CosEn_Global": -2.4,
    "NRMSSD_Global": 0.03,
    "Pace_Spikes_Global": 0.0,
    "Paced_Fraction_Global": 0.0,
    "Delta_Index_Global": 0.6,
    "QRS_Dur_Global": 92.0,
    "Transition_Lead_Global": 3.0,
    "QRS_AxisFront_Global": 45.0,
    "QRS_AxisInitial_Global": 40.0,
    "PTF_V1": 1.0,
    "P_Dur_Global": 104.0,
    "P_NotchSpacing_II": 0.0,
    "Sokolow_Global": 2.4,
    "Cornell_Global": 1.2,
    "CornellProduct_Global": 110.0,
    "Peguero_Global": 1.5,
    "RVH_Sum_Global": 0.5,
    "RS_Ratio_V1": 0.3,
    "RS_Ratio_V2": 0.6,
    "QT_IntFridericia_Global": 415.0,
    "QT_IntBazett_Global": 420.0,
    "Rprime_Base_V1": 0.0,
    "Rprime_Base_V2": 0.0,
    "QRS_MaxLimb_Global": 1.2,
    "QRS_MaxChest_Global": 2.2,
    "QRST_AngleFront_Global": 25.0,
    "QRST_AngleSpatial_Global": 60.0,
    "LimbConsistency_Global": 0.004,
    "Quality_Global": 0.95,
    "Usable_Fraction_Global": 1.0,
    # the right chest leads of a normal heart: rS, and a small P
    "R_Amp_V1": 0.2,
    "S_Amp_V1": -0.9,
    "QRS_Balance_V1": -0.7,
    "R_Dur_V1": 25.0,
    "R_Dur_V2": 28.0,
    "P_Amp_V1": 0.05,
    "R_Amp_aVR": 0.1,
    "QRS_Balance_aVR": -0.8,
    "S_Amp_aVR": -0.9,
}

NORMAL: dict[str, float] = {f"{name}_{lead}": value for name, value in LEADWISE.items() for lead in LEADS} | GLOBAL


def table(rows: list[Mapping[str, float]]) -> xr.Dataset:
    names = sorted({name for row in rows for name in row})
    values = np.array([[row.get(name, np.nan) for name in names] for row in rows], dtype=np.float32)
    records = [f"r{k}" for k in range(len(rows))]
    return xr.Dataset({"value": (("record", "biomarker"), values)}, coords={"record": records, "biomarker": names})


def people(rows: list[tuple[float, str]]) -> xr.Dataset:
    return xr.Dataset(
        {
            "age": ("record", np.array([age for age, _ in rows], dtype=np.float32)),
            "sex": ("record", np.array([sex for _, sex in rows], dtype="<U1")),
        },
        coords={"record": [f"r{k}" for k in range(len(rows))]},
    )


class Judged(Mapping[str, str]):
    """States of rules on one record, each judged, with all it depends on, when it is asked for."""

    def __init__(self, row: Mapping[str, float], person: tuple[float, str], of: str) -> None:
        self.values_, self.people, self.of = table([row]), people([person]), of

    def __getitem__(self, name: str) -> str:
        found = evaluate(self.values_, subjects=self.people, rules=closure(load_rules(), name))
        return STATES[int(found[self.of].sel(rule=name).values[0])]

    def __iter__(self) -> Iterator[str]:
        return iter(rule.id for rule in load_rules())

    def __len__(self) -> int:
        return len(load_rules())


@pytest.fixture(scope="session")
def judged() -> Callable[..., Judged]:
    """State of rules for one record, given what differs from `NORMAL`; `of` picks another variable."""

    def judge(*, age: float = 60, sex: str = "M", without: str = "", of: str = "state", **different: float) -> Judged:
        row = {**NORMAL, **different}
        row.pop(without, None)
        return Judged(row, (age, sex), of)

    return judge


@pytest.fixture(name="table", scope="session")
def normal_table() -> Callable[[list[Mapping[str, float]]], xr.Dataset]:
    """Values of a cohort, given what each record has other than `NORMAL`."""
    return lambda rows: table([{**NORMAL, **row} for row in rows])


@pytest.fixture(name="people", scope="session")
def known_people() -> Callable[[list[tuple[float, str]]], xr.Dataset]:
    """Age and sex of each record."""
    return people
