"""`Founder`: ECGFounder's encoder, our own implementation of it, with the user's file of its weights."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from ecgomics.errors import FormatError
from ecgomics.latent.checkpoint import file_checksum, read_tensors
from ecgomics.latent.embedding import Embedding
from ecgomics.latent.recipe import Recipe
from ecgomics.latent.windows import Floats, embed_windows

VERSION = "1"

_BATCH = 8


@dataclass(frozen=True)
class Founder:
    """ECGFounder with weights.

    Parameters
    ----------
    weights
        float32 tensors by their published names.
    recipe
        How signals are prepared. The published code and paper differ: another recipe gives other vectors.
    checksum
        SHA-256 of the file the weights came from.

    Notes
    -----
    Li et al., NEJM AI 2025;2(7) AIoa2401033; arXiv:2410.04133. Departures: filters are second-order sections; a
    missing lead is zero before the array is standardised; recordings of another length are cut into windows of 10 s
    whose vectors are averaged.
    """

    weights: Mapping[str, Any]
    recipe: Recipe
    checksum: str

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], *, recipe: str = "ecgfounder-code", checksum: str | None = None
    ) -> Founder:
        """Read a published checkpoint.

        Parameters
        ----------
        path
            ``12_lead_ECGFounder.pth`` or ``1_lead_ECGFounder.pth``.
        recipe
            Name of a recipe of 12 leads or of 1, as the file's network has.
        checksum
            SHA-256 the file must have; None: any.

        Raises
        ------
        FormatError
            When the file is absent, has another checksum, or is no such checkpoint; nothing in it is executed.
        SettingsError
            For an unknown recipe.
        """
        from ecgomics.latent.registry import recipe_named

        chosen = recipe_named(recipe)
        try:
            found = file_checksum(path)
        except OSError as error:
            raise FormatError(
                "a weights file that cannot be opened",
                expected="12_lead_ECGFounder.pth or 1_lead_ECGFounder.pth",
                remedy="check its path",
            ) from error
        if checksum is not None and found != checksum.lower():
            raise FormatError(
                f"a weights file with the checksum {found[:12]}…",
                expected=f"{checksum[:12]}…",
                remedy="fetch the file again, or state its own checksum if you trust it",
            )
        from ecgomics.latent.founder_network import layout

        return cls(read_tensors(path, shapes=layout(len(chosen.leads))), chosen, found)

    @property
    def name(self) -> str:
        """What the store calls it."""
        return "ecgfounder" if len(self.recipe.leads) > 1 else "ecgfounder-1-lead"

    def embed(self, ecg: xr.DataArray | Iterable[xr.DataArray], *, threads: int = 1) -> Embedding:
        """Turn records into vectors of 1024 numbers.

        Parameters
        ----------
        ecg
            (record, lead, time) or (lead, time), mV, any rate; or blocks of that.
        threads
            torch threads.

        Returns
        -------
        Embedding
            Its `fit` holds no weights (123 MB), but their checksum.
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
        """Prepared windows, float32 (window, lead, sample), to float32 (window, 1024)."""
        import torch

        from ecgomics.latent.founder_network import embedded
        from ecgomics.latent.network import threads as torch_threads

        with torch_threads(threads), torch.inference_mode():
            return np.asarray(embedded(self.weights, torch.from_numpy(windows)).numpy(), dtype=np.float32)
