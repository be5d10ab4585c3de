"""Records like this one, and whether two embeddings agree on who is like whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from ecgomics.errors import SignalError
from ecgomics.latent.embedding import finite_rows
from ecgomics.latent.neighbours import Floats, nearest_rows


def nearest(vectors: xr.DataArray, query: str | xr.DataArray, *, k: int = 10) -> pd.DataFrame:
    """The records most like another.

    Parameters
    ----------
    vectors
        (record, latent): where to look; records without a vector are never found.
    query
        The id of a record of `vectors`, which is then not its own neighbour, or a vector (latent).
    k
        How many; at most as many as there are.

    Returns
    -------
    DataFrame
        Columns `record`, `distance` (Euclidean, ascending) and `rank` (from 1).

    Raises
    ------
    SignalError
        When the record is not there or has no vector.

    Examples
    --------
    >>> vectors = xr.DataArray([[0.0], [1.0], [5.0]], dims=("record", "latent"), coords={"record": ["a", "b", "c"]})
    >>> nearest(vectors, "a", k=1)["record"].item()
    'b'
    """
    names = vectors["record"].values.astype(str)
    there = finite_rows(vectors)
    itself = isinstance(query, str)
    if itself and query not in names:
        raise _lost("a record id the embedding does not hold")
    one = vectors.values[np.flatnonzero(names == query)[0]] if isinstance(query, str) else np.asarray(query.values)
    if one.shape != (vectors.sizes["latent"],) or not np.isfinite(one).all():
        raise _lost("a record without a vector of this embedding")
    candidates = there & (names != query) if itself else there
    if not candidates.any():
        raise _lost("an embedding without any other vector")
    position, distance = nearest_rows(one[None], vectors.values[candidates], k=k)
    found = names[candidates][position[0]]
    return pd.DataFrame({"record": found, "distance": distance[0], "rank": np.arange(1, len(found) + 1)})


@dataclass(frozen=True)
class Agreement:
    """Whether two embeddings of the same records name the same neighbours.

    Parameters
    ----------
    overall
        0 to 1: mean share of nearest neighbours that both name.
    by_chance
        What it would be for unrelated embeddings: k / (records − 1).
    points
        (record), 0 to 1: each record's share; NaN for a record that one of them could not embed.
    neighbours
        How many were looked at.
    """

    overall: float
    by_chance: float
    points: xr.DataArray
    neighbours: int


def agreement(first: xr.DataArray, second: xr.DataArray, *, neighbours: int = 15) -> Agreement:
    """Neighbourhood agreement of two encoders, seeds, recipes or maps.

    Parameters
    ----------
    first, second
        (record, any) each; joined by record id.
    neighbours
        Nearest neighbours looked at; at most a third of the records.

    Raises
    ------
    SignalError
        For fewer than four records that both hold.
    """
    shared = [name for name in first["record"].values.tolist() if name in set(second["record"].values.tolist())]
    a, b = first.sel(record=shared), second.sel(record=shared)
    there = finite_rows(a) & finite_rows(b)
    if there.sum() < 4:
        raise SignalError(
            f"{int(there.sum())} records in both embeddings",
            expected="at least 4",
            remedy="embed the same records with both encoders",
        )
    k = max(1, min(neighbours, (int(there.sum()) - 1) // 3))
    sides = [_others(np.asarray(side.values, dtype=np.float64)[there], k=k) for side in (a, b)]
    share = (sides[0][:, :, None] == sides[1][:, None, :]).any(axis=2).mean(axis=1)
    points = np.full(len(there), np.nan)
    points[there] = share
    told = xr.DataArray(points, dims="record", coords={"record": shared})
    return Agreement(float(share.mean()), k / (int(there.sum()) - 1), told, k)


def _others(points: Floats, *, k: int) -> np.ndarray:
    """Positions of each row's nearest others, (row, k): the row itself is left out, also among its twins."""
    position = nearest_rows(points, points, k=k + 1)[0]
    own = position == np.arange(len(points))[:, None]
    own[~own.any(axis=1), -1] = True
    return position[~own].reshape(len(points), k)


def _lost(arrived: str) -> SignalError:
    return SignalError(arrived, expected="one that was embedded", remedy="embed it with the same encoder first")
