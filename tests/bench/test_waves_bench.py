"""Delineation beside its peers in one process, its growth with length, and its accuracy on the annotated recordings."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from ecgomics.waves import benchmark, delineate
from ecgomics.waves.network import fastest_precision

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3000)]

DATA = Path(os.environ.get("ECGOMICS_DATA", Path(__file__).parents[3] / "shared" / "data"))


def test_speed_beside_neurokit_and_sleepecg() -> None:
    figures = benchmark.speed()
    print(f"\n{benchmark.shown(figures)}")
    share = 1.0 if fastest_precision() == "bfloat16" else 0.5
    ratios = figures["ratio_to"]
    assert isinstance(ratios, dict)
    assert ratios["neurokit_dwt"] >= 100 * share
    assert ratios["neurokit_prominence"] >= 17 * share
    peaks = figures["r_peaks_ms"]
    assert isinstance(peaks, dict)
    assert peaks["ecgomics, 12 leads"] <= peaks["sleepecg, 1 lead"]


def test_cost_is_linear_in_length() -> None:
    minute = np.tile(benchmark.synthetic_block(1, seed=0, rate=250.0).values[0, :3], (1, 6))
    seconds = {}
    for minutes in (10, 40):
        ecg = xr.DataArray(np.tile(minute, (1, minutes)), dims=("lead", "time"), attrs={"rate_hz": 250.0})
        delineate(ecg[:, : 120 * 250])
        began = time.process_time()
        delineate(ecg)
        seconds[minutes] = time.process_time() - began
    print(f"\nCPU s by minutes: {seconds}; a day of three leads: {seconds[40] * 36:.0f} s")
    assert seconds[40] / seconds[10] < 5


@pytest.mark.data
@pytest.mark.skipif(not DATA.exists(), reason="no recordings beside the checkout")
def test_accuracy_on_annotated_recordings() -> None:
    """The shipped network has learnt from these: a guard against breaking it, no estimate of its accuracy."""
    table = benchmark.accuracy(DATA / "ludb", run={"ecgomics": benchmark.ours})
    print(f"\n{benchmark.shown(table.to_dict('records'))}")
    marks = table[table["mark"] != "r_peak"].groupby("group")["f1"].mean()
    assert marks["II"] > 0.98
    assert marks["II+V2+V5"] > 0.975
