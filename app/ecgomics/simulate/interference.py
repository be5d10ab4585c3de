"""What is recorded beside the ventricles: atrial fibrillation, muscle, breathing, mains.

Noise arises at the electrodes and reaches the leads by their definitions, so that I + III = II holds in noise too.
"""

from __future__ import annotations

import numpy as np

from ecgomics.simulate.kernel import Array
from ecgomics.simulate.leadfield import LEADS_OF_SITES, SITES, TEXTBOOK
from ecgomics.simulate.patient import VirtualPatient

_STREAMS = {"f": 1, "muscle": 2, "wander": 3, "mains": 4}
_V1_OF_ANTERIOR = float(TEXTBOOK[2] @ np.array([-0.35, 0.0, -0.94]))
_COARSE_S = 0.04


def atrial_activity(patient: VirtualPatient, time: Array, *, seed: int) -> Array | None:
    """Heart vector of fibrillatory or flutter waves, dims (3, time), mV; None in other rhythms."""
    if patient.rhythm not in ("af", "flutter") or not patient.f_wave_mv:
        return None
    rng = np.random.default_rng([seed, _STREAMS["f"]])
    return _flutter(patient, time, rng) if patient.rhythm == "flutter" else _fibrillation(patient, time, rng)


def _fibrillation(patient: VirtualPatient, time: Array, rng: np.random.Generator) -> Array:
    """Two wandering sawtooth waves: one towards V1, a weaker one towards the feet."""
    base_hz = rng.uniform(5.2, 7.6)
    towards_v1 = np.array([-0.35, 0.0, -0.94]) / _V1_OF_ANTERIOR
    signal = np.zeros((3, time.size))
    for direction, size in ((towards_v1, 1.0), (np.array([0.3, 0.9, 0.0]), 0.45)):
        phase = 2 * np.pi * base_hz * time + 2 * np.pi * rng.random()
        envelope = np.ones_like(time)
        for _ in range(3):
            slow = rng.uniform(0.15, 1.3)
            phase += 1.1 * np.sin(2 * np.pi * slow * time + 2 * np.pi * rng.random())
            envelope += 0.25 * np.sin(2 * np.pi * rng.uniform(0.1, 0.9) * time + 2 * np.pi * rng.random())
        wave = np.sin(phase) + 0.35 * np.sin(2 * phase + 0.8) + 0.12 * np.sin(3 * phase + 1.5)
        signal += np.outer(direction, 0.5 * size * patient.f_wave_mv * np.clip(envelope, 0.15, None) * wave)
    return signal


def _flutter(patient: VirtualPatient, time: Array, rng: np.random.Generator) -> Array:
    """A sawtooth: slow fall and quick rise in the inferior leads, small upright waves in V1."""
    cycles = patient.flutter_per_min / 60 * time + rng.random()
    turn = cycles % 1.0
    fall = 0.72
    saw = np.where(turn < fall, 0.5 - turn / fall, -0.5 + (turn - fall) / (1 - fall))
    # rounded corners: the mean over a short run of the cycle
    saw = 0.5 * saw + 0.5 * np.sin(2 * np.pi * turn + 0.9) * 0.4
    towards_feet = np.array([0.12, 1.15, 0.0])
    bump = np.exp(-0.5 * ((turn - 0.78) / 0.1) ** 2) - 0.25
    return patient.f_wave_mv * (np.outer(towards_feet, saw) + np.outer([-0.2, 0.0, -0.6], bump))


def noise(patient: VirtualPatient, time: Array, *, rate_hz: float, seed: int) -> Array:
    """Everything that is not heart, dims (12, time), mV."""
    sites = np.zeros((len(SITES), time.size))
    if patient.noise_mv:
        sites += _muscle(patient, time, rate_hz, np.random.default_rng([seed, _STREAMS["muscle"]]))
    if patient.wander_mv:
        sites += _wander(patient, time, np.random.default_rng([seed, _STREAMS["wander"]]))
    if patient.mains_mv and patient.mains_hz < rate_hz / 2:
        sites += _mains(patient, time, np.random.default_rng([seed, _STREAMS["mains"]]))
    return patient.gain * shown(LEADS_OF_SITES, sites)


def shown(matrix: Array, signals: Array) -> Array:
    """`matrix @ signals` for a few rows and many samples; BLAS would wake its threads for so little."""
    return np.einsum("ij,jt->it", matrix, signals)


def _muscle(patient: VirtualPatient, time: Array, rate_hz: float, rng: np.random.Generator) -> Array:
    white = rng.standard_normal((len(SITES), time.size), dtype=np.float32).astype(np.float64)
    if rate_hz >= 400:
        # a recorder's 150 Hz low-pass
        white[:, 1:-1] = (white[:, :-2] + 2 * white[:, 1:-1] + white[:, 2:]) / np.sqrt(6)
    tone = 1 + 0.35 * np.sin(2 * np.pi * rng.uniform(0.05, 0.3) * time + 2 * np.pi * rng.random())
    loudness = np.exp(0.25 * rng.standard_normal(len(SITES)))[:, None]
    return patient.noise_mv / np.sqrt(2 * 1.06) * loudness * tone * white


def _wander(patient: VirtualPatient, time: Array, rng: np.random.Generator) -> Array:
    """Breathing and slow drift of every electrode, computed on a coarse grid."""
    coarse = np.arange(0.0, time[-1] + 2 * _COARSE_S, _COARSE_S)
    rates = [patient.respiration_per_min / 60, 0.06, 0.11, 0.19, 0.33]
    weights = np.array([0.8, 0.8, 0.5, 0.35, 0.2])
    weights = weights / np.sqrt((weights**2).sum())
    drift = np.zeros((len(SITES), coarse.size))
    common = rng.uniform(0, 2 * np.pi, len(rates))
    for rate, weight, start in zip(rates, weights, common, strict=True):
        phases = start + 0.9 * rng.standard_normal(len(SITES))
        sizes = weight * np.exp(0.3 * rng.standard_normal(len(SITES)))
        drift += sizes[:, None] * np.sin(2 * np.pi * rate * rng.uniform(0.9, 1.1) * coarse + phases[:, None])
    fine = np.array([np.interp(time, coarse, row) for row in drift])
    return patient.wander_mv * 1.1 * fine


def _mains(patient: VirtualPatient, time: Array, rng: np.random.Generator) -> Array:
    angle = 2 * np.pi * patient.mains_hz * time
    sizes = np.exp(0.4 * rng.standard_normal(len(SITES)))
    phases = 2 * np.pi * rng.random() + rng.standard_normal(len(SITES))
    wave = np.outer(sizes * np.cos(phases), np.sin(angle)) + np.outer(sizes * np.sin(phases), np.cos(angle))
    return patient.mains_mv * 0.8 * wave
