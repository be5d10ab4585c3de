"""What the network is taught: pieces of recordings, changed so that their marks stay true."""

from __future__ import annotations

import numpy as np
import pytest

from ecgomics.waves.training import reshaped, window
from ecgomics.waves.training_data import WAVES, Example, virtual

RATE = 250.0
ON, OFF = 0.40, 0.60
"""The T wave of each beat, s after its R."""


@pytest.fixture
def example():
    """Ten beats of two leads with smooth P and T waves."""
    t = np.arange(int(10 * RATE)) / RATE
    beats = 0.5 + np.arange(9)
    waves = {"P": (-0.2, -0.1, 0.1), "QRS": (-0.04, 0.04, 1.0), "T": (ON, OFF, 0.3)}
    signal = np.zeros((2, len(t)))
    for on, off, height in waves.values():
        for beat in beats:
            inside = (t >= beat + on) & (t <= beat + off)
            signal[:, inside] += height * np.sin(np.pi * (t[inside] - beat - on) / (off - on)) ** 2
    spans = {kind: np.stack([beats + waves[kind][0], beats + waves[kind][1]], axis=1) for kind in WAVES}
    whole = np.array([[spans["P"][0, 0], spans["T"][-1, 1]]])
    return Example("made/1", signal.astype(np.float32), waves=[spans] * 2, known=[whole] * 2)


@pytest.mark.parametrize("seed", range(8))
def test_reshaping_changes_only_inside_p_and_t(example, seed):
    times = np.arange(example.signal.shape[1]) / RATE
    signal = example.signal.astype(float)
    other = reshaped(signal, times=times, example=example, rng=np.random.default_rng(seed))
    inside = np.zeros(len(times), dtype=bool)
    for kind in ("P", "T"):
        for on, off in example.waves[0][kind]:
            inside |= (times >= on - 1e-9) & (times <= off + 1e-9)
    assert np.array_equal(other[:, ~inside], signal[:, ~inside])
    assert other is not signal


def test_reshaping_makes_t_waves_low_high_and_inverted(example):
    times = np.arange(example.signal.shape[1]) / RATE
    signal = example.signal.astype(float)
    peak = int((0.5 + (ON + OFF) / 2) * RATE)
    heights = [
        reshaped(signal, times=times, example=example, rng=np.random.default_rng(seed))[:, peak] for seed in range(150)
    ]
    ratio = np.concatenate(heights) / signal[0, peak]
    assert ratio.min() < -0.2
    assert ratio.max() > 1.2
    assert (np.abs(ratio - 1) < 1e-9).mean() > 0.3


@pytest.mark.parametrize("seed", range(6))
def test_targets_follow_the_stretched_clock(example, seed):
    piece = window(example, rng=np.random.default_rng(seed), stem=4, augment="full")
    target, known = piece["target"], piece["known"][0] > 0
    assert np.allclose(target[0].sum(0), 1, atol=1e-5)
    # where the targets say QRS, the signal is far from zero; the QRS is the highest wave there is
    qrs = np.repeat(target[0, 2] > 0.9, 4) & np.repeat(known, 4)
    strength = np.abs(piece["signal"][0] - np.median(piece["signal"][0]))
    assert strength[qrs].mean() > 3 * strength[~qrs & np.repeat(known, 4)].mean()


def test_p_waves_that_no_beat_follows_are_left_open(monkeypatch):
    monkeypatch.setattr("ecgomics.simulate.CONDITIONS", dict.fromkeys(("normal", "complete_block")))
    open_share = {
        example.name.split("/")[1].split("-")[0]: 1 - np.diff(example.known[1], axis=1).sum() / example.seconds
        for example in virtual(1)
    }
    assert open_share["normal"] < 0.3
    assert open_share["complete_block"] > open_share["normal"] + 0.2
