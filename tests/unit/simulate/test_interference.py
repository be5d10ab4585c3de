"""Noise, wander and mains are as large as asked and keep to the leads' definitions."""

from __future__ import annotations

import numpy as np
import pytest

from ecgomics.simulate import VirtualPatient, simulate
from ecgomics.simulate.interference import noise

TIME = np.arange(0, 60, 1 / 500)


def noise_of(**values):
    quiet = {"noise_mv": 0.0, "wander_mv": 0.0, "mains_mv": 0.0}
    return noise(VirtualPatient(**(quiet | values)), TIME, rate_hz=500, seed=2)


def test_silence_is_silent():
    assert (noise_of() == 0).all()


def test_muscle_noise_has_the_stated_size_in_the_limb_leads():
    limb = noise_of(noise_mv=0.05)[:3]
    assert np.sqrt((limb**2).mean()) == pytest.approx(0.05, rel=0.35)


def test_wander_is_slow_and_as_large_as_stated():
    limb = noise_of(wander_mv=0.1)[:3]
    assert np.sqrt((limb**2).mean()) == pytest.approx(0.1, rel=0.5)
    spectrum = np.abs(np.fft.rfft(limb[1])) ** 2
    rate = np.fft.rfftfreq(TIME.size, 1 / 500)
    assert spectrum[rate < 1].sum() > 0.99 * spectrum.sum()


@pytest.mark.parametrize("mains_hz", [50, 60])
def test_mains_has_its_frequency(mains_hz):
    signal = noise_of(mains_mv=0.05, mains_hz=mains_hz)[1]
    rate = np.fft.rfftfreq(TIME.size, 1 / 500)
    assert rate[np.abs(np.fft.rfft(signal)).argmax()] == pytest.approx(mains_hz, abs=0.05)


def test_noise_leaves_the_truth_alone():
    loud = simulate(VirtualPatient(noise_mv=0.1, wander_mv=0.3), seed=1).truth.beats
    still = simulate(VirtualPatient(noise_mv=0.0, wander_mv=0.0), seed=1).truth.beats
    assert loud["marks"].values == pytest.approx(still["marks"].values, nan_ok=True)
