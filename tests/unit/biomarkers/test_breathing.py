"""Breathing: a known modulation of the beats' size and of their intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ecgomics.biomarkers import measure
from ecgomics.biomarkers.phantom import phantom
from ecgomics.biomarkers.reasons import REASONS


def breathed(per_min: float, *, depth: float = 0.1, rsa_ms: float = 60.0, seconds: float = 60.0):
    hz, rr, at = per_min / 60, [], 0.5
    while at < seconds:
        step = 0.85 + rsa_ms / 2000 * math.sin(2 * math.pi * hz * at)
        rr.append(round(step, 3))
        at += rr[-1]
    times = 0.5 + np.concatenate([[0.0], np.cumsum(rr)])
    made = phantom(rr_s=tuple(rr), gains=tuple(1 + depth * np.sin(2 * np.pi * hz * times)))
    return measure(made.beats, made.ecg).isel(record=0)


@pytest.mark.parametrize("per_min", [9, 15, 24])
def test_rate_and_arrhythmia_are_those_put_in(per_min: float) -> None:
    found = breathed(per_min)["value"]
    assert found.sel(biomarker="Resp_Rate_Global").item() == pytest.approx(per_min, abs=0.7)
    assert found.sel(biomarker="RSA_Amp_Global").item() == pytest.approx(60, rel=0.2)


def test_beats_of_one_size_tell_no_breathing() -> None:
    made = phantom(rr_s=(0.85,) * 60, gains=tuple(1 + 0.02 * np.random.default_rng(2).normal(size=61)))
    found = measure(made.beats, made.ecg).isel(record=0)
    assert REASONS[int(found["reason"].sel(biomarker="Resp_Rate_Global"))] == "no regular breathing"


def test_short_recordings_say_so() -> None:
    found = breathed(15, seconds=20.0)
    assert REASONS[int(found["reason"].sel(biomarker="Resp_Rate_Global"))] == "needs ≥ 30 s"
    assert REASONS[int(found["reason"].sel(biomarker="RSA_Amp_Global"))] == "needs ≥ 30 s"
