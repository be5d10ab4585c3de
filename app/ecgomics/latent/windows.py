"""Records to vectors through windows: what every encoder of signals shares."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from ecgomics.latent.embedding import Embedding
from ecgomics.latent.recipe import Prepared, Recipe

Floats = npt.NDArray[np.float32]
Vectorise = Callable[[Floats], npt.NDArray[Any]]
"""(window, lead, sample) → (window, latent)."""


def embed_windows(
    ecg: xr.DataArray | Iterable[xr.DataArray],
    vectorise: Vectorise,
    *,
    recipe: Recipe,
    name: str,
    meta: dict[str, Any] | None = None,
    fit: xr.Dataset | None = None,
    batch: int = 64,
) -> Embedding:
    """Embed records by a function of their windows.

    Parameters
    ----------
    ecg
        (record, lead, time) or (lead, time), mV, any rate, NaN = missing; or blocks of that, one at a time in memory.
    vectorise
        From float32 (window, lead, sample), as `recipe` prepares them, to (window, latent).
    recipe
        How signals are prepared; stored with the embedding.
    name
        The encoder's.
    meta, fit
        What is stored beside the vectors.
    batch
        Windows at a time.

    Returns
    -------
    Embedding
        The mean over a record's windows, each weighted by how much of it was recorded; NaN for a record without a
        usable lead. `coverage` is the share of the recipe's leads that are there.
    """
    blocks = [ecg] if isinstance(ecg, xr.DataArray) else ecg
    parts = [_block(recipe.prepare(block), vectorise, batch=batch) for block in blocks]
    vectors, coverage = (xr.concat(each, dim="record") for each in zip(*parts, strict=True))
    told = dict(meta or {}) | {"recipe": recipe.as_dict()}
    return Embedding(vectors, coverage, name, told, fit if fit is not None else xr.Dataset())


def _block(block: Prepared, vectorise: Vectorise, *, batch: int) -> tuple[xr.DataArray, xr.DataArray]:
    used = block.usable
    row, window = np.nonzero((block.weight > 0) & used[:, None])
    dim = 0 if len(row) else vectorise(np.zeros((1, *block.windows.shape[2:]), dtype=np.float32)).shape[1]
    vectors = np.zeros((len(used), dim), dtype=np.float64)
    for start in range(0, len(row), batch):
        some = slice(start, start + batch)
        found = np.asarray(vectorise(block.windows[row[some], window[some]]), dtype=np.float64)
        if not vectors.shape[1]:
            vectors = np.zeros((len(used), found.shape[1]), dtype=np.float64)
        np.add.at(vectors, row[some], found * block.weight[row[some], window[some]][:, None])
    vectors /= np.maximum(block.weight.sum(axis=1), 1e-9)[:, None]
    vectors[~used] = np.nan
    names = [f"z{number}" for number in range(vectors.shape[1])]
    record = block.record
    return (
        xr.DataArray(vectors.astype(np.float32), dims=("record", "latent"), coords={"record": record, "latent": names}),
        xr.DataArray(block.used.mean(axis=1).astype(np.float32), dims="record", coords={"record": record}),
    )
