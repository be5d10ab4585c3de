"""`pretrain`: teach the small encoder from the records at hand, without labels."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

import numpy as np
import xarray as xr

from ecgomics.latent.encoder import NAME, Encoder, checksum
from ecgomics.latent.journal import Journal
from ecgomics.latent.material import Order, Windows
from ecgomics.latent.recipe import Recipe
from ecgomics.settings import LatentSettings

Progress = Callable[[int, int, float], None]
"""Called after each step with steps done, steps in all, and the loss. What it raises ends the training."""

VERSION = 1
WIDTHS = (32, 64, 96, 128)
KERNEL = 7

_PROJECTED = 128
_JUDGED_SEED = 1


def pretrain(
    blocks: xr.DataArray | Iterable[xr.DataArray],
    *,
    settings: LatentSettings | None = None,
    patient: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    journal: Journal | None = None,
) -> Encoder:
    """Train the small encoder to recognise a recording by another of its moments.

    Parameters
    ----------
    blocks
        Signals, (record, lead, time) in mV, any rate, NaN = missing; one array or blocks of it. Kept in memory at
        24 kB a window of 10 s.
    settings
        Steps, batch, length of a view, learning rate, temperature, patience, seed, device, threads.
    patient
        Whose each record is, by its id: nobody is learned from and judged on.
    progress
        See `Progress`; raising from it cancels.
    checkpoint
        File to keep the state in; a run that was ended, also by force, goes on from it, with the same result.
    journal
        Where losses are written down.

    Returns
    -------
    Encoder
        0.36 M parameters. The same records, settings, library versions and machine give the same weights.

    Raises
    ------
    SignalError
        For fewer than eight records with a usable lead.
    FormatError
        For a checkpoint that is damaged or of another training.

    Notes
    -----
    Chen et al., ICML 2020. Two views of a recording are two moments of it with other gain, noise, wander and missing
    leads: what stays is the shape of the beat. Labels, age and sex are never seen. The number of steps, and so the
    time, does not grow with the cohort.
    """
    settings = settings or LatentSettings()
    recipe = Recipe()
    windows = Windows.gather(blocks, recipe)
    from ecgomics.latent.network import SmallNetwork, reproducible

    told = {"progress": progress, "checkpoint": checkpoint}
    with reproducible(settings.threads):
        network = SmallNetwork(leads=len(recipe.leads), widths=WIDTHS, kernel=KERNEL, seed=settings.seed)
        _train(network, windows, recipe, settings=settings, patient=patient, journal=journal, told=told)
        standardise(network, windows)
    return finished(network, windows, recipe, settings=settings, version=VERSION)


def finished(network: Any, windows: Windows, recipe: Recipe, *, settings: LatentSettings, version: int) -> Encoder:
    """The encoder of a trained network, with its card."""
    from ecgomics.latent.network import flatten

    weights, _ = flatten(network)
    meta = {
        "name": NAME,
        "version": version,
        "licence": "Apache-2.0",
        "recipe": recipe.as_dict(),
        "network": network.told,
        "settings": settings.as_dict(),
        "trained_on": {"records": len(set(windows.record)), "digest": windows.digest()},
        "checksum": checksum(weights),
    }
    return Encoder(weights, meta)


def standardise(
    network: Any, windows: Windows, *, batch: int = 64, scaled: Literal["alone", "together"] = "alone"
) -> None:
    """Give the numbers of the embedding mean 0 and SD 1 over the windows: every one alone, or all of them together."""
    import torch

    with torch.inference_mode():
        pooled = [
            network.pooled(windows.batch(np.arange(start, min(start + batch, len(windows.signal))))[0]).double()
            for start in range(0, len(windows.signal), batch)
        ]
        vectors = torch.cat(pooled)
        spread = vectors.std(dim=0)
        if scaled == "together":
            spread = spread.square().mean().sqrt().expand(spread.shape)
        network.centre.copy_(vectors.mean(dim=0))
        # a number that never varies must not blow up on a record it has not seen
        network.scale.copy_(torch.where(spread > 1e-3 * spread.max(), spread, spread.max()))


def _train(
    network: Any,
    windows: Windows,
    recipe: Recipe,
    *,
    settings: LatentSettings,
    patient: Mapping[str, str] | None,
    journal: Journal | None,
    told: dict[str, Any],
) -> None:
    import torch

    from ecgomics.latent.network import Projector, device_named
    from ecgomics.latent.training import Training
    from ecgomics.latent.views import Views, agreement_loss

    projector = Projector(dim=network.dim, width=_PROJECTED, seed=settings.seed)
    generator = torch.Generator().manual_seed(settings.seed)
    device = device_named(settings.device)
    held_out = settings.held_out if settings.patience else 0.0
    order = Order(windows.record, seed=settings.seed, held_out=held_out, patient=patient)
    views = Views(samples=round(settings.view_s * recipe.rate_hz), rate_hz=recipe.rate_hz)

    def loss(chosen: Any, source: torch.Generator) -> torch.Tensor:
        batch = windows.batch(chosen)
        pair = torch.cat([views.draw(*batch, generator=source) for _ in range(2)])
        first, second = projector(network.pooled(pair.to(device))).chunk(2)
        return agreement_loss(first, second, temperature=settings.temperature)

    both = torch.nn.ModuleList([network, projector]).to(device)
    Training(
        both,
        lambda: loss(order.draw(settings.batch), generator),
        judge=lambda: float(loss(order.held_out, torch.Generator().manual_seed(_JUDGED_SEED))),
        order=order,
        generator=generator,
        settings=settings,
        key=f"pretrain {windows.digest()} {settings.digest()}",
        journal=journal,
    ).run(**told)
    both.cpu()
