"""ECG-JEPA and MERL against forward passes written apart from ours, in numpy from what the papers say."""

import math

import numpy as np
import pytest
import torch
import xarray as xr

from ecgomics.errors import FormatError, SettingsError
from ecgomics.latent import Published, encoder_named, recipe_named

DIM, DEPTH, HEADS, PATCH = 768, 12, 16, 50


def jepa_state(leads=8, seed=0):
    """The published key layout, at random, with the parts of training that are not used."""
    rng = np.random.default_rng(seed)
    state = {"pos_embed": rng.normal(scale=0.5, size=(leads * 50, DIM))}

    def linear(name, out, into, bias=True):
        state[f"{name}.weight"] = rng.normal(scale=into**-0.5, size=(out, into))
        if bias:
            state[f"{name}.bias"] = rng.normal(scale=0.1, size=out)

    def norm(name):
        state[f"{name}.weight"] = rng.uniform(0.5, 1.5, size=DIM)
        state[f"{name}.bias"] = rng.normal(scale=0.1, size=DIM)

    linear("W_P", DIM, PATCH)
    for number in range(DEPTH):
        path = f"encoder_blocks.blocks.{number}"
        norm(f"{path}.norm1")
        linear(f"{path}.attn.qkv", 3 * DIM, DIM, bias=False)
        linear(f"{path}.attn.proj", DIM, DIM)
        norm(f"{path}.norm2")
        linear(f"{path}.mlp.fc1", 4 * DIM, DIM)
        linear(f"{path}.mlp.fc2", DIM, 4 * DIM)
    norm("norm")
    return {name: torch.from_numpy(array.astype(np.float32)) for name, array in state.items()}


_ERF = np.vectorize(math.erf)


def jepa_reference(state, x, leads):
    """One recording (lead, 2500), float64; the tokens of `leads` of the eight."""
    w = {name: tensor.numpy().astype(np.float64) for name, tensor in state.items()}

    def normed(name, level):
        level = (level - level.mean(-1, keepdims=True)) / np.sqrt(level.var(-1, keepdims=True) + 1e-5)
        return level * w[f"{name}.weight"] + w[f"{name}.bias"]

    level = np.concatenate([lead.reshape(50, 50) for lead in x]) @ w["W_P.weight"].T + w["W_P.bias"]
    places = np.concatenate([w["pos_embed"][50 * lead : 50 * lead + 50] for lead in leads])
    number = np.arange(len(level))
    hidden = (number[:, None] // 50 != number // 50) & (number[:, None] % 50 != number % 50)
    for block in range(DEPTH):
        path = f"encoder_blocks.blocks.{block}"
        level = level + places
        mixed = normed(f"{path}.norm1", level) @ w[f"{path}.attn.qkv.weight"].T
        heads = []
        for head in range(HEADS):
            q, k, v = (mixed[:, part * DIM + 48 * head : part * DIM + 48 * head + 48] for part in range(3))
            score = np.where(hidden, -np.inf, q @ k.T / math.sqrt(48))
            share = np.exp(score - score.max(-1, keepdims=True))
            heads.append(share / share.sum(-1, keepdims=True) @ v)
        level = level + np.concatenate(heads, axis=1) @ w[f"{path}.attn.proj.weight"].T + w[f"{path}.attn.proj.bias"]
        inner = normed(f"{path}.norm2", level) @ w[f"{path}.mlp.fc1.weight"].T + w[f"{path}.mlp.fc1.bias"]
        inner = 0.5 * inner * (1 + _ERF(inner / math.sqrt(2)))
        level = level + inner @ w[f"{path}.mlp.fc2.weight"].T + w[f"{path}.mlp.fc2.bias"]
    return normed("norm", level).mean(axis=0)


def merl_state(seed=0):
    rng = np.random.default_rng(seed)
    state = {}

    def step(conv, norm, out, into, kernel):
        state[f"{conv}.weight"] = rng.normal(scale=(2 / (into * kernel)) ** 0.5, size=(out, into, kernel))
        state[f"{norm}.weight"] = rng.uniform(0.5, 1.5, size=out)
        state[f"{norm}.bias"] = rng.normal(scale=0.1, size=out)
        state[f"{norm}.running_mean"] = rng.normal(scale=0.1, size=out)
        state[f"{norm}.running_var"] = rng.uniform(0.5, 1.5, size=out)

    step("conv1", "bn1", 64, 12, 7)
    before = 64
    for layer, channels in enumerate((64, 128, 256, 512), start=1):
        for number in range(2):
            path = f"layer{layer}.{number}"
            step(f"{path}.conv1", f"{path}.bn1", channels, before, 3)
            step(f"{path}.conv2", f"{path}.bn2", channels, channels, 3)
            if before != channels:
                step(f"{path}.shortcut.0", f"{path}.shortcut.1", channels, before, 1)
            before = channels
    tensors = {name: torch.from_numpy(array.astype(np.float32)) for name, array in state.items()}
    return tensors | {"bn1.num_batches_tracked": torch.tensor(7), "linear.weight": torch.zeros(4, 512)}


def merl_reference(state, x):
    """One recording (12, sample), float64."""
    w = {name: tensor.numpy().astype(np.float64) for name, tensor in state.items()}

    def step(conv, norm, level, stride=1):
        weight = w[f"{conv}.weight"]
        reach = weight.shape[-1] // 2
        padded = np.pad(level, ((0, 0), (reach, reach)))
        seen = np.lib.stride_tricks.sliding_window_view(padded, weight.shape[-1], axis=1)[:, ::stride]
        level = np.tensordot(weight, seen, axes=([1, 2], [0, 2]))
        level = (level - w[f"{norm}.running_mean"][:, None]) / np.sqrt(w[f"{norm}.running_var"] + 1e-5)[:, None]
        return level * w[f"{norm}.weight"][:, None] + w[f"{norm}.bias"][:, None]

    level = np.maximum(step("conv1", "bn1", x, 2), 0)
    for layer in range(1, 5):
        for number in range(2):
            path, stride = f"layer{layer}.{number}", 2 if layer > 1 and number == 0 else 1
            inner = np.maximum(step(f"{path}.conv1", f"{path}.bn1", level, stride), 0)
            inner = step(f"{path}.conv2", f"{path}.bn2", inner)
            beside = step(f"{path}.shortcut.0", f"{path}.shortcut.1", level, stride) if stride == 2 else level
            level = np.maximum(inner + beside, 0)
    return level.mean(axis=1)


@pytest.fixture(scope="module")
def jepa(tmp_path_factory):
    state = jepa_state()
    path = tmp_path_factory.mktemp("jepa") / "multiblock_epoch100.pth"
    torch.save({"encoder": state, "epoch": 100}, path)
    return state, encoder_named("ecg-jepa").open(weights=path), path


def test_jepa_agrees_with_a_forward_pass_of_other_primitives(jepa):
    state, encoder, _ = jepa
    signal = np.random.default_rng(1).normal(size=(1, 8, 2500)).astype(np.float32)
    expected = jepa_reference(state, signal[0].astype(np.float64), range(8))
    found = encoder.vectors(signal)[0]
    assert found.shape == (768,)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


def test_jepa_leaves_missing_leads_out(jepa):
    state, encoder, _ = jepa
    signal = np.random.default_rng(2).normal(size=(2, 8, 2500)).astype(np.float32)
    signal[0, [0, 3]] = 0.0
    kept = [1, 2, 4, 5, 6, 7]
    expected = jepa_reference(state, signal[0, kept].astype(np.float64), kept)
    found = encoder.vectors(signal)
    np.testing.assert_allclose(found[0], expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())
    np.testing.assert_allclose(found[1], encoder.vectors(signal[1:])[0], rtol=1e-4, atol=1e-5)


def test_jepa_sees_millivolts_at_250_hz(jepa):
    recipe = recipe_named("ecg-jepa")
    time = np.arange(5000) / 500
    leads = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]
    waves = np.stack([np.sin(2 * np.pi * (2 + lead) * time) for lead in range(12)])
    ecg = xr.DataArray(waves, dims=("lead", "time"), coords={"lead": leads}, attrs={"rate_hz": 500.0})
    windows = recipe.prepare(ecg).windows
    assert windows.shape == (1, 1, 8, 2500)
    middle = slice(250, 2250)
    for row, lead in enumerate(["I", "II", "V1", "V2", "V3", "V4", "V5", "V6"]):
        expected = waves[leads.index(lead), ::2]
        np.testing.assert_allclose(windows[0, 0, row, middle], expected[middle], atol=0.02)


@pytest.fixture(scope="module")
def merl(tmp_path_factory):
    state = merl_state()
    path = tmp_path_factory.mktemp("merl") / "res18_best_encoder.pth"
    torch.save(state, path)
    return state, encoder_named("merl").open(weights=path), path


def test_merl_agrees_with_a_forward_pass_of_other_primitives(merl):
    state, encoder, _ = merl
    signal = np.random.default_rng(1).uniform(size=(1, 12, 1001)).astype(np.float32)
    expected = merl_reference(state, signal[0].astype(np.float64))
    found = encoder.vectors(signal)[0]
    assert found.shape == (512,)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


def test_merl_sees_each_window_from_0_to_1_with_avf_before_avl(merl, signal):
    _, encoder, _ = merl
    windows = recipe_named("merl").prepare(signal.isel(record=[0])).windows[0, 0]
    assert windows.shape == (12, 5000)
    assert (windows.min(), windows.max()) == (0.0, pytest.approx(1.0, abs=1e-6))
    moments = np.arange(5000) / 500
    alike = {
        str(lead): np.corrcoef(windows[4], np.interp(moments, *_in_time(signal.sel(lead=lead).isel(record=0))))[0, 1]
        for lead in signal["lead"].values
    }
    assert max(alike, key=alike.get) == "aVF"
    assert alike["aVF"] > 0.9
    embedding = encoder.embed(signal.isel(record=[0]))
    assert embedding.vectors.shape == (1, 512)
    assert embedding.meta["recipe"]["name"] == "merl"


def _in_time(lead):
    return np.arange(lead.size) / 250, lead.values


def test_a_file_of_another_network_is_refused(jepa, merl):
    with pytest.raises(FormatError, match="without"):
        Published.load("ecg-jepa", merl[2])
    with pytest.raises(FormatError, match="without"):
        Published.load("merl", jepa[2])
    with pytest.raises(SettingsError, match="did you mean 'merl'"):
        Published.load("meerl", merl[2])
