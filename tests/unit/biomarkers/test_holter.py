"""Rates by the hour and variability over segments, against series whose figures are known beforehand."""

from __future__ import annotations

import numpy as np
import pytest

from ecgomics.biomarkers import measure
from ecgomics.biomarkers.holter import by_segment, triangular_index
from ecgomics.biomarkers.phantom import phantom


def series(means_ms: list[float], *, swing_ms: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Intervals of five minutes at each mean, alternately a swing longer and shorter, and when each ends."""
    rr, at, start = [], [], 0.0
    for mean in means_ms:
        count = int(299_000 / mean) // 2 * 2
        own = mean + swing_ms * np.where(np.arange(count) % 2, 1, -1)
        rr.append(own)
        at.append(start + np.cumsum(own) / 1000)
        start += 300.0
    return np.concatenate(rr), np.concatenate(at)


def test_segments_have_their_own_mean_and_deviation() -> None:
    rr, at = series([800, 1000, 900], swing_ms=20)
    mean, deviation = by_segment(rr, at_s=at)
    np.testing.assert_allclose(mean, [800, 1000, 900])
    np.testing.assert_allclose(deviation, 20, rtol=2e-3)


def test_a_segment_that_is_mostly_missing_is_left_out() -> None:
    rr, at = series([800, 1000])
    rr[(at > 100) & (at < 300)] = np.nan
    assert by_segment(rr, at_s=at)[0].tolist() == [1000]
    assert len(by_segment(np.full(5, np.nan), at_s=np.arange(5.0))[0]) == 0


@pytest.mark.parametrize(
    ("values", "index"), [([800.0] * 40, 1.0), ([800.0] * 10 + [900.0] * 30, 4 / 3), ([700.0], np.nan)]
)
def test_the_triangular_index_is_the_whole_over_the_fullest_bin(values: list[float], index: float) -> None:
    assert triangular_index(np.array([*values, np.nan])) == pytest.approx(index, nan_ok=True)


def test_an_hour_tells_what_ten_seconds_do_not() -> None:
    made = phantom(rr_s=[0.8] * 2300 + [1.2] * 1480, rate_hz=50.0)
    beats = len(made.beats.beats["beat"])
    kinds = np.zeros(beats, dtype=np.int8)
    kinds[100:1000:100] = 1
    table = measure(made.classed(kinds).beats, made.ecg).isel(record=0)
    value = table["value"].to_series()
    hours = made.ecg.sizes["time"] / 50.0 / 3600
    assert value["PVC_PerHour_Global"] == pytest.approx(9 / hours, rel=1e-3)
    assert value["PAC_PerHour_Global"] == 0
    assert value["HR_Fastest5_Global"] == pytest.approx(75, abs=0.1)
    assert value["HR_Slowest5_Global"] == pytest.approx(50, abs=0.1)
    assert value["HRV_Triangular_Global"] > 1
    reasons = table.attrs["reasons"]
    assert reasons[int(table["reason"].sel(biomarker="SDANN_Global"))] == "needs ≥ 18 h"
    brief = measure(phantom().beats, phantom().ecg).isel(record=0)
    assert reasons[int(brief["reason"].sel(biomarker="PVC_PerHour_Global"))] == "needs ≥ 1 h"
    assert reasons[int(brief["reason"].sel(biomarker="HRV_Triangular_Global"))] == "needs ≥ 20 min"
