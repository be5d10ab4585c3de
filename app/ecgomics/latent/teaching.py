"""`teach`: train the small encoder to see in a noisy, partial view what is measured on the whole recording."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from ecgomics.latent.encoder import Encoder
from ecgomics.latent.handmade import Handmade
from ecgomics.latent.journal import Journal
from ecgomics.latent.material import Order, Windows
from ecgomics.latent.pretraining import KERNEL, WIDTHS, Progress, finished, standardise
from ecgomics.latent.recipe import Recipe
from ecgomics.settings import LatentSettings

VERSION = 3
MIXED = 192

_AGREEMENT_SHARE = 0.03
_PROJECTED = 128
_TARGETS = LatentSettings(max_missing=0.6, beat_share=0.25, beat_components=20)

Floats = npt.NDArray[np.float32]


def teach(
    blocks: xr.DataArray | Iterable[xr.DataArray],
    values: xr.Dataset,
    *,
    template: xr.Dataset,
    settings: LatentSettings | None = None,
    patient: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    journal: Journal | None = None,
) -> Encoder:
    """Train the small encoder on recordings and what was measured on them; no labels.

    Parameters
    ----------
    blocks
        Signals, (record, lead, time) in mV, any rate, NaN = missing; records of a window of 10 s or less.
    values, template
        Biomarkers and representative beats of the same records, joined by id; see `handmade`. A missing value and the
        beat of a record with missing leads are no target.
    settings, patient, progress, checkpoint, journal
        As for `pretrain`.

    Returns
    -------
    Encoder
        0.41 M parameters, 192 numbers of mean 0, and SD 1 on the whole, over these records: distances between vectors
        are those between what they tell.

    Notes
    -----
    The network sees a view with other gain, noise, wander and missing leads and must tell every scaled biomarker and
    the principal components of the clean beat in twelve leads; a small share of the loss asks it to recognise a
    recording by another of its moments (Chen et al., ICML 2020).
    """
    settings = settings or LatentSettings()
    recipe = Recipe()
    windows = Windows.gather(blocks, recipe)
    from ecgomics.latent.network import SmallNetwork, reproducible

    targets, known = _targets(values, template, windows)
    with reproducible(settings.threads):
        network = SmallNetwork(leads=len(recipe.leads), widths=WIDTHS, kernel=KERNEL, mixed=MIXED, seed=settings.seed)
        lesson = _Lesson(network, windows, targets, known=known, recipe=recipe, settings=settings, patient=patient)
        lesson.train(progress=progress, checkpoint=checkpoint, journal=journal)
        lesson.turn()
        standardise(network, windows, scaled="together")
    return finished(network, windows, recipe, settings=settings, version=VERSION)


class _Lesson:
    """The heads, the sources of chance and the loss."""

    def __init__(
        self,
        network: Any,
        windows: Windows,
        targets: Floats,
        *,
        known: Floats,
        recipe: Recipe,
        settings: LatentSettings,
        patient: Mapping[str, str] | None,
    ) -> None:
        import torch

        from ecgomics.latent.network import Projector, device_named
        from ecgomics.latent.views import Views

        self._network, self._windows, self._settings = network, windows, settings
        self._projector = Projector(dim=network.dim, width=_PROJECTED, seed=settings.seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed + 2)
            self._head = torch.nn.Linear(network.dim, targets.shape[1])
        share = np.square(targets * known).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        scale = np.sqrt(np.maximum(share, 1e-12))
        self._device = device_named(settings.device)
        self._targets, self._known = torch.from_numpy(targets / scale), torch.from_numpy(known)
        self._weight = torch.from_numpy((share / share.sum()).astype(np.float32)).to(self._device)
        self._generator = torch.Generator().manual_seed(settings.seed)
        held_out = settings.held_out if settings.patience else 0.0
        self._order = Order(windows.record, seed=settings.seed, held_out=held_out, patient=patient)
        self._views = Views(samples=round(settings.view_s * recipe.rate_hz), rate_hz=recipe.rate_hz)

    def train(
        self, *, progress: Progress | None, checkpoint: str | os.PathLike[str] | None, journal: Journal | None
    ) -> None:
        import torch

        from ecgomics.latent.training import Training

        parts = torch.nn.ModuleList([self._network, self._projector, self._head]).to(self._device)
        Training(
            parts,
            lambda: self._loss(self._order.draw(self._settings.batch), self._generator),
            judge=lambda: float(self._loss(self._order.held_out, torch.Generator().manual_seed(1))),
            order=self._order,
            generator=self._generator,
            settings=self._settings,
            key=f"teach {self._windows.digest()} {self._settings.digest()}",
            journal=journal,
        ).run(progress=progress, checkpoint=checkpoint)
        parts.cpu()

    def turn(self) -> None:
        """Turn and stretch the network's numbers so that their distances are those between the targets they tell."""
        import torch

        mixing = self._network.mix[1]
        with torch.no_grad():
            telling = self._head.weight.double() * self._weight.cpu().double().sqrt()[:, None]
            _, size, axes = torch.linalg.svd(telling, full_matrices=False)
            turned = (size[:, None] * axes).float()
            mixing.weight.copy_(turned @ mixing.weight)
            mixing.bias.copy_(turned @ mixing.bias)

    def _loss(self, chosen: npt.NDArray[np.int64], source: Any) -> Any:
        import torch

        from ecgomics.latent.views import agreement_loss

        batch = self._windows.batch(chosen)
        pair = torch.cat([self._views.draw(*batch, generator=source) for _ in range(2)])
        vectors = self._network.pooled(pair.to(self._device))
        first, second = self._projector(vectors).chunk(2)
        agreement = agreement_loss(first, second, temperature=self._settings.temperature)
        known, targets = self._known[chosen].to(self._device), self._targets[chosen].to(self._device)
        weight = known.repeat(2, 1) * self._weight
        missed = (self._head(vectors) - targets.repeat(2, 1)).square() * weight
        return missed.sum() / weight.sum().clamp(min=1e-6) + _AGREEMENT_SHARE * agreement


def _targets(values: xr.Dataset, template: xr.Dataset, windows: Windows) -> tuple[Floats, Floats]:
    """What is to be told of each window's record and whether it is known (0 or 1), both (window, target)."""
    fitted = Handmade.fit(values, template, settings=_TARGETS)
    there = values["record"].values.astype(str)
    place = {name: number for number, name in enumerate(there.tolist())}
    vectors = fitted.transform(values, template).vectors
    table = values["value"].sel(biomarker=fitted.scaling["biomarker"].values).transpose("record", "biomarker").values
    beats = template["beat_mv"].reindex(record=there).notnull().any(dim=("lead", "offset")).values
    extra = vectors.sizes["latent"] - table.shape[1]
    known = np.concatenate([np.isfinite(table), np.repeat(beats[:, None], extra, axis=1)], axis=1)
    rows = np.array([place[name] for name in windows.record])
    known = known[rows]
    # the beat in twelve leads cannot be asked of a recording with fewer
    known[~windows.used.all(axis=1), table.shape[1] :] = False
    return np.nan_to_num(vectors.values)[rows].astype(np.float32), known.astype(np.float32)
