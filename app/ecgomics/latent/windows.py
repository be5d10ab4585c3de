"""Records to vectors through windows: what every encoder of signals shares."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import xarray as xr

from ecgomics.latent.embedding import Embedding
from ecgomics.latent.recipe import Prepared, Recipe

Floats = npt.NDArray[np.float32]
Vectorise = Callable[[Floats], npt.NDArray[Any]]
"""(window, lead, sample) → (window, latent)."""

Item = TypeVar("Item")
Result = TypeVar("Result")

_PIECE = 32


def embed_windows(
    ecg: xr.DataArray | Iterable[xr.DataArray],
    vectorise: Vectorise,
    *,
    recipe: Recipe,
    name: str,
    meta: dict[str, Any] | None = None,
    fit: xr.Dataset | None = None,
    batch: int = 64,
    threads: int = 1,
) -> Embedding:
    """Embed records by a function of their windows.

    Parameters
    ----------
    ecg
        (record, lead, time) or (lead, time), mV, any rate, NaN = missing; or blocks of that, one at a time in memory.
    vectorise
        From float32 (window, lead, sample), as `recipe` prepares them, to (window, latent). With several threads it is
        called from each of them.
    recipe
        How signals are prepared; stored with the embedding.
    name
        The encoder's.
    meta, fit
        What is stored beside the vectors.
    batch
        Windows at a time.
    threads
        Pieces of a few records that are worked on side by side, each by one thread from filter to vector; never more
        than there are free cores. What is in memory does not grow with the records, but for their vectors.

    Returns
    -------
    Embedding
        The mean over a record's windows, each weighted by how much of it was recorded; NaN for a record without a
        usable lead. `coverage` is the share of the recipe's leads that are there.
    """
    parts = list(side_by_side(_pieces(ecg), lambda piece: _block(recipe.prepare(piece), vectorise, batch), threads))
    vectors, coverage = (xr.concat(each, dim="record") for each in zip(*parts, strict=True))
    told = dict(meta or {}) | {"recipe": recipe.as_dict()}
    return Embedding(vectors, coverage, name, told, fit if fit is not None else xr.Dataset())


def side_by_side(items: Iterable[Item], work: Callable[[Item], Result], threads: int) -> Iterator[Result]:
    """Results in the order of the items, of which only a few are in memory at once."""
    count = max(1, min(threads, free_cores()))
    if count == 1:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(count) as pool:
        under_way: deque[Future[Result]] = deque()
        for item in items:
            under_way.append(pool.submit(work, item))
            if len(under_way) > 2 * count:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


def free_cores() -> int:
    """Cores this process may use: not those of the machine, when it has been given fewer."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _pieces(ecg: xr.DataArray | Iterable[xr.DataArray]) -> Iterator[xr.DataArray]:
    """Some records at a time: they fit the processor's cache, which whole blocks do not."""
    for block in [ecg] if isinstance(ecg, xr.DataArray) else ecg:
        if "record" not in block.dims:
            yield block
            continue
        for start in range(0, block.sizes["record"], _PIECE):
            yield block.isel(record=slice(start, start + _PIECE))


def _block(block: Prepared, vectorise: Vectorise, batch: int) -> tuple[xr.DataArray, xr.DataArray]:
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
