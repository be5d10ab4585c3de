"""The small encoder's network. Imports torch: load this module only where vectors are made."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ecgomics.errors import SettingsError

INPUT_SCALE_MV = 0.3


class SmallNetwork(nn.Module):
    """Convolutions over time with the leads as channels; each level halves the rate.

    Parameters
    ----------
    leads
        Channels of the input; a missing lead is zero.
    widths
        Channels of each level.
    kernel
        Samples each convolution sees.
    mixed
        Numbers the pooled activations are mixed into; 0: they are the vector themselves.
    seed
        Of the first weights; torch's own source of chance is left alone.
    """

    def __init__(self, *, leads: int, widths: tuple[int, ...], kernel: int, mixed: int = 0, seed: int = 0) -> None:
        super().__init__()
        self.told = {"leads": leads, "widths": list(widths), "kernel": kernel, "mixed": mixed}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self._build(leads, widths, kernel, mixed)

    def _build(self, leads: int, widths: tuple[int, ...], kernel: int, mixed: int) -> None:
        self.stem = _convolution(leads, widths[0], kernel + 2, stride=2)
        self.halve = nn.ModuleList(_convolution(a, b, kernel, stride=2) for a, b in pairwise(widths))
        self.refine = nn.ModuleList(_convolution(width, width, kernel, stride=1, last=True) for width in widths[1:])
        pooled = 2 * widths[-1]
        self.mix = nn.Sequential(nn.BatchNorm1d(pooled), nn.Linear(pooled, mixed)) if mixed else nn.Identity()
        self.dim = mixed or pooled
        # set when training is over, so that every number of the embedding has mean 0 and SD 1 over its cohort
        self.register_buffer("centre", torch.zeros(self.dim))
        self.register_buffer("scale", torch.ones(self.dim))

    def pooled(self, signal: Tensor) -> Tensor:
        """(batch, lead, sample), mV → (batch, dim): mean and largest activation over time, mixed."""
        level = self.stem(signal / INPUT_SCALE_MV)
        for halve, refine in zip(self.halve, self.refine, strict=True):
            level = halve(level)
            level = functional.relu(level + refine(level))
        return self.mix(torch.cat([level.mean(dim=-1), level.amax(dim=-1)], dim=1))

    def forward(self, signal: Tensor) -> Tensor:
        """(batch, lead, sample), mV → (batch, dim) of mean 0 and SD 1 over the cohort it was trained on."""
        return (self.pooled(signal) - self.centre) / self.scale


class Projector(nn.Module):
    """What the contrastive loss sees; thrown away after training."""

    def __init__(self, *, dim: int, width: int, seed: int = 0) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed + 1)
            layers = [nn.Linear(dim, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, width)]
        self.layers = nn.Sequential(*layers)

    def forward(self, vectors: Tensor) -> Tensor:
        """(batch, dim) → (batch, width) of length one."""
        return functional.normalize(self.layers(vectors), dim=1)


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Let torch use this many threads, and put the number back: more than the free cores is far slower than one."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def device_named(name: str) -> torch.device:
    """Where to compute: ``"cpu"``, ``"cuda"``, or ``"auto"`` for the latter where it is there.

    Raises
    ------
    SettingsError
        For CUDA where there is none.
    """
    found = torch.cuda.is_available()
    if name == "cuda" and not found:
        raise SettingsError("the device 'cuda' without a GPU", expected="'cpu' or 'auto'", remedy="choose --device cpu")
    return torch.device("cuda" if found and name != "cpu" else "cpu")


@contextmanager
def reproducible(count: int) -> Iterator[None]:
    """This many threads, and only algorithms that give the same result each time, on a GPU too."""
    before = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark
    # what cuBLAS needs to repeat itself; read when its first handle is made
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    try:
        with threads(count):
            yield
    finally:
        torch.use_deterministic_algorithms(before[0])
        torch.backends.cudnn.benchmark = before[1]


def flatten(network: nn.Module) -> tuple[Any, list[tuple[str, list[int]]]]:
    """All weights and buffers as one float32 vector, with the name and shape of each part in order."""
    parts = [(name, part.detach()) for name, part in network.state_dict().items() if part.is_floating_point()]
    flat = torch.cat([part.reshape(-1).to(torch.float32) for _, part in parts])
    return flat.cpu().numpy().copy(), [(name, list(part.shape)) for name, part in parts]


def restore(network: nn.Module, flat: Any) -> None:
    """Put a vector of `flatten` back.

    Raises
    ------
    ValueError
        When the vector has another length than the network.
    """
    parts = [(name, part) for name, part in network.state_dict().items() if part.is_floating_point()]
    sizes = [part.numel() for _, part in parts]
    if sum(sizes) != len(flat):
        raise ValueError(f"{len(flat)} weights for a network of {sum(sizes)}")
    pieces = torch.from_numpy(flat.copy()).split(sizes)
    state = {name: piece.reshape(part.shape) for (name, part), piece in zip(parts, pieces, strict=True)}
    network.load_state_dict(state, strict=False)


def _convolution(before: int, after: int, kernel: int, *, stride: int, last: bool = False) -> nn.Sequential:
    layers: list[nn.Module] = [
        nn.Conv1d(before, after, kernel, stride=stride, padding=kernel // 2, bias=False),
        nn.BatchNorm1d(after),
    ]
    return nn.Sequential(*layers) if last else nn.Sequential(*layers, nn.ReLU())
