"""`pretrain`: teach the small encoder from the records at hand, without labels."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from ecgomics.errors import SignalError
from ecgomics.latent.encoder import NAME, VERSION, Encoder, checksum
from ecgomics.latent.recipe import Recipe
from ecgomics.settings import LatentSettings

if TYPE_CHECKING:
    import torch

Progress = Callable[[int, int, float], None]
"""Called after each step with steps done, steps in all, and the loss. What it raises ends the training."""

WIDTHS = (32, 64, 96, 128)
KERNEL = 7

_LEAST_RECORDS = 8
_PROJECTED = 128
_WEIGHT_DECAY = 1e-4


def pretrain(
    blocks: xr.DataArray | Iterable[xr.DataArray],
    *,
    settings: LatentSettings | None = None,
    progress: Progress | None = None,
) -> Encoder:
    """Train the small encoder to recognise a recording by another of its moments.

    Parameters
    ----------
    blocks
        Signals, (record, lead, time) in mV, any rate, NaN = missing; one array or blocks of it. Kept in memory at
        24 kB a window of 10 s.
    settings
        Steps, batch, length of a view, learning rate, temperature, seed, threads.
    progress
        See `Progress`; raising from it cancels.

    Returns
    -------
    Encoder
        0.36 M parameters. The same records, settings, library versions and machine give the same weights.

    Raises
    ------
    SignalError
        For fewer than eight records with a usable lead.

    Notes
    -----
    Chen et al., ICML 2020. Two views of a recording are two moments of it with other gain, noise, wander and missing
    leads: what stays is the shape of the beat. Labels, age and sex are never seen. The number of steps, and so the
    time, does not grow with the cohort.
    """
    settings = settings or LatentSettings()
    recipe = Recipe()
    windows = _Windows.gather(blocks, recipe)
    from ecgomics.latent.network import flatten, threads

    with threads(settings.threads):
        network = _train(windows, recipe, settings, progress)
        _standardise(network, windows)
    weights, _ = flatten(network)
    meta = {
        "name": NAME,
        "version": VERSION,
        "licence": "Apache-2.0",
        "recipe": recipe.as_dict(),
        "network": {"leads": len(recipe.leads), "widths": list(WIDTHS), "kernel": KERNEL},
        "settings": settings.as_dict(),
        "trained_on": {"records": len(set(windows.record)), "digest": windows.digest()},
        "checksum": checksum(weights),
    }
    return Encoder(weights, meta)


@dataclass(frozen=True)
class _Windows:
    """Everything to train on: float16 (window, lead, sample) in mV, leads used, samples recorded, record ids."""

    signal: npt.NDArray[np.float16]
    used: npt.NDArray[np.bool_]
    length: npt.NDArray[np.int64]
    record: list[str]

    @classmethod
    def gather(cls, blocks: xr.DataArray | Iterable[xr.DataArray], recipe: Recipe) -> _Windows:
        signal, used, length, record = [], [], [], []
        for block in [blocks] if isinstance(blocks, xr.DataArray) else blocks:
            prepared = recipe.prepare(block)
            row, window = np.nonzero((prepared.weight > 0) & prepared.usable[:, None])
            signal.append(prepared.windows[row, window].astype(np.float16))
            used.append(prepared.used[row])
            length.append(np.rint(prepared.weight[row, window] * recipe.samples).astype(np.int64))
            record += prepared.record[row].tolist()
        if len(set(record)) < _LEAST_RECORDS:
            raise SignalError(
                f"{len(set(record))} records with a usable lead",
                expected=f"at least {_LEAST_RECORDS} to train an encoder",
                remedy="use the handmade embedding, or ingest more records",
            )
        return cls(np.concatenate(signal), np.concatenate(used), np.concatenate(length), record)

    def batch(self, chosen: npt.NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Signal (float32, mV), leads used (0 or 1) and samples recorded of some windows."""
        import torch

        signal = torch.from_numpy(self.signal[chosen].astype(np.float32))
        return signal, torch.from_numpy(self.used[chosen].astype(np.float32)), torch.from_numpy(self.length[chosen])

    def digest(self) -> str:
        """Short hash of what was trained on, whatever its order."""
        parts = sorted(hashlib.sha256(window.tobytes()).hexdigest() for window in self.signal)
        return hashlib.sha256("".join(parts).encode()).hexdigest()[:16]


def _train(windows: _Windows, recipe: Recipe, settings: LatentSettings, progress: Progress | None) -> Any:
    import torch

    from ecgomics.latent.network import Projector, SmallNetwork
    from ecgomics.latent.views import Views, agreement_loss

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        network = SmallNetwork(leads=len(recipe.leads), widths=WIDTHS, kernel=KERNEL)
        projector = Projector(dim=network.dim, width=_PROJECTED)
    generator = torch.Generator().manual_seed(settings.seed)
    order = _Order(windows.record, seed=settings.seed)
    views = Views(samples=round(settings.view_s * recipe.rate_hz), rate_hz=recipe.rate_hz)
    weights = [*network.parameters(), *projector.parameters()]
    optimiser = torch.optim.AdamW(weights, lr=settings.learning_rate, weight_decay=_WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.learning_rate, total_steps=settings.steps)
    network.train()
    for step in range(settings.steps):
        batch = windows.batch(order.draw(settings.batch))
        pair = torch.cat([views.draw(*batch, generator=generator) for _ in range(2)])
        first, second = projector(network.pooled(pair)).chunk(2)
        loss = agreement_loss(first, second, temperature=settings.temperature)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if progress is not None:
            progress(step + 1, settings.steps, float(loss.detach()))
    return network.eval()


class _Order:
    """Which windows come next: every record once before any twice, one window of it at random."""

    def __init__(self, record: list[str], *, seed: int) -> None:
        _, self._of = np.unique(np.asarray(record), return_inverse=True)
        self._windows = [np.flatnonzero(self._of == number) for number in range(self._of.max() + 1)]
        self._rng = np.random.default_rng(seed)
        self._queue: list[int] = []

    def draw(self, size: int) -> npt.NDArray[np.int64]:
        """Windows of `size` different records, or of all when there are fewer."""
        size = min(size, len(self._windows))
        if len(self._queue) < size:
            self._queue = self._rng.permutation(len(self._windows)).tolist()
        records, self._queue = self._queue[:size], self._queue[size:]
        return np.array([self._rng.choice(self._windows[number]) for number in records], dtype=np.int64)


def _standardise(network: Any, windows: _Windows, *, batch: int = 64) -> None:
    import torch

    with torch.inference_mode():
        pooled = [
            network.pooled(windows.batch(np.arange(start, min(start + batch, len(windows.signal))))[0]).double()
            for start in range(0, len(windows.signal), batch)
        ]
        vectors = torch.cat(pooled)
        spread = vectors.std(dim=0)
        network.centre.copy_(vectors.mean(dim=0))
        # a number that never varies must not blow up on a record it has not seen
        network.scale.copy_(torch.where(spread > 1e-3 * spread.max(), spread, spread.max()))
