"""`Published`: an encoder others trained, as we implement it, with the user's file of the published weights."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from ecgomics.errors import FormatError, SettingsError, did_you_mean
from ecgomics.latent.checkpoint import file_checksum, read_tensors
from ecgomics.latent.embedding import Embedding
from ecgomics.latent.recipe import Recipe
from ecgomics.latent.windows import Floats, embed_windows

VERSION = "1"

_BATCH = 8


@dataclass(frozen=True)
class Network:
    """A network whose authors publish its weights.

    Attributes
    ----------
    module
        Module of this room with ``layout(leads)``, name and shape of every weight that is used, and ``embedded(weights,
        signal)``, (batch, lead, sample) → (batch, latent); it imports torch.
    files
        What its authors call the files.
    recipe
        How signals are prepared for it, unless another is named.
    under
        Keys a file may hold its state dict under.
    """

    module: str
    files: str
    recipe: str
    under: tuple[str, ...] = ("state_dict",)


NETWORKS: Mapping[str, Network] = {
    "ecgfounder": Network("founder_network", "12_lead_ECGFounder.pth", "ecgfounder-code"),
    "ecgfounder-1-lead": Network("founder_network", "1_lead_ECGFounder.pth", "ecgfounder-code-1-lead"),
    "ecg-jepa": Network("jepa_network", "multiblock_epoch100.pth or random_epoch100.pth", "ecg-jepa", ("encoder",)),
    "merl": Network("merl_network", "res18_best_encoder.pth", "merl"),
}
"""By the name the store calls them."""


@dataclass(frozen=True)
class Published:
    """A published network with weights.

    Parameters
    ----------
    name
        One of `NETWORKS`.
    weights
        float32 tensors by their published names.
    recipe
        How signals are prepared. Another recipe gives other vectors.
    checksum
        SHA-256 of the file the weights came from.

    Notes
    -----
    Li et al., NEJM AI 2025;2(7) AIoa2401033 (ECGFounder); Kim, arXiv:2410.08559 (ECG-JEPA); Liu et al., ICML 2024,
    arXiv:2403.06659 (MERL). Departures: filters are second-order sections; a missing lead is zero before an array is
    standardised (ECG-JEPA leaves it out); recordings of another length are cut into windows of 10 s whose vectors are
    averaged.
    """

    name: str
    weights: Mapping[str, Any]
    recipe: Recipe
    checksum: str

    @classmethod
    def load(
        cls, name: str, path: str | os.PathLike[str], *, recipe: str | None = None, checksum: str | None = None
    ) -> Published:
        """Read a published checkpoint.

        Parameters
        ----------
        name
            One of `NETWORKS`.
        path
            The file, as its authors publish it.
        recipe
            Name of a recipe with as many leads as the file's network; the network's own when not given.
        checksum
            SHA-256 the file must have; None: any.

        Raises
        ------
        FormatError
            When the file is absent, has another checksum, or is no such checkpoint; nothing in it is executed.
        SettingsError
            For an unknown network or recipe.
        """
        from ecgomics.latent.registry import recipe_named

        if name not in NETWORKS:
            raise SettingsError(
                f"no published network {name!r}",
                expected=f"one of {', '.join(NETWORKS)}",
                remedy=did_you_mean(name, NETWORKS),
            )
        network = NETWORKS[name]
        chosen = recipe_named(recipe or network.recipe)
        try:
            found = file_checksum(path)
        except OSError as error:
            raise FormatError(
                "a weights file that cannot be opened", expected=network.files, remedy="check its path"
            ) from error
        if checksum is not None and found != checksum.lower():
            raise FormatError(
                f"a weights file with the checksum {found[:12]}…",
                expected=f"{checksum[:12]}…",
                remedy="fetch the file again, or state its own checksum if you trust it",
            )
        shapes = _module(name).layout(len(chosen.leads))
        return cls(name, read_tensors(path, shapes=shapes, under=network.under), chosen, found)

    def embed(self, ecg: xr.DataArray | Iterable[xr.DataArray], *, threads: int = 1) -> Embedding:
        """Turn records into vectors.

        Parameters
        ----------
        ecg
            (record, lead, time) or (lead, time), mV, any rate; or blocks of that.
        threads
            torch threads.

        Returns
        -------
        Embedding
            Its `fit` holds no weights (they are large, and the user's), but their checksum.
        """
        meta = {"name": self.name, "version": VERSION, "checksum": self.checksum}
        return embed_windows(
            ecg,
            lambda windows: self.vectors(windows, threads=threads),
            recipe=self.recipe,
            name=self.name,
            meta=meta,
            fit=xr.Dataset(attrs=meta | {"recipe": self.recipe.key}),
            batch=_BATCH,
        )

    def vectors(self, windows: Floats, *, threads: int = 1) -> Floats:
        """Prepared windows, float32 (window, lead, sample), to float32 (window, latent)."""
        import torch

        from ecgomics.latent.network import threads as torch_threads

        with torch_threads(threads), torch.inference_mode():
            found = _module(self.name).embedded(self.weights, torch.from_numpy(windows))
            return np.asarray(found.numpy(), dtype=np.float32)


def _module(name: str) -> Any:
    return importlib.import_module(f"ecgomics.latent.{NETWORKS[name].module}")
