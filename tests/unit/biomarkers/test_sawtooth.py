"""Regular atrial activity against waves of known period."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ecgomics.biomarkers import measure
from ecgomics.biomarkers.phantom import phantom
from ecgomics.biomarkers.sawtooth import steadiest

RATE = 500.0
TIME = np.arange(5000) / RATE
EVERYWHERE = np.ones(5000, dtype=bool)


def sawtooth(per_min: float) -> np.ndarray:
    turn = (TIME * per_min / 60) % 1.0
    return np.where(turn < 0.7, 0.5 - turn / 0.7, -0.5 + (turn - 0.7) / 0.3)


@pytest.mark.parametrize("per_min", [250.0, 288.0, 331.0])
def test_the_period_of_a_sawtooth_is_found(per_min: float) -> None:
    regularity, found = steadiest(0.2 * sawtooth(per_min)[None], between=EVERYWHERE, rate_hz=RATE)
    assert found == pytest.approx(per_min, abs=1.5)
    assert regularity > 0.95


def test_it_is_found_between_qrs_complexes_and_in_one_lead_of_two() -> None:
    between = (TIME % 0.8) > 0.14
    signal = np.stack([0.2 * sawtooth(300), np.zeros(5000)])
    signal[:, ~between] += 1.5
    regularity, found = steadiest(signal, between=between, rate_hz=RATE)
    assert found == pytest.approx(300, abs=3)
    assert regularity > 0.8


def test_waves_that_wander_in_period_are_not_regular() -> None:
    rng = np.random.default_rng(3)
    phase = np.cumsum(2 * math.pi * (6 + np.repeat(rng.normal(0, 1.5, 100), 50)) / RATE)
    regularity, _ = steadiest(0.2 * np.sin(phase)[None], between=EVERYWHERE, rate_hz=RATE)
    assert regularity < 0.3


@pytest.mark.parametrize("per_min", [90.0, 420.0])
def test_another_rate_is_none(per_min: float) -> None:
    wave = 0.2 * np.sin(2 * math.pi * per_min / 60 * TIME)
    assert steadiest(wave[None], between=EVERYWHERE, rate_hz=RATE)[0] < 0.3


def test_with_p_waves_it_is_not_sought() -> None:
    made = phantom()
    values = measure(made.beats, made.ecg).isel(record=0).sel(biomarker="Sawtooth_Regularity_Global")
    assert values.reason.item() > 0
    assert measure(made.beats, made.ecg).attrs["reasons"][int(values.reason)] == "P waves present"
