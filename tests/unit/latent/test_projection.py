import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from ecgomics.errors import SettingsError, SignalError
from ecgomics.latent import Embedding, Projection
from ecgomics.settings import ProjectionSettings


def blobs(size=150, dim=20, seed=0):
    rng = np.random.default_rng(seed)
    kinds = np.arange(size) % 3
    points = 6 * np.eye(3, dim)[kinds] + rng.normal(size=(size, dim))
    return as_vectors(points), kinds


def as_vectors(points, prefix="r"):
    names = [f"{prefix}{number}" for number in range(len(points))]
    return xr.DataArray(points.astype(np.float32), dims=("record", "latent"), coords={"record": names})


@pytest.fixture(scope="session")
def fitted():
    """One UMAP fit for all the tests: the first in a process compiles for seconds."""
    vectors, kinds = blobs()
    return Projection.fit(vectors), vectors, kinds


def same_kind(coordinates, kinds):
    distance = np.square(coordinates[:, None] - coordinates).sum(axis=-1)
    np.fill_diagonal(distance, np.inf)
    return (kinds[np.argsort(distance, axis=1)[:, :5]] == kinds[:, None]).mean()


def test_groups_part_on_the_map_and_it_says_how_far_to_trust_it(fitted):
    projection, _, kinds = fitted
    assert projection.method == "umap"
    assert projection.map.dims == ("record", "axis")
    assert same_kind(projection.coordinates, kinds) > 0.98
    figure = projection.trust()
    assert figure.trustworthiness > 0.8
    assert figure.continuity > 0.8


def test_the_same_seed_gives_the_same_map(fitted):
    projection, vectors, _ = fitted
    np.testing.assert_array_equal(Projection.fit(vectors).coordinates, projection.coordinates)
    other = Projection.fit(vectors, ProjectionSettings(seed=1))
    assert not np.array_equal(other.coordinates, projection.coordinates)


def test_fitted_records_stay_where_they_are(fitted):
    projection, vectors, _ = fitted
    np.testing.assert_allclose(projection.transform(vectors), projection.map, atol=1e-5)


def test_twins_keep_their_own_places():
    vectors, _ = blobs(size=40)
    vectors[7] = vectors[3]
    projection = Projection.fit(vectors)
    assert not np.array_equal(projection.coordinates[3], projection.coordinates[7])
    np.testing.assert_allclose(projection.transform(vectors), projection.map, atol=1e-5)


def test_a_map_shares_a_node_with_the_embedding_it_shows(fitted):
    projection, vectors, _ = fitted
    coverage = xr.DataArray(np.ones(150, dtype=np.float32), dims="record", coords={"record": vectors["record"]})
    fit = xr.Dataset({"weights": ("weight", [1.0, 2.0])}, attrs={"meta": "{}"})
    embedding = Embedding(vectors, coverage, "some", {"version": 1}, fit)
    node = xr.merge(
        [
            embedding.to_dataset(),
            projection.to_dataset(),
            projection.map.to_dataset(name="map"),
            projection.trust_of(vectors["record"])[["map_trust"]].drop_attrs(),
        ],
        combine_attrs="no_conflicts",
    )
    assert Embedding.from_dataset(node).fit.identical(fit)
    np.testing.assert_array_equal(Projection.from_dataset(node).transform(vectors), projection.transform(vectors))


def test_new_records_land_among_their_own_whatever_comes_with_them(fitted):
    projection, _, kinds = fitted
    new, new_kinds = blobs(size=60, seed=9)
    placed = projection.transform(new)
    distance = np.square(placed.values[:, None] - projection.coordinates).sum(axis=-1)
    assert (kinds[np.argmin(distance, axis=1)] == new_kinds).mean() > 0.95
    alone = projection.transform(new.isel(record=[17]))
    np.testing.assert_allclose(alone[0], placed[17], atol=1e-5)


def test_a_stored_map_places_records_without_umap_and_without_pickle(fitted, tmp_path):
    projection, _, _ = fitted
    new, _ = blobs(size=9, seed=3)
    projection.to_dataset().to_netcdf(tmp_path / "map.nc")
    new.to_netcdf(tmp_path / "new.nc")
    script = f"""
import sys, xarray as xr
from ecgomics.latent import Projection
stored = Projection.from_dataset(xr.load_dataset({str(tmp_path / "map.nc")!r}))
placed = stored.transform(xr.load_dataarray({str(tmp_path / "new.nc")!r}))
assert not {{"umap", "torch", "sklearn", "numba"}} & set(sys.modules), "a stored map must not need them"
placed.to_netcdf({str(tmp_path / "placed.nc")!r})
"""
    subprocess.run([sys.executable, "-c", script], check=True)
    np.testing.assert_array_equal(xr.load_dataarray(tmp_path / "placed.nc"), projection.transform(new))


def test_weights_are_umaps_own(fitted):
    _, vectors, _ = fitted
    from umap.umap_ import fuzzy_simplicial_set

    from ecgomics.latent.fuzzy import graph, strengths, widths
    from ecgomics.latent.neighbours import nearest_rows

    points = vectors.values.astype(np.float64)
    position, distance = nearest_rows(points, points, k=15)
    sigma, rho = widths(distance)
    ours = graph(position, strengths(distance, sigma, rho))
    peer, peer_sigma, peer_rho = fuzzy_simplicial_set(
        points, 15, np.random.RandomState(0), "euclidean", knn_indices=position, knn_dists=distance
    )
    np.testing.assert_allclose(sigma, peer_sigma, rtol=1e-3)
    np.testing.assert_allclose(rho, peer_rho, rtol=1e-5)
    assert abs(ours - peer).max() < 1e-3


def test_pca_maps_are_the_first_components():
    vectors, _ = blobs()
    projection = Projection.fit(vectors, ProjectionSettings(method="pca", axes=3))
    centred = vectors.values - vectors.values.mean(axis=0)
    left, size, _ = np.linalg.svd(centred.astype(np.float64), full_matrices=False)
    np.testing.assert_allclose(np.abs(projection.coordinates), np.abs(left[:, :3] * size[:3]), atol=1e-4)
    assert projection.map["axis"].values.tolist() == ["x", "y", "z"]
    np.testing.assert_allclose(projection.transform(vectors), projection.map, atol=1e-5)
    again = Projection.from_dataset(projection.to_dataset())
    assert again.settings.as_dict() == projection.settings.as_dict()
    np.testing.assert_array_equal(again.coordinates, projection.coordinates)


def test_records_without_a_vector_are_left_out_and_have_no_place():
    vectors, _ = blobs(size=30)
    vectors[4] = np.nan
    projection = Projection.fit(vectors, ProjectionSettings(method="pca"))
    assert "r4" not in projection.record
    placed = projection.transform(vectors)
    assert placed.sel(record="r4").isnull().all()
    assert placed.notnull().all(dim="axis").sum() == 29


def test_a_handful_of_records_gets_a_pca_map():
    vectors, _ = blobs(size=10)
    assert Projection.fit(vectors).method == "pca"
    with pytest.raises(SignalError, match="3 records with a vector"):
        Projection.fit(vectors.isel(record=slice(3)))


def test_vectors_on_a_line_still_have_two_axes():
    line = as_vectors(np.outer(np.arange(8.0), np.ones(5)))
    assert Projection.fit(line).coordinates.shape == (8, 2)


def test_vectors_of_another_encoder_are_refused():
    projection = Projection.fit(blobs(size=30)[0], ProjectionSettings(method="pca"))
    with pytest.raises(SignalError, match="vectors of 7 numbers"):
        projection.transform(blobs(dim=7)[0])
    with pytest.raises(SignalError, match="dims"):
        projection.transform(blobs()[0].rename(latent="feature"))
    with pytest.raises(SignalError, match="without a fitted map"):
        Projection.from_dataset(xr.Dataset())


def test_tsne_parts_the_groups_repeats_itself_and_places_new_records(fitted):
    _, vectors, kinds = fitted
    settings = ProjectionSettings(method="tsne", epochs=80)
    shares = []
    projection = Projection.fit(vectors, settings, progress=shares.append)
    assert projection.method == "tsne"
    assert same_kind(projection.coordinates, kinds) > 0.98
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    np.testing.assert_array_equal(Projection.fit(vectors, settings).coordinates, projection.coordinates)
    stored = Projection.from_dataset(projection.to_dataset())
    assert "openTSNE" in stored.versions
    np.testing.assert_allclose(stored.transform(vectors), projection.map, atol=1e-5)


def test_tsne_without_its_library_says_what_to_install(fitted, monkeypatch):
    monkeypatch.setitem(sys.modules, "openTSNE", None)
    with pytest.raises(SettingsError, match=r"openTSNE.*extra `latent`"):
        Projection.fit(fitted[1], ProjectionSettings(method="tsne"))


def test_a_map_drawn_with_labels_parts_them_and_says_so(fitted):
    """Labels that the vectors do not tell: only the supervised map parts them."""
    vectors = fitted[1]
    text = np.where(np.arange(150) % 2, "odd", "even").astype(object)
    text[:6] = ""
    labels = xr.DataArray(text, dims="record", coords={"record": vectors["record"]})
    settings = ProjectionSettings(supervision=0.9)
    told = Projection.fit(vectors, settings, labels=labels)
    parity = np.arange(150) % 2
    assert same_kind(told.coordinates[6:], parity[6:]) > 0.9
    assert same_kind(fitted[0].coordinates, parity) < 0.7
    assert Projection.from_dataset(told.to_dataset()).told == ("even", "odd")
    assert told.trust_of(vectors["record"]).attrs["supervised"] == "even, odd"
    with pytest.raises(SettingsError, match="labels for a map by 'pca'"):
        Projection.fit(vectors, ProjectionSettings(method="pca"), labels=labels)


@pytest.mark.parametrize("method", ["umap", "tsne", "pca"])
def test_a_map_may_have_three_axes(fitted, method):
    projection = Projection.fit(fitted[1], ProjectionSettings(method=method, axes=3, epochs=20))
    assert projection.map["axis"].values.tolist() == ["x", "y", "z"]
    assert (projection.coordinates.std(axis=0) > 0).all()


def test_trust_is_stored_beside_the_map_by_record(fitted):
    projection = fitted[0]
    beside = projection.trust_of(["r3", "new", "r1"])
    figure = projection.trust()
    np.testing.assert_allclose(beside["map_trust"], [figure.points[3], np.nan, figure.points[1]], rtol=1e-6)
    assert beside.attrs["trustworthiness"] == pytest.approx(figure.trustworthiness)
    assert beside.attrs["neighbours"] == 15
    assert beside.attrs["supervised"] == ""
