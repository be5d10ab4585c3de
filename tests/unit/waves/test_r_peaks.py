"""R peaks without a network, on patients whose beats are known."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from ecgomics.errors import SignalError
from ecgomics.simulate import VirtualPatient, simulate
from ecgomics.waves import r_peaks

CONDITIONS = ["normal", "sinus_tachycardia", "rbbb", "lbbb", "af", "pvc", "low_voltage", "paced"]


@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_beat_once(virtual, matching, condition):
    record = virtual(condition, 4)
    truth = record.truth.beats["r_s"].values
    found = r_peaks(record.ecg)[0]
    inner = truth[(truth > 0.3) & (truth < 9.7)]
    hits, _ = matching(found, truth=inner, within_s=0.075)
    assert len(np.unique(hits)) == len(inner)
    # complexes cut by an end of the recording may be found and are not among the true ones
    assert ((found > 0.15) & (found < 9.85)).sum() <= len(truth) + 1


@pytest.mark.parametrize("rate", [100.0, 250.0, 360.0, 500.0, 1000.0])
@pytest.mark.parametrize("bpm", [35, 180])
def test_at_any_rate(matching, rate, bpm):
    record = simulate(VirtualPatient(heart_rate_bpm=bpm), rate_hz=rate, seed=5)
    truth = record.truth.beats["r_s"].values
    inner = truth[(truth > 0.3) & (truth < 9.7)]
    hits, _ = matching(r_peaks(record.ecg)[0], truth=inner, within_s=0.05)
    assert len(np.unique(hits)) == len(inner)


def test_one_array_a_record_and_nothing_from_nothing(virtual):
    ecg = virtual().ecg
    block = xr.concat([ecg, ecg * np.nan, ecg * 0], "record").assign_attrs(ecg.attrs)
    found = r_peaks(block)
    assert [len(peaks) > 0 for peaks in found] == [True, False, False]
    assert np.array_equal(found[0], r_peaks(ecg)[0])


def test_a_signal_without_time_is_refused():
    with pytest.raises(SignalError, match="time"):
        r_peaks(xr.DataArray(np.zeros((2, 100)), dims=("lead", "sample"), attrs={"rate_hz": 250.0}))
