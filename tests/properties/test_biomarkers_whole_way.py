"""Signal to biomarker: what sampling, a shift in time and noise may change of the values, delineation included.

The tolerances are the statement: a virtual patient recorded at 250 or 1000 Hz instead of 500, later by a few
samples, or with noise of 10 µV (rms, every lead) keeps every biomarker within them.
"""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from ecgomics.biomarkers import measure
from ecgomics.simulate import draw_patient, simulate
from ecgomics.waves import delineate

TOLERANCE = {"ms": 12.0, "mV": 0.06, "°": 4.0, "/min": 1.0, "mV·ms": 2.5, "mV/s": 0.4, "mV²": 0.02, "count": 0.0}
LOOSER = {
    # where a deflection ends is the last sample beyond 0.01 mV: a flat end moves far
    ("Q_Dur_", "R_Dur_", "S_Dur_"): 24.0,
    ("Terminal_Activation_",): 24.0,
    # the largest less the smallest of twelve leads: one flat T wave decides
    ("QT_Disp_", "P_Disp_"): 40.0,
    ("QRS_PPSum_",): 0.2,
    # a sum of voltages (here up to 4 mV) times QRS, whose own tolerance is 12 ms
    ("SokolowProduct", "CornellProduct"): 48.0,
    # begins at J, whose own tolerance is 12 ms, where the strain of hypertrophy is steepest
    ("ST_Slope_",): 0.6,
    ("QRS_Notches_", "Romhilt"): 1.0,
}
APART = (
    "JWave_Amp",  # there or not there: its height comes at once
    "QRST_AngleSpatialPeak",
    "PVC_",
    "SNR",
    "Spectral_Entropy",
)
PATIENTS = [("normal", 0), ("rbbb", 1), ("lvh", 2)]
NOISE_MV = 0.01


def table(ecg: xr.DataArray) -> pd.DataFrame:
    one = ecg.expand_dims(record=["v"])
    return measure(delineate(one), one).isel(record=0).to_dataframe()


@functools.cache
def recorded(condition: str, seed: int, rate_hz: float = 500.0) -> xr.DataArray:
    return simulate(draw_patient(condition, seed=seed), seed=seed, rate_hz=rate_hz, recorder="ideal").ecg


@functools.cache
def base(condition: str, seed: int) -> pd.DataFrame:
    return table(recorded(condition, seed))


def beyond(before: pd.DataFrame, after: pd.DataFrame) -> dict[str, tuple[float, float, float]]:
    """Columns further apart than their tolerance: before, after, tolerance."""
    found = {}
    for column, row in before.iterrows():
        name, unit = str(column), str(row["unit"])
        if unit not in TOLERANCE or name.startswith(APART):
            continue
        limit = next((value for names, value in LOOSER.items() if name.startswith(names)), TOLERANCE[unit])
        then, now = float(row["value"]), float(after.loc[name, "value"])
        if name.startswith(("P_Amp_", "T_Amp_")):
            # the larger phase of a biphasic wave gives its sign: two like ones may change places
            then, now = abs(then), abs(now)
        if np.isfinite(then) and np.isfinite(now) and abs(now - then) > limit:
            found[name] = (then, now, limit)
    return found


@pytest.mark.parametrize(("condition", "seed"), PATIENTS)
@pytest.mark.parametrize("rate_hz", [250.0, 1000.0])
def test_another_sampling_rate(condition: str, seed: int, rate_hz: float) -> None:
    assert beyond(base(condition, seed), table(recorded(condition, seed, rate_hz))) == {}


@pytest.mark.parametrize(("condition", "seed"), PATIENTS)
def test_noise_in_every_lead(condition: str, seed: int) -> None:
    ecg = recorded(condition, seed)
    noise = np.random.default_rng(seed).normal(scale=NOISE_MV, size=ecg.shape)
    noisy = (ecg + noise).astype(np.float32).assign_attrs(ecg.attrs)
    assert beyond(base(condition, seed), table(noisy)) == {}


@pytest.mark.parametrize(("condition", "seed"), PATIENTS)
def test_a_recording_begun_a_little_later(condition: str, seed: int) -> None:
    ecg = recorded(condition, seed)
    later = ecg.isel(time=slice(37, None))
    found = beyond(base(condition, seed), table(later))
    # a beat may be cut off at the edge: the sequence of beats is one shorter
    assert {name: told for name, told in found.items() if not name.startswith(("HR_", "RR_", "P_", "Pause"))} == {}


@pytest.mark.parametrize(("condition", "seed"), PATIENTS)
@pytest.mark.parametrize("gain", [0.8, 1.25])
def test_gain(condition: str, seed: int, gain: float) -> None:
    ecg = recorded(condition, seed)
    after = table((gain * ecg).astype(np.float32).assign_attrs(ecg.attrs))
    before = base(condition, seed).copy()
    power = before["unit"].map({"mV": 1, "mV·ms": 1, "mV/s": 1, "mV²": 2}).fillna(0)
    before["value"] = before["value"] * gain**power
    assert {name for name in beyond(before, after) if not _against_limits(name, before, after)} == set()


def _against_limits(name: str, before: pd.DataFrame, after: pd.DataFrame) -> bool:
    """Counted against limits in mV, or in a lead where a deflection crosses the 0.025 mV from which it has a name."""
    if name.startswith(("Romhilt", "STRecip", "QRS_Notches", "Rprime_Base")):
        return True
    lead = str(before.loc[name, "lead"])
    return any(
        (before.loc[f"{wave}_Amp_{lead}", "value"] == 0) != (after.loc[f"{wave}_Amp_{lead}", "value"] == 0)
        for wave in ("Q", "R", "S", "R2")
        if lead
    )
