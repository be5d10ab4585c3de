"""Error of every boundary against simulated truth over noise, heart rate and sampling rate: a table and a picture."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ecgomics.simulate import draw_patient, simulate
from ecgomics.vocabulary import MARKS
from ecgomics.waves import delineate

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1200)]

OUT = Path(os.environ.get("ECGOMICS_BENCH_OUT", "."))
BOUNDARIES = ("p_on", "p_off", "qrs_on", "qrs_off", "t_on", "t_off")
COLUMNS = [MARKS.index(name) for name in BOUNDARIES]
SNR_DB = (0, 5, 10, 15, 20, 30, 40)
RATES_BPM = (40, 60, 80, 100, 120, 140, 160, 180)
SAMPLING_HZ = (100.0, 125.0, 250.0, 360.0, 500.0, 1000.0)
PATIENTS = 6


def errors_ms(*, seed: int, snr_db: float = 30.0, bpm: float = 70.0, rate_hz: float = 500.0) -> np.ndarray:
    """(beat × lead, boundary) errors in single leads, of one patient with white noise."""
    patient = draw_patient("normal", seed=seed)
    patient.heart_rate_bpm = bpm
    record = simulate(patient, seed=seed, rate_hz=rate_hz, recorder="ideal")
    values = record.ecg.values
    power = np.mean((values - values.mean(axis=1, keepdims=True)) ** 2, axis=1, keepdims=True)
    noise = np.random.default_rng(seed).standard_normal(values.shape) * np.sqrt(power / 10 ** (snr_db / 10))
    found = delineate(record.ecg.copy(data=(values + noise).astype(np.float32))).beats
    true = record.truth.beats
    if found.sizes["beat"] == 0:
        return np.empty((0, len(COLUMNS)))
    gap = np.abs(found["r_s"].values[:, None] - true["r_s"].values[None])
    i = np.flatnonzero(gap.min(axis=1) < 0.1)
    j = gap.argmin(axis=1)[i]
    error = found["lead_marks"].values[i] - true["lead_marks"].values[j]
    return 1000 * error[:, :, COLUMNS].reshape(-1, len(COLUMNS))


def sweep() -> pd.DataFrame:
    """One row a setting and boundary: mean, SD and count of the errors."""
    rows = []
    axes = {"snr_db": SNR_DB, "bpm": RATES_BPM, "rate_hz": SAMPLING_HZ}
    for axis, settings in axes.items():
        for setting in settings:
            errors = np.concatenate([errors_ms(seed=seed, **{axis: setting}) for seed in range(PATIENTS)])
            for k, mark in enumerate(BOUNDARIES):
                one = errors[np.isfinite(errors[:, k]), k]
                mean, sd = (float(one.mean()), float(one.std())) if len(one) else (np.nan, np.nan)
                rows.append({"axis": axis, "at": setting, "mark": mark, "mean_ms": mean, "sd_ms": sd, "n": len(one)})
    return pd.DataFrame(rows)


def drawn(table: pd.DataFrame, *, path: Path) -> None:
    """Mean and SD of each boundary over each axis, one picture."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    names = {"snr_db": "signal to noise, dB", "bpm": "heart rate, a minute", "rate_hz": "sampling rate, Hz"}
    figure, panels = plt.subplots(2, 3, figsize=(13, 7), sharey="row")
    for column, (axis, name) in enumerate(names.items()):
        for mark, part in table[table["axis"] == axis].groupby("mark", sort=False):
            for row, value in enumerate(("mean_ms", "sd_ms")):
                panels[row, column].plot(part["at"], part[value], marker="o", ms=3, label=mark)
        panels[1, column].set_xlabel(name)
    panels[0, 0].set_ylabel("mean error, ms")
    panels[1, 0].set_ylabel("SD of the error, ms")
    panels[0, 2].legend(fontsize=8)
    figure.suptitle("Boundaries in single leads against the truth of virtual patients (synthetic)")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def test_error_over_noise_rate_and_sampling() -> None:
    table = sweep()
    OUT.mkdir(parents=True, exist_ok=True)
    table.to_csv(OUT / "waves_simulated.csv", index=False, float_format="%.2f")
    drawn(table, path=OUT / "waves_simulated.png")
    for value in ("mean_ms", "sd_ms"):
        print(
            f"\n{value}\n{table.pivot(index=['axis', 'at'], columns='mark', values=value)[list(BOUNDARIES)].round(1)}"
        )
    usual = table[(table["axis"] == "snr_db") & (table["at"] == 30)]
    assert (usual["mean_ms"].abs() <= 6).all(), usual
    assert (usual["n"] > 100).all()
