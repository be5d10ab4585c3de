import json

import numpy as np
import pytest
import xarray as xr

from ecgomics.errors import FormatError, SignalError
from ecgomics.latent import Embedding, Encoder, pretrain
from ecgomics.settings import LatentSettings

SHORT = LatentSettings(steps=40, batch=24, view_s=2.0)


BRIEF = LatentSettings(steps=4, batch=24, view_s=2.0)


@pytest.fixture(scope="session")
def training(signal):
    """One training for all the tests, and what it reported."""
    seen = []
    encoder = pretrain(signal, settings=SHORT, progress=lambda *said: seen.append(said))
    return encoder, seen


@pytest.fixture(scope="session")
def encoder(training):
    return training[0]


def test_training_lowers_the_loss_and_reports_each_step(training):
    steps, total, loss = zip(*training[1], strict=True)
    assert list(steps) == list(range(1, 41))
    assert set(total) == {40}
    assert np.mean(loss[-5:]) < 0.9 * np.mean(loss[:5])


def test_the_same_seed_gives_the_same_weights_and_leaves_torchs_own_alone(signal):
    import torch

    first = pretrain(signal, settings=BRIEF)
    torch.manual_seed(5)
    expected = torch.rand(1).item()
    before = torch.get_num_threads()
    torch.manual_seed(5)
    again = pretrain(signal, settings=BRIEF)
    assert torch.rand(1).item() == expected
    assert torch.get_num_threads() == before
    np.testing.assert_array_equal(again.weights, first.weights)
    assert again.meta == first.meta
    other = pretrain(signal, settings=LatentSettings(**(BRIEF.as_dict() | {"seed": 1})))
    assert other.meta["checksum"] != first.meta["checksum"]


def test_vectors_are_standard_finite_and_part_the_shapes(signal, encoder, kinds):
    embedding = encoder.embed(signal)
    vectors = embedding.vectors.values
    assert vectors.shape == (60, 256)
    np.testing.assert_allclose(vectors.mean(axis=0), 0, atol=0.02)
    distance = np.square(vectors[:, None] - vectors).sum(axis=-1)
    np.fill_diagonal(distance, np.inf)
    neighbours = np.argsort(distance, axis=1)[:, :5]
    assert (kinds[neighbours] == kinds[:, None]).mean() > 0.8
    assert (embedding.coverage == 1).all()


def test_a_records_vector_does_not_depend_on_its_company(signal, encoder):
    whole = encoder.embed(signal).vectors
    blocks = encoder.embed([signal.isel(record=slice(7)), signal.isel(record=slice(7, 9))]).vectors
    np.testing.assert_allclose(blocks, whole[:9], atol=1e-4)
    np.testing.assert_allclose(encoder.embed(signal.isel(record=5)).vectors[0], whole[5], atol=1e-4)


def test_missing_leads_and_records_are_told(signal, encoder):
    block = signal.isel(record=[0, 1]).copy(deep=True)
    block[0, 6:] = np.nan
    block[1] = np.nan
    embedding = encoder.embed(block)
    assert np.isfinite(embedding.vectors[0]).all()
    assert embedding.vectors[1].isnull().all()
    np.testing.assert_allclose(embedding.coverage, [0.5, 0.0])


def test_it_goes_through_a_file_and_through_the_store(signal, encoder, tmp_path):
    loaded = Encoder.load(encoder.save(tmp_path / "small.npz"))
    assert [path.name for path in tmp_path.iterdir()] == ["small.npz"]
    embedding = encoder.embed(signal)
    stored = Encoder.from_dataset(Embedding.from_dataset(embedding.to_dataset()).fit)
    for other in (loaded, stored):
        np.testing.assert_array_equal(other.weights, encoder.weights)
        assert other.meta == encoder.meta
        np.testing.assert_array_equal(other.embed(signal).vectors, embedding.vectors)


def test_the_card_says_how_it_was_made(encoder):
    meta = json.loads(json.dumps(encoder.meta))
    assert meta["name"] == encoder.name == "ecgomics-small"
    assert meta["recipe"]["rate_hz"] == encoder.recipe.rate_hz == 100
    assert meta["settings"] == SHORT.as_dict()
    assert meta["trained_on"]["records"] == 60
    assert encoder.weights.size < 2_000_000
    assert encoder.weights.nbytes < 8_000_000


def test_damaged_and_hostile_files_are_refused(encoder, tmp_path):
    class Hostile:
        def __reduce__(self):
            return (tmp_path / "owned").touch, ()

    good = encoder.save(tmp_path / "good.npz").read_bytes()
    bad = tmp_path / "bad.npz"
    for content in (b"", b"PK", good[: len(good) // 2], b"not an encoder"):
        bad.write_bytes(content)
        with pytest.raises(FormatError):
            Encoder.load(bad)
    np.savez(bad, weights=np.array([Hostile()], dtype=object), meta=np.array("{}"))
    with pytest.raises(FormatError):
        Encoder.load(bad)
    assert not (tmp_path / "owned").exists()
    np.savez(bad, weights=encoder.weights + 1, meta=np.array(json.dumps(encoder.meta)))
    with pytest.raises(FormatError, match="checksum"):
        Encoder.load(bad)


def test_weights_of_another_network_are_refused(signal, encoder):
    other = Encoder(encoder.weights, encoder.meta | {"network": {"leads": 12, "widths": [8, 8], "kernel": 7}})
    with pytest.raises(FormatError, match="weights for a network of"):
        other.embed(signal)


def test_raising_from_the_callback_cancels(signal):
    class Stop(Exception):  # noqa: N818
        pass

    def progress(step, steps, loss):
        if step == 2:
            raise Stop

    with pytest.raises(Stop):
        pretrain(signal, settings=SHORT, progress=progress)


def test_few_records_are_refused_and_a_batch_never_holds_a_record_twice(signal):
    with pytest.raises(SignalError, match="7 records with a usable lead"):
        pretrain(signal.isel(record=slice(7)))
    long = xr.concat([signal.isel(record=slice(9))] * 2, dim="time").assign_attrs(signal.attrs)
    assert pretrain(long, settings=LatentSettings(steps=2)).meta["trained_on"]["records"] == 9

    from ecgomics.latent.material import Order

    order = Order(["a", "a", "a", "b", "c", "d"], seed=0)
    for _ in range(20):
        drawn = order.draw(3)
        assert len({("a", "a", "a", "b", "c", "d")[number] for number in drawn}) == 3


def test_an_ended_training_goes_on_from_its_checkpoint_to_the_same_weights(signal, tmp_path):
    settings = LatentSettings(**(BRIEF.as_dict() | {"steps": 70, "batch": 8}))
    whole = pretrain(signal, settings=settings)

    class Killed(Exception):  # noqa: N818
        pass

    def kill(step, steps, loss):
        if step == 55:
            raise Killed

    file = tmp_path / "state.npz"
    with pytest.raises(Killed):
        pretrain(signal, settings=settings, progress=kill, checkpoint=file)
    steps = []
    again = pretrain(signal, settings=settings, progress=lambda step, *_: steps.append(step), checkpoint=file)
    assert steps[0] == 51
    np.testing.assert_array_equal(again.weights, whole.weights)
    with pytest.raises(FormatError, match="another training"):
        pretrain(signal.isel(record=slice(30)), settings=settings, checkpoint=file)
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(FormatError, match="damaged checkpoint"):
        pretrain(signal, settings=settings, checkpoint=file)


def test_training_stops_when_nothing_gets_better(signal):
    seen = []
    settings = LatentSettings(
        steps=500, batch=8, view_s=2.0, learning_rate=1e-6, patience=2, check_every=3, held_out=0.2
    )
    encoder = pretrain(signal, settings=settings, progress=lambda step, *_: seen.append(step))
    assert seen[-1] < 500
    assert np.isfinite(encoder.embed(signal).vectors).all()


def test_half_precision_is_told_and_close(signal, encoder):
    exact, fast = encoder.embed(signal), encoder.embed(signal, precision="bfloat16")
    assert fast.meta["precision"] == "bfloat16"
    likeness = (exact.vectors * fast.vectors).sum("latent") / (
        np.sqrt((exact.vectors**2).sum("latent")) * np.sqrt((fast.vectors**2).sum("latent"))
    )
    assert likeness.min() > 0.98
