"""Figures for notebooks: what they plot is what the tables say."""

from __future__ import annotations

import holoviews as hv
import numpy as np
import pytest

import ecgomics as eg
from ecgomics import pipeline
from ecgomics.dashboards import figures
from ecgomics.errors import CohortError, VocabularyError
from ecgomics.simulate import demo_patients


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    made = pipeline.ingest(
        demo_patients(24, seed=5), tmp_path_factory.mktemp("f") / "c.zarr", workers=0, progress=False
    )
    pipeline.analyse(made, workers=0, progress=False)
    return made


def test_a_volcano_has_one_point_a_biomarker(small):
    contrast = eg.contrast(small, list(small.ids[:10]), adjust=["age"], drawn_on="table")
    figure = figures.volcano(contrast)
    points = [layer for layer in figure if isinstance(layer, hv.Points)]
    table = contrast.table().dropna(subset=["auc_adjusted", "q_adjusted"])
    assert sum(len(layer) for layer in points) == len(table)
    assert {layer.label for layer in points} == set(table["dimension"])
    hv.render(figure)


def test_distributions_count_who_is_known(small):
    group = list(small.ids[:8])
    figure = figures.distributions(small, "QRS_Dur_Global", group=group)
    known = small.biomarkers["value"].sel(biomarker="QRS_Dur_Global").to_series().dropna()
    inside = int(known.index.isin(group).sum())
    assert [layer.label for layer in figure] == [f"group ({inside})", f"rest ({len(known) - inside})"]
    hv.render(figure)


def test_a_wrong_name_is_helped(small):
    with pytest.raises(VocabularyError, match="did you mean 'QRS_Dur_Global'"):
        figures.distributions(small, "QRS_Dur_Globl")
    with pytest.raises(CohortError, match=r"embed|latent"):
        figures.latent_map(small)


def test_a_map_shows_every_record_where_it_lies(small):
    small.embed("handmade", progress=False)
    with pytest.raises(CohortError, match=r"cohort\.project"):
        figures.latent_map(small)
    small.project(encoder="handmade")
    figure = figures.latent_map(small, colour="age")
    place = small.latent("handmade")["map"].to_pandas()
    assert np.allclose(figure.dimension_values("x"), place.iloc[:, 0])
    assert list(figure.dimension_values("age")) == list(small.records["age"].reindex(place.index))
    hv.render(figure)
    with pytest.raises(VocabularyError, match="label, age, sex or a biomarker"):
        figures.latent_map(small, colour="mood")
