import numpy as np
import pytest

from ecgomics.latent import trust


@pytest.fixture
def points():
    return np.random.default_rng(0).normal(size=(120, 8))


def test_trustworthiness_is_scikit_learns(points):
    from sklearn.manifold import trustworthiness

    figure = trust(points, points[:, :2], neighbours=10)
    assert figure.trustworthiness == pytest.approx(trustworthiness(points, points[:, :2], n_neighbors=10))
    # continuity is trustworthiness with the two spaces exchanged
    assert figure.continuity == pytest.approx(trustworthiness(points[:, :2], points, n_neighbors=10))
    assert figure.points.mean() == pytest.approx(figure.trustworthiness)


def test_a_faithful_map_is_trusted_and_a_random_one_is_not(points):
    faithful = trust(points, points * 3)
    assert (faithful.trustworthiness, faithful.continuity) == (1.0, 1.0)
    assert trust(points, np.random.default_rng(1).normal(size=(120, 2))).trustworthiness < 0.6


def test_large_maps_are_judged_by_a_sample():
    points = np.random.default_rng(2).normal(size=(1500, 3))
    figure = trust(points, points[:, :2])
    assert np.isfinite(figure.points).sum() == 1000
    assert 0.5 < figure.trustworthiness < 1
    whole = trust(points, points[:, :2], looked_at="all")
    assert np.isfinite(whole.points).all()
    seen = np.isfinite(figure.points)
    np.testing.assert_allclose(whole.points[seen], figure.points[seen])


def test_few_records_look_at_fewer_neighbours(points):
    assert trust(points[:7], points[:7]).neighbours == 2
