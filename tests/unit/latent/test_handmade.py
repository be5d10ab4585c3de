import numpy as np
import pytest
import xarray as xr

from ecgomics.errors import SignalError
from ecgomics.latent import Embedding, Handmade, handmade
from ecgomics.settings import LatentSettings
from ecgomics.vocabulary import LEADS


def test_every_number_says_what_it_is(values, template):
    embedding = handmade(values, template)
    names = embedding.vectors["latent"].values.tolist()
    assert names[:3] == ["PR_Int_Global", "QRS_Dur_Global", "R_Amp_I"]
    assert names[-1] == "Beat_PC15"
    # what tells the recording's quality, or nothing at all, is left out
    assert not {"Quality_Global", "Always_Global"} & set(names)
    assert np.isfinite(embedding.vectors).all()


def test_biomarkers_and_beats_share_the_variance(values, template):
    vectors = handmade(values, template, settings=LatentSettings(beat_share=0.3)).vectors
    beats = vectors["latent"].str.startswith("Beat")
    variance = vectors.var("record")
    assert variance.sum() == pytest.approx(1.0, rel=1e-3)
    assert variance[beats].sum() == pytest.approx(0.3, rel=1e-3)


def test_twelve_leads_do_not_outvote_a_global_measurement(values, template):
    weight = Handmade.fit(values, template).scaling["weight"].to_series()
    assert weight["R_Amp_V1"] / weight["QRS_Dur_Global"] == pytest.approx(12**-0.25)


def test_many_measures_of_one_thing_do_not_outvote_the_rest():
    """Thirty ways to say the rate, and one column of QRS and T each: the rhythm keeps its twentieth."""
    rng = np.random.default_rng(4)
    rate = rng.normal(size=200)
    columns = {f"HR_{number}_Global": rate + 0.1 * rng.normal(size=200) for number in range(30)}
    columns |= {name: rng.normal(size=200) for name in ("PR_Int_Global", "QRS_Dur_Global", "QT_Int_Global")}
    table = xr.Dataset(
        {"value": (("record", "biomarker"), np.stack(list(columns.values()), axis=1))},
        coords={"record": [f"r{number}" for number in range(200)], "biomarker": list(columns)},
    )
    empty = xr.Dataset(
        {"beat_mv": (("record", "lead", "offset"), np.empty((0, 12, 5)))},
        coords={"record": np.array([], dtype=str), "lead": list(LEADS), "offset": np.arange(5) / 100},
    )
    vectors = handmade(table, empty).vectors
    variance = vectors.var("record").to_series()
    share = variance / variance.sum()
    assert share[[name for name in columns if name.startswith("HR")]].sum() == pytest.approx(0.05, rel=0.01)
    assert share["QRS_Dur_Global"] == pytest.approx(0.45, rel=0.01)
    assert share["QT_Int_Global"] == pytest.approx(0.42, rel=0.01)


def test_an_extreme_value_counts_but_does_not_decide(values, template):
    fitted, changed = Handmade.fit(values, template), values.copy(deep=True)
    place = values["biomarker"].values.tolist().index("QRS_Dur_Global")
    moved = []
    for far in (200.0, 2000.0, 20_000.0):
        changed["value"][0, place] = far
        moved.append(float(fitted.transform(changed, template).vectors.sel(record="r00", latent="QRS_Dur_Global")))
    assert 0 < moved[0] < moved[1] <= moved[2] < 10 * moved[0]


def test_a_fit_of_another_version_is_refused(values, template):
    stored = Handmade.fit(values, template).to_dataset().assign_attrs(version=1)
    with pytest.raises(SignalError, match="version 1"):
        Handmade.from_dataset(stored)


def test_shapes_part_in_the_beat_components(values, template, kinds):
    vectors = handmade(values, template).vectors
    beats = vectors.isel(latent=vectors["latent"].str.startswith("Beat").values).values
    centres = np.stack([beats[kinds == kind].mean(axis=0) for kind in range(3)])
    nearest = np.argmin(np.square(beats[:, None] - centres).sum(axis=-1), axis=1)
    assert (nearest == kinds).all()


def test_new_records_are_transformed_not_fitted(values, template):
    fitted = Handmade.fit(values.isel(record=slice(40)), template)
    whole = fitted.transform(values, template)
    alone = fitted.transform(values.isel(record=[50]), template)
    np.testing.assert_allclose(alone.vectors[0], whole.vectors.sel(record="r50"), atol=1e-6)
    assert handmade(values, template).vectors.sel(record="r50").values != pytest.approx(alone.vectors[0].values)


def test_the_embedding_and_its_fit_go_through_the_store(values, template, tmp_path):
    embedding = handmade(values, template)
    embedding.to_dataset().to_netcdf(tmp_path / "embedding.nc")
    with xr.open_dataset(tmp_path / "embedding.nc") as stored:
        again = Embedding.from_dataset(stored.load())
    np.testing.assert_array_equal(again.vectors, embedding.vectors)
    assert (again.encoder, again.meta) == ("handmade", embedding.meta)
    placed = Handmade.from_dataset(again.fit).transform(values.isel(record=[3, 4]), template)
    np.testing.assert_allclose(placed.vectors, embedding.vectors[3:5], atol=1e-6)


def test_missing_values_leads_and_beats_count_as_average_and_are_told(values, template):
    values, template = values.fillna(0.0).copy(deep=True), template.copy(deep=True)
    values["value"][0] = np.nan
    template["beat_mv"][1] = np.nan
    template["beat_mv"][2, 3:] = np.nan
    values["value"][3] = np.nan
    template["beat_mv"][3] = np.nan
    embedding = handmade(values, template)
    beats = embedding.vectors["latent"].str.startswith("Beat").values
    assert not embedding.vectors[0, ~beats].any()
    assert not embedding.vectors[1, beats].any()
    assert embedding.vectors[2, beats].any()
    np.testing.assert_allclose(embedding.coverage[:4], [0.1, 0.9, 0.925, 0.0], atol=1e-6)
    assert embedding.vectors[3].isnull().all()


def test_records_join_by_id_whatever_their_order(values, template):
    shuffled = template.isel(record=np.random.default_rng(0).permutation(60))
    np.testing.assert_allclose(handmade(values, shuffled).vectors, handmade(values, template).vectors, atol=1e-6)
    without = handmade(values.fillna(0.0), template.isel(record=slice(30)))
    np.testing.assert_allclose(without.coverage, np.repeat([1.0, 0.9], 30), atol=1e-6)


def test_beats_at_another_rate_lie_at_the_same_place(values, template):
    fitted = Handmade.fit(values, template)
    coarse = template.isel(offset=slice(None, None, 5))
    full = fitted.transform(values, template).vectors.values
    np.testing.assert_allclose(fitted.transform(values, coarse).vectors.values, full, atol=0.15 * np.std(full))


def test_inputs_are_left_as_they_were(values, template):
    before = values.copy(deep=True), template.copy(deep=True)
    handmade(values, template)
    assert values.identical(before[0])
    assert template.identical(before[1])


def test_a_cohort_without_beats_or_without_biomarkers_is_still_embedded(values, template):
    no_beats = handmade(values, template.isel(record=slice(0)))
    assert not any(name.startswith("Beat") for name in no_beats.vectors["latent"].values)
    assert np.isfinite(no_beats.vectors).all()
    no_values = handmade(values.isel(biomarker=slice(0)), template)
    assert no_values.vectors.sizes["latent"] == 15
    assert (no_values.coverage == 1).all()


def test_what_is_no_cohort_is_refused(values, template):
    with pytest.raises(SignalError, match="at least two"):
        handmade(values.isel(record=[0]), template)
    with pytest.raises(SignalError, match="variable value"):
        handmade(template, template)
    with pytest.raises(SignalError, match="expected beat_mv"):
        handmade(values, values)
    with pytest.raises(SignalError, match="without vectors"):
        Embedding.from_dataset(values)
