"""For every condition the rules that define it are met and those it excludes are not, from the true marks."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from ecgomics.biomarkers import measure
from ecgomics.rules import evaluate, load_rules
from ecgomics.simulate import draw_patient, simulate
from ecgomics.vocabulary import STATES
from ecgomics.waves import Beats

PATIENTS = 10

# condition: rules met, rules not met
EXPECTED = {
    "normal": (("sinus_rhythm",), ("first_degree_block", "rbbb", "lbbb_strauss", "lvh_sokolow", "st_elevation_stemi")),
    "sinus_bradycardia": (("sinus_bradycardia",), ("tachycardia", "atrial_fibrillation")),
    "sinus_tachycardia": (("sinus_tachycardia",), ("bradycardia", "atrial_fibrillation")),
    "first_degree_block": (("first_degree_block",), ("short_pr", "atrial_fibrillation")),
    "rbbb": (("rbbb",), ("lbbb_strauss", "lafb", "rvh")),
    "lbbb": (("lbbb_strauss",), ("rbbb", "lafb")),
    "lvh": (("lvh_sokolow", "lvh_cornell", "lvh_peguero"), ("low_voltage", "rvh", "rbbb")),
    "anterior_st_elevation": (("st_elevation_stemi",), ("rbbb", "lvh_sokolow", "long_qt")),
    "long_qt": (("long_qt",), ("short_qt", "first_degree_block")),
    "af": (("atrial_fibrillation",), ("sinus_rhythm", "first_degree_block")),
    "pvc": (("premature_ventricular_beat", "sinus_rhythm"), ("atrial_fibrillation", "premature_atrial_beat")),
    "lafb": (("lafb",), ("rbbb", "lbbb_strauss")),
    "pac": (("premature_atrial_beat",), ("premature_ventricular_beat", "atrial_fibrillation")),
    "inferior_q": (("prior_mi_q",), ("st_elevation_stemi", "rbbb")),
    "low_voltage": (("low_voltage",), ("lvh_sokolow", "lvh_cornell")),
    "rvh": (("rvh",), ("lvh_sokolow", "rbbb")),
    "paced": (("paced",), ()),
}


def states(condition):
    """How many of the patients meet each rule."""
    records = [simulate(draw_patient(condition, seed=100 + seed), seed=seed) for seed in range(PATIENTS)]
    ids = [record.ecg.attrs["record"] for record in records]
    ecg = xr.DataArray(
        np.stack([record.ecg.values for record in records]),
        dims=("record", "lead", "time"),
        coords={"record": ids, "lead": records[0].ecg["lead"].values},
        attrs={"rate_hz": 500.0, "units": "mV"},
    )
    truth = Beats(
        xr.concat([record.truth.beats for record in records], dim="beat"),
        xr.concat([record.truth.template for record in records], dim="record"),
        xr.concat([record.truth.quality for record in records], dim="record"),
    )
    subjects = xr.Dataset(
        {
            "age": ("record", np.array([record.patient.age for record in records], dtype=np.float32)),
            "sex": ("record", np.array([record.patient.sex for record in records])),
        },
        coords={"record": ids},
    )
    found = evaluate(measure(truth, ecg, subjects=subjects), subjects=subjects, rules=load_rules())["state"]
    return (found == STATES.index("met")).sum("record").to_series()


@pytest.mark.parametrize("condition", list(EXPECTED))
def test_rules_that_define_a_condition_are_met_and_excluded_ones_are_not(condition):
    met = states(condition)
    defining, excluded = EXPECTED[condition]
    for rule in defining:
        assert met[rule] == PATIENTS, rule
    for rule in excluded:
        assert met[rule] <= PATIENTS // 20, rule
