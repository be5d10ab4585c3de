import numpy as np
import pandas as pd
import pytest
import xarray as xr

from ecgomics.errors import SignalError
from ecgomics.latent import Novelty, agreement, drift, nearest


def as_vectors(points):
    names = [f"r{number}" for number in range(len(points))]
    return xr.DataArray(np.asarray(points, dtype=np.float32), dims=("record", "latent"), coords={"record": names})


@pytest.fixture
def cloud():
    return as_vectors(np.random.default_rng(0).normal(size=(120, 6)))


def test_the_nearest_are_those_of_the_distance_table(cloud):
    found = nearest(cloud, "r7", k=5)
    distance = np.sqrt(np.square(cloud.values - cloud.values[7]).sum(axis=1))
    distance[7] = np.inf
    assert found["record"].tolist() == [f"r{number}" for number in np.argsort(distance)[:5]]
    np.testing.assert_allclose(found["distance"], np.sort(distance)[:5], rtol=1e-5)
    stranger = nearest(cloud, cloud.sel(record="r7").drop_vars("record"), k=1)
    assert stranger["record"].item() == "r7"


def test_records_without_a_vector_are_neither_found_nor_asked(cloud):
    cloud[3] = np.nan
    assert "r3" not in nearest(cloud, "r7", k=500)["record"].tolist()
    assert len(nearest(cloud, "r7", k=500)) == 118
    with pytest.raises(SignalError, match="without a vector"):
        nearest(cloud, "r3")
    with pytest.raises(SignalError, match="does not hold"):
        nearest(cloud, "r999")


def test_embeddings_agree_with_themselves_turned_and_by_chance_with_others(cloud):
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(6, 6)))[0]
    turned = as_vectors(cloud.values @ turn).isel(record=slice(None, None, -1))
    assert agreement(cloud, turned).overall > 0.99
    other = agreement(cloud, as_vectors(np.random.default_rng(2).normal(size=(120, 3))))
    assert other.overall == pytest.approx(other.by_chance, abs=0.04)
    assert other.points.mean() == pytest.approx(other.overall)


def test_agreement_is_per_record(cloud):
    half = cloud.copy(deep=True)
    half[60:] = np.random.default_rng(3).normal(size=(60, 6)) + 50
    moved = cloud.copy(deep=True)
    moved[60:] = np.random.default_rng(4).normal(size=(60, 6)) + 50
    points = agreement(half, moved, neighbours=5).points
    assert (points[:60] == 1).all()
    assert points[60:].mean() < 0.4
    half[0] = np.nan
    assert np.isnan(agreement(half, moved).points[0])
    with pytest.raises(SignalError, match="3 records in both"):
        agreement(cloud.isel(record=slice(3)), cloud)


def test_twins_are_each_others_neighbours():
    twins = as_vectors(np.repeat(np.arange(10.0)[:, None], 12, axis=0))
    assert agreement(twins, twins).overall == 1


def test_a_device_that_explains_the_map_is_flagged_and_a_random_one_is_not(cloud):
    rng = np.random.default_rng(5)
    device = rng.integers(0, 2, size=120)
    cloud[:, 0] += 6 * device
    origins = pd.DataFrame(
        {
            "device": np.where(device, "A", "B"),
            "site": rng.choice(["north", "south"], size=120),
            "rate": 250 + 250 * device,
            "quality": rng.normal(size=120),
            "only": "one",
        },
        index=cloud["record"].values,
    )
    table = drift(cloud, origins.sample(frac=1, random_state=0))
    assert table["flagged"].to_dict() == {
        "device": True,
        "site": False,
        "rate": True,
        "quality": False,
        "only": False,
    }
    assert table.loc["device", "purity"] > 0.95
    assert table.loc["device", "expected"] == pytest.approx(0.5, abs=0.05)
    assert table.loc["device", "p"] == pytest.approx(1 / 200)
    assert np.isnan(table.loc["only", "p"])


def test_records_of_unknown_origin_are_left_out(cloud):
    origins = pd.DataFrame({"device": ["A", "B", "", None] * 30}, index=cloud["record"].values)
    assert drift(cloud, origins).loc["device", "records"] == 60
    with pytest.raises(SignalError, match="0 records"):
        drift(cloud, origins.replace({"A": "", "B": ""}))


def test_a_stranger_is_novel_and_one_of_the_cohort_is_not(cloud):
    novelty = Novelty.fit(cloud)
    rng = np.random.default_rng(6)
    usual = novelty.score(as_vectors(rng.normal(size=(400, 6))))
    assert usual["mahalanobis_percentile"].mean() == pytest.approx(50, abs=8)
    # a new record has no twin in the cohort either
    assert usual["distance_percentile"].mean() == pytest.approx(50, abs=8)
    far = novelty.score(as_vectors([[9.0] * 6, [np.nan] * 6]))
    assert far["distance_percentile"][0] == far["mahalanobis_percentile"][0] == 100
    assert far["mahalanobis"][0] > usual["mahalanobis"].max()
    assert far.isel(record=1).to_array().isnull().all()


def test_the_covariance_is_shrunk_as_scikit_learn_shrinks_it(cloud):
    from sklearn.covariance import ledoit_wolf

    from ecgomics.latent.novelty import _shrunken_covariance

    points = cloud.values[:20].astype(np.float64)
    centred = points - points.mean(axis=0)
    np.testing.assert_allclose(_shrunken_covariance(centred), ledoit_wolf(centred)[0], rtol=1e-4, atol=1e-6)
    with pytest.raises(SignalError, match="3 records"):
        Novelty.fit(cloud.isel(record=slice(3)))
