"""The delineation network: layers, folding and storing; `inference` runs it. Imports torch; imported only when used."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from ecgomics.waves.shipped import stored_weights

CLASSES = ("none", "P", "QRS", "T")
"""Meaning of the network's output channels."""


@dataclass(frozen=True)
class Architecture:
    """Shape of the network.

    Parameters
    ----------
    stem
        Input samples per output cell.
    widths
        Channels of each level, each at half the rate of the one before.
    kernel
        Length of the convolutions, cells; odd.
    trunk
        Channels of the part that sees the mean of all leads.
    dilations
        Spacing of the trunk's convolutions, cells of the lowest level.
    """

    stem: int = 2
    widths: tuple[int, ...] = (16, 16, 32, 32, 48)
    kernel: int = 7
    trunk: int = 64
    dilations: tuple[int, ...] = (1, 2, 4)

    @property
    def stride(self) -> int:
        """Input samples per cell of the lowest level: inputs are padded to a multiple of it."""
        return int(self.stem * 2 ** (len(self.widths) - 1))


class Unit(nn.Module):
    """Convolution along time, normalisation, rectifier."""

    def __init__(self, channels: int, width: int, *, kernel: int, stride: int = 1, dilation: int = 1) -> None:
        super().__init__()
        pad = (
            (dilation * (kernel - 1) + 1 - stride) // 2 if stride > 1 and kernel % 2 == 0 else dilation * (kernel // 2)
        )
        self.conv = nn.Conv2d(channels, width, (1, kernel), (1, stride), (0, pad), (1, dilation))
        self.norm: nn.Module = nn.BatchNorm2d(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(row, channel, 1, cell) → (row, width, 1, cell)."""
        return functional.relu(self.norm(self.conv(x)), inplace=True)


class Delineator(nn.Module):
    """U-Net over each lead, joined at its lowest level by a trunk that sees the mean of the leads."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        k, w = architecture.kernel, architecture.widths
        self.stem = Unit(1, w[0], kernel=16, stride=architecture.stem)
        self.down = nn.ModuleList(
            Unit(w[max(i - 1, 0)], w[i], kernel=k, stride=1 if i == 0 else 2) for i in range(len(w))
        )
        self.trunk = nn.ModuleList(
            Unit(w[-1] if i == 0 else architecture.trunk, architecture.trunk, kernel=7, dilation=d)
            for i, d in enumerate(architecture.dilations)
        )
        self.join = nn.Conv2d(architecture.trunk, w[-1], 1)
        self.bottom = Unit(w[-1], w[-1], kernel=k)
        self.up = nn.ModuleList(Unit(w[i + 1] + w[i], w[i], kernel=k) for i in reversed(range(len(w) - 1)))
        self.head = nn.Conv2d(w[0], len(CLASSES), 1)

    def forward(self, x: torch.Tensor, mix: torch.Tensor, member: torch.Tensor) -> torch.Tensor:
        """Scores (row, class, cell) of leads (row, time).

        `mix` (set, row) holds the weight of each row in each set's mean, `member` (row) the set each row looks at.
        """
        y = self.stem(x[:, None, None].contiguous(memory_format=torch.channels_last))
        skips = []
        for layer in self.down:
            y = layer(y)
            skips.append(y)
        rows, channels, _, cells = y.shape
        # channels_last rows are (cell, channel): the mean over leads is one small product
        mean = mix @ y.permute(0, 2, 3, 1).reshape(rows, cells * channels)
        mean = mean.reshape(len(mix), 1, cells, channels).permute(0, 3, 1, 2)
        for layer in self.trunk:
            mean = layer(mean)
        y = self.bottom(y) + self.join(mean)[member]
        for layer, skip in zip(self.up, reversed(skips[:-1]), strict=True):
            y = layer(torch.cat([functional.interpolate(y, scale_factor=(1.0, 2.0)), skip], 1))
        return self.head(y)[:, :, 0]


def fold(network: Delineator) -> Delineator:
    """A copy whose normalisations are part of its convolutions: same results, fewer steps."""
    plain = Delineator(network.architecture)
    plain.load_state_dict(network.state_dict())
    plain.eval()
    for unit in [module for module in plain.modules() if isinstance(module, Unit)]:
        norm = unit.norm
        if isinstance(norm, nn.BatchNorm2d) and norm.running_mean is not None and norm.running_var is not None:
            scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
            unit.conv.weight.data *= scale[:, None, None, None]
            if unit.conv.bias is not None:
                unit.conv.bias.data = (unit.conv.bias - norm.running_mean) * scale + norm.bias
            unit.norm = nn.Identity()
    return plain


def pack(network: Delineator, *, about: Mapping[str, Any]) -> dict[str, npt.NDArray[Any]]:
    """Arrays to store: folded weights in float32 and, as JSON, the architecture and what is known about it."""
    arrays = {name: value.detach().numpy() for name, value in fold(network).state_dict().items()}
    meta = json.dumps({"architecture": asdict(network.architecture), **about}, sort_keys=True)
    return {**arrays, "meta": np.frombuffer(meta.encode(), dtype=np.uint8)}


def unpack(arrays: Mapping[str, npt.NDArray[Any]]) -> Delineator:
    """The folded network of stored arrays, ready to run."""
    stored = json.loads(bytes(arrays["meta"]).decode())["architecture"]
    shape: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in stored.items()}
    network = Delineator(Architecture(**shape))
    for module in network.modules():
        if isinstance(module, Unit):
            module.norm = nn.Identity()
    network.load_state_dict({name: torch.from_numpy(np.array(arrays[name])) for name in network.state_dict()})
    return network.eval().to(memory_format=torch.channels_last)


@cache
def shipped(precision: str) -> Delineator:
    """The network inside the package, in `precision` (``float32`` or ``bfloat16``)."""
    with np.load(io.BytesIO(stored_weights()), allow_pickle=False) as file:
        arrays = dict(file)
    return unpack(arrays).to(getattr(torch, precision))


def fastest_precision() -> str:
    """`bfloat16` where the processor computes with it, else `float32`."""
    query = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return "bfloat16" if query is not None and query() else "float32"
