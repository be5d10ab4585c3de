"""MERL's ECG encoder as a function of its weights. Imports torch: load this module only where vectors are made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

FIRST_CHANNELS, FIRST_KERNEL = 64, 7
STAGE_CHANNELS = (64, 128, 256, 512)
STAGE_BLOCKS = 2
KERNEL = 3
STRIDE = 2
DIM = STAGE_CHANNELS[-1]
EPSILON = 1e-5
"""Added to a variance before its root."""


@dataclass(frozen=True)
class Block:
    """One residual block: where its weights are, its channels, and its stride."""

    path: str
    before: int
    after: int
    stride: int

    @property
    def projects(self) -> bool:
        """Whether the shortcut has weights."""
        return self.stride > 1 or self.before != self.after


def blocks() -> Iterator[Block]:
    """The blocks in order."""
    before = FIRST_CHANNELS
    for stage, after in enumerate(STAGE_CHANNELS):
        for number in range(STAGE_BLOCKS):
            stride = STRIDE if stage and not number else 1
            yield Block(f"layer{stage + 1}.{number}", before, after, stride)
            before = after


def layout(leads: int) -> dict[str, tuple[int, ...]]:
    """Name and shape of every weight that is used, as the published checkpoint has them; 3.8 million in all."""
    shapes: dict[str, tuple[int, ...]] = {}

    def add(conv: str, norm: str, *shape: int) -> None:
        shapes[f"{conv}.weight"] = shape
        for part in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{norm}.{part}"] = shape[:1]

    add("conv1", "bn1", FIRST_CHANNELS, leads, FIRST_KERNEL)
    for block in blocks():
        add(f"{block.path}.conv1", f"{block.path}.bn1", block.after, block.before, KERNEL)
        add(f"{block.path}.conv2", f"{block.path}.bn2", block.after, block.after, KERNEL)
        if block.projects:
            add(f"{block.path}.shortcut.0", f"{block.path}.shortcut.1", block.after, block.before, 1)
    return shapes


def embedded(weights: Mapping[str, Tensor], signal: Tensor) -> Tensor:
    """(batch, lead, sample) → (batch, 512): the mean over time of the last feature map of a residual network.

    Liu et al., ICML 2024, arXiv:2403.06659: ResNet-18 along time without the first pooling; what follows the mean (the
    projections to the text's space) is not part of the published encoder.
    """
    level = torch.relu(_step(weights, "conv1", "bn1", signal, stride=STRIDE))
    for block in blocks():
        inner = torch.relu(_step(weights, f"{block.path}.conv1", f"{block.path}.bn1", level, stride=block.stride))
        inner = _step(weights, f"{block.path}.conv2", f"{block.path}.bn2", inner)
        beside = level
        if block.projects:
            names = (f"{block.path}.shortcut.0", f"{block.path}.shortcut.1")
            beside = _step(weights, *names, level, stride=block.stride)
        level = torch.relu(inner + beside)
    return level.mean(dim=-1)


def _step(weights: Mapping[str, Tensor], conv: str, norm: str, level: Tensor, *, stride: int = 1) -> Tensor:
    """A convolution and its batch normalisation, with the statistics of the training."""
    kernel = weights[f"{conv}.weight"]
    level = functional.conv1d(level, kernel, stride=stride, padding=kernel.shape[-1] // 2)
    mean, variance = weights[f"{norm}.running_mean"], weights[f"{norm}.running_var"]
    return functional.batch_norm(
        level, mean, variance, weights[f"{norm}.weight"], weights[f"{norm}.bias"], training=False, eps=EPSILON
    )
