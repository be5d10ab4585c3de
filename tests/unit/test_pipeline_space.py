"""Maps drawn with labels, and vectors at the precision asked for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from ecgomics.cohort import blocks, open_cohort
from ecgomics.cohort.progress import Progress, Step
from ecgomics.errors import CohortError
from ecgomics.latent import Encoder
from ecgomics.pipeline import embed, ingest, project, vectors
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


def test_embedding_stopped_half_way_goes_on_from_its_finished_blocks(cohort, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_RECORDS", 4)
    looked, seen = [], []
    real = Encoder.embed

    def counted(self, ecg, **options):
        looked.extend(ecg["record"].values)
        return real(self, ecg, **options)

    def watch(step: Step) -> None:
        seen.append(step)
        if step.done >= 12:
            raise KeyboardInterrupt

    monkeypatch.setattr(Encoder, "embed", counted)
    settings = LatentSettings(seed=5)
    with pytest.raises(KeyboardInterrupt):
        embed(cohort, encoder="small", settings=settings, progress=Progress("quiet", watch))
    assert [step.done for step in seen] == [4, 8, 12]
    assert seen[1].rate > 0
    assert seen[1].left_s > 0
    assert len(looked) == 12
    embed(cohort, encoder="small", settings=settings, progress=Progress("quiet", seen.append))
    assert sorted(set(looked) - {"none"}) == sorted(cohort.ids)
    assert len(looked) == len(cohort) + 1
    assert [step.done for step in seen[3:]] == [16, 20, 24, len(cohort)]
    found = cohort.latent("ecgomics-small")["vectors"].values
    monkeypatch.setattr(blocks, "BLOCK_RECORDS", 24)
    again = embed(cohort, encoder="small", settings=LatentSettings(seed=6), progress=False).latent("small")
    np.testing.assert_allclose(found, again["vectors"].values, atol=1e-5)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot be told to kill")
def test_embedding_killed_half_way_loses_nothing(cohort, monkeypatch):
    code = f"""
        import os, signal
        from ecgomics import pipeline
        from ecgomics.cohort import blocks, open_cohort
        from ecgomics.cohort.progress import Progress
        from ecgomics.settings import LatentSettings
        blocks.BLOCK_RECORDS = 4
        def watch(step):
            if step.done >= 8:
                os.kill(os.getpid(), signal.SIGKILL)
        settings = LatentSettings(seed=7)
        pipeline.embed(open_cohort({str(cohort.path)!r}), encoder="small", settings=settings,
                       progress=Progress("quiet", watch))
    """
    before = cohort.latent("small").load()
    given = {"capture_output": True, "env": {**os.environ, "OMP_NUM_THREADS": "1"}}
    ended = subprocess.run([sys.executable, "-W", "ignore", "-c", textwrap.dedent(code)], **given)
    assert ended.returncode == -signal.SIGKILL
    assert open_cohort(cohort.path).latent("small").load().identical(before)
    monkeypatch.setattr(blocks, "BLOCK_RECORDS", 4)
    seen = []
    embed(cohort, encoder="small", settings=LatentSettings(seed=7), progress=Progress("quiet", seen.append))
    assert [step.done for step in seen] == [12, 16, 20, 24, len(cohort)]


def test_workers_make_the_same_vectors_and_a_long_recording_is_looked_at_in_stretches(cohort, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_RECORDS", 12)
    embed(cohort, encoder="small", settings=LatentSettings(seed=8), workers=0, progress=False)
    here = cohort.latent("small")["vectors"].values.copy()
    embed(cohort, encoder="small", settings=LatentSettings(seed=9), workers=1, progress=False)
    np.testing.assert_array_equal(cohort.latent("small")["vectors"].values, here)
    monkeypatch.setattr(vectors, "STRETCH_S", 10.0)
    given = {"threads": 1, "precision": "float32"}
    network = vectors._opened("ecgomics-small", "", None, "")
    long = np.concatenate([cohort.block(list(cohort.ids[k : k + 1])).values for k in (0, 1, 2)], axis=-1)
    ecg = cohort.block(list(cohort.ids[:1])).isel(time=slice(0, 1))
    ecg = ecg.isel(time=np.zeros(long.shape[-1], dtype=int)).copy(data=long)
    mean, coverage = vectors._vectors(network, ecg, given)
    np.testing.assert_allclose(mean.values[0], here[:3].mean(axis=0), atol=1e-4)
    assert coverage.values == [1.0]
