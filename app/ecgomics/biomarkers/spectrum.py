"""Band powers and spectral entropy of the whole recording."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ecgomics.biomarkers.block import Block
from ecgomics.biomarkers.reasons import Causes
from ecgomics.biomarkers.sheet import Sheet
from ecgomics.waves.kernels import compiled

BANDS_HZ = {"Band_Low": (0.5, 5.0), "Band_Mid": (5.0, 15.0), "Band_High": (15.0, 40.0)}
ENTROPY_HZ = (0.5, 40.0)
WINDOW_S = 2.0
CHUNK, WINDOWS = 4, 256
"""Records and windows of each whose spectra are there at once: a day costs no more than some minutes."""


def measure_spectrum(block: Block, *, sheet: Sheet) -> None:
    """Write the band powers of every lead and the spectral entropy."""
    hz, density = power_density(block.ecg, rate_hz=block.rate, up_to_hz=ENTROPY_HZ[1])
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


def power_density(
    ecg: NDArray[np.float32], *, rate_hz: float, up_to_hz: float = np.inf
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Welch's power density: 2 s Hann windows, half overlapping, mean removed; windows with a gap are left out.

    Parameters
    ----------
    ecg
        (record, lead, time), mV.
    rate_hz
        Sampling rate, Hz.
    up_to_hz
        Frequencies above this are left out.

    Returns
    -------
    hz, density
        (frequency,) and (record, lead, frequency) in mV²/Hz; NaN where no window is whole.
    """
    from scipy import fft

    size = round(WINDOW_S * rate_hz)
    hz = np.fft.rfftfreq(size, d=1.0 / rate_hz)
    kept = int(np.searchsorted(hz, up_to_hz, side="right"))
    if ecg.shape[-1] < size:
        return hz[:kept].astype(np.float64), np.full((*ecg.shape[:2], kept), np.nan, dtype=np.float32)
    bins = min(kept + 1, len(hz))
    total, found = np.zeros((*ecg.shape[:2], bins)), np.zeros(ecg.shape[:2])
    windows = np.lib.stride_tricks.sliding_window_view(ecg, size, axis=-1)[..., :: max(size // 2, 1), :]
    for first in range(0, len(ecg), CHUNK):
        own = slice(first, first + CHUNK)
        for start in range(0, windows.shape[2], WINDOWS):
            # a gap makes the whole of a window's spectrum NaN
            spectrum = fft.rfft(windows[own, :, start : start + WINDOWS], axis=-1)
            _add_tapered_power(np.ascontiguousarray(spectrum[..., :bins]), size, total[own], found[own])
    density = (total / np.where(found > 0, found, np.nan)[..., None])[..., :kept].astype(np.float32)
    # the squares of a Hann window add up to 3/8 of its length; frequencies but the first and last stand for two
    density *= 1.0 / (rate_hz * 0.375 * size)
    density[..., 1 : len(hz) - 1] *= 2.0
    return hz[:kept].astype(np.float64), density


@compiled
def _add_tapered_power(spectrum, size, total, found):  # type: ignore[no-untyped-def]
    """Add up the power of the windows (axis 2) without a gap, after their mean is taken off and a Hann window put on.

    In the spectrum the first is to empty the lowest bin, the second to take a half of each bin and a quarter of its
    neighbours off.
    """
    records, leads, windows, bins = spectrum.shape
    for record in range(records):
        for lead in range(leads):
            for window in range(windows):
                own = spectrum[record, lead, window]
                if math.isnan(own[0].real):
                    continue
                found[record, lead] += 1.0
                for k in range(bins):
                    re = 0.5 * own[k].real if k > 0 else 0.0
                    im = 0.5 * own[k].imag if k > 0 else 0.0
                    if k > 1:
                        re -= 0.25 * own[k - 1].real
                        im -= 0.25 * own[k - 1].imag
                    if k + 1 < bins:
                        re -= 0.25 * own[k + 1].real
                        im -= 0.25 * own[k + 1].imag
                    elif bins > 1 and bins == size // 2 + 1:
                        # beyond the last bin the spectrum comes back, mirrored
                        mirror = own[k - 1] if size % 2 == 0 else own[k]
                        re -= 0.25 * mirror.real
                        im += 0.25 * mirror.imag
                    if k == 0 and bins > 1:
                        re -= 0.25 * own[1].real
                        im += 0.25 * own[1].imag
                    total[record, lead, k] += re * re + im * im
