from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from ecgomics.rules import load_rules, spans, trace
from ecgomics.rules.evidence import _families
from ecgomics.vocabulary import LEADS, MARKS
from ecgomics.waves.beats import Beats

PR_S, QRS_S = 0.236, 0.09


def beats_of(rr_s: list[float], classes: list[int] | None = None) -> Beats:
    """Beats of record `a` with every mark, after one beat of another record."""
    r = 0.5 + np.concatenate([[0], np.cumsum(rr_s)])
    n = len(r)
    offsets = {"p_on": -PR_S - 0.04, "p_peak": -0.2, "p_off": -0.18, "qrs_on": -0.04, "q_peak": -0.02, "r_peak": 0.0}
    offsets |= {"s_peak": 0.03, "qrs_off": -0.04 + QRS_S, "t_on": 0.15, "t_peak": 0.25, "t_off": 0.34}
    marks = np.array([[t + offsets[mark] for mark in MARKS] for t in r])
    lead_marks = np.repeat(marks[:, None, :], len(LEADS), axis=1)
    lead_marks[:, LEADS.index("V2"), MARKS.index("qrs_off")] += 0.01
    lead_marks[:, LEADS.index("V3"), :] = np.nan
    data = xr.Dataset(
        {
            "r_s": ("beat", r),
            "rr_s": ("beat", np.concatenate([[np.nan], rr_s])),
            "beat_class": ("beat", np.array(classes or [0] * n, dtype=np.int8)),
            "marks": (("beat", "mark"), marks),
            "lead_marks": (("beat", "lead", "mark"), lead_marks),
        },
        coords={"beat_record": ("beat", np.array(["a"] * n)), "lead": list(LEADS), "mark": list(MARKS)},
    )
    other = data.isel(beat=[0]).assign_coords(beat_record=("beat", np.array(["b"])))
    return Beats(beats=xr.concat([other, data], "beat"), template=xr.Dataset(), quality=xr.Dataset())


def finding(rule: str, **values: float):
    table = xr.Dataset(
        {"value": (("record", "biomarker"), np.array([list(values.values())], dtype=np.float32))},
        coords={"record": ["a"], "biomarker": list(values)},
    )
    return trace(table, record="a", rule=rule)


def test_an_interval_is_a_caliper_on_every_beat_with_its_own_value():
    told = finding("first_degree_block", PR_Int_Global=236, P_Fraction_Global=1)
    drawn = [span for span in spans(told, beats_of([0.8, 0.8])) if span.clause.endswith("pr_long")]
    assert len(drawn) == 3
    assert {span.label for span in drawn} == {"236 ms"}
    assert {span.kind for span in drawn} == {"interval"}
    assert drawn[0].leads == ()
    assert drawn[0].stop_s - drawn[0].start_s == pytest.approx(PR_S)


def test_a_level_is_drawn_in_its_lead_with_value_and_limit():
    told = finding("st_elevation_stemi", ST_Amp_II=0.31, ST_Amp_aVF=0.2, QRS_Dur_Global=90)
    drawn = spans(told, beats_of([0.8]))
    assert {span.leads for span in drawn} == {("II",), ("aVF",)}
    assert drawn[0].kind == "level"
    assert {span.label for span in drawn} == {"ST II = 0.31 mV (≥ 0.1)", "ST aVF = 0.2 mV (≥ 0.1)"}
    assert drawn[0].stop_s - drawn[0].start_s == pytest.approx(0.1)


def test_marks_of_the_lead_are_used_and_the_global_ones_where_it_has_none():
    beats = beats_of([0.8])
    wide = spans(finding("brugada_1_possible", ST_Amp_V2=0.3, ST_Slope_V2=-1, T_Amp_V2=-0.2), beats)
    level = next(span for span in wide if span.clause == "brugada_1_possible.j_raised.V2")
    assert level.start_s == pytest.approx(0.5 - 0.04 + QRS_S + 0.01)
    bare = spans(finding("de_winter", ST_Amp_V3=-0.2, ST_Amp_aVR=0.1), beats)
    assert any(span.leads == ("V3",) and span.start_s == pytest.approx(0.5 - 0.04 + QRS_S) for span in bare)


def test_a_pause_is_drawn_where_it_is():
    drawn = spans(finding("pause", RR_Max_Global=2400), beats_of([0.8, 2.4, 0.8]))
    assert [(span.label, round(span.start_s, 3), round(span.stop_s, 3)) for span in drawn] == [("2400 ms", 1.3, 3.7)]


def test_ectopic_beats_are_drawn_one_by_one():
    told = finding("premature_ventricular_beat", PVC_Count_Global=1)
    beats = beats_of([0.8, 0.5, 1.1], [0, 0, 1, 1])
    beats.beats["marks"][3, MARKS.index("qrs_off")] += 0.05  # the third beat of `a` is wide, the fourth is not
    drawn = spans(told, beats)
    assert [(span.kind, span.label) for span in drawn] == [("beat", "ventricular")]
    assert drawn[0].start_s == pytest.approx(0.5 + 1.3 - 0.04)


def test_a_rate_is_said_of_the_whole_strip():
    (span,) = spans(finding("bradycardia", HR_Mean_Global=48), beats_of([1.25, 1.25]))
    assert (span.kind, span.start_s, span.stop_s) == ("record", 0.5, 3.0)
    assert span.label == "Mean heart rate 48 /min (< 60 /min)"


def test_voltage_sums_are_drawn_in_the_leads_they_are_made_of():
    drawn = spans(finding("lvh_sokolow", Sokolow_Global=3.62), beats_of([0.8]))
    assert drawn[0].leads == ("V1", "V5", "V6")
    assert drawn[0].label == "Sokolow = 3.62 mV (≥ 3.5)"


def test_a_rule_not_met_still_shows_how_far_off_it_is():
    drawn = spans(finding("first_degree_block", PR_Int_Global=180, P_Fraction_Global=1), beats_of([0.8]))
    assert {span.state for span in drawn if span.clause.endswith("pr_long")} == {"not_met"}


def test_nothing_is_drawn_without_marks_or_beats():
    beats = beats_of([0.8])
    beats.beats["marks"][:] = np.nan
    told = finding("first_degree_block", PR_Int_Global=236, P_Fraction_Global=1)
    assert not [span for span in spans(told, beats) if span.clause.endswith("pr_long")]
    nobody = Beats(beats=beats.beats.isel(beat=slice(0, 1)), template=xr.Dataset(), quality=xr.Dataset())
    assert spans(told, nobody) == []


def test_every_rule_has_evidence_to_draw():
    families = _families()
    for rule in load_rules():
        shown = [c for c in rule.clauses if c.show or any(c.biomarker.startswith(name) for name in families)]
        assert shown or not rule.clauses, rule.id


def test_spans_come_in_order_of_time():
    drawn = spans(finding("rbbb", QRS_Dur_Global=140, RSR_Pattern_V1=1, S_Dur_V6=60), beats_of([0.8, 0.8]))
    assert [span.start_s for span in drawn] == sorted(span.start_s for span in drawn)
