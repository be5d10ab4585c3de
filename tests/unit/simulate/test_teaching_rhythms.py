"""Rhythms made for teaching: what is blocked, what comes in runs, what stops."""

from __future__ import annotations

import numpy as np
import pytest

from ecgomics.simulate import VirtualPatient, draw_patient, simulate
from ecgomics.simulate.rhythm import schedule
from ecgomics.vocabulary import BEAT_CLASSES

QUIET = {"rr_variability": 0.0, "noise_mv": 0.0, "wander_mv": 0.0}


def drawn(**params):
    return schedule(VirtualPatient(**QUIET, **params), duration_s=10, rng=np.random.default_rng(1))


def test_mobitz_2_keeps_pr_and_drops_beats():
    found = drawn(av_conduction="mobitz2", pr_ms=170)
    pr = [event.qrs_on - event.p_on for event in found.events]
    assert np.ptp(pr) < 1e-9
    assert len(found.lone_p) >= 2


def test_wenckebach_lets_pr_grow():
    found = drawn(av_conduction="wenckebach", pr_ms=190)
    pr = np.array([event.qrs_on - event.p_on for event in found.events])
    assert np.ptp(pr) > 0.06
    assert found.lone_p


def test_a_pause_is_as_long_as_said_and_has_no_p():
    found = drawn(sinus_pause_s=2.6, heart_rate_bpm=70)
    gaps = np.diff([event.qrs_on for event in found.events])
    assert gaps.max() == pytest.approx(2.6, abs=0.02)
    assert not found.lone_p


def test_bigeminy_alternates():
    kinds = [event.kind for event in drawn(pvc_per_min=20, pvc_pattern="bigeminy").events]
    assert kinds[:8] == ["conducted", "pvc"] * 4


@pytest.mark.parametrize(("pattern", "beats"), [("couplets", (2, 2)), ("runs", (3, 5))])
def test_ventricular_beats_come_together(pattern, beats):
    kinds = [event.kind for event in drawn(pvc_per_min=8, pvc_pattern=pattern, heart_rate_bpm=72).events]
    runs = "".join("v" if kind == "pvc" else "." for kind in kinds).split(".")
    lengths = [len(run) for run in runs if run]
    assert lengths
    assert all(beats[0] <= length <= beats[1] for length in lengths)


def test_events_stay_in_order_in_every_rhythm():
    for params in (
        {"rhythm": "junctional"},
        {"rhythm": "ventricular", "heart_rate_bpm": 170},
        {"pvc_per_min": 12, "pvc_pattern": "runs"},
    ):
        times = [event.qrs_on for event in drawn(**params).events]
        assert np.all(np.diff(times) > 0.2), params


def test_a_ventricular_rhythm_is_all_ventricular_and_a_junctional_one_has_no_p():
    ventricular = simulate(draw_patient("ventricular_tachycardia", seed=1)).truth.beats
    assert set(ventricular["beat_class"].values) == {BEAT_CLASSES.index("ventricular")}
    junctional = simulate(draw_patient("junctional", seed=1)).truth.beats
    assert np.isnan(junctional["marks"].sel(mark="p_on")).all()


def test_a_right_arm_cable_on_the_leg_flattens_lead_two():
    usual, swapped = (simulate(VirtualPatient(swap=swap, **QUIET)).ecg for swap in ("none", "RA-RL"))
    assert np.ptp(swapped.sel(lead="II").values) < 0.02
    assert np.ptp(usual.sel(lead="II").values) > 0.3
