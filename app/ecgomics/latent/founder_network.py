"""ECGFounder's network as a function of its weights. Imports torch: load this module only where vectors are made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

FIRST_CHANNELS = 64
STAGE_CHANNELS = (64, 160, 160, 400, 400, 1024, 1024)
STAGE_BLOCKS = (2, 2, 2, 3, 3, 4, 4)
KERNEL = 16
STRIDE = 2
GROUP_CHANNELS = 16
DIM = STAGE_CHANNELS[-1]


@dataclass(frozen=True)
class Block:
    """One residual block: where its weights are, its channels, and whether it halves the length."""

    path: str
    before: int
    after: int
    halves: bool
    opens: bool

    @property
    def groups(self) -> int:
        """Groups of the long convolution."""
        return self.after // GROUP_CHANNELS


def blocks() -> Iterator[Block]:
    """The blocks in order."""
    before = FIRST_CHANNELS
    for stage, (after, count) in enumerate(zip(STAGE_CHANNELS, STAGE_BLOCKS, strict=True)):
        for number in range(count):
            path = f"stage_list.{stage}.block_list.{number}"
            yield Block(path, before, after, halves=number == 0, opens=stage == number == 0)
            before = after


def layout(leads: int) -> dict[str, tuple[int, ...]]:
    """Name and shape of every weight that is used, as the published checkpoints have them; 30.7 million in all."""
    shapes: dict[str, tuple[int, ...]] = {}

    def add(path: str, *shape: int) -> None:
        shapes[f"{path}.weight"], shapes[f"{path}.bias"] = shape, shape[:1]

    add("first_conv.conv", FIRST_CHANNELS, leads, KERNEL)
    for block in blocks():
        add(f"{block.path}.conv1.conv", block.after, block.before, 1)
        add(f"{block.path}.conv2.conv", block.after, GROUP_CHANNELS, KERNEL)
        add(f"{block.path}.conv3.conv", block.after, block.after, 1)
        add(f"{block.path}.se_fc1", block.after // 2, block.after)
        add(f"{block.path}.se_fc2", block.after, block.after // 2)
    return shapes


def embedded(weights: Mapping[str, Tensor], signal: Tensor) -> Tensor:
    """(batch, lead, sample) → (batch, 1024): the mean over time of the last feature map.

    Li et al., NEJM AI 2025;2(7) AIoa2401033. Normalisation layers are in the checkpoints, but the published model
    does not run them; nor does this.
    """
    level = functional.silu(_convolved(weights, "first_conv.conv", signal, stride=STRIDE))
    for block in blocks():
        level = _block(weights, block, level)
    return level.mean(dim=-1)


def _block(weights: Mapping[str, Tensor], block: Block, level: Tensor) -> Tensor:
    inner = level if block.opens else functional.silu(level)
    inner = functional.silu(_convolved(weights, f"{block.path}.conv1.conv", inner))
    stride = STRIDE if block.halves else 1
    inner = _convolved(weights, f"{block.path}.conv2.conv", inner, stride=stride, groups=block.groups)
    inner = _convolved(weights, f"{block.path}.conv3.conv", functional.silu(inner))
    inner = inner * _excitation(weights, block, inner)[..., None]
    return inner + _shortcut(block, level)


def _excitation(weights: Mapping[str, Tensor], block: Block, level: Tensor) -> Tensor:
    squeezed = _linear(weights, f"{block.path}.se_fc1", level.mean(dim=-1))
    return torch.sigmoid(_linear(weights, f"{block.path}.se_fc2", functional.silu(squeezed)))


def _shortcut(block: Block, level: Tensor) -> Tensor:
    if block.halves:
        # the end is padded with a zero, so that an odd last sample is kept where it is positive
        level = functional.max_pool1d(functional.pad(level, (0, STRIDE - 1)), STRIDE)
    more = block.after - block.before
    return functional.pad(level, (0, 0, more // 2, more - more // 2))


def _convolved(weights: Mapping[str, Tensor], path: str, level: Tensor, *, stride: int = 1, groups: int = 1) -> Tensor:
    weight = weights[f"{path}.weight"]
    size = level.shape[-1]
    padding = max(0, (-(-size // stride) - 1) * stride + weight.shape[-1] - size)
    padded = functional.pad(level, (padding // 2, padding - padding // 2))
    return functional.conv1d(padded, weight, weights[f"{path}.bias"], stride=stride, groups=groups)


def _linear(weights: Mapping[str, Tensor], path: str, level: Tensor) -> Tensor:
    return functional.linear(level, weights[f"{path}.weight"], weights[f"{path}.bias"])
