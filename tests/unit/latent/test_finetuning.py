"""Training an encoder on to tell a label, and what it scores on patients it never saw."""

import numpy as np
import pytest
import xarray as xr

from ecgomics.errors import FormatError, SignalError
from ecgomics.latent import Encoder, finetune
from ecgomics.latent.finetuning import _Split
from ecgomics.latent.scores import auc, average_precision, scores
from ecgomics.latent.shipped import opened
from ecgomics.settings import LatentSettings

SHORT = LatentSettings(steps=60, batch=16, view_s=4.0, learning_rate=1e-3, patience=3, check_every=20, held_out=0.2)
BRIEF = LatentSettings(**(SHORT.as_dict() | {"steps": 6, "patience": 0}))


@pytest.fixture(scope="module")
def carries(kinds):
    """The records whose T wave is upside down."""
    return {f"r{number:02d}": bool(kind == 1) for number, kind in enumerate(kinds)}


@pytest.fixture(scope="module")
def tuned(signal, carries):
    return finetune(signal, carries, start=opened(), label="made-up:inverted", settings=SHORT)


def test_it_tells_the_label_on_patients_it_never_saw(tuned):
    head = tuned.meta["head"]
    assert head["label"] == "made-up:inverted"
    value, low, high = head["scores"]["auc"]
    assert value > 0.9
    assert 0 <= low <= value <= high <= 1
    assert tuned.meta["records"] == {
        "learned": {"records": 45, "with the label": 15},
        "test": {"records": 15, "with the label": 5},
    }
    assert tuned.meta["started_from"]["checksum"] == opened().meta["checksum"]


def test_its_vectors_tell_the_probability(tuned, signal, carries):
    embedding = tuned.embed(signal)
    found = tuned.probability(embedding.vectors)
    truth = np.array([carries[name] for name in found["record"].values.tolist()])
    assert ((found >= 0) & (found <= 1)).all()
    assert found.values[truth].mean() > found.values[~truth].mean() + 0.2
    with pytest.raises(SignalError, match="taught no label"):
        opened().probability(embedding.vectors)


def test_it_is_kept_in_a_file_like_any_encoder(tuned, tmp_path):
    again = Encoder.load(tuned.save(tmp_path / "tells.npz"))
    assert again.meta == tuned.meta
    np.testing.assert_array_equal(again.weights, tuned.weights)


def test_the_same_seed_gives_the_same_weights_and_a_stopped_run_goes_on_to_them(signal, carries, tmp_path):
    told = {"start": opened(), "label": "made-up:inverted"}
    longer = LatentSettings(**(BRIEF.as_dict() | {"steps": 52}))
    whole = finetune(signal, carries, settings=longer, **told)

    def stop(step, steps, loss):
        if step == 51:
            raise KeyboardInterrupt

    path = tmp_path / "state"
    with pytest.raises(KeyboardInterrupt):
        finetune(signal, carries, settings=longer, progress=stop, checkpoint=path, **told)
    resumed = finetune(signal, carries, settings=longer, checkpoint=path, **told)
    np.testing.assert_array_equal(resumed.weights, whole.weights)
    assert resumed.meta["head"] == whole.meta["head"]
    other = {name: not yes for name, yes in carries.items()}
    with pytest.raises(FormatError, match="another training"):
        finetune(signal, other, settings=longer, checkpoint=path, **told)


def test_nobody_is_learned_from_and_judged_on():
    record = [f"r{number}" for number in range(200)]
    patient = {name: f"p{number // 5}" for number, name in enumerate(record)}
    carries = {name: number % 5 == 0 and number < 100 for number, name in enumerate(record)}
    split = _Split.of(record, carries, patient, seed=0)
    learned, test = ({patient[record[row]] for row in rows} for rows in (split.learned, split.test))
    assert not learned & test
    assert len(learned | test) == 40
    assert sum(carries[record[row]] for row in split.test) == 5


def test_too_few_with_the_label_are_refused(signal, carries):
    few = carries | {name: False for name in list(carries)[7:]}
    with pytest.raises(SignalError, match="2 patients with the label"):
        finetune(signal, few, start=opened(), label="made-up:rare", settings=BRIEF)


def test_records_nobody_spoke_of_are_left_out(signal, carries):
    fewer = {name: yes for number, (name, yes) in enumerate(carries.items()) if number < 48}
    found = finetune(signal, fewer, start=opened(), label="made-up:inverted", settings=BRIEF)
    assert sum(part["records"] for part in found.meta["records"].values()) == 48


def test_scores_are_those_of_scikit_learn():
    from sklearn.metrics import average_precision_score, roc_auc_score

    rng = np.random.default_rng(0)
    truth = rng.random(80) < 0.3
    guess = np.round(np.clip(0.3 * truth + rng.random(80) * 0.7, 0, 1), 1)
    assert auc(guess, truth) == pytest.approx(roc_auc_score(truth, guess))
    assert average_precision(guess, truth) == pytest.approx(average_precision_score(truth, guess))
    found = scores(guess, truth, patient=np.arange(80).astype(str))
    for value, low, high in found.values():
        assert low <= value <= high
    # the same recordings ten times over are no more patients
    again = scores(np.tile(guess, 10), np.tile(truth, 10), patient=np.tile(np.arange(80), 10).astype(str))
    width = found["auc"][2] - found["auc"][1]
    assert again["auc"][2] - again["auc"][1] == pytest.approx(width, rel=0.25)
    none = scores(guess, np.zeros(80, dtype=bool), patient=np.arange(80).astype(str))
    assert all(np.isnan(none["auc"]))


def test_inputs_are_left_as_they_were(signal, carries):
    before = signal.copy(deep=True), dict(carries)
    finetune(signal, carries, start=opened(), label="made-up:inverted", settings=BRIEF)
    xr.testing.assert_identical(signal, before[0])
    assert carries == before[1]
