"""ECG-JEPA's encoder as a function of its weights. Imports torch: load this module only where vectors are made."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

DIM, DEPTH, HEADS = 768, 12, 16
WIDER = 4
"""The inner layer of a block's perceptron is so much wider."""
PATCH, PATCHES = 50, 50
"""Samples of a patch (0.2 s), and patches of a lead."""


def layout(leads: int) -> dict[str, tuple[int, ...]]:
    """Name and shape of every weight that is used, as the published checkpoints have them; 85 million in all."""
    shapes: dict[str, tuple[int, ...]] = {"pos_embed": (leads * PATCHES, DIM)}

    def add(path: str, *shape: int) -> None:
        shapes[f"{path}.weight"], shapes[f"{path}.bias"] = shape, shape[:1]

    add("W_P", DIM, PATCH)
    for number in range(DEPTH):
        path = f"encoder_blocks.blocks.{number}"
        add(f"{path}.norm1", DIM)
        shapes[f"{path}.attn.qkv.weight"] = (3 * DIM, DIM)
        add(f"{path}.attn.proj", DIM, DIM)
        add(f"{path}.norm2", DIM)
        add(f"{path}.mlp.fc1", WIDER * DIM, DIM)
        add(f"{path}.mlp.fc2", DIM, WIDER * DIM)
    add("norm", DIM)
    return shapes


def embedded(weights: Mapping[str, Tensor], signal: Tensor) -> Tensor:
    """(batch, lead, sample) → (batch, 768): the mean of the last layer's tokens, a token a patch of a lead.

    Kim, arXiv:2410.08559. A token attends to those of its own lead and to those of its own time; places are added
    before every block. A lead that is zero throughout is left out with its places, as the published code does where
    there are fewer leads than eight.
    """
    there = signal.ne(0).any(dim=-1)
    there |= ~there.any(dim=1, keepdim=True)
    result = signal.new_empty(len(signal), DIM)
    for pattern in torch.unique(there, dim=0):
        rows = there.eq(pattern).all(dim=1)
        result[rows] = _mean_token(weights, signal[rows][:, pattern], leads=pattern.nonzero().flatten())
    return result


def _mean_token(weights: Mapping[str, Tensor], signal: Tensor, *, leads: Tensor) -> Tensor:
    level = _linear(weights, "W_P", signal.reshape(len(signal), -1, PATCH))
    places = weights["pos_embed"].reshape(-1, PATCHES, DIM)[leads].reshape(-1, DIM)
    seen = _seen(len(leads))
    for number in range(DEPTH):
        path = f"encoder_blocks.blocks.{number}"
        level = level + places
        level = level + _attended(weights, f"{path}.attn", _normed(weights, f"{path}.norm1", level), seen=seen)
        inner = functional.gelu(_linear(weights, f"{path}.mlp.fc1", _normed(weights, f"{path}.norm2", level)))
        level = level + _linear(weights, f"{path}.mlp.fc2", inner)
    return _normed(weights, "norm", level).mean(dim=1)


def _seen(leads: int) -> Tensor:
    """Which tokens a token attends to: (token, token)."""
    lead = torch.arange(leads).repeat_interleave(PATCHES)
    time = torch.arange(PATCHES).repeat(leads)
    return lead[:, None].eq(lead) | time[:, None].eq(time)


def _attended(weights: Mapping[str, Tensor], path: str, level: Tensor, *, seen: Tensor) -> Tensor:
    batch, tokens, _ = level.shape
    mixed = functional.linear(level, weights[f"{path}.qkv.weight"])
    query, key, value = mixed.reshape(batch, tokens, 3, HEADS, DIM // HEADS).permute(2, 0, 3, 1, 4)
    found = functional.scaled_dot_product_attention(query, key, value, attn_mask=seen)
    return _linear(weights, f"{path}.proj", found.transpose(1, 2).reshape(batch, tokens, DIM))


def _normed(weights: Mapping[str, Tensor], path: str, level: Tensor) -> Tensor:
    return functional.layer_norm(level, (DIM,), weights[f"{path}.weight"], weights[f"{path}.bias"])


def _linear(weights: Mapping[str, Tensor], path: str, level: Tensor) -> Tensor:
    return functional.linear(level, weights[f"{path}.weight"], weights[f"{path}.bias"])
