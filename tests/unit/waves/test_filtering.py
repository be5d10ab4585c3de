"""The measurement path: nothing moves, nothing bends, mains go."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from ecgomics.errors import SignalError
from ecgomics.waves import measurement


def as_signal(values, rate):
    return xr.DataArray(np.atleast_2d(values).astype(np.float32), dims=("lead", "time"), attrs={"rate_hz": rate})


def with_st(rate, *, step_mv=0.3, seconds=10):
    """Beats whose ST segment, from 50 to 300 ms after R, is level and raised by `step_mv`; also the times of R."""
    t = np.arange(int(seconds * rate)) / rate
    x = np.zeros_like(t)
    middles = np.arange(0.6, seconds - 0.6, 0.9)
    for r in middles:
        x += 1.2 * np.exp(-0.5 * ((t - r) / 0.012) ** 2)
        x += step_mv * 0.25 * (1 + np.tanh((t - r - 0.05) / 0.008)) * (1 - np.tanh((t - r - 0.30) / 0.02))
    return t, x, middles


@pytest.mark.parametrize("rate", [250.0, 500.0, 1000.0])
def test_st_level_stays_within_ten_microvolts(rate):
    t, x, beats = with_st(rate)
    y = measurement(as_signal(x, rate)).values[0]
    for r in beats:
        before = (t > r - 0.12) & (t < r - 0.06)
        st = (t > r + 0.10) & (t < r + 0.24)
        raised = y[st].mean() - y[before].mean()
        assert raised == pytest.approx(0.3, abs=0.010)
        # and level: the tilt over the segment is no more than that either
        assert np.ptp(y[st]) < 0.010


@pytest.mark.parametrize("line", [50.0, 60.0])
@pytest.mark.parametrize("rate", [250.0, 500.0])
def test_mains_are_found_and_taken_out(line, rate, ideal):
    t = np.arange(int(10 * rate)) / rate
    clean = np.interp(t, np.arange(5000) / 500.0, ideal.ecg.sel(lead="II").values)
    dirty = clean + 0.15 * np.sin(2 * np.pi * line * t + 0.7)
    found = measurement(as_signal(dirty, rate))
    plain = measurement(as_signal(clean, rate))
    assert found.attrs["mains_hz"] == line
    assert plain.attrs["mains_hz"] == 0
    inner = slice(int(rate), -int(rate))
    left = (found.values - plain.values)[0, inner]
    assert np.sqrt(np.mean(left**2)) < 0.10 * 0.15 / np.sqrt(2)


def test_a_peak_stays_where_it_is():
    rate = 500.0
    t = np.arange(5000) / rate
    x = np.exp(-0.5 * ((t - 5.0) / 0.02) ** 2)
    y = measurement(as_signal(x, rate)).values[0].astype(float)
    assert abs(t[y.argmax()] - 5.0) <= 1 / rate
    assert np.allclose(y[1:], y[1:][::-1], atol=2e-3)  # symmetric about 5 s: no phase


def test_wander_goes_and_gaps_stay_gaps():
    rate = 250.0
    t = np.arange(int(60 * rate)) / rate
    x = 1.0 * np.sin(2 * np.pi * 0.01 * t)
    x[1000:1100] = np.nan
    y = measurement(as_signal(x, rate)).values[0]
    assert np.isnan(y[1000:1100]).all()
    inner = y[int(20 * rate) : int(40 * rate)]
    assert np.nanmax(np.abs(inner)) < 0.25


def test_leads_do_not_hear_each_other_and_the_input_is_left_alone(virtual):
    ecg = virtual().ecg
    before = ecg.values.copy()
    whole = measurement(ecg)
    alone = measurement(ecg.isel(lead=[4]))
    assert np.array_equal(whole.isel(lead=[4]).values, alone.values)
    assert np.array_equal(ecg.values, before)
    assert whole.dims == ecg.dims


def test_a_signal_without_time_is_refused():
    with pytest.raises(SignalError, match="time"):
        measurement(xr.DataArray(np.zeros((2, 100)), dims=("lead", "sample"), attrs={"rate_hz": 250.0}))
