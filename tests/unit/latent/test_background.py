import time

import numpy as np
import pytest
import xarray as xr

from ecgomics.errors import EcgomicsError, SignalError
from ecgomics.latent import Projection, fit_in_background
from ecgomics.settings import ProjectionSettings


@pytest.fixture(scope="module")
def vectors():
    rng = np.random.default_rng(0)
    points = 6 * np.eye(3, 20)[np.arange(150) % 3] + rng.normal(size=(150, 20))
    names = [f"r{number}" for number in range(150)]
    return xr.DataArray(points.astype(np.float32), dims=("record", "latent"), coords={"record": names})


def test_the_map_comes_from_another_process_and_is_the_same(vectors):
    shares = []
    with fit_in_background(vectors) as fit:
        assert fit.preview.method == "pca"
        assert fit.state == "running"
        found = fit.result(timeout_s=120, told=shares.append)
        assert (fit.state, fit.progress) == ("done", 1.0)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    here = []
    expected = Projection.fit(vectors, progress=here.append)
    np.testing.assert_array_equal(found.coordinates, expected.coordinates)
    assert here[-1] == 1.0
    assert found.record.tolist() == expected.record.tolist()


def test_a_cancelled_fit_leaves_no_process(vectors):
    fit = fit_in_background(vectors, ProjectionSettings(epochs=5000))
    with pytest.raises(TimeoutError):
        fit.result(timeout_s=0.0)
    began = time.monotonic()
    fit.cancel()
    fit.cancel()
    assert time.monotonic() - began < 5
    assert fit.state == "cancelled"
    assert not fit._process.is_alive()
    with pytest.raises(EcgomicsError, match="cancelled"):
        fit.result()


def test_a_killed_fit_is_told(vectors):
    fit = fit_in_background(vectors)
    fit._process.kill()
    with pytest.raises(EcgomicsError, match="failed"):
        fit.result(timeout_s=60)
    fit.cancel()
    with pytest.raises(SignalError, match="3 records"):
        fit_in_background(vectors.isel(record=slice(3)))


def test_density_is_kept_when_asked():
    """A crowded and a loose cloud of equal size: densMAP draws the loose one larger."""
    rng = np.random.default_rng(1)
    points = rng.normal(size=(160, 5)) * np.repeat([0.1, 2.0], 80)[:, None] + np.repeat([0, 30], 80)[:, None]
    cloud = xr.DataArray(points, dims=("record", "latent"), coords={"record": [f"r{n}" for n in range(160)]})

    def ratio(density):
        coordinates = Projection.fit(cloud, ProjectionSettings(density=density)).coordinates
        spread = [np.median(np.abs(half - np.median(half, axis=0))) for half in (coordinates[:80], coordinates[80:])]
        return spread[1] / spread[0]

    assert ratio("kept") > 1.5 * ratio("free")
