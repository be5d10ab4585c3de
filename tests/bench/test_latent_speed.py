"""What embedding and drawing cost. Run by `make bench`; prints figures, and fails far below what is promised.

Times are CPU times of this process where threads do not matter, so that a busy machine does not decide.
"""

from __future__ import annotations

import time

import numpy as np
import pytest
import xarray as xr

from ecgomics.latent import Projection, fit_in_background
from ecgomics.latent.shipped import opened
from ecgomics.latent.windows import free_cores
from ecgomics.settings import ProjectionSettings
from ecgomics.vocabulary import LEADS

pytestmark = [pytest.mark.bench, pytest.mark.filterwarnings("default")]

RECORDS = 512


def noise(rate: float) -> xr.DataArray:
    signal = np.random.default_rng(0).normal(scale=0.2, size=(RECORDS, 12, round(10 * rate))).astype(np.float32)
    names = [f"r{number}" for number in range(RECORDS)]
    return xr.DataArray(
        signal,
        dims=("record", "lead", "time"),
        coords={"record": names, "lead": list(LEADS)},
        attrs={"rate_hz": rate},
    )


@pytest.mark.parametrize("rate", [100.0, 500.0])
def test_the_small_encoder_embeds(rate):
    ecg, encoder = noise(rate), opened()
    encoder.embed(ecg.isel(record=slice(32)))
    print(f"\n{RECORDS} records of 10 s at {rate:g} Hz, {free_cores()} cores:")
    best = 0.0
    for threads in (1, 2):
        for precision in ("float32", "bfloat16"):
            cpu, wall = time.process_time(), time.perf_counter()
            encoder.embed(ecg, threads=threads, precision=precision)
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            best = max(best, RECORDS / cpu)
            told = f"{RECORDS / wall:.0f} records/s, {RECORDS / cpu:.0f} a second of one core"
            print(f"  {threads} threads {precision:<9} {told}")
    assert best > 150


def test_a_map_of_20_000_is_drawn_with_progress_and_cancelled_at_once():
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(30, 256))
    points = (rng.normal(size=(20_000, 30)) + 3 * rng.normal(size=(8, 30))[rng.integers(8, size=20_000)]) @ mixing
    names = [f"r{number}" for number in range(20_000)]
    vectors = xr.DataArray(points.astype(np.float32), dims=("record", "latent"), coords={"record": names})
    began, shares = time.process_time(), []
    projection = Projection.fit(vectors, progress=shares.append)
    print(f"\nUMAP of 20,000 x 256: {time.process_time() - began:.0f} s of CPU, {len(shares)} reports")
    assert shares[-1] == 1.0
    began = time.process_time()
    figure = projection.trust(looked_at="all")
    print(f"trust of every record: {time.process_time() - began:.0f} s of CPU, {figure.trustworthiness:.3f}")
    began = time.process_time()
    Projection.fit(vectors, ProjectionSettings(method="pca"))
    print(f"PCA meanwhile: {time.process_time() - began:.1f} s of CPU")
    fit = fit_in_background(vectors)
    with pytest.raises(TimeoutError):
        fit.result(timeout_s=2.0)
    began = time.perf_counter()
    fit.cancel()
    print(f"cancelled in {time.perf_counter() - began:.2f} s")
    assert fit.state == "cancelled"
