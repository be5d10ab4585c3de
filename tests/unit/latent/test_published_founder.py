"""ECGFounder against a forward pass written apart from ours: numpy windows and einsum, no torch."""

import os
import zipfile

import numpy as np
import pytest
import torch
import xarray as xr

from ecgomics.errors import EcgomicsError, FormatError, SettingsError
from ecgomics.latent import Published, encoder_named
from ecgomics.vocabulary import LEADS

CHANNELS = (64, 160, 160, 400, 400, 1024, 1024)
BLOCKS = (2, 2, 2, 3, 3, 4, 4)


def published(leads, seed=0):
    """A state dict of the published key layout, with normalisation layers and the classifier, at random."""
    rng = np.random.default_rng(seed)
    state = {}

    def conv(name, out, into, kernel):
        scale = (2 / (into * kernel)) ** 0.5
        state[f"{name}.weight"] = rng.normal(scale=scale, size=(out, into, kernel))
        state[f"{name}.bias"] = rng.normal(scale=0.1, size=out)

    def linear(name, out, into):
        state[f"{name}.weight"] = rng.normal(scale=into**-0.5, size=(out, into))
        state[f"{name}.bias"] = rng.normal(scale=0.1, size=out)

    def norm(name, channels):
        for part in ("weight", "bias", "running_mean", "running_var"):
            state[f"{name}.{part}"] = rng.uniform(1, 2, size=channels)

    conv("first_conv.conv", 64, leads, 16)
    norm("first_bn", 64)
    before = 64
    for stage, (after, count) in enumerate(zip(CHANNELS, BLOCKS, strict=True)):
        for number in range(count):
            path = f"stage_list.{stage}.block_list.{number}"
            norm(f"{path}.bn1", before)
            norm(f"{path}.bn2", after)
            norm(f"{path}.bn3", after)
            conv(f"{path}.conv1.conv", after, before, 1)
            conv(f"{path}.conv2.conv", after, 16, 16)
            conv(f"{path}.conv3.conv", after, after, 1)
            linear(f"{path}.se_fc1", after // 2, after)
            linear(f"{path}.se_fc2", after, after // 2)
            before = after
    linear("dense", 150, 1024)
    return {name: torch.from_numpy(array.astype(np.float32)) for name, array in state.items()}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def swish(x):
    return x * sigmoid(x)


def same_conv(x, weight, bias, *, stride=1, groups=1):
    out, _, kernel = weight.shape
    length = -(-x.shape[1] // stride)
    missing = max(0, (length - 1) * stride + kernel - x.shape[1])
    padded = np.pad(x, ((0, 0), (missing // 2, missing - missing // 2)))
    seen = np.lib.stride_tricks.sliding_window_view(padded, kernel, axis=1)[:, ::stride]
    seen = seen.reshape(groups, x.shape[0] // groups, length, kernel)
    grouped = weight.reshape(groups, out // groups, -1, kernel)
    parts = [np.tensordot(grouped[g], seen[g], axes=([1, 2], [0, 2])) for g in range(groups)]
    return np.concatenate(parts) + bias[:, None]


def reference(state, x):
    """One recording (lead, sample), float64, through the network as the paper describes it."""
    w = {name: tensor.numpy().astype(np.float64) for name, tensor in state.items()}
    lengths = []

    def conv(name, level, **how):
        return same_conv(level, w[f"{name}.conv.weight"], w[f"{name}.conv.bias"], **how)

    level = swish(conv("first_conv", x, stride=2))
    for stage, (after, count) in enumerate(zip(CHANNELS, BLOCKS, strict=True)):
        for number in range(count):
            path = f"stage_list.{stage}.block_list.{number}"
            stride = 2 if number == 0 else 1
            inner = level if stage == number == 0 else swish(level)
            inner = swish(conv(f"{path}.conv1", inner))
            inner = swish(conv(f"{path}.conv2", inner, stride=stride, groups=after // 16))
            inner = conv(f"{path}.conv3", inner)
            squeezed = swish(w[f"{path}.se_fc1.weight"] @ inner.mean(axis=1) + w[f"{path}.se_fc1.bias"])
            inner *= sigmoid(w[f"{path}.se_fc2.weight"] @ squeezed + w[f"{path}.se_fc2.bias"])[:, None]
            if stride == 2:
                even = level if level.shape[1] % 2 == 0 else np.pad(level, ((0, 0), (0, 1)))
                level = np.maximum(even[:, ::2], even[:, 1::2])
            wider = np.zeros_like(inner)
            start = (after - level.shape[0]) // 2
            wider[start : start + level.shape[0]] = level
            level = inner + wider
        lengths.append(level.shape[1])
    return level.mean(axis=1), lengths


@pytest.fixture(scope="module")
def state():
    return published(12)


@pytest.fixture(scope="module")
def file(state, tmp_path_factory):
    path = tmp_path_factory.mktemp("founder") / "12_lead_ECGFounder.pth"
    torch.save({"state_dict": state, "epoch": 3}, path)
    return path


@pytest.fixture(scope="module")
def founder(file):
    return Published.load("ecgfounder", file)


def test_it_agrees_with_a_forward_pass_of_other_primitives(state, founder):
    signal = np.random.default_rng(1).normal(size=(1, 12, 5000)).astype(np.float32)
    expected, lengths = reference(state, signal[0].astype(np.float64))
    assert lengths == [1250, 625, 313, 157, 79, 40, 20]
    found = founder.vectors(signal)[0]
    assert found.shape == (1024,)
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


def test_one_lead_has_a_network_of_its_own(tmp_path, signal):
    state = published(1, seed=2)
    torch.save({f"module.{name}": tensor for name, tensor in state.items()}, tmp_path / "1_lead.pth")
    encoder = encoder_named("ecgfounder-1-lead").open(weights=tmp_path / "1_lead.pth")
    window = np.random.default_rng(3).normal(size=(1, 1, 1000)).astype(np.float32)
    expected, _ = reference(state, window[0].astype(np.float64))
    np.testing.assert_allclose(encoder.vectors(window)[0], expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())
    assert encoder.embed(signal.isel(record=[0])).encoder == "ecgfounder-1-lead"


def test_vectors_say_what_they_were_made_with(founder, signal):
    block = signal.isel(record=[0, 1]).copy(deep=True)
    block[1] = np.nan
    embedding = founder.embed(block)
    assert embedding.vectors.shape == (2, 1024)
    assert np.isfinite(embedding.vectors[0]).all()
    assert embedding.vectors[1].isnull().all()
    assert embedding.meta["checksum"] == founder.checksum
    assert embedding.meta["recipe"]["name"] == "ecgfounder-code"
    # the store keeps the checksum, not the weights
    assert embedding.fit.sizes == {}
    assert embedding.fit.attrs["checksum"] == founder.checksum


def test_another_recipe_gives_other_vectors(founder, file, signal):
    paper = Published.load("ecgfounder", file, recipe="ecgfounder-paper")
    one = signal.isel(record=[0])
    assert not np.allclose(paper.embed(one).vectors, founder.embed(one).vectors, atol=1e-3)
    with pytest.raises(FormatError, match="first_conv"):
        Published.load("ecgfounder", file, recipe="ecgfounder-code-1-lead")


def test_the_recipe_filters_and_standardises_the_whole_array():
    from ecgomics.latent import recipe_named

    recipe = recipe_named("ecgfounder-code")
    time = np.arange(5000) / 500
    waves = np.sin(2 * np.pi * np.array([10.0, 50.0])[:, None] * time) + 3.0
    ecg = xr.DataArray(waves, dims=("lead", "time"), coords={"lead": ["I", "II"]}, attrs={"rate_hz": 500.0})
    window = recipe.prepare(ecg).windows[0, 0]
    assert window.std() == pytest.approx(1, abs=1e-4)
    assert window.mean() == pytest.approx(0, abs=1e-5)
    middle = window[:, 1000:4000]
    assert middle[LEADS.index("II")].std() < 0.05 * middle[LEADS.index("I")].std()


def test_wrong_and_hostile_files_are_refused_and_nothing_in_them_runs(state, file, tmp_path):
    class Hostile:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "owned"),)

    bad = tmp_path / "bad.pth"

    def refused(match):
        with pytest.raises(FormatError, match=match) as error:
            Published.load("ecgfounder", bad)
        assert str(tmp_path) not in str(error.value)

    torch.save({"state_dict": state | {"dense.bias": Hostile()}}, bad)
    refused("code")
    torch.save([1, 2], bad)
    refused("no state dict")
    torch.save({"state_dict": {name: t for name, t in state.items() if "se_fc2" not in name}}, bad)
    refused("without 40 of")
    torch.save({"state_dict": state | {"first_conv.conv.bias": torch.zeros(63)}}, bad)
    refused("first_conv.conv.bias is")
    torch.save({"state_dict": state | {"first_conv.conv.bias": torch.full((64,), torch.nan)}}, bad)
    refused("not finite")
    torch.save({"state_dict": state | {"first_conv.conv.bias": torch.zeros(64, dtype=torch.int32)}}, bad)
    refused("int32")
    whole = file.read_bytes()
    for content in (b"", b"PK\x03\x04", whole[: len(whole) // 2], whole[:-10], b"\x80\x02c" + b"os\nsystem\n"):
        bad.write_bytes(content)
        refused("expected")
    assert not (tmp_path / "owned").exists()


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    bad = tmp_path / "bomb.pth"
    with zipfile.ZipFile(bad, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"0" * 50_000_000)
    with pytest.raises(FormatError, match="compressed"):
        Published.load("ecgfounder", bad)


def test_the_checksum_is_held_and_a_missing_file_is_told(file, founder, tmp_path):
    assert Published.load("ecgfounder", file, checksum=founder.checksum.upper()).checksum == founder.checksum
    with pytest.raises(FormatError, match="checksum"):
        Published.load("ecgfounder", file, checksum="0" * 64)
    with pytest.raises(EcgomicsError, match="cannot be opened"):
        Published.load("ecgfounder", tmp_path / "absent.pth")
    with pytest.raises(SettingsError, match="without its weights"):
        encoder_named("ecgfounder").open()
