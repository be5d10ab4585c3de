import numpy as np
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ecgomics.latent import Recipe
from ecgomics.latent.fuzzy import strengths, widths
from ecgomics.latent.neighbours import nearest_rows

points = st.integers(3, 40).flatmap(
    lambda rows: arrays(np.float64, (rows, 3), elements=st.integers(-9999, 9999).map(lambda x: x / 100))
)


@given(points, st.integers(1, 10))
@settings(max_examples=60, deadline=None)
def test_neighbours_are_those_of_the_whole_distance_table(cloud, k):
    position, distance = nearest_rows(cloud, cloud, k=k)
    k = min(k, len(cloud))
    table = np.sqrt(np.square(cloud[:, None] - cloud).sum(axis=-1))
    np.testing.assert_allclose(distance, np.sort(table, axis=1)[:, :k], atol=1e-9)
    np.testing.assert_allclose(distance, np.take_along_axis(table, position, axis=1), atol=1e-9)
    assert (distance[:, 0] == 0).all()


@given(points)
@settings(max_examples=60, deadline=None)
def test_memberships_fall_with_distance_from_one_to_zero(cloud):
    distance = nearest_rows(cloud, cloud, k=8)[1]
    weight = strengths(distance, *widths(distance))
    assert np.isfinite(weight).all()
    assert ((weight >= 0) & (weight <= 1)).all()
    assert (np.diff(weight, axis=1) <= 1e-12).all()
    assert (weight[:, 0] == 1).all()


@given(
    arrays(np.float32, (2, 3, 700), elements=st.floats(-20, 20, width=32) | st.just(np.float32(np.nan))),
    st.sampled_from([100.0, 128.0, 360.0, 500.0]),
)
@settings(max_examples=25, deadline=None)
def test_whatever_arrives_the_encoder_sees_finite_bounded_numbers(block, rate):
    ecg = xr.DataArray(
        block,
        dims=("record", "lead", "time"),
        coords={"record": ["a", "b"], "lead": ["V1", "II", "X"]},
        attrs={"rate_hz": rate},
    )
    prepared = Recipe().prepare(ecg)
    assert np.isfinite(prepared.windows).all()
    assert np.abs(prepared.windows).max() <= 5
    assert not prepared.windows[:, :, ~prepared.used.any(axis=0)].any()
    assert ((prepared.weight >= 0) & (prepared.weight <= 1)).all()
