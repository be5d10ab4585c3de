"""Waves begin and end where they say."""

from __future__ import annotations

import numpy as np
import pytest

from ecgomics.simulate.kernel import Bump, drawn, limb_area

TIME = np.arange(0, 1, 0.0005)


def bump(**changes):
    return Bump(**({"on": 0.2, "peak": 0.3, "off": 0.5, "vector": np.array([1.0, 2.0, -1.0])} | changes))


def test_a_wave_is_zero_outside_and_one_at_its_peak():
    height = bump().values(TIME)
    assert (height[(TIME <= 0.2) | (TIME >= 0.5)] == 0).all()
    assert (height[(TIME > 0.201) & (TIME < 0.499)] > 0).all()
    assert TIME[height.argmax()] == pytest.approx(0.3)
    assert height.max() == pytest.approx(1.0)


def test_a_wave_shows_within_milliseconds_of_its_onset():
    # a P wave of 0.1 mV: 10 µV are passed within 8 ms of a 50 ms limb, for a raised cosine after 10 ms
    height = bump(peak=0.25).values(np.array([0.206, 0.208]))
    assert height[0] > 0.09
    assert height[1] > 0.13


def test_a_held_wave_keeps_its_height():
    height = bump(hold=0.4).values(TIME)
    assert height[(TIME >= 0.3) & (TIME <= 0.4)] == pytest.approx(1.0)


@pytest.mark.parametrize("changes", [{}, {"hold": 0.4}, {"rise": 1.7, "fall": 1.4}])
def test_area_is_the_integral(changes):
    wave = bump(**changes)
    assert wave.area() == pytest.approx(wave.vectors(TIME).sum(axis=1) * 0.0005, abs=1e-4)


def test_limb_area_at_known_powers():
    assert limb_area(1) == pytest.approx(2 / np.pi)
    assert limb_area(2) == pytest.approx(0.5)


def test_a_swinging_wave_turns_but_keeps_its_length():
    still = bump(vector=np.array([1.0, 0, 0]))
    turning = bump(vector=np.array([1.0, 0, 0]), swing=np.array([0, 0, 1.0]), swing_rad=1.0)
    assert np.linalg.norm(turning.vectors(TIME), axis=0) == pytest.approx(still.values(TIME))
    assert turning.vectors(np.array([0.3]))[:, 0] == pytest.approx([1, 0, 0])
    assert turning.vectors(np.array([0.45]))[2, 0] > 0.1


def test_scaling_maps_fractions_to_times():
    scaled = Bump(0.0, 0.5, 1.0, np.ones(3), hold=0.6).scaled(0.1, 0.2)
    assert (scaled.on, scaled.peak, scaled.hold, scaled.off) == pytest.approx((0.1, 0.2, 0.22, 0.3))


def test_drawing_is_the_sum_of_bumps():
    waves = [bump(), bump(on=0.4, peak=0.6, off=0.9)]
    assert drawn(waves, TIME) == pytest.approx(waves[0].vectors(TIME) + waves[1].vectors(TIME), abs=1e-12)
