"""Train the delineation network: ``python -m ecgomics.waves.training DATA --out delineator.npz``.

DATA holds the folders named in `training_data.SOURCES`, as their publishers lay them out. One core is enough.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from ecgomics.waves.kernels import NETWORK_HZ
from ecgomics.waves.network import CLASSES, Architecture, Delineator, fastest_precision, pack
from ecgomics.waves.training_data import SOURCES, WAVES, Example, Spans, examples, virtual

SAMPLES = 2048
LEADS = 12
GROUPS = 9
"""Groups of up to twelve leads in a batch; narrow sources share a group's rows."""

Batch = dict[str, npt.NDArray[Any]]


def coverage(spans: Spans, edges: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float32]:
    """Share of each cell between consecutive `edges` (s) that the spans cover, 0–1."""
    if len(spans) == 0:
        return np.zeros(len(edges) - 1, dtype=np.float32)
    total = np.concatenate([[0.0], np.cumsum(spans[:, 1] - spans[:, 0])])
    knots = spans.ravel()
    covered = np.repeat(total, 2)[1:-1]
    reached = np.interp(edges, knots, covered)
    return (np.diff(reached) / np.diff(edges)).astype(np.float32)


def window(example: Example, *, rng: np.random.Generator, stem: int, augment: str) -> Batch:
    """A random piece of an example and its targets per cell, stretched in time, each lead disturbed on its own."""
    scale = rng.uniform(0.8, 1.25) if augment == "full" else 1.0
    swing = rng.uniform(0, 0.12) if augment == "full" else 0.0
    length = SAMPLES / NETWORK_HZ * scale
    start = _start(example, length=length, rng=rng)
    turn, phase = 2 * np.pi * rng.uniform(0.1, 0.6), rng.uniform(0, 2 * np.pi)

    def clock(sample: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
        """Time in the example, s: stretched as a whole, and slowly by turns a little more and less."""
        t = sample / NETWORK_HZ
        return start + scale * (t + swing * (np.sin(turn * t + phase) - np.sin(phase)) / turn)

    at = clock(np.arange(SAMPLES, dtype=np.float64))
    grid = np.arange(example.signal.shape[1])
    count = len(example.signal)
    signal = np.stack([np.interp(at * NETWORK_HZ, grid, lead, left=0, right=0) for lead in example.signal])
    edges = clock(np.arange(0, SAMPLES + 1, stem) - 0.5)
    target = np.zeros((count, len(CLASSES), len(edges) - 1), dtype=np.float32)
    known = np.zeros((count, len(edges) - 1), dtype=np.float32)
    for lead in range(count if example.known else 0):
        for c, kind in enumerate(WAVES, start=1):
            target[lead, c] = coverage(example.waves[lead][kind], edges)
        # a P on the end of a T is a P
        target[lead, 3] = np.clip(target[lead, 3], 0, 1 - np.clip(target[lead, 1] + target[lead, 2], 0, 1))
        target[lead, 0] = np.clip(1 - target[lead].sum(0), 0, 1)
        known[lead] = coverage(example.known[lead], edges) > 0.999
    weak = np.stack([coverage(spans, edges) > 0.999 for spans in (example.no_p, example.qrs, example.no_qrs)])
    if augment == "full":
        signal = disturbed(reshaped(signal, times=at, example=example, rng=rng), rng=rng)
    signal /= np.maximum(signal.std(1, keepdims=True), 1e-3)
    return {
        "signal": signal.astype(np.float32),
        "target": target,
        "known": known,
        "weak": np.repeat(weak[None].astype(np.float32), count, axis=0),
    }


def _start(example: Example, *, length: float, rng: np.random.Generator) -> float:
    """Where the piece begins: anywhere, but over annotated signal where only a part is annotated."""
    spans = example.known[0] if example.known and len(example.known[0]) else example.qrs
    low, high = sorted((0.0, example.seconds - length))
    if len(spans) == 0:
        return float(rng.uniform(low, high))
    share = spans[:, 1] - spans[:, 0]
    first, last = spans[rng.choice(len(spans), p=share / share.sum())]
    return float(np.clip(rng.uniform(first, last) - rng.uniform(0.1, 0.9) * length, low, high))


RESHAPED = {"P": (0.15, 3), "T": (0.2, 7)}
"""How often the waves of a piece get another height; width of the window, samples, whose mean is made higher."""


def reshaped(
    signal: npt.NDArray[np.float64],
    *,
    times: npt.NDArray[np.float64],
    example: Example,
    rng: np.random.Generator,
) -> npt.NDArray[np.float64]:
    """Annotated P and T waves made lower, higher, inverted or biphasic, each lead its own way; a copy.

    Only the smooth part over the chord between the bounds is changed, so that the noise within stays what it was.
    """
    out = signal.copy()
    for kind, (share, width) in RESHAPED.items():
        if not example.known or rng.random() >= share:
            continue
        kernel = np.hanning(width + 2)[1:-1]
        for lead in range(len(out)):
            first, last = rng.choice([-1.0, 1.0], p=[0.2, 0.8]) * rng.uniform(0.15, 1.7, 2)
            if rng.random() < 0.15:
                last = -last
            for on, off in np.searchsorted(times, example.waves[lead][kind]):
                if off - on < 2 * width:
                    continue
                piece = out[lead, on:off]
                bump = piece - np.linspace(piece[0], piece[-1], len(piece))
                smooth = np.convolve(bump, kernel / kernel.sum(), mode="same")
                piece += (np.linspace(first, last, len(piece)) - 1) * smooth
    return out


def disturbed(signal: npt.NDArray[np.float64], *, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Gain, polarity, wander, mains, muscle noise, smoothing and pieces of contact loss, each lead its own; a copy."""
    out = signal / np.maximum(signal.std(1, keepdims=True), 1e-3)
    count, n = out.shape
    t = np.arange(n) / NETWORK_HZ
    out *= np.where(rng.random((count, 1)) < 0.25, -1.0, 1.0)
    wander = sum(
        rng.uniform(0, 0.25, (count, 1)) * np.sin(2 * np.pi * rng.uniform(0.05, 0.6) * t + rng.uniform(0, 6.3))
        for _ in range(2)
    )
    mains = rng.uniform(0, 0.15, (count, 1)) * np.sin(2 * np.pi * rng.choice([50.0, 60.0]) * t + rng.uniform(0, 6.3))
    noise = rng.standard_normal((count, n))
    if rng.random() < 0.5:
        noise = (noise + np.roll(noise, 1, 1) + np.roll(noise, 2, 1)) / 1.7
    level = rng.uniform(0, 0.25, (count, 1)) * (rng.random((count, 1)) < 0.6)
    if rng.random() < 0.1:
        level = level * 2.5
    out = out + wander * (rng.random((count, 1)) < 0.5) + mains * (rng.random((count, 1)) < 0.3) + noise * level
    smooth = rng.random((count, 1)) < 0.25
    return np.where(smooth, (np.roll(out, 1, 1) + 2 * out + np.roll(out, -1, 1)) / 4, out)


def batch(pool: dict[str, list[Example]], *, rng: np.random.Generator, stem: int, augment: str) -> Batch:
    """Nine groups of twelve rows: LUDB mostly, one of QTDB, one of narrow or weak sources, two of virtual patients."""
    kinds = ["ludb"] * GROUPS
    if pool.get("qtdb"):
        kinds[0] = "qtdb"
    weak = [kind for kind in ("mitdb", "cpsc2019", "ptbxl") if pool.get(kind)]
    if weak and rng.random() < 0.6:
        kinds[1] = str(rng.choice(weak))
    if pool.get("virtual"):
        kinds[-2:] = ["virtual"] * 2
    groups, present = [], np.zeros((GROUPS, LEADS, LEADS), dtype=np.float32)
    for g, kind in enumerate(kinds):
        rows: list[Batch] = []
        filled = 0
        while filled < LEADS:
            piece = window(pool[kind][rng.integers(len(pool[kind]))], rng=rng, stem=stem, augment=augment)
            count = min(len(piece["signal"]), LEADS - filled)
            rows.append({name: value[:count] for name, value in piece.items()})
            seen = _seen(count, rng=rng)
            present[g, filled : filled + count, filled : filled + count] = seen
            filled += count
        groups.append({name: np.concatenate([row[name] for row in rows]) for name in rows[0]})
    stacked = {name: np.stack([group[name] for group in groups]) for name in groups[0]}
    signal = stacked.pop("signal").reshape(GROUPS * LEADS, -1)
    return {
        "signal": signal,
        **{name: value.reshape(GROUPS * LEADS, *value.shape[2:]) for name, value in stacked.items()},
        **_sets(present),
    }


def _sets(seen: npt.NDArray[np.float32]) -> Batch:
    """Distinct sets of leads as the network takes them: weights (set, row) and the set of each row."""
    rows = [np.zeros(GROUPS * LEADS, dtype=np.float32) for _ in range(GROUPS * LEADS)]
    for g, lead in np.ndindex(GROUPS, LEADS):
        rows[g * LEADS + lead][g * LEADS : (g + 1) * LEADS] = seen[g, lead] / seen[g, lead].sum()
    mix, member = np.unique(np.stack(rows), axis=0, return_inverse=True)
    return {"mix": mix, "member": member.ravel()}


def _seen(count: int, *, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Which leads each lead may see: itself only, all of its record, or a random set that holds it."""
    draw = rng.random()
    if draw < 0.3 or count == 1:
        return np.eye(count, dtype=np.float32)
    if draw < 0.7:
        return np.ones((count, count), dtype=np.float32)
    label = rng.integers(0, rng.integers(2, 5), count)
    return (label[:, None] == label[None]).astype(np.float32)


def loss_of(scores: torch.Tensor, targets: dict[str, torch.Tensor]) -> torch.Tensor:
    """Soft cross-entropy where all is annotated, and what R peaks or a rhythm alone can say elsewhere."""
    log_p = functional.log_softmax(scores.float(), dim=1)
    known = targets["known"]
    full = -(targets["target"] * log_p).sum(1)
    total = (full * known).sum() / known.sum().clamp(min=1)
    no_p, qrs, no_qrs = targets["weak"].unbind(1)
    p = log_p.exp()
    terms = (
        -torch.log1p(-p[:, 1].clamp(max=0.999)) * no_p,
        -log_p[:, 2].clamp(min=-7) * qrs,
        -torch.log1p(-p[:, 2].clamp(max=0.999)) * no_qrs,
    )
    weak = torch.stack([term.sum() for term in terms]).sum()
    return total + 0.3 * weak / targets["weak"].sum().clamp(min=1)


def train(
    pool: dict[str, list[Example]],
    *,
    architecture: Architecture,
    steps: int = 1800,
    minutes: float = 10.0,
    rate: float = 4e-3,
    seed: int = 0,
    augment: str = "full",
) -> Delineator:
    """Train for `steps`, or until `minutes` of CPU time are spent; returns the average of the late weights."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = Delineator(architecture).to(memory_format=torch.channels_last)
    average = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.995), use_buffers=True
    )
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-2)
    began, shown = time.process_time(), 0.0
    for step in range(steps):
        spent = (time.process_time() - began) / 60 / minutes
        done = max(spent, step / steps)
        if done >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1, (step + 1) / 50) * 0.5 * (1 + np.cos(np.pi * done))
        arrays = batch(pool, rng=rng, stem=architecture.stem, augment=augment)
        tensors = {name: torch.from_numpy(value) for name, value in arrays.items()}
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=fastest_precision() == "bfloat16"):
            scores = network.train()(tensors["signal"], tensors["mix"], tensors["member"])
        loss = loss_of(scores, tensors)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        average.update_parameters(network)
        shown = 0.98 * shown + 0.02 * loss.item() if step else loss.item()
        if step % 50 == 0:
            print(f"step {step}  loss {shown:.4f}  {spent * minutes:.1f} CPU min", flush=True)
    result = average.module
    assert isinstance(result, Delineator)
    return result.eval()


def split(found: Sequence[Example], *, hold_out: int | None) -> list[Example]:
    """All, or without every fourth record of each source, counted from `hold_out` (0–3)."""
    by_source: dict[str, int] = {}
    kept = []
    for example in found:
        source = example.name.split("/")[0]
        index = by_source[source] = by_source.get(source, -1) + 1
        if hold_out is None or index % 4 != hold_out:
            kept.append(example)
    return kept


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the training."""
    parser = argparse.ArgumentParser(prog="python -m ecgomics.waves.training", description=__doc__)
    parser.add_argument("data", type=Path, help="folder that holds " + ", ".join(SOURCES))
    parser.add_argument("--out", type=Path, required=True, help="where the weights go (.npz)")
    parser.add_argument("--hold-out", type=int, choices=range(4), help="leave this quarter of the records out")
    parser.add_argument("--sources", nargs="+", default=list(SOURCES), choices=list(SOURCES))
    parser.add_argument("--steps", type=int, default=1800)
    parser.add_argument("--minutes", type=float, default=10.0, help="limit in CPU minutes")
    parser.add_argument("--virtual", type=int, default=10, help="rounds of virtual patients; 0: none")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--stem", type=int, default=2, help="input samples a cell")
    parser.add_argument("--kernel", type=int, default=Architecture().kernel, help="length of the convolutions, cells")
    parser.add_argument("--widths", type=int, nargs="+", default=list(Architecture().widths))
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    kept = split(examples(given.data, sources=tuple(given.sources)), hold_out=given.hold_out)
    pool: dict[str, list[Example]] = {}
    for example in [*kept, *virtual(given.virtual, seed=given.seed)]:
        pool.setdefault(example.name.split("/")[0], []).append(example)
    about: dict[str, Any] = {
        "hold_out": given.hold_out,
        "seed": given.seed,
        "records": {k: len(v) for k, v in pool.items()},
    }
    print(about, flush=True)
    shape = Architecture(stem=given.stem, widths=tuple(given.widths), kernel=given.kernel)
    network = train(pool, architecture=shape, steps=given.steps, minutes=given.minutes, seed=given.seed)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    with given.out.open("wb") as file:
        arrays: dict[str, Any] = pack(network, about=about)
        np.savez(file, **arrays)


if __name__ == "__main__":
    main()
