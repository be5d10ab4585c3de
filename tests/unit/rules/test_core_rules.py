"""Each core rule: just inside its limit, just outside, with the input missing, and suppressed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from ecgomics.rules import load_rules

INFERIOR = ("II", "III", "aVF")


def over(name: str, leads: tuple[str, ...], value: float) -> dict[str, float]:
    return {f"{name}_{lead}": value for lead in leads}


STRAIN = over("ST_Amp", ("V5", "V6"), -0.1) | over("ST_Slope", ("V5", "V6"), -0.5) | over("T_Amp", ("V5", "V6"), -0.3)
RBBB = {"QRS_Dur_Global": 150, "RSR_Pattern_V1": 1, "S_Dur_V6": 60}
LBBB = over("R_Dur", ("I", "V6"), 100) | {
    "QRS_Dur_Global": 150,
    "QRS_Notches_V5": 1,
    "QRS_Notches_I": 1,
    "R_PeakTime_V5": 70,
}


FLUTTER = {"P_Fraction_Global": 0.0, "Sawtooth_Regularity_Global": 0.5, "Sawtooth_Rate_Global": 290}
BLOCKED = {"AV_Blocked_Global": 2, "AV_BlockedRun_Global": 1, "AV_Alternating_Global": 1}
PERICARDITIS = over("ST_Amp", ("I", "II", "aVF", "V3", "V4", "V5"), 0.1) | {"ST_Amp_aVR": -0.1}
DISSOCIATED = {"HR_Mean_Global": 38, "PR_Spread_Global": 150, "HR_Sinus_Global": 38}


@dataclass(frozen=True)
class Case:
    """What makes a rule met, and the column whose limit is tried from both sides."""

    column: str
    inside: float
    outside: float
    also: dict[str, float] = field(default_factory=dict)
    person: dict[str, Any] = field(default_factory=dict)
    when_missing: str = "unknown"


CASES: dict[str, Case] = {
    "sinus_p_waves": Case("P_Fraction_Global", 0.5, 0.49),
    "sinus_rhythm": Case("HR_Sinus_Global", 100, 100.5),
    "bradycardia": Case("HR_Mean_Global", 59.9, 60),
    "bradycardia_marked": Case("HR_Mean_Global", 39.9, 40),
    "sinus_bradycardia": Case("HR_Sinus_Global", 59.9, 60),
    "tachycardia": Case("HR_Mean_Global", 100.1, 100),
    "sinus_tachycardia": Case("HR_Mean_Global", 100.1, 100),
    "sinus_arrhythmia": Case("RR_StdDev_Global", 50.1, 50, {"HR_Min_Global": 55, "HR_Max_Global": 80}),
    "atrial_fibrillation": Case("P_Fraction_Global", 0.49, 0.5, {"CosEn_Global": -1.0, "NRMSSD_Global": 0.3}),
    "atrial_flutter": Case("Sawtooth_Regularity_Global", 0.3, 0.29, FLUTTER),
    "premature_atrial_beat": Case("PAC_Count_Global", 1, 0),
    "premature_ventricular_beat": Case("PVC_Count_Global", 1, 0),
    "ventricular_bigeminy": Case("Bigeminy_Global", 3, 2),
    "ventricular_couplet": Case("PVC_Couplets_Global", 1, 0),
    "ventricular_run": Case("PVC_RunMax_Global", 3, 2),
    "ventricular_tachycardia": Case("PVC_RunRate_Global", 101, 100, {"PVC_RunMax_Global": 4}),
    "wide_qrs_tachycardia": Case("QRS_Dur_Global", 120, 119, {"HR_Mean_Global": 150, "PR_Spread_Global": 90}),
    "junctional_rhythm": Case("RR_CV_Global", 0.05, 0.06, {"P_Fraction_Global": 0.0, "HR_Mean_Global": 50}),
    "pause": Case("RR_Max_Global", 2001, 2000),
    "pause_marked": Case("RR_Max_Global", 3000, 2999),
    "paced": Case("Pace_Spikes_Global", 3, 2, {"Paced_Fraction_Global": 0.9}),
    "first_degree_block": Case("PR_Int_Global", 201, 200),
    "short_pr": Case("PR_Int_Global", 119, 120),
    "pre_excitation": Case(
        "PR_Int_Global",
        120,
        121,
        {"Delta_Index_Global": 0.19, "QRS_Dur_Global": 124, "PR_LeadSpread_Global": 30},
    ),
    "av_block_wenckebach": Case("AV_PRDrop_Global", 30, 29, BLOCKED),
    "av_block_mobitz_2": Case("AV_PRDrop_Global", 20, 21, BLOCKED),
    "av_block_2_to_1": Case("AV_Alternating_Global", 3, 2, {"AV_Blocked_Global": 4, "AV_BlockedRun_Global": 1}),
    "av_block_high_grade": Case("AV_BlockedRun_Global", 2, 1, {"AV_Blocked_Global": 4}),
    "av_block_complete": Case("PR_Spread_Global", 70, 69, {"HR_Mean_Global": 38}),
    "ivcd": Case("QRS_Dur_Global", 111, 110),
    "rbbb": Case("QRS_Dur_Global", 120, 119.5, {"RSR_Pattern_V2": 1, "S_Dur_I": 50}),
    "incomplete_rbbb": Case("QRS_Dur_Global", 110, 109, {"RSR_Pattern_V1": 1, "S_Dur_V6": 60}),
    "incomplete_rbbb_minnesota": Case("R2_Amp_V1", 0.21, 0.2, {"RSR_Pattern_V1": 1, "S_Dur_V6": 60}),
    "lbbb_aha": Case("QRS_Dur_Global", 120, 119, LBBB),
    "lbbb_strauss": Case("QRS_Dur_Global", 140, 139, LBBB),
    "lbbb_esc": Case("QRS_Dur_Global", 120, 119, LBBB),
    "incomplete_lbbb": Case("QRS_Dur_Global", 110, 109, over("R_PeakTime", ("V4", "V5", "V6"), 65)),
    "lafb": Case("QRS_AxisFront_Global", -45, -44, {"Q_Present_aVL": 1, "R_PeakTime_aVL": 50}),
    "lafb_wide": Case("QRS_AxisFront_Global", -30, -29, {"Q_Present_aVL": 1} | over("QRS_Balance", INFERIOR, -0.3)),
    "lpfb": Case(
        "QRS_AxisFront_Global",
        90,
        89,
        over("QRS_Balance", ("I", "aVL"), -0.4) | over("Q_Present", ("III", "aVF"), 1),
    ),
    "left_axis_moderate": Case("QRS_AxisFront_Global", -30.5, -30),
    "left_axis_marked": Case("QRS_AxisFront_Global", -45, -44.9),
    "right_axis_moderate": Case("QRS_AxisFront_Global", 90.5, 90),
    "right_axis_marked": Case("QRS_AxisFront_Global", 120.5, 120),
    "indeterminate_axis": Case("QRS_Balance_I", -0.29, -0.31, over("QRS_Balance", ("II", "III"), 0.1)),
    "left_atrial_abnormality": Case("PTF_V1", 4, 3.9),
    "right_atrial_abnormality": Case("P_Amp_II", 0.26, 0.25),
    "interatrial_block_partial": Case("P_Dur_Global", 120, 119),
    "interatrial_block_advanced": Case("P_Dur_Global", 120, 119, over("P_Morph", INFERIOR, 2)),
    "lvh_sokolow": Case("Sokolow_Global", 3.5, 3.49),
    "lvh_cornell": Case("Cornell_Global", 2.81, 2.8),
    "lvh_cornell_product": Case("CornellProduct_Global", 244, 243),
    "lvh_peguero": Case("Peguero_Global", 2.8, 2.79),
    "lvh_romhilt_estes": Case(
        "QRS_AxisFront_Global", -30, -29, {"R_Amp_V5": 3.1, "QRS_Dur_Global": 80}, when_missing="unknown"
    ),
    "lv_strain": Case("ST_Amp_V6", -0.05, -0.04, {**STRAIN, "Sokolow_Global": 4.0}),
    "rvh": Case("R_Amp_V1", 0.7, 0.69, {"QRS_AxisFront_Global": 110, "RVH_Sum_Global": 1.2}),
    "st_elevation_stemi": Case("ST_Amp_III", 0.1, 0.09, {"ST_Amp_aVF": 0.15}),
    "st_depression": Case("ST_Amp_V6", -0.05, -0.04, {"ST_Amp_V5": -0.1} | over("ST_Slope", ("V5", "V6"), -0.1)),
    "t_inversion": Case("T_Amp_V5", -0.11, -0.1, {"T_Amp_V6": -0.2}),
    "posterior_pattern": Case("RS_Ratio_V2", 1.1, 1.0, over("ST_Amp", ("V2", "V3"), -0.1) | {"R_Dur_V2": 40}),
    "sgarbossa": Case("ST_Amp_V5", 0.1, 0.09, LBBB),
    "smith_sgarbossa": Case("ST_Amp_V5", 0.1, 0.09, LBBB),
    "de_winter": Case("ST_Amp_aVR", 0.05, 0.04, over("ST_Amp", ("V3", "V4"), -0.2) | over("T_Amp", ("V3", "V4"), 0.9)),
    "avr_pattern": Case("ST_Amp_aVR", 0.1, 0.09, over("ST_Amp", ("I", "II", "aVF", "V4", "V5", "V6"), -0.15)),
    "wellens_possible": Case("T_Amp_V3", -0.5, -0.49, {"T_Amp_V2": -0.6}),
    "prior_mi_q": Case("Q_Dur_III", 30, 29, {"Q_Dur_aVF": 40} | over("Q_Amp", ("III", "aVF"), -0.2)),
    "poor_r_progression": Case("R_Amp_V3", 0.3, 0.31, {"R_Amp_V2": 0.2}),
    "long_qt": Case("QT_IntFridericia_Global", 450, 449),
    "long_qt_marked": Case("QT_IntFridericia_Global", 500, 499),
    "short_qt": Case("QT_IntFridericia_Global", 360, 361),
    "short_qt_marked": Case("QT_IntFridericia_Global", 330, 331),
    "brugada_1_possible": Case("ST_Amp_V1", 0.2, 0.19, {"ST_Slope_V1": -0.5, "T_Amp_V1": -0.2}, when_missing="unknown"),
    "brugada_2_possible": Case("Rprime_Base_V2", 160, 159, {"ST_Amp_V2": 0.1}),
    "early_repolarisation": Case("JWave_Amp_II", 0.1, 0.09, {"JWave_Amp_aVF": 0.2}),
    "arvc_repolarisation": Case("T_Amp_V3", -0.11, -0.1, over("T_Amp", ("V1", "V2"), -0.2)),
    "hyperkalaemia_possible": Case("T_Amp_V3", 1.0, 0.99, {"T_Amp_V4": 1.2} | over("T_Asymmetry", ("V3", "V4"), 1.1)),
    "pericarditis_possible": Case("ST_Amp_V6", 0.08, 0.06, PERICARDITIS | {"T_Amp_V6": 0.28}),
    "low_voltage": Case("QRS_MaxLimb_Global", 0.5, 0.51),
    "fragmented_qrs": Case("QRS_Notches_III", 2, 1, {"QRS_Notches_aVF": 3}),
    "wide_qrst_angle": Case("QRST_AngleFront_Global", 91, 90),
    "arm_leads_swapped": Case("T_Amp_I", -0.01, 0.0, {"P_Amp_I": -0.1, "QRS_Balance_I": -0.5, "QRS_Balance_aVR": 0.3}),
    "limb_leads_disagree": Case("LimbConsistency_Global", 0.021, 0.02),
    "not_interpretable": Case("Quality_Global", 0.29, 0.3),
}

SUPPRESSORS: dict[str, dict[str, float]] = {
    "atrial_fibrillation": {
        "P_Fraction_Global": 0.9,
        "PR_Spread_Global": 120,
        "PP_Deviation_Global": 0.2,
        "CosEn_Global": -0.5,
        "NRMSSD_Global": 0.3,
    },
    "atrial_flutter": FLUTTER,
    "av_block_wenckebach": {**BLOCKED, "AV_PRDrop_Global": 60},
    "av_block_mobitz_2": {**BLOCKED, "AV_PRDrop_Global": 0},
    "av_block_2_to_1": {**BLOCKED, "AV_Alternating_Global": 4},
    "av_block_high_grade": {**BLOCKED, "AV_BlockedRun_Global": 2},
    "av_block_complete": DISSOCIATED,
    "paced": {"Paced_Fraction_Global": 0.9, "Pace_Spikes_Global": 12},
    "pre_excitation": {
        "PR_Int_Global": 100,
        "Delta_Index_Global": 0.19,
        "QRS_Dur_Global": 150,
        "PR_LeadSpread_Global": 30,
    },
    "rbbb": RBBB,
    "lbbb_esc": LBBB,
    "interatrial_block_advanced": {"P_Dur_Global": 130, **over("P_Morph", INFERIOR, 2)},
    "lvh_sokolow": {"Sokolow_Global": 4.0},
    "lvh_cornell": {"Cornell_Global": 3.0},
    "rvh": {"QRS_AxisFront_Global": 110, "RVH_Sum_Global": 1.2, "R_Amp_V1": 0.9},
    "incomplete_rbbb": {"QRS_Dur_Global": 114, "RSR_Pattern_V1": 1, "S_Dur_V6": 60},
    "arm_leads_swapped": {"T_Amp_I": -0.2, "P_Amp_I": -0.1, "QRS_Balance_I": -0.5, "QRS_Balance_aVR": 0.3},
    "limb_leads_disagree": {"LimbConsistency_Global": 0.1},
    "not_interpretable": {"Quality_Global": 0.1},
}

RULES = {rule.id: rule for rule in load_rules()}
PAIRS = [(rule.id, s.by, s.then) for rule in RULES.values() for s in rule.suppressed_by]


def case_values(name: str, value: float) -> dict[str, Any]:
    case = CASES[name]
    return {**case.also, case.column: value, **case.person}


def test_every_rule_has_its_cases():
    assert set(CASES) == set(RULES)
    assert {by for _, by, _ in PAIRS} == set(SUPPRESSORS)


def test_a_normal_record_meets_sinus_rhythm_and_nothing_else(judged):
    states = dict(judged())
    assert {name for name, state in states.items() if state == "met"} == {"sinus_p_waves", "sinus_rhythm"}
    assert "unknown" not in states.values()


@pytest.mark.parametrize("name", CASES)
def test_just_inside_is_met(judged, name):
    assert judged(**case_values(name, CASES[name].inside))[name] == "met"


@pytest.mark.parametrize("name", CASES)
def test_just_outside_is_not_met(judged, name):
    assert judged(**case_values(name, CASES[name].outside))[name] == "not_met"


@pytest.mark.parametrize("name", CASES)
def test_missing_input_is_unknown_never_normal(judged, name):
    case = CASES[name]
    assert judged(without=case.column, **case_values(name, case.inside))[name] == case.when_missing


EXCLUSIVE = {
    ("incomplete_rbbb", "rbbb"),
    ("incomplete_rbbb", "pre_excitation"),
    ("incomplete_rbbb_minnesota", "rbbb"),
    ("incomplete_rbbb_minnesota", "pre_excitation"),
}
"""Pairs of which one is not met where the other is."""


@pytest.mark.parametrize(("name", "by", "then"), PAIRS)
def test_suppressed(judged, name, by, then):
    given = case_values(name, CASES[name].inside) | SUPPRESSORS[by]
    states = judged(**given)
    assert states[by] == "met", "or nothing is suppressed"
    criteria = judged(of="criteria_state", **given)[name]
    # what builds on another suppressed rule is unknown already
    assert states[name] == (then if criteria == "met" else criteria)
    assert (criteria == "not_met") is ((name, by) in EXCLUSIVE)


@pytest.mark.parametrize("name", [name for name in CASES if name != "not_interpretable"])
def test_what_cannot_be_read_outranks_everything(judged, name):
    for value in (CASES[name].inside, CASES[name].outside):
        assert judged(**case_values(name, value) | {"Quality_Global": 0.1})[name] == "unknown"


SEXED = {name for name, rule in RULES.items() for clause in rule.clauses for band in clause.bands if band.sex}


@pytest.mark.parametrize("name", sorted(SEXED - {"st_elevation_stemi"}))
def test_sex_missing_where_the_limit_depends_on_it_is_unknown(judged, name):
    assert judged(**case_values(name, CASES[name].inside) | {"sex": ""})[name] == "unknown"


@pytest.mark.parametrize("name", [name for name, rule in RULES.items() if rule.population])
def test_outside_the_population_or_without_age_is_unknown(judged, name):
    inside = case_values(name, CASES[name].inside)
    youngest = RULES[name].population.age_from
    assert judged(**inside | {"age": youngest})[name] == "met"
    assert judged(**inside | {"age": youngest - 1})[name] == "unknown"
    assert judged(**inside | {"age": float("nan")})[name] == "unknown"
    assert judged(**inside | {"age": 35})[name] == "met"


@pytest.mark.parametrize(
    ("sex", "age", "level", "state"),
    [
        ("M", 60, 0.2, "met"),
        ("M", 60, 0.19, "not_met"),
        ("M", 39, 0.24, "not_met"),
        ("M", 39, 0.25, "met"),
        ("F", 39, 0.15, "met"),
        ("F", 80, 0.14, "not_met"),
        ("", 60, 0.3, "unknown"),
        ("M", float("nan"), 0.3, "unknown"),
        ("F", float("nan"), 0.15, "met"),
    ],
)
def test_st_elevation_in_v2_and_v3_by_sex_and_age(judged, sex, age, level, state):
    assert judged(sex=sex, age=age, ST_Amp_V2=level, ST_Amp_V3=level)["st_elevation_stemi"] == state


def test_st_elevation_needs_neighbours(judged):
    assert judged(ST_Amp_II=0.3, ST_Amp_V5=0.3)["st_elevation_stemi"] == "not_met"
    assert judged(ST_Amp_I=0.3, ST_Amp_II=0.3)["st_elevation_stemi"] == "not_met", "−aVR lies between"
    assert judged(ST_Amp_I=0.3, ST_Amp_aVL=0.3)["st_elevation_stemi"] == "met"


@pytest.mark.parametrize(("sex", "limit"), [("M", 140), ("F", 130)])
def test_lbbb_by_strauss_depends_on_sex(judged, sex, limit):
    assert judged(sex=sex, **{**LBBB, "QRS_Dur_Global": limit})["lbbb_strauss"] == "met"
    assert judged(sex=sex, **{**LBBB, "QRS_Dur_Global": limit - 1})["lbbb_strauss"] == "not_met"


def test_left_anterior_block_is_seen_beside_right_bundle_branch_block(judged):
    given = {"QRS_AxisFront_Global": 170, "QRS_AxisInitial_Global": -60, "Q_Present_aVL": 1, "R_PeakTime_aVL": 50}
    assert judged(**given, QRS_Dur_Global=140)["lafb"] == "not_met"
    assert judged(**{**given, **RBBB})["lafb"] == "met", "by the first 80 ms, which the right bundle has no part in"
    assert judged(**{**given, **RBBB, "QRS_AxisInitial_Global": 10, "QRS_AxisFront_Global": -60})["lafb"] == "not_met"


def test_a_q_in_the_inferior_leads_speaks_against_anterior_block_of_a_lesser_axis(judged):
    given = {"QRS_AxisFront_Global": -38, "Q_Present_aVL": 1} | over("QRS_Balance", INFERIOR, -0.3)
    assert judged(**given)["lafb_wide"] == "met"
    assert judged(**given | over("Q_Present", INFERIOR, 1))["lafb_wide"] == "not_met"
    assert judged(**given)["lafb"] == "not_met"


def test_the_two_definitions_of_lbbb_disagree_in_between(judged):
    states = judged(**{**LBBB, "QRS_Dur_Global": 125})
    assert (states["lbbb_aha"], states["lbbb_strauss"]) == ("met", "not_met")


def test_irregular_without_p_near_the_entropy_limit_is_left_unknown(judged):
    near = judged(P_Fraction_Global=0.1, CosEn_Global=-1.3, NRMSSD_Global=0.05)
    assert near["atrial_fibrillation"] == "unknown"
    assert judged(P_Fraction_Global=0.1, CosEn_Global=-1.1)["atrial_fibrillation"] == "met"


def test_few_beats_fall_back_on_the_other_irregularity(judged):
    few = {"without": "CosEn_Global", "P_Fraction_Global": 0.1}
    assert judged(NRMSSD_Global=0.3, **few)["atrial_fibrillation"] == "met"
    assert judged(NRMSSD_Global=0.11, **few)["atrial_fibrillation"] == "unknown", "in the abstain zone"
    assert judged(NRMSSD_Global=0.3, HR_Mean_Global=95, **few)["atrial_fibrillation"] == "unknown"
    assert judged(NRMSSD_Global=0.05, **few)["atrial_fibrillation"] == "unknown"


def test_qs_in_the_lateral_leads_is_no_infarct_of_a_right_axis(judged):
    lateral = over("QS_Pattern", ("I", "aVL"), 1)
    assert judged(QRS_AxisFront_Global=70, **lateral)["prior_mi_q"] == "met"
    assert judged(QRS_AxisFront_Global=105, **lateral)["prior_mi_q"] == "not_met"
    assert judged(without="QRS_AxisFront_Global", **lateral)["prior_mi_q"] == "unknown"


def test_a_reciprocal_depression_or_a_tall_t_speaks_against_pericarditis(judged):
    given = PERICARDITIS | {"ST_Amp_V6": 0.1}
    assert judged(**given)["pericarditis_possible"] == "met"
    assert judged(**given, ST_Amp_aVL=-0.06)["pericarditis_possible"] == "not_met"
    assert judged(**given, T_Amp_V6=0.5)["pericarditis_possible"] == "not_met", "as in early repolarisation"
    assert judged(**given, QRS_Dur_Global=130)["pericarditis_possible"] == "unknown"


def test_an_axis_is_read_where_one_limb_lead_has_a_side(judged):
    even = over("QRS_Balance", ("I", "II", "III"), 0.1)
    assert judged(**even)["indeterminate_axis"] == "met"
    assert judged(**even | {"QRS_Balance_II": 0.4})["indeterminate_axis"] == "not_met"


def test_q_waves_of_a_wide_qrs_are_left_unknown_but_beside_right_bundle_branch_block(judged):
    q = over("Q_Dur", ("III", "aVF"), 40) | over("Q_Amp", ("III", "aVF"), -0.2)
    assert judged(**q, QRS_Dur_Global=130)["prior_mi_q"] == "unknown"
    assert judged(**q, **RBBB)["prior_mi_q"] == "met"


def test_p_waves_too_small_to_be_any_leave_a_junctional_rhythm_possible(judged):
    flat = over("P_Amp", ("I", "II", "aVF", "V1"), 0.02) | {"HR_Mean_Global": 50}
    assert judged(**flat)["junctional_rhythm"] == "met"
    assert judged(**flat | {"P_Amp_II": 0.05})["junctional_rhythm"] == "not_met"


def test_grouped_beats_with_steady_atria_are_no_fibrillation(judged):
    irregular = {"CosEn_Global": -0.5, "NRMSSD_Global": 0.3, "PR_Spread_Global": 120}
    assert judged(**irregular)["atrial_fibrillation"] == "not_met"
    assert judged(**irregular, PP_Deviation_Global=0.2)["atrial_fibrillation"] == "met"


def test_sgarbossa_is_not_asked_without_bundle_branch_block_or_pacing(judged):
    assert judged(ST_Amp_V5=0.3)["sgarbossa"] == "not_met"
    assert judged(ST_Amp_V5=0.3, Paced_Fraction_Global=1, Pace_Spikes_Global=11)["sgarbossa"] == "met"


def test_smith_takes_the_ratio_where_sgarbossa_takes_the_height(judged):
    given = {**LBBB, "ST_Amp_V1": 0.3, "STS_Ratio_V1": -0.3}
    states = judged(**given)
    assert (states["sgarbossa"], states["smith_sgarbossa"]) == ("not_met", "met")
    assert judged(**given | {"STS_Ratio_V1": -0.2})["smith_sgarbossa"] == "not_met"
