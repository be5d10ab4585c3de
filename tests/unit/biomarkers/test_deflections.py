"""Naming the deflections of the QRS, and the shapes of P and T, on drawn waves."""

from __future__ import annotations

import numpy as np
import pytest

from ecgomics.biomarkers.block import Block, block_of
from ecgomics.biomarkers.deflections import of_template
from ecgomics.biomarkers.fields import F
from ecgomics.biomarkers.phantom import P_OFF, P_ON, QRS_ON, T_OFF, T_ON, phantom

RATE = 500.0


def drawn(points: dict[float, float], *, smooth: int = 1) -> Block:
    """A block whose lead I is straight lines through (ms from R, mV), level 0 elsewhere; marks of the wide phantom."""
    made = phantom({lead: {"r2": 0.01} for lead in ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")})
    block = block_of(made.beats, made.ecg)
    at = sorted(points)
    wave = np.interp(1000 * block.offset_s, at, [points[t] for t in at], left=0.0, right=0.0)
    if smooth > 1:
        wave = np.convolve(wave, np.ones(smooth) / smooth, mode="same")
    block.template[0, 0] = wave.astype(np.float32)
    return block


def fields(block: Block) -> dict[str, float]:
    return {name: float(of_template(block)[0, 0, at]) for name, at in F.items()}


ON = 1000 * QRS_ON


def test_qs() -> None:
    got = fields(drawn({ON: 0, 0: -1.0, 60: 0}))
    assert (got["qs"], got["q_amp"], got["r_amp"], got["s_amp"]) == (1, -1.0, 0, 0)
    assert got["q_ms"] == pytest.approx(100, abs=6)
    assert np.isnan(got["r_peak_ms"])


def test_qr_and_rs() -> None:
    got = fields(drawn({ON: 0, -30: -0.2, -20: 0, 0: 1.0, 20: 0}))
    assert (got["q_amp"], got["r_amp"], got["s_amp"]) == pytest.approx((-0.2, 1.0, 0))
    assert got["r_peak_ms"] == pytest.approx(40, abs=2)
    got = fields(drawn({ON: 0, -20: 0.3, 0: 0, 30: -1.2, 60: 0}))
    assert (got["q_amp"], got["r_amp"], got["s_amp"]) == pytest.approx((0, 0.3, -1.2))
    assert got["s_peak_ms"] == pytest.approx(70, abs=2)


def test_rsr_counts_both_ways_of_writing_it() -> None:
    below = fields(drawn({ON: 0, -24: 0.3, -10: 0, 4: -0.4, 20: 0, 50: 0.8, 80: 0}))
    assert (below["rsr"], below["r_amp"], below["s_amp"], below["r2_amp"]) == pytest.approx((1, 0.3, -0.4, 0.8))
    assert below["r_peak_ms"] == pytest.approx(90, abs=2)
    above = fields(drawn({ON: 0, -20: 0.6, 10: 0.1, 50: 0.8, 80: 0}))
    assert (above["rsr"], above["s_amp"], above["r2_amp"]) == (1, 0, 0)
    shallow = fields(drawn({ON: 0, -20: 0.6, 10: 0.5, 50: 0.8, 80: 0}))
    assert (shallow["rsr"], shallow["notches"]) == (0, 1)


def test_st_elevation_is_no_r_prime() -> None:
    got = fields(drawn({ON: 0, -10: 1.0, 10: 0, 30: -0.6, 60: 0, 88: 0.25, 160: 0.25, 360: 0}))
    assert (got["r2_amp"], got["rsr"]) == (0, 0)
    assert got["st_j"] == pytest.approx(0.25, abs=1e-3)
    assert got["s_amp"] == pytest.approx(-0.6, abs=1e-3)


def test_st_depression_is_no_s() -> None:
    got = fields(drawn({ON: 0, 0: 1.0, 40: 0, 88: -0.2, 160: -0.2, 360: 0}))
    assert got["s_amp"] == 0
    assert got["st_j"] == pytest.approx(-0.2, abs=1e-3)


def test_a_ripple_before_q_does_not_make_r_an_r_prime() -> None:
    got = fields(drawn({ON: 0, -34: 0.03, -28: 0, -20: -0.1, -12: 0, 6: 1.5, 30: 0}))
    assert (got["q_amp"], got["r_amp"], got["r2_amp"]) == pytest.approx((-0.1, 1.5, 0), abs=1e-3)
    # but a small r before a deep S stays an r
    got = fields(drawn({ON: 0, -30: 0.04, -20: 0, 10: -1.0, 60: 0}))
    assert (got["qs"], got["r_amp"]) == pytest.approx((0, 0.04), abs=1e-3)


@pytest.mark.parametrize(("height", "present"), [(-0.02, 0.0), (-0.03, 1.0)])
def test_q_counts_from_a_quarter_of_a_millimetre(height: float, present: float) -> None:
    got = fields(drawn({ON: 0, -30: height, -20: 0, 0: 1.0, 20: 0}))
    assert float(got["q_amp"] < 0) == present


def test_notches_and_slurs() -> None:
    smooth = fields(drawn({ON: 0, 0: 1.0, 40: 0}, smooth=5))
    assert smooth["notches"] == 0
    notched = fields(drawn({ON: 0, -10: 0.8, 0: 0.65, 10: 1.0, 60: 0}))
    assert notched["notches"] == 1
    slurred = fields(drawn({ON: 0, -20: 0.5, 0: 0.53, 20: 1.0, 60: 0}))
    assert slurred["notches"] == 1
    broad = fields(drawn({ON: 0, -10: 0.95, 40: 1.0, 80: 0}))
    assert broad["notches"] == 1


@pytest.mark.parametrize(("shoulder", "notches"), [(0.22, 1), (0.30, 0)])
def test_a_shoulder_of_a_slow_upstroke_counts_though_the_downstroke_is_steep(shoulder: float, notches: int) -> None:
    """As in V6 of left bundle-branch block: to a fifth in 20 ms, a halt of 20 ms, on to the peak, and down in 20 ms."""
    halted = fields(drawn({ON: 0, -20: 0.2, 0: shoulder, 40: 1.0, 60: 0}))
    assert halted["notches"] == notches


def test_end_notch_is_a_j_wave() -> None:
    got = fields(drawn({ON: 0, 0: 1.2, 40: 0.1, 56: 0.22, 80: 0}))
    assert got["j_wave"] == pytest.approx(0.22, abs=2e-3)
    assert fields(drawn({ON: 0, 0: 1.2, 40: 0.0, 80: 0}))["j_wave"] == 0


def test_end_slur_is_a_j_wave_and_an_elevated_st_is_none() -> None:
    # the slope changes at 0.35 mV, and the wave still comes down
    assert fields(drawn({ON: 0, 0: 1.2, 30: 0.35, 90: 0.0}))["j_wave"] == pytest.approx(0.35, abs=0.05)
    assert fields(drawn({ON: 0, 0: 1.2, 30: 0.35, 200: 0.3, 300: 0.0}))["j_wave"] == 0
    assert fields(drawn({ON: 0, 0: 1.2, 15: 0.9, 30: 0.8, 40: 0.0}))["j_wave"] == 0, "in the upper half"


def test_the_tail_of_a_tall_r_wave_is_no_slur() -> None:
    assert fields(drawn({ON: 0, 0: 1.2, 30: 0.15, 70: 0.0}))["j_wave"] == 0


@pytest.mark.parametrize(("fall_ms", "rise_ms"), [(10, 10), (20, 5), (40, 15)])
def test_the_triangle_of_r_prime_is_five_times_its_width_a_tenth_below(fall_ms: float, rise_ms: float) -> None:
    top = 20.0
    points = {ON: 0, -10: 0.2, 0: -0.4, top - rise_ms: 0.1, top: 0.2, top + fall_ms: 0.1, top + 3 * fall_ms: -0.1}
    got = fields(drawn(points))["r2_base_ms"]
    assert got == pytest.approx(5 * (fall_ms + rise_ms), abs=11)


def test_without_r_prime_there_is_no_triangle_and_its_base_is_bounded() -> None:
    assert fields(drawn({ON: 0, 0: 1.2, 40: 0}))["r2_base_ms"] == 0
    flat = {ON: 0, -10: 0.2, 0: -0.4, 20: 0.2, 300: 0.15, 320: 0}
    assert fields(drawn(flat))["r2_base_ms"] <= 400


def test_p_terminal_force_is_depth_times_duration() -> None:
    on, off = 1000 * P_ON, 1000 * P_OFF
    got = fields(drawn({on: 0, on + 25: 0.08, on + 50: 0, on + 80: -0.1, off: 0, ON: 0, 0: 1.0, 40: 0}))
    assert got["p_terminal"] == pytest.approx(0.1 * (off - on - 50), rel=0.05)
    assert (got["p_morph"], got["p_biphasic"]) == (2, 1)
    assert got["p_amp"] == pytest.approx(-0.1, abs=1e-3)


def test_notched_p_has_a_spacing() -> None:
    on, off = 1000 * P_ON, 1000 * P_OFF
    got = fields(drawn({on: 0, on + 30: 0.15, on + 56: 0.1, on + 80: 0.14, off: 0, ON: 0, 0: 1.0, 40: 0}))
    assert got["p_notch_ms"] == pytest.approx(50, abs=2)
    assert got["p_morph"] == 3


@pytest.mark.parametrize(
    ("points", "code"),
    [
        ({200: 0.3, 300: -0.3}, 2),
        ({200: -0.3, 300: 0.3}, -2),
        ({250: 0.4}, 1),
        ({250: -0.4}, -1),
        ({250: 0.03}, 0),
        ({210: 0.3, 240: 0.2, 270: 0.35}, 3),
    ],
)
def test_t_shape(points: dict[float, float], code: int) -> None:
    on, off = 1000 * T_ON, 1000 * T_OFF
    assert fields(drawn({ON: 0, 0: 1.0, 40: 0, on: 0, **points, off: 0}))["t_morph"] == code


def test_the_level_is_the_median_of_the_pr_segment_and_the_zero_of_all() -> None:
    block = drawn({ON: 0, 0: 1.0, 40: 0})
    block.template[0, 0] += np.float32(0.37)
    got = fields(block)
    assert got["level"] == pytest.approx(0.37, abs=1e-6)
    assert got["level_from"] == 0
    assert got["r_amp"] == pytest.approx(1.0, abs=1e-6)
    # one wild sample in the segment changes nothing
    block.template[0, 0, np.searchsorted(block.offset_s, -0.06)] = 5.0
    assert fields(block)["level"] == pytest.approx(0.37, abs=1e-6)


def test_a_lead_without_marks_of_its_own_is_measured_between_the_global_ones() -> None:
    block = drawn({ON: 0, 0: 1.0, 40: 0, 160: 0, 260: 0.4, 360: 0})
    block.template_marks[0, 0] = np.nan
    got = fields(block)
    assert got["r_amp"] == pytest.approx(1.0)
    assert got["t_amp"] == pytest.approx(0.4)
