"""From an embedding to biomarkers and back: probe, residual, clusters, attribution."""

import numpy as np
import pytest
import xarray as xr

from ecgomics.errors import SignalError
from ecgomics.latent import Clusters, attribute, carried, clusters, probe, randomised, residual
from ecgomics.latent.shipped import opened
from ecgomics.vocabulary import LEADS

SIZE = 240


def names(count=SIZE):
    return [f"r{number}" for number in range(count)]


def as_vectors(points):
    return xr.DataArray(points.astype(np.float32), dims=("record", "latent"), coords={"record": names(len(points))})


@pytest.fixture(scope="module")
def planted():
    """Vectors of three biomarkers and of a hidden factor that none of them tells."""
    rng = np.random.default_rng(0)
    table = rng.normal(size=(SIZE, 4))
    hidden = rng.random(SIZE) < 0.3
    mix = rng.normal(size=(3, 20))
    vectors = table[:, :3] @ mix + 1.5 * hidden[:, None] * rng.normal(size=20) / 2 + 0.3 * rng.normal(size=(SIZE, 20))
    table[rng.random(table.shape) < 0.05] = np.nan
    values = xr.Dataset(
        {"value": (("record", "biomarker"), table)},
        coords={"record": names(), "biomarker": ["held", "held_too", "held_three", "unheld"]},
    )
    return as_vectors(vectors), values, xr.DataArray(hidden, dims="record", coords={"record": names()})


def auc(scores, label):
    ranks = np.argsort(np.argsort(scores))
    n, m = label.sum(), (~label).sum()
    return (ranks[label].sum() - n * (n - 1) / 2) / (n * m)


def test_the_probe_finds_what_is_held_and_nothing_else(planted):
    vectors, values, _ = planted
    found = probe(vectors, values)
    assert (found["r2"].drop("unheld") > 0.85).all()
    assert found.loc["unheld", "r2"] < 0.1
    assert found.index[-1] == "unheld"


def test_a_patient_is_never_in_training_and_test_at_once(planted):
    """Ten recordings of each patient, and a biomarker that is the patient's identity: nothing to be learned."""
    rng = np.random.default_rng(1)
    who = np.repeat(np.arange(24), 10)
    vectors = as_vectors(rng.normal(size=(24, 40))[who] + 0.01 * rng.normal(size=(SIZE, 40)))
    values = xr.Dataset(
        {"value": (("record", "biomarker"), rng.normal(size=24)[who][:, None])},
        coords={"record": names(), "biomarker": ["identity"]},
    )
    patient = xr.DataArray(who.astype(str), dims="record", coords={"record": names()})
    assert probe(vectors, values, patient=patient)["r2"].item() < 0.2
    assert probe(vectors, values)["r2"].item() > 0.9


def test_without_the_biomarkers_the_hidden_factor_is_left(planted):
    vectors, values, hidden = planted
    left = residual(vectors, values)
    assert 0.3 < left.explained < 1
    assert probe(left.vectors, values)["r2"].max() < 0.1

    def leading(points):
        centred = points - points.mean(axis=0)
        return np.linalg.svd(centred, full_matrices=False)[0][:, 0]

    label = hidden.values
    parted = [max(auc(leading(v.values), label), 1 - auc(leading(v.values), label)) for v in (vectors, left.vectors)]
    assert parted[1] > 0.9
    assert parted[1] > parted[0] + 0.1


def test_records_without_a_vector_stay_without_and_few_are_refused(planted):
    vectors, values, _ = planted
    holed = vectors.copy(deep=True)
    holed[2] = np.nan
    left = residual(holed, values.isel(record=slice(0, 200)))
    assert left.vectors.isnull().all("latent").values.nonzero()[0].tolist() == [2, *range(200, SIZE)]
    with pytest.raises(SignalError, match="9 patients"):
        probe(vectors.isel(record=slice(9)), values)


def test_a_direction_names_the_biomarkers_that_carry_it(planted):
    _, values, hidden = planted
    held = values["value"].sel(biomarker="held").fillna(0.0).drop_vars("biomarker")
    assert carried(held, values).index[0] == "held"
    assert carried(held, values)["correlation"].iloc[0] > 0.99
    told = carried(held > 0, values, count=2)
    assert told.index[0] == "held"
    assert len(told) == 2
    assert abs(carried(hidden, values)["auc"].iloc[0] - 0.5) < 0.15


def test_clusters_are_found_stable_and_described(planted):
    rng = np.random.default_rng(3)
    kind = np.repeat([0, 0, 0, 1, 1, 2], 40)
    vectors = as_vectors(8 * np.eye(3, 12)[kind] + rng.normal(size=(SIZE, 12)))
    values = xr.Dataset(
        {"value": (("record", "biomarker"), np.stack([kind == 1, rng.normal(size=SIZE)], axis=1).astype(float))},
        coords={"record": names(), "biomarker": ["QRS_Dur_Global", "noise"]},
    )
    found = clusters(vectors, resamples=5)
    assert [int((found.label == number).sum()) for number in range(3)] == pytest.approx([120, 80, 40], abs=6)
    assert (found.stability > 0.9).all()
    told = found.describe(values)
    assert told.loc[1, "text"].startswith("QRS_Dur_Global high (AUC")
    assert found.label.equals(clusters(vectors, resamples=5).label)
    assert str(found).startswith("3 clusters of ")
    assert "3 of them stable" in str(found)
    with pytest.raises(SignalError, match="15 records"):
        clusters(vectors.isel(record=slice(15)))


def test_a_shapeless_cloud_has_no_stable_clusters():
    found = clusters(as_vectors(np.random.default_rng(4).normal(size=(SIZE, 8))), resamples=5)
    assert not (found.stability > 0.75).any()
    none = Clusters(found.label.where(False, -1), np.empty(0))
    assert str(none).startswith(f"no cluster: the {SIZE} records")


def test_attribution_sums_to_the_difference_and_depends_on_the_weights(signal):
    encoder = opened()
    one = signal.isel(record=0)
    direction = np.random.default_rng(5).normal(size=192)
    found = attribute(encoder, one, direction)
    assert found.dims == ("lead", "time")
    assert found["lead"].values.tolist() == list(LEADS)
    # shares of either sign nearly cancel: the rule's error is told beside their size
    assert float(found.sum()) == pytest.approx(found.attrs["difference"], abs=0.01 * float(np.abs(found).sum()))
    shuffled = attribute(randomised(encoder), one, direction)
    likeness = np.corrcoef(np.abs(found.values).ravel(), np.abs(shuffled.values).ravel())[0, 1]
    assert likeness < 0.9
    none = attribute(encoder, one, direction, baseline=one)
    assert not none.values.any()
    with pytest.raises(SignalError, match="192 numbers"):
        attribute(encoder, one, direction[:5])
