"""Every condition's patients have its parameters and show its signs."""

from __future__ import annotations

import numpy as np
import pytest

from ecgomics.errors import SettingsError
from ecgomics.simulate import CONDITIONS, VirtualPatient, draw_patient, simulate
from ecgomics.simulate.landmarks import landmarks

REQUIRED = {
    "normal",
    "sinus_bradycardia",
    "sinus_tachycardia",
    "first_degree_block",
    "rbbb",
    "lbbb",
    "lvh",
    "anterior_st_elevation",
    "long_qt",
    "af",
    "pvc",
}

# what a reader looks for, and what must not be there: measure, lowest, highest (mV, ms)
SIGNS = {
    "normal": [("R_Amp_II", 0.2, 2), ("S_Amp_V1", -2, -0.3), ("Q_Lateral", 0, 0.3), ("QRS_Notches_V6", 0, 0)],
    "rbbb": [("R2_Amp_V1", 0.2, 2), ("S_Dur_V6", 40, 150), ("S_Amp_I", -2, -0.1), ("T_Amp_V5", 0, 2)],
    "lbbb": [("Q_Lateral", 0, 0.02), ("S_Amp_V2", -5, -0.7), ("T_Amp_V6", -2, 0), ("T_Amp_V1", 0, 2)],
    "lvh": [("Sokolow_Global", 3.5, 8), ("R_Amp_aVL", 0.5, 3)],
    "anterior_st_elevation": [("ST_Amp_V2", 0.25, 1.5), ("ST_Amp_V3", 0.25, 1.5), ("ST_Amp_III", -0.5, -0.02)],
    "lafb": [("S_Amp_III", -3, -0.3), ("R_Amp_aVL", 0.2, 3), ("R_PeakTime_aVL", 45, 100)],
    "rvh": [("R_Amp_V1", 0.7, 3), ("S_Amp_I", -3, -0.3), ("S_Amp_V6", -3, -0.3)],
    "inferior_q": [("Q_Amp_III", -3, -0.1), ("Q_Amp_aVF", -3, -0.1), ("Q_Dur_aVF", 30, 80)],
    "low_voltage": [("QRS_MaxLimb_Global", 0.1, 0.5)],
    "wpw": [("QRS_Notches_V5", 0, 1), ("R_Amp_II", 0.2, 3)],
}

# polarity in nearly everyone: sign of QRS or wave, leads
UPRIGHT = {"P_Amp": ("II",), "T_Amp": ("I", "II", "V3", "V4", "V5", "V6"), "R_Amp": ("I", "II", "V4", "V5", "V6")}


def patients(name, count=12):
    return [draw_patient(name, seed=seed) for seed in range(count)]


def test_the_required_conditions_are_there():
    assert set(CONDITIONS) >= REQUIRED
    for condition in CONDITIONS.values():
        assert condition.title
        assert condition.statement
        assert condition.weight >= 0


@pytest.mark.parametrize("name", list(CONDITIONS))
def test_patients_lie_within_the_conditions_limits(name):
    condition = CONDITIONS[name]
    for patient in patients(name, 6):
        for parameter in condition.parameters:
            limits = condition.limits(parameter)
            if limits is not None:
                assert limits[0] <= getattr(patient, parameter) <= limits[1], parameter
        assert not condition.misses(patient)


@pytest.mark.parametrize("name", list(SIGNS))
def test_the_signs_are_there(name):
    for patient in patients(name):
        found = landmarks(patient)
        for measure, low, high in SIGNS[name]:
            assert low <= found[measure] <= high, (measure, found[measure])


@pytest.mark.parametrize(
    ("name", "parameter", "low", "high"),
    [
        ("normal", "pr_ms", 120, 200),
        ("normal", "qrs_ms", 60, 110),
        ("normal", "qtc_ms", 360, 445),
        ("sinus_bradycardia", "heart_rate_bpm", 25, 49),
        ("sinus_tachycardia", "heart_rate_bpm", 101, 180),
        ("first_degree_block", "pr_ms", 210, 320),
        ("rbbb", "qrs_ms", 120, 200),
        ("lbbb", "qrs_ms", 140, 200),
        ("long_qt", "qtc_ms", 480, 600),
        ("lafb", "qrs_axis_deg", -90, -45),
        ("wpw", "pr_ms", 60, 119),
    ],
)
def test_the_defining_limits(name, parameter, low, high):
    stated = CONDITIONS[name].limits(parameter)
    assert low <= stated[0] < stated[1] <= high


def test_polarity_in_the_healthy():
    found = [landmarks(patient) for patient in patients("normal", 30)]
    for measure, leads in UPRIGHT.items():
        for lead in leads:
            assert all(one[f"{measure}_{lead}"] > 0.03 for one in found), (measure, lead)
    assert all(one["T_Amp_aVR"] < -0.03 for one in found)
    assert all(-one["Q_Amp_aVR"] > one["R_Amp_aVR"] or -one["S_Amp_aVR"] > one["R_Amp_aVR"] for one in found)
    r_grows = [one["R_Amp_V1"] < one["R_Amp_V2"] < one["R_Amp_V4"] for one in found]
    s_shrinks = [one["S_Amp_V2"] < one["S_Amp_V4"] < one["S_Amp_V6"] for one in found]
    assert np.mean(r_grows) > 0.9
    assert np.mean(s_shrinks) > 0.9


def test_the_p_wave_is_inverted_in_avr_and_biphasic_in_v1():
    biphasic, terminal = 0, 0
    for patient in patients("normal"):
        record = simulate(patient, recorder="ideal", seed=1)
        beat = record.truth.beats.isel(beat=3)["marks"]
        on, off = (round(float(beat.sel(mark=mark)) * 500) for mark in ("p_on", "p_off"))
        p = record.ecg.isel(time=slice(on, off)) - record.ecg.isel(time=on)
        assert abs(float(p.sel(lead="aVR").min())) > float(p.sel(lead="aVR").max())
        assert float(p.sel(lead="II").max()) > 0.05
        terminal += float(p.sel(lead="V1").min()) < -0.01
        biphasic += float(p.sel(lead="V1").max()) > 0.005 and float(p.sel(lead="V1").min()) < -0.005
    assert terminal >= 10
    assert biphasic >= 7


def test_voltages_of_the_healthy_agree_with_recorded_medians():
    # medians of R and S in 130 PTB-XL recordings labelled normal, mV
    recorded = {
        "R_Amp_I": 0.58,
        "R_Amp_II": 0.80,
        "S_Amp_V1": -0.75,
        "S_Amp_V2": -1.29,
        "R_Amp_V5": 1.17,
        "R_Amp_V6": 1.0,
    }
    found = [landmarks(patient) for patient in patients("normal", 40)]
    for measure, median in recorded.items():
        assert np.median([one[measure] for one in found]) == pytest.approx(median, rel=0.35), measure


def test_women_and_the_old_have_what_they_are_known_for():
    men = [draw_patient("normal", seed=s, sex="M", age=40) for s in range(40)]
    women = [draw_patient("normal", seed=s, sex="F", age=40) for s in range(40)]
    mean = {
        key: [np.mean([getattr(p, key) for p in group]) for group in (men, women)]
        for key in ("qtc_ms", "qrs_ms", "t_mv")
    }
    assert mean["qtc_ms"][1] > mean["qtc_ms"][0] + 3
    assert mean["qrs_ms"][1] < mean["qrs_ms"][0] - 3
    assert mean["t_mv"][1] < mean["t_mv"][0]
    old = [draw_patient("normal", seed=s, sex="M", age=80) for s in range(40)]
    assert np.mean([p.pr_ms for p in old]) > np.mean([p.pr_ms for p in men])
    assert np.mean([p.qrs_axis_deg for p in old]) < np.mean([p.qrs_axis_deg for p in men])


def test_draws_are_repeatable_and_differ():
    assert draw_patient("af", seed=3).digest() == draw_patient("af", seed=3).digest()
    assert len({draw_patient("af", seed=seed).digest() for seed in range(10)}) == 10
    assert draw_patient("normal", seed=1, pr_ms=150.0).pr_ms == 150.0


def test_an_unknown_condition_or_an_impossible_wish_is_refused():
    with pytest.raises(SettingsError, match="did you mean 'lbbb'"):
        draw_patient("lbb")
    with pytest.raises(SettingsError, match="no patient with qrs_mv"):
        draw_patient("low_voltage", qrs_mv=3.0)
    with pytest.raises(SettingsError, match="has no setting"):
        draw_patient("normal", pr=3.0)


def test_landmarks_agree_with_the_recording():
    patient = VirtualPatient(variety=0.5, heart_rate_bpm=60, rr_variability=0.0)
    found = landmarks(patient)
    template = simulate(patient, rate_hz=1000, recorder="ideal").truth.template
    beat = template["beat_mv"].isel(record=0)
    for lead in ("I", "II", "V2", "V5"):
        assert float(beat.sel(lead=lead, offset=slice(-0.1, 0.1)).max()) == pytest.approx(
            found[f"R_Amp_{lead}"], abs=0.02
        )
    j = float(template["template_global"].sel(mark="qrs_off").item())
    level = beat.interp(offset=j)
    for lead in ("I", "V2", "V6"):
        assert float(level.sel(lead=lead)) == pytest.approx(found[f"ST_Amp_{lead}"], abs=0.01)
