"""The network as it is run gives what the network as it is trained gives."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ecgomics.waves import inference
from ecgomics.waves.network import Architecture, Delineator, fold

SMALL = Architecture(stem=2, widths=(4, 6, 8), kernel=5, trunk=8, dilations=(1, 2))


def _network() -> Delineator:
    torch.manual_seed(3)
    return fold(Delineator(SMALL))


@pytest.mark.parametrize("fused", [True, False])
def test_layers_are_fused_without_changing_what_comes_out(fused: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = fused and inference.fusing()
    monkeypatch.setattr(inference, "fusing", lambda: answer)
    network = _network()
    signals = np.random.default_rng(0).standard_normal((5, 3, 250)).astype(np.float32)
    present = np.ones((5, 3), dtype=bool)
    present[1, 0] = False
    signals[1, 0] = 0
    found = inference.probabilities(signals, present=present, network=network, batch=2)
    padded = np.pad(signals, [(0, 0), (0, 0), (0, 256 - 250)])
    for record, leads in enumerate(padded):
        mix = torch.from_numpy(present[record] / present[record].sum())[None].float()
        with torch.inference_mode():
            scores = network(torch.from_numpy(leads), mix, torch.zeros(3, dtype=torch.long))
        expected = torch.softmax(scores, dim=1)[:, 1:, :125].numpy()
        np.testing.assert_allclose(found[record], expected, atol=2e-6)


def test_probabilities_have_the_length_of_the_signal() -> None:
    for samples in (1, 7, 8, 9):
        signals = np.zeros((1, 2, samples), dtype=np.float32)
        found = inference.probabilities(signals, present=np.ones((1, 2), dtype=bool), network=_network())
        assert found.shape == (1, 2, 3, -(-samples // 2))
        assert np.isfinite(found).all()


@pytest.mark.parametrize("error", [TypeError, RuntimeError, AttributeError])
def test_operations_that_are_not_as_known_are_left(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> torch.Tensor:
        raise error

    monkeypatch.setattr(inference.Layer, "_fused", gone)
    assert not inference.fusing.__wrapped__()
    monkeypatch.setattr(inference.Layer, "_fused", lambda layer, x: x)
    assert not inference.fusing.__wrapped__()
