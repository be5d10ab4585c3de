"""Maps drawn with labels, and vectors at the precision asked for."""

from __future__ import annotations

import numpy as np
import pytest

from ecgomics.errors import CohortError
from ecgomics.pipeline import embed, ingest, project
from ecgomics.settings import LatentSettings, ProjectionSettings
from ecgomics.simulate import demo_patients


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    made = ingest(demo_patients(24, seed=3), tmp_path_factory.mktemp("space") / "c.zarr", workers=0, progress=False)
    return made.analyse(workers=0, progress=False).embed(progress=False)


def test_labels_change_the_map_and_are_part_of_what_it_was_drawn_from(cohort):
    settings = ProjectionSettings(neighbours=5, epochs=40)
    project(cohort, settings=settings)
    free = cohort.latent("handmade")["map"].values.copy()
    project(cohort, settings=settings, labels="synthetic")
    told = cohort.latent("handmade")["map"].values.copy()
    assert not np.allclose(free, told)
    before = cohort.generation
    project(cohort, settings=settings, labels="synthetic")
    assert cohort.generation == before


def test_unknown_labels_are_refused(cohort):
    with pytest.raises(CohortError, match="no labels of the system 'nothing'"):
        project(cohort, labels="nothing")


def test_the_precision_asked_for_is_taken_and_told(cohort):
    embed(cohort, encoder="small", settings=LatentSettings(precision="bfloat16"), progress=False)
    half = cohort.latent("ecgomics-small")["vectors"].values.copy()
    embed(cohort, encoder="small", settings=LatentSettings(precision="float32"), progress=False)
    whole = cohort.latent("ecgomics-small")["vectors"].values
    assert not np.array_equal(half, whole)
    assert np.corrcoef(half.ravel(), whole.ravel())[0, 1] > 0.99
