"""Does the recorder explain the map? Purity of neighbourhoods by device, site, rate or quality, against chance."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from ecgomics.errors import SignalError
from ecgomics.latent.embedding import finite_rows
from ecgomics.latent.neighbours import nearest_rows

_BINS = 4
_LEAST_RECORDS = 12


def drift(
    vectors: xr.DataArray,
    origins: pd.DataFrame,
    *,
    neighbours: int = 15,
    permutations: int = 199,
    q: float = 0.05,
    seed: int = 0,
) -> pd.DataFrame:
    """Flag what should not matter to an embedding or a map, but does.

    Parameters
    ----------
    vectors
        (record, any): an embedding or a map.
    origins
        Indexed by record id, one column a suspect: device, site, native rate, quality. Numbers of more than four
        values are cut into quarters; a missing value leaves the record out.
    neighbours
        Nearest neighbours looked at.
    permutations
        Shuffles for the chance level; the smallest p is 1 / (permutations + 1).
    q
        Flagged below this p, when the purity is above chance by a twentieth too.
    seed
        Of the shuffles.

    Returns
    -------
    DataFrame
        Indexed by suspect: `purity` (0 to 1: share of neighbours of the same value), `expected` (mean over shuffles),
        `excess` ((purity − expected) / (1 − expected)), `p` (one-sided), `records`, `flagged`. A suspect of one value
        has NaN.
    """
    names = vectors["record"].values.astype(str)
    frame = origins.reindex(names)
    rows = {str(name): _purity(vectors, frame[name], neighbours, permutations, seed) for name in frame.columns}
    columns = ["purity", "expected", "excess", "p", "records"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    table["flagged"] = (table["p"] < q) & (table["excess"] > 0.05)
    return table


def _purity(
    vectors: xr.DataArray, values: pd.Series, neighbours: int, permutations: int, seed: int
) -> tuple[float, float, float, float, int]:
    codes = _codes(values)
    used = finite_rows(vectors) & (codes >= 0)
    count = int(used.sum())
    if count < _LEAST_RECORDS:
        raise SignalError(
            f"{count} records with a vector and an origin", expected=f"at least {_LEAST_RECORDS}", remedy="embed more"
        )
    codes = codes[used]
    if len(np.unique(codes)) < 2:
        return np.nan, np.nan, np.nan, np.nan, count
    points = np.asarray(vectors.values, dtype=np.float64)[used]
    position = nearest_rows(points, points, k=min(neighbours, count - 1) + 1)[0][:, 1:]
    rng = np.random.default_rng(seed)
    found = _shared(codes, position)
    chance = np.array([_shared(rng.permutation(codes), position) for _ in range(permutations)])
    expected = float(chance.mean())
    p = (1 + int((chance >= found).sum())) / (1 + permutations)
    return found, expected, (found - expected) / max(1 - expected, 1e-9), p, count


def _shared(codes: npt.NDArray[np.int64], position: npt.NDArray[np.int64]) -> float:
    return float((codes[position] == codes[:, None]).mean())


def _codes(values: pd.Series) -> npt.NDArray[np.int64]:
    """A number for each value, -1 where it is missing or an empty text."""
    if pd.api.types.is_numeric_dtype(values) and values.nunique() > _BINS:
        values = pd.qcut(values, _BINS, labels=False, duplicates="drop")
    cleaned = values.mask(values.astype(object) == "")
    return np.asarray(pd.factorize(cleaned)[0], dtype=np.int64)
