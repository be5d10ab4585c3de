"""Band powers by the sines they are made of, scaling exponents by the noise they are of, and both beside neurokit2."""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
import pandas as pd
import pytest

from ecgomics.biomarkers import measure
from ecgomics.biomarkers.fluctuation import band_powers, scaling_exponent
from ecgomics.biomarkers.phantom import phantom
from ecgomics.biomarkers.reasons import REASONS


def tachogram(seconds: float, *, low_ms: float = 0.0, high_ms: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Intervals of 800 ms that swing at 0.1 and 0.25 Hz, and the times of the beats that end them."""
    at, rr = [0.0], []
    while at[-1] < seconds:
        t = at[-1] + 0.8
        rr.append(800 + low_ms * np.sin(2 * np.pi * 0.1 * t) + high_ms * np.sin(2 * np.pi * 0.25 * t))
        at.append(at[-1] + rr[-1] / 1000)
    return np.array(rr), np.array(at[1:])


def test_the_power_of_a_swing_is_half_its_squared_size_in_its_band() -> None:
    rr, at = tachogram(600, low_ms=40, high_ms=20)
    vlf, lf, hf = band_powers(rr, at_s=at)
    assert lf == pytest.approx(40**2 / 2, rel=0.06)
    assert hf == pytest.approx(20**2 / 2, rel=0.12)  # the spline loses a little at 0.25 Hz
    assert vlf < 0.02 * lf


def test_the_bands_add_up_to_the_variance() -> None:
    rng = np.random.default_rng(2)
    rr = 800 + np.convolve(rng.normal(scale=30, size=1500), np.ones(5) / 5, mode="same")
    at = np.cumsum(rr) / 1000
    assert sum(band_powers(rr, at_s=at)) == pytest.approx(rr.var(), rel=0.25)


@pytest.mark.parametrize(("alpha", "tolerance"), [(0.5, 0.06), (1.5, 0.12)])
def test_exponents_of_white_and_brownian_noise(alpha: float, tolerance: float) -> None:
    rng = np.random.default_rng(3)
    white = rng.normal(size=8000)
    series = white if alpha == 0.5 else np.cumsum(white)
    assert scaling_exponent(series, scales=tuple(range(16, 65))) == pytest.approx(alpha, abs=tolerance)


def test_exponents_beside_neurokit() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import neurokit2 as nk

        series = 800 + 30 * np.random.default_rng(4).normal(size=600).cumsum() * 0.1
        for scales in (tuple(range(4, 17)), tuple(range(16, 65))):
            theirs, _ = nk.fractal_dfa(series, scale=np.array(scales), overlap=False, multifractal=False)
            assert scaling_exponent(series, scales=scales) == pytest.approx(theirs, abs=0.01)


def test_a_series_without_change_has_no_exponent() -> None:
    assert np.isnan(scaling_exponent(np.full(300, 800.0), scales=(4, 8)))


def table(rr_s: np.ndarray, **marked: np.ndarray) -> pd.DataFrame:
    made = phantom(rr_s=tuple(rr_s), rate_hz=250.0)
    beats = made.beats
    if marked:
        beats = dataclasses.replace(beats, beats=beats.beats.assign(beat_class=("beat", marked["kinds"])))
    return measure(beats, made.ecg).isel(record=0).to_dataframe()


def test_a_recording_of_six_minutes_has_its_bands_and_exponents() -> None:
    rr, at = tachogram(365, low_ms=40, high_ms=20)
    value = table(rr / 1000)["value"]
    expected = dict(zip(("VLF", "LF", "HF"), band_powers(rr[:-1], at_s=at[:-1]), strict=True))
    assert value["LF_Power_Global"] == pytest.approx(expected["LF"], rel=0.02)
    assert value["HF_Power_Global"] == pytest.approx(expected["HF"], rel=0.05)
    ratio = value["LF_Power_Global"] / value["HF_Power_Global"]
    assert value["LF_HF_Ratio_Global"] == pytest.approx(ratio, rel=1e-4)
    assert value["LF_Norm_Global"] == pytest.approx(100 * ratio / (1 + ratio), rel=1e-4)
    assert value["LF_Norm_Global"] + value["HF_Norm_Global"] == pytest.approx(100)
    assert np.isfinite([value["DFA_Alpha1_Global"], value["DFA_Alpha2_Global"]]).all()


def test_what_is_too_short_or_too_ectopic_says_so() -> None:
    short = table(np.full(12, 0.8))
    assert REASONS[short["reason"]["LF_Power_Global"]] == "needs ≥ 300 s"
    assert REASONS[short["reason"]["DFA_Alpha1_Global"]] == "needs ≥ 256 normal beats"
    kinds = np.zeros(401, dtype=np.int8)
    kinds[::4] = 1
    ectopic = table(np.full(400, 0.8), kinds=kinds)
    assert REASONS[ectopic["reason"]["HF_Power_Global"]] == "too few normal beats"
