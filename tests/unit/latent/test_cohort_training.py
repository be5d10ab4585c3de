"""Encoders trained on a cohort and kept with it, by the command line and in Python."""

import os
import signal as signals
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ecgomics.cli import main
from ecgomics.cohort import open_cohort
from ecgomics.errors import FormatError, SettingsError
from ecgomics.latent import Encoder, encoder_named, encoders, identity, keep, kept, pretrain_on
from ecgomics.latent.cohort_training import _carries
from ecgomics.latent.shipped import opened
from ecgomics.records import Label, Record
from ecgomics.settings import IngestSettings, LatentSettings
from ecgomics.simulate import draw_patient, simulate

RECORDS = 48
BRIEF = ["--steps", "8", "--batch", "8", "--view-s", "2", "--quiet"]


def recordings():
    """Healthy hearts and left bundle branch blocks, two recordings of every sixth patient."""
    for number in range(RECORDS):
        condition = "lbbb" if number % 2 else "normal"
        patient = draw_patient(condition, seed=number)
        yield Record(
            ecg=simulate(patient, rate_hz=100, seed=number).ecg,
            native_hz=100.0,
            source=f"virtual-{number}",
            patient=f"p{number - (number % 6 == 5) * 2}",
            labels=() if number < 2 else (Label("made-up", condition),),
        )


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    from ecgomics import pipeline

    path = tmp_path_factory.mktemp("training") / "cohort.zarr"
    settings = IngestSettings(rate_hz=100, lockbox_share=0.1)
    pipeline.ingest(recordings(), path, settings=settings, progress=False)
    return path


@pytest.fixture(scope="module")
def tuned(store):
    """One short training for all the tests that only look at what it left."""
    words = ["--label", "made-up:lbbb", *BRIEF, "--logs", str(store.parent / "logs")]
    assert main(["finetune", str(store), *words]) == 0
    return encoder_named("tells-lbbb", store=store)


def test_a_pretrained_encoder_is_kept_listed_and_embeds(store, capsys):
    assert main(["pretrain", str(store), "--name", "mine", *BRIEF]) == 0
    assert "ecgomics embed" in capsys.readouterr().out
    card = next(card for card in encoders(store=store) if card.name == "mine")
    assert identity("mine", store=store) == {"encoder": "mine@1", "weights": card.checksum}
    assert "mine" in (store / "encoders" / "mine.md").read_text()
    assert sorted(path.suffix for path in (store / "encoders").glob("mine*")) == [".md", ".npz"]
    assert main(["embed", str(store), "--encoder", "mine", "--quiet"]) == 0
    cohort = open_cohort(store)
    assert cohort.latent("mine")["vectors"].shape == (RECORDS, card.dim)
    assert main(["check", str(store)]) == 0


def test_a_finetuned_encoder_says_what_it_scored(tuned, store):
    encoder = tuned.open()
    assert isinstance(encoder, Encoder)
    assert set(encoder.meta["head"]["scores"]) == {"auc", "average_precision", "brier"}
    assert tuned.card.labels == ("made-up:lbbb",)
    card = (store / "encoders" / "tells-lbbb.md").read_text()
    assert "label told: made-up:lbbb" in card
    assert "auc" in card
    assert list((store.parent / "logs").glob("events*"))


def test_the_lock_box_and_records_nobody_spoke_of_are_left_out(store):
    cohort = open_cohort(store)
    carries = _carries(cohort, "made-up:lbbb")
    sealed = set(cohort.ids[cohort.sealed].tolist())
    assert sealed
    assert not sealed & set(carries)
    spoken = set(cohort.labels["record"])
    assert set(carries) == spoken - sealed
    assert len(spoken) == RECORDS - 2
    with pytest.raises(SettingsError, match="made-up:lbbb"):
        _carries(cohort, "made-up:lbb")
    with pytest.raises(SettingsError, match="made-up"):
        _carries(cohort, "lbbb")


def test_names_that_are_taken_or_paths_are_refused(store):
    for name in ("small", "handmade", "../escape", "UPPER", ""):
        with pytest.raises(SettingsError, match="encoder of one's own"):
            pretrain_on(open_cohort(store), name=name)
    assert main(["finetune", str(store), "--label", "made-up:lbbb", "--start", "handmade", "--quiet"]) == 2


def test_a_file_under_another_name_or_damaged_is_told(tmp_path):
    keep(tmp_path, opened(), name="mine")
    assert list(kept(tmp_path)) == ["mine"]
    (tmp_path / "encoders" / "mine.npz").rename(tmp_path / "encoders" / "yours.npz")
    with pytest.raises(FormatError, match="another name"):
        kept(tmp_path)
    (tmp_path / "encoders" / "yours.npz").write_bytes(b"no encoder")
    with pytest.raises(FormatError, match="holds no encoder"):
        encoder_named("yours", store=tmp_path)
    # what comes along does not hang on what lies on the shelf
    assert encoder_named("small", store=tmp_path).card.name == "ecgomics-small"


def test_a_training_that_was_killed_goes_on_to_the_same_weights(store):
    cohort = open_cohort(store)
    settings = {"steps": 130, "batch": 8, "view_s": 2.0}
    words = [word for name, value in settings.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    code = "import sys; from ecgomics.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "pretrain", str(store), "--name", "killed", "--quiet", *words]
    process = subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"})
    checkpoint = store / "encoders" / "killed.checkpoint"
    wait_for(checkpoint, process)
    process.send_signal(signals.SIGKILL)
    process.wait(30)
    if (store / "encoders" / "killed.npz").exists():
        pytest.fail("it was done before it could be killed: make it longer")
    seen = []
    chosen = LatentSettings(**settings)
    pretrain_on(cohort, name="killed", settings=chosen, progress=lambda step, *_: seen.append(step))
    assert seen[0] > 50
    assert not checkpoint.exists()
    pretrain_on(cohort, name="whole", settings=chosen)
    first, second = (kept(store)[name].open() for name in ("killed", "whole"))
    np.testing.assert_array_equal(first.weights, second.weights)


def wait_for(path: Path, process: subprocess.Popen) -> None:
    until = time.monotonic() + 120
    while not path.exists():
        assert process.poll() is None, "it ended before it wrote a checkpoint"
        assert time.monotonic() < until
        time.sleep(0.01)
