"""Running the network on a block: its layers fused, nothing doubled or joined on the way. Imports torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from ecgomics.waves.network import CLASSES, Delineator

BATCH = 16
"""Records at a time."""


@cache
def fusing() -> bool:
    """Whether this torch can rectify, or add and rectify, while it convolves; else these are steps of their own.

    The operations are torch's own, not promised to anybody: they are tried once, and left if they are not as known.
    """
    one, three = torch.ones(1, 1, 1, 1), torch.tensor([[[[-1.0, 0.0, 2.0]]]])
    layer = Layer(one, None, pad=0)
    try:
        rectified, added = layer._fused(three), layer._fused_onto(three.clone(), x=three)
    except (AttributeError, RuntimeError, TypeError):
        return False
    return torch.equal(rectified, three.relu()) and torch.equal(added, (2 * three).relu())


@dataclass(frozen=True)
class Layer:
    """A convolution along time as it is run: weights (width, channel, 1, tap) in channels-last order.

    `bias` None adds nothing.
    """

    weight: torch.Tensor
    bias: torch.Tensor | None
    pad: int
    stride: int = 1
    dilation: int = 1

    @classmethod
    def of(cls, conv: nn.Conv2d) -> Layer:
        """The layer of a convolution."""
        (_, pad), (_, stride), (_, dilation) = conv.padding, conv.stride, conv.dilation
        return cls(_laid(conv.weight), conv.bias, pad=int(pad), stride=stride, dilation=dilation)

    def linear(self, x: torch.Tensor) -> torch.Tensor:
        """Convolved only."""
        return functional.conv2d(x, self.weight, self.bias, (1, self.stride), (0, self.pad), (1, self.dilation))

    def rectified(self, x: torch.Tensor) -> torch.Tensor:
        """Convolved, what is below zero set to zero."""
        return self._fused(x) if fusing() else self.linear(x).relu_()

    def added(self, x: torch.Tensor, *, onto: torch.Tensor) -> torch.Tensor:
        """Convolved, `onto` added, rectified; `onto` is used up."""
        return self._fused_onto(onto, x=x) if fusing() else self.linear(x).add_(onto).relu_()

    def _fused(self, x: torch.Tensor) -> torch.Tensor:
        run = torch.ops.mkldnn._convolution_pointwise
        fused: torch.Tensor = run(x, self.weight, self.bias, *self._shape(), 1, "relu", [], "")
        return fused

    def _fused_onto(self, onto: torch.Tensor, *, x: torch.Tensor) -> torch.Tensor:
        run = torch.ops.mkldnn._convolution_pointwise_
        fused: torch.Tensor = run(onto, x, self.weight, self.bias, *self._shape(), 1, "add", 1.0, "relu", [], "")
        return fused

    def _shape(self) -> tuple[list[int], list[int], list[int]]:
        return [0, self.pad], [1, self.stride], [1, self.dilation]


def _laid(weight: torch.Tensor) -> torch.Tensor:
    return weight.detach().contiguous(memory_format=torch.channels_last)


@dataclass(frozen=True)
class Step:
    """One step up: what it makes of the level below, at the rate of that level, and of the same level's way down."""

    below: Layer
    across: Layer

    @classmethod
    def of(cls, conv: nn.Conv2d, *, channels: int) -> Step:
        """The step of a convolution whose first `channels` are those of the level below with each cell doubled.

        Its taps that fall on the two halves of one cell are one: the even and the odd cells are two narrow
        convolutions of the level below.
        """
        low, same = conv.weight[:, :channels].float(), conv.weight[:, channels:]
        half = low.shape[-1] // 2
        reach = (half + 1) // 2
        both = torch.zeros(2, *low.shape[:-1], 2 * reach + 1)
        for odd in range(2):
            for tap in range(-half, half + 1):
                both[odd, ..., (odd + tap) // 2 + reach] += low[..., tap + half]
        bias = None if conv.bias is None else torch.cat([conv.bias, conv.bias])
        below = Layer(_laid(both.flatten(0, 1).to(same.dtype)), bias, pad=reach)
        return cls(below, Layer(_laid(same), None, pad=half))

    def __call__(self, y: torch.Tensor, *, skip: torch.Tensor) -> torch.Tensor:
        """(row, channel, 1, cell) of the level below and the way down (row, width, 1, 2 cell) → shape of the latter."""
        both = self.below.linear(y)
        rows, wide, _, cells = both.shape
        # in channels-last order the even and the odd cells already lie one after the other
        doubled = both.permute(0, 2, 3, 1).reshape(rows, 1, 2 * cells, wide // 2).permute(0, 3, 1, 2)
        return self.across.added(skip, onto=doubled)


@dataclass(frozen=True)
class Runner:
    """A folded `Delineator` laid out for running: the same sums but for their rounding."""

    stem: Layer
    down: Sequence[Layer]
    trunk: Sequence[Layer]
    join: Layer
    bottom: Layer
    up: Sequence[Step]
    head: Layer

    @classmethod
    def of(cls, network: Delineator) -> Runner:
        """The runner of a folded network."""
        widths = network.architecture.widths
        with torch.inference_mode():
            return cls(
                Layer.of(network.stem.conv),
                down=[Layer.of(unit.conv) for unit in network.down],
                trunk=[Layer.of(unit.conv) for unit in network.trunk],
                join=Layer.of(network.join),
                bottom=Layer.of(network.bottom.conv),
                up=[
                    Step.of(unit.conv, channels=channels)
                    for unit, channels in zip(network.up, reversed(widths[1:]), strict=True)
                ],
                head=Layer.of(network.head),
            )

    def __call__(self, x: torch.Tensor, *, mix: torch.Tensor) -> torch.Tensor:
        """Scores (row, class, cell) of leads (row, time), records one after the other; `mix` (record, row) averages."""
        y = self.stem.rectified(x[:, None, None].contiguous(memory_format=torch.channels_last))
        skips = []
        for layer in self.down:
            y = layer.rectified(y)
            skips.append(y)
        rows, channels, _, cells = y.shape
        # channels-last rows are (cell, channel): the mean over leads is one small product
        mean = mix @ y.permute(0, 2, 3, 1).reshape(rows, cells * channels)
        mean = mean.reshape(len(mix), 1, cells, channels).permute(0, 3, 1, 2)
        for layer in self.trunk:
            mean = layer.rectified(mean)
        y = self.bottom.rectified(y)
        each = y.unflatten(0, (len(mix), rows // len(mix)))
        each += self.join.linear(mean)[:, None]
        for step, skip in zip(self.up, reversed(skips[:-1]), strict=True):
            y = step(y, skip=skip)
        return self.head.linear(y)[:, :, 0]


@lru_cache(maxsize=4)
def _runner(network: Delineator) -> Runner:
    return Runner.of(network)


def probabilities(
    signals: npt.NDArray[np.float32],
    *,
    present: npt.NDArray[np.bool_],
    network: Delineator,
    batch: int = BATCH,
) -> npt.NDArray[np.float32]:
    """Probability of P, QRS and T in each cell.

    Parameters
    ----------
    signals
        (record, lead, time) at 250 Hz, conditioned; zeros where a lead is not present.
    present
        (record, lead): leads that count.
    network
        A folded network; its weights are not to change afterwards.
    batch
        Records at a time; results do not depend on it beyond rounding.

    Returns
    -------
    numpy.ndarray
        (record, lead, 3, cell) float32, 0–1; `architecture.stem` samples a cell.
    """
    records, leads, samples = signals.shape
    stride, stem = network.architecture.stride, network.architecture.stem
    padded = -(-samples // stride) * stride
    cells = -(-samples // stem)
    dtype = next(network.parameters()).dtype
    run = _runner(network)
    out = np.empty((records, leads, len(CLASSES) - 1, cells), dtype=np.float32)
    with torch.inference_mode():
        for first in range(0, records, batch):
            stop = min(first + batch, records)
            x = torch.from_numpy(signals[first:stop].reshape((stop - first) * leads, samples))
            if padded != samples:
                x = functional.pad(x, (0, padded - samples))
            weight = torch.from_numpy(present[first:stop].astype(np.float32))
            weight = weight / weight.sum(1, keepdim=True).clamp(min=1)
            scores = run(x.to(dtype), mix=torch.block_diag(*weight.split(1)).to(dtype))
            share = torch.softmax(scores.float(), dim=1)[:, 1:, :cells]
            out[first:stop] = share.reshape(stop - first, leads, len(CLASSES) - 1, cells).numpy()
    return out
