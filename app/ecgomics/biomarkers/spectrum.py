"""Band powers and spectral entropy of the whole recording."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgomics.biomarkers.block import Block
from ecgomics.biomarkers.reasons import Causes
from ecgomics.biomarkers.sheet import Sheet

BANDS_HZ = {"Band_Low": (0.5, 5.0), "Band_Mid": (5.0, 15.0), "Band_High": (15.0, 40.0)}
ENTROPY_HZ = (0.5, 40.0)
WINDOW_S = 2.0
CHUNK = 16


def measure_spectrum(block: Block, *, sheet: Sheet) -> None:
    """Write the band powers of every lead and the spectral entropy."""
    hz, density = power_density(block.ecg, rate_hz=block.rate)
    short = (block.duration_s < 2 * WINDOW_S)[:, None]
    for name, (low, high) in BANDS_HZ.items():
        inside = (hz >= low) & (hz < high)
        causes: Causes = ((short, "signal too short"), (np.array(block.rate < 2 * high), "sampling rate too low"))
        power = density[..., inside].sum(axis=-1) * (hz[1] - hz[0])
        sheet.put_leads(name, power, causes=causes, otherwise="signal too short")
    inside = (hz >= ENTROPY_HZ[0]) & (hz < ENTROPY_HZ[1])
    own = density[..., inside]
    total = own.sum(axis=-1, keepdims=True)
    share = own / np.where(total > 0, total, np.nan)
    entropy = -(share * np.log(np.where(share > 0, share, 1.0))).sum(axis=-1) / np.log(inside.sum())
    causes = ((short, "signal too short"), (np.array(block.rate < 2 * ENTROPY_HZ[1]), "sampling rate too low"))
    sheet.put_leads("Spectral_Entropy", entropy, causes=causes, otherwise="signal too short")


def power_density(ecg: NDArray[np.float32], *, rate_hz: float) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Welch's power density: 2 s Hann windows, half overlapping, mean removed; windows with a gap are left out.

    Parameters
    ----------
    ecg
        (record, lead, time), mV.
    rate_hz
        Sampling rate, Hz.

    Returns
    -------
    hz, density
        (frequency,) and (record, lead, frequency) in mV²/Hz; NaN where no window is whole.
    """
    size = min(round(WINDOW_S * rate_hz), ecg.shape[-1])
    taper = (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(size) / size)).astype(np.float32)
    starts = np.arange(0, ecg.shape[-1] - size + 1, max(size // 2, 1))
    density: NDArray[np.float32] = np.full((*ecg.shape[:2], size // 2 + 1), np.nan, dtype=np.float32)
    for first in range(0, len(ecg), CHUNK):
        part = ecg[first : first + CHUNK]
        pieces = np.stack([part[..., start : start + size] for start in starts], axis=2)
        pieces = pieces - pieces.mean(axis=-1, keepdims=True)
        whole = np.isfinite(pieces[..., :1]) & np.isfinite(pieces).all(axis=-1, keepdims=True)
        spectrum = np.fft.rfft(np.where(whole, pieces, 0.0) * taper, axis=-1)
        power = (spectrum.real**2 + spectrum.imag**2).sum(axis=2)
        found = whole.sum(axis=2)
        density[first : first + CHUNK] = power / np.where(found > 0, found, np.nan)
    density *= 1.0 / (rate_hz * float((taper**2).sum()))
    density[..., 1:-1] *= 2.0
    return np.fft.rfftfreq(size, d=1.0 / rate_hz).astype(np.float64), density
