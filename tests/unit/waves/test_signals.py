"""What is handed over wrongly is told in words, whatever the door."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr

from ecgomics.errors import SignalError
from ecgomics.waves import benchmark, delineate, measurement, r_peaks

DOORS = [delineate, r_peaks, measurement]


def _signal(values: Any, *, rate: float = 500.0, **attrs: str) -> xr.DataArray:
    return xr.DataArray(values, dims=("lead", "time"), attrs={"rate_hz": rate, **attrs})


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("signal", "words"),
    [
        (np.zeros((2, 1000)), "ndarray"),
        (_signal(np.zeros((2, 1000), dtype=complex)), "complex128"),
        (_signal(np.zeros((2, 1000), dtype=bool)), "bool"),
        (_signal(np.full((2, 10), "0.1")), "real numbers"),
        (_signal(np.zeros((2, 1000)), units="uV"), "uV"),
        (_signal(np.zeros((2, 1000)), rate=30.0), "30 Hz"),
        (_signal(np.zeros((2, 1000)), rate=float("nan")), "nan Hz"),
        (_signal(np.zeros((0, 1000))), "at least one lead"),
        (_signal(np.zeros((2, 0))), "at least one lead and one sample"),
        (xr.DataArray(np.zeros((2, 10)), dims=("lead", "sample"), attrs={"rate_hz": 500.0}), "dims"),
    ],
)
def test_each_door_says_what_is_wrong(door: Callable[[Any], object], signal: Any, words: str) -> None:
    with pytest.raises(SignalError, match=words):
        door(signal)


def test_a_block_of_no_records_is_an_answer() -> None:
    none = xr.DataArray(np.empty((0, 3, 1000)), dims=("record", "lead", "time"), attrs={"rate_hz": 500.0})
    assert delineate(none).beats.sizes["beat"] == 0
    assert r_peaks(none) == []


def test_microvolts_are_noticed_by_their_size() -> None:
    block = benchmark.synthetic_block(2, seed=4, rate=250.0)
    with pytest.warns(UserWarning, match="another unit than mV"):
        large = delineate(block * 1000.0)
    plain = delineate(block)
    np.testing.assert_allclose(large.beats["r_s"], plain.beats["r_s"], atol=0.004)


def test_layout_and_number_type_do_not_matter() -> None:
    block = benchmark.synthetic_block(1, seed=5, rate=250.0)
    expected = delineate(block).beats["lead_marks"].values
    values = block.values[0]
    doubled = np.repeat(values, 2, axis=1)[:, ::2]
    for other in (values.astype(float), np.asfortranarray(values), doubled):
        signal = xr.DataArray(other, dims=("lead", "time"), coords={"lead": block["lead"]}, attrs=block.attrs)
        np.testing.assert_array_equal(delineate(signal).beats["lead_marks"].values, expected)
        np.testing.assert_array_equal(delineate(signal.transpose()).beats["lead_marks"].values, expected)


def test_the_hiss_of_open_electrodes_holds_no_beats() -> None:
    rate = 250
    beating = np.tile(benchmark.synthetic_block(1, seed=6, rate=rate).values[0, :3], (1, 6))
    hiss = 0.004 * np.random.default_rng(1).standard_normal((3, 120 * rate))
    signal = _signal(np.concatenate([beating, hiss, beating, beating], axis=1), rate=float(rate))
    beats = delineate(signal)
    for r in (beats.beats["r_s"].values, r_peaks(signal)[0]):
        # the seam itself is a step
        assert ((r < 60.1) | (r > 179.9)).all()
        assert (r < 60).sum() > 50
        assert (r > 180).sum() > 100
    assert float(beats.quality["usable"][0]) == pytest.approx(0.6, abs=0.1)
