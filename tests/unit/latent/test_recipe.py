import json

import numpy as np
import pytest
import xarray as xr

from ecgomics.errors import SignalError
from ecgomics.latent import Recipe
from ecgomics.vocabulary import LEADS


def tone(hertz, *, rate=500.0, seconds=10.0):
    time = np.arange(round(seconds * rate)) / rate
    signal = np.sin(2 * np.pi * hertz * time)
    return xr.DataArray(signal[None], dims=("lead", "time"), coords={"lead": ["II"]}, attrs={"rate_hz": rate})


@pytest.mark.parametrize(
    ("hertz", "gain"), [(0.1, 0.0), (1.0, 1.0), (10.0, 1.0), (35.0, 1.0), (50.0, 0.0), (60.0, 0.0)]
)
def test_the_band_is_kept_and_the_rest_is_gone(hertz, gain):
    window = Recipe().prepare(tone(hertz)).windows[0, 0, LEADS.index("II")]
    assert np.std(window[150:-150]) * np.sqrt(2) == pytest.approx(gain, abs=0.03)


@pytest.mark.parametrize("rate", [100.0, 125.0, 250.0, 360.0, 500.0, 1000.0])
def test_every_rate_gives_the_same_picture(rate):
    time = np.arange(1000) / 100
    wave = Recipe().prepare(tone(7.0, rate=rate)).windows[0, 0, 1]
    np.testing.assert_allclose(wave[250:-250], np.sin(2 * np.pi * 7 * time)[250:-250], atol=0.03)


def test_leads_come_in_order_and_missing_ones_are_zero(signal):
    shuffled = signal.isel(lead=[7, 1, 0])
    prepared = Recipe().prepare(shuffled)
    assert prepared.windows.shape == (60, 1, 12, 1000)
    assert prepared.used[0].nonzero()[0].tolist() == [0, 1, 7]
    assert not prepared.windows[:, :, 2].any()
    whole = Recipe().prepare(signal)
    np.testing.assert_array_equal(prepared.windows[:, :, 7], whole.windows[:, :, 7])


def test_flat_and_missing_leads_are_left_out_and_gaps_are_bridged(signal):
    block = signal.isel(record=[0, 1]).copy(deep=True)
    block[0, 3] = np.nan
    block[0, 4] = 0.25
    block[0, 5, 1000:1100] = np.nan
    block[1] = np.nan
    prepared = Recipe().prepare(block)
    assert prepared.used[0].tolist() == [True] * 3 + [False, False] + [True] * 7
    assert prepared.usable.tolist() == [True, False]
    assert np.isfinite(prepared.windows).all()
    assert not prepared.windows[0, 0, 3:5].any()
    clean = Recipe().prepare(signal.isel(record=[0])).windows[0, 0, 5]
    np.testing.assert_allclose(prepared.windows[0, 0, 5, :350], clean[:350], atol=0.05)


def test_short_records_are_padded_and_long_ones_are_cut_into_windows(signal):
    block = xr.concat([signal] * 3, dim="time").isel(record=[0, 1, 2]).copy(deep=True)
    block[1, :, 2000:] = np.nan
    block[2, :, 4000:] = np.nan
    prepared = Recipe().prepare(block)
    assert prepared.windows.shape[:2] == (3, 3)
    np.testing.assert_allclose(prepared.weight, [[1, 1, 1], [0.8, 0, 0], [1, 0.6, 0]], atol=0.01)
    assert not prepared.windows[1, 0, :, 800:].any()


def test_constant_offsets_do_not_matter(signal):
    shifted = (signal.isel(record=[0]) + 3.0).assign_attrs(signal.attrs)
    np.testing.assert_allclose(
        Recipe().prepare(shifted).windows, Recipe().prepare(signal.isel(record=[0])).windows, atol=1e-4
    )


def test_one_record_may_come_alone(signal):
    one = signal.isel(record=4)
    prepared = Recipe().prepare(one)
    assert prepared.record.tolist() == ["r04"]
    np.testing.assert_array_equal(prepared.windows, Recipe().prepare(signal.isel(record=[4])).windows)
    assert Recipe().prepare(one.drop_vars("record")).record.tolist() == ["0"]


def test_a_recipe_goes_through_json():
    recipe = Recipe(version=2, rate_hz=125.0)
    assert Recipe.from_dict(json.loads(json.dumps(recipe.as_dict()))) == recipe


def test_signals_it_cannot_read_are_refused(signal):
    with pytest.raises(SignalError, match="dims"):
        Recipe().prepare(signal.rename(time="beat"))
    with pytest.raises(SignalError, match="none of the leads"):
        Recipe().prepare(signal.assign_coords(lead=[f"x{number}" for number in range(12)]))
