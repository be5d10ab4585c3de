"""Spectrum, noise, the Kors matrix and the QT formulas against independent sources."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from ecgomics.biomarkers import measure
from ecgomics.biomarkers.intervals import correct_qt
from ecgomics.biomarkers.phantom import phantom
from ecgomics.biomarkers.spectrum import power_density
from ecgomics.biomarkers.vectors import KORS, VCG_LEADS, angle_between, frontal_axis, vectorcardiogram


def test_kors_matrix_is_that_of_the_paper() -> None:
    assert VCG_LEADS == ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
    np.testing.assert_array_equal(
        np.round(100 * KORS, 9),
        [
            [38, -7, -13, 5, -1, 14, 6, 54],
            [-7, 93, 6, -2, -5, 6, -17, 13],
            [11, -23, -43, -6, -14, -20, -11, 31],
        ],
    )


def test_vectorcardiogram_picks_leads_by_name_not_by_place() -> None:
    rng = np.random.default_rng(1)
    leads = ("V6", "I", "aVR", "V5", "II", "V1", "V4", "V2", "V3")
    mv = rng.normal(size=(2, len(leads), 7))
    vcg = vectorcardiogram(mv, leads=leads)
    x = 0.38 * mv[:, 1] - 0.07 * mv[:, 4] - 0.13 * mv[:, 5] + 0.05 * mv[:, 7] - 0.01 * mv[:, 8]
    x += 0.14 * mv[:, 6] + 0.06 * mv[:, 3] + 0.54 * mv[:, 0]
    np.testing.assert_allclose(vcg[:, 0], x, atol=1e-12)


@pytest.mark.parametrize(
    ("i", "avf", "degrees"),
    [(1.0, 0.0, 0.0), (0.0, 1.0, 90.0), (-1.0, 0.0, 180.0), (0.0, -1.0, -90.0), (0.5, 0.75, 60.0)],
)
def test_frontal_axis_follows_the_hexaxial_system(i: float, avf: float, degrees: float) -> None:
    # a unit vector at 60° projects on I with cos 60° = 0.5, and on aVF with (√3/2)·sin 60° = 0.75
    assert frontal_axis(np.array([i]), avf=np.array([avf]))[0] == pytest.approx(degrees, abs=1e-9)


def test_angle_between_vectors() -> None:
    one, other = np.array([[1.0, 0, 0], [1, 0, 0], [0, 0, 0]]), np.array([[0.0, 2, 0], [-3, 0, 0], [1, 0, 0]])
    np.testing.assert_allclose(angle_between(one, other), [90.0, 180.0, np.nan])


def test_qt_formulas_at_one_hundred_beats_a_minute() -> None:
    corrected = correct_qt(np.array([340.0]), rr_s=np.array([0.6]))
    assert corrected["Bazett"][0] == pytest.approx(438.94, abs=0.01)
    assert corrected["Fridericia"][0] == pytest.approx(403.11, abs=0.01)
    assert corrected["Framingham"][0] == pytest.approx(401.6, abs=0.01)
    assert corrected["Hodges"][0] == pytest.approx(410.0, abs=0.01)


def test_power_density_is_welchs() -> None:
    rng = np.random.default_rng(2)
    ecg = rng.normal(size=(2, 3, 5000)).astype(np.float32)
    hz, density = power_density(ecg, rate_hz=500.0)
    expected_hz, expected = signal.welch(ecg, fs=500.0, window="hann", nperseg=1000, noverlap=500, detrend="constant")
    np.testing.assert_allclose(hz, expected_hz)
    np.testing.assert_allclose(density[..., 1:], expected[..., 1:], rtol=1e-3)


def test_power_density_leaves_out_windows_with_a_gap() -> None:
    ecg = np.zeros((1, 1, 5000), dtype=np.float32)
    ecg[0, 0] = np.sin(2 * np.pi * 10 * np.arange(5000) / 500)
    whole = power_density(ecg, rate_hz=500.0)[1]
    ecg[0, 0, 1200] = np.nan
    np.testing.assert_allclose(power_density(ecg, rate_hz=500.0)[1], whole, rtol=1e-3, atol=1e-6)


def test_band_power_of_a_sine_is_half_its_squared_amplitude() -> None:
    made = phantom()
    t = np.arange(made.ecg.sizes["time"]) / 500.0
    tones = {"Band_Low": 3.0, "Band_Mid": 10.0, "Band_High": 25.0}
    ecg = made.ecg.copy(data=np.broadcast_to(0.0 * t, made.ecg.shape).astype(np.float32))
    for amplitude, hz in zip((0.4, 0.6, 0.2), tones.values(), strict=True):
        ecg = ecg + (amplitude * np.sin(2 * np.pi * hz * t)).astype(np.float32)
    ecg.attrs = made.ecg.attrs
    values = measure(made.beats, ecg)["value"].isel(record=0)
    for amplitude, name in zip((0.4, 0.6, 0.2), tones, strict=True):
        assert values.sel(biomarker=f"{name}_II").item() == pytest.approx(amplitude**2 / 2, rel=0.01)


def test_spectral_entropy_runs_from_a_tone_to_white_noise() -> None:
    made = phantom()
    rng = np.random.default_rng(3)
    t = np.arange(made.ecg.sizes["time"]) / 500.0
    tone = made.ecg.copy(data=np.broadcast_to(np.sin(2 * np.pi * 10 * t), made.ecg.shape).astype(np.float32))
    noise = made.ecg.copy(data=rng.normal(size=made.ecg.shape).astype(np.float32))
    low = measure(made.beats, tone)["value"].sel(biomarker="Spectral_Entropy_II").item()
    high = measure(made.beats, noise)["value"].sel(biomarker="Spectral_Entropy_II").item()
    # a Hann-windowed tone fills three bins (1/6, 2/3, 1/6 of the power), and there are 79 from 0.5 to 40 Hz
    shares = np.array([1 / 6, 2 / 3, 1 / 6])
    assert low == pytest.approx(-(shares * np.log(shares)).sum() / np.log(79), abs=0.01)
    assert high > 0.95


@pytest.mark.parametrize("noise_mv", [0.01, 0.05])
def test_signal_to_noise_ratio_finds_noise_of_known_size(noise_mv: float) -> None:
    made = phantom(rr_s=(0.8,) * 40)
    rng = np.random.default_rng(4)
    ecg = made.ecg + rng.normal(scale=noise_mv, size=made.ecg.shape).astype(np.float32)
    ecg.attrs = made.ecg.attrs
    values = measure(made.beats, ecg)["value"].isel(record=0)
    template = made.beats.template
    offset = template["offset"].values
    inside = (offset >= -0.0401) & (offset <= 0.3601)
    for lead in ("II", "V2", "V5"):
        beat = template["beat_mv"].sel(lead=lead).values[0][inside]
        expected = 20 * np.log10(beat.std() / noise_mv)
        assert values.sel(biomarker=f"SNR_{lead}").item() == pytest.approx(expected, abs=0.3)
