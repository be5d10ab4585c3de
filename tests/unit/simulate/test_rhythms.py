"""When beats come: regular, irregular, early, blocked."""

from __future__ import annotations

import numpy as np
import pytest

from ecgomics.simulate import VirtualPatient, simulate
from ecgomics.vocabulary import BEAT_CLASSES


def beats(duration_s=60, seed=1, **values):
    patient = VirtualPatient(**values)
    return simulate(patient, duration_s=duration_s, rate_hz=100, seed=seed, recorder="ideal").truth.beats


def rr(table):
    return table["rr_s"].values[1:]


def is_class(table, name):
    return table["beat_class"].values == BEAT_CLASSES.index(name)


@pytest.mark.parametrize("rate", [40, 70, 150])
def test_sinus_rhythm_keeps_its_rate_and_variability(rate):
    intervals = rr(beats(heart_rate_bpm=rate, rr_variability=0.03))
    assert 60 / intervals.mean() == pytest.approx(rate, rel=0.03)
    assert 0.01 < intervals.std() / intervals.mean() < 0.04
    assert rr(beats(heart_rate_bpm=rate, rr_variability=0.0)).std() < 1e-6


@pytest.mark.parametrize("seed", range(8))
def test_fibrillation_is_irregular_without_p(seed):
    table = beats(rhythm="af", heart_rate_bpm=95, rr_variability=0.22, seed=seed)
    intervals = rr(table)
    assert 60 / intervals.mean() == pytest.approx(95, rel=0.1)
    successive = np.sqrt(np.mean(np.diff(intervals) ** 2)) / intervals.mean()
    assert successive > 0.15
    assert intervals.min() > 0.25
    assert np.isnan(table["marks"].sel(mark=["p_on", "p_peak", "p_off"])).all()


def test_fibrillatory_waves_are_largest_in_v1():
    values = {"rhythm": "af", "qrs_mv": 0.1, "t_mv": 0.0, "st_slope_mv_s": 0.0, "f_wave_mv": 0.2, "variety": 0.0}
    ecg = simulate(VirtualPatient(**values), recorder="ideal", seed=2).ecg
    spread = ecg.std("time")
    assert spread.idxmax("lead") in ("V1", "V2")
    assert float(spread.sel(lead="V1")) > 1.3 * float(spread.sel(lead="V6"))
    assert 0.04 < float(spread.sel(lead="V1")) < 0.15


@pytest.mark.parametrize(("rate", "ratio"), [(150, 2), (75, 4), (100, 3)])
def test_flutter_conducts_in_whole_ratios(rate, ratio):
    intervals = rr(beats(rhythm="flutter", flutter_per_min=300, heart_rate_bpm=rate))
    assert intervals == pytest.approx(ratio * 0.2)


def test_ventricular_beats_are_early_wide_without_p_and_followed_by_a_compensatory_pause():
    table = beats(pvc_per_min=8, rr_variability=0.0, heart_rate_bpm=66)
    early = np.flatnonzero(is_class(table, "ventricular"))
    assert 6 <= early.size <= 9
    marks = table["marks"]
    width = (marks.sel(mark="qrs_off") - marks.sel(mark="qrs_on")).values
    onset = marks.sel(mark="qrs_on").values
    for k in early[(early > 0) & (early < table.sizes["beat"] - 1)]:
        assert onset[k] - onset[k - 1] < 0.85 * 60 / 66
        assert onset[k + 1] - onset[k - 1] == pytest.approx(2 * 60 / 66, abs=0.01)
        assert width[k] >= 0.12
        assert np.isnan(marks.sel(mark="p_on").values[k])


@pytest.mark.parametrize("seed", range(10))
def test_ten_seconds_hold_an_ectopic_beat_when_their_share_is_one(seed):
    assert is_class(beats(10, pvc_per_min=7, seed=seed), "ventricular").any()
    assert is_class(beats(10, pac_per_min=7, seed=seed), "supraventricular").any()


def test_atrial_beats_are_early_narrow_with_p_and_reset_the_node():
    table = beats(pac_per_min=8, rr_variability=0.0, heart_rate_bpm=66)
    early = np.flatnonzero(is_class(table, "supraventricular"))
    assert early.size >= 6
    intervals = table["rr_s"].values * 66 / 60
    for k in early[(early > 0) & (early < table.sizes["beat"] - 1)]:
        assert intervals[k] < 0.8
        assert 1.0 < intervals[k + 1] < 1.2
        assert np.isfinite(table["marks"].sel(mark="p_on").values[k])


def test_rhythm_goes_on_to_the_end_with_many_atrial_beats():
    table = beats(600, pac_per_min=20)
    assert float(table["r_s"][-1]) > 598


def test_block_two_to_one_halves_the_rate():
    table = beats(av_conduction="2:1", heart_rate_bpm=80, rr_variability=0.0)
    assert rr(table) == pytest.approx(1.5)


def test_wenckebach_lengthens_pr_until_a_beat_drops():
    table = beats(av_conduction="wenckebach", heart_rate_bpm=70, rr_variability=0.0, pr_ms=180)
    pr = (table["marks"].sel(mark="qrs_on") - table["marks"].sel(mark="p_on")).values
    intervals = table["rr_s"].values
    dropped = np.flatnonzero(intervals > 1.3 * 60 / 70)
    assert dropped.size >= 8
    for k in dropped:
        assert pr[k] < pr[k - 1]


def test_complete_block_dissociates():
    table = beats(av_conduction="complete", escape_bpm=40, heart_rate_bpm=80)
    assert rr(table) == pytest.approx(1.5)
    assert np.isnan(table["marks"].sel(mark="p_on")).all()


def test_the_ecg_repeats_its_t_wave_within_the_time_it_has():
    table = beats(rhythm="af", heart_rate_bpm=150, rr_variability=0.25)
    t_off = table["marks"].sel(mark="t_off").values[:-1]
    following = table["marks"].sel(mark="qrs_on").values[1:]
    both = np.isfinite(t_off) & np.isfinite(following)
    assert (t_off[both] < following[both]).all()
