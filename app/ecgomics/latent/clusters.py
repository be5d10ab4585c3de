"""Clusters of an embedding, how stable they are, and what they are in biomarker terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from ecgomics.errors import SignalError
from ecgomics.latent.components import principal
from ecgomics.latent.embedding import finite_rows
from ecgomics.latent.probe import carried

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_REDUCED = 10
_SHARE = 0.8
_TRUSTED = 0.6


@dataclass(frozen=True)
class Clusters:
    """Groups found in an embedding.

    Parameters
    ----------
    label
        int, (record): cluster from 0, largest first; −1: none, or no vector.
    stability
        float64, (cluster), 0 to 1: mean over subsamples of its best Jaccard match. Below 0.6 it is not to be trusted
        (Hennig, Comput Stat Data Anal 2007;52:258).
    """

    label: xr.DataArray
    stability: Floats

    def __str__(self) -> str:
        """How many there are, in words; that there is none is a finding too."""
        alone = int((self.label == -1).sum())
        if not len(self.stability):
            return (
                f"no cluster: the {alone} records thin out from one crowd, without a gap that density would show; "
                "a smaller `least`, or a map, may part them"
            )
        trusted = int((self.stability >= _TRUSTED).sum())
        inside = int(self.label.size) - alone
        return f"{len(self.stability)} clusters of {inside} records, {trusted} of them stable; {alone} records in none"

    def describe(self, values: xr.Dataset, *, count: int = 3) -> pd.DataFrame:
        """What sets each cluster apart: its records, stability, and the biomarkers that differ most from the rest.

        Parameters
        ----------
        values
            `value` (record, biomarker).
        count
            Biomarkers told.

        Returns
        -------
        DataFrame
            Indexed by cluster: `records`, `stability`, `text` ("QRS_Dur_Global high (AUC 0.97), …"); empty where
            there is none, which `str` of this says in words.
        """
        rows = []
        for number, stability in enumerate(self.stability):
            member = self.label == number
            rows.append((int(member.sum()), float(stability), _text(carried(member, values, count=count))))
        return pd.DataFrame(rows, columns=["records", "stability", "text"]).rename_axis("cluster")


def clusters(vectors: xr.DataArray, *, least: int = 10, resamples: int = 20, seed: int = 0) -> Clusters:
    """Find clusters by density, and again in subsamples.

    Parameters
    ----------
    vectors
        (record, latent), or a map.
    least
        Smallest cluster, records.
    resamples
        Subsamples of four fifths of the records for the stability.
    seed
        Of the subsamples.

    Raises
    ------
    SignalError
        For fewer than twice `least` records with a vector.

    Notes
    -----
    HDBSCAN (Campello, Moulavi & Sander, PAKDD 2013) of scikit-learn, on the ten leading principal components.
    """
    there = finite_rows(vectors)
    if there.sum() < 2 * least:
        raise SignalError(
            f"{int(there.sum())} records with a vector", expected=f"at least {2 * least}", remedy="embed more records"
        )
    points = _reduced(np.asarray(vectors.values, dtype=np.float64)[there])
    found = _found(points, least)
    rng = np.random.default_rng(seed)
    matches = np.array([_match(points, found, least, rng) for _ in range(resamples)])
    stability = matches.mean(axis=0) if len(matches) else np.empty(found.max() + 1)
    label = np.full(len(there), -1)
    label[there] = found
    told = xr.DataArray(label, dims="record", coords={"record": vectors["record"].values})
    return Clusters(told, np.asarray(stability, dtype=np.float64).reshape(-1))


def _reduced(points: Floats) -> Floats:
    centred = points - points.mean(axis=0)
    return np.asarray(centred @ principal(centred)[1][:_REDUCED].T)


def _found(points: Floats, least: int) -> Ints:
    from sklearn.cluster import HDBSCAN

    label: Any = HDBSCAN(min_cluster_size=least, copy=True).fit_predict(points)
    sizes = np.bincount(label[label >= 0]) if (label >= 0).any() else np.empty(0, dtype=int)
    rank = np.empty(len(sizes), dtype=np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    return np.array([rank[one] if one >= 0 else -1 for one in label], dtype=np.int64)


def _match(points: Floats, found: Ints, least: int, rng: np.random.Generator) -> Floats:
    """Best Jaccard match of each cluster among those of a subsample."""
    chosen = np.sort(rng.choice(len(points), round(_SHARE * len(points)), replace=False))
    again, before = _found(points[chosen], max(2, round(_SHARE * least))), found[chosen]
    best = np.zeros(found.max() + 1)
    for number in range(len(best)):
        inside = before == number
        for other in range(again.max() + 1):
            both = again == other
            best[number] = max(best[number], (inside & both).sum() / max(1, (inside | both).sum()))
    return best


def _text(told: pd.DataFrame) -> str:
    parts = [
        f"{name} {'high' if auc > 0.5 else 'low'} (AUC {max(auc, 1 - auc):.2f})"
        for name, auc in zip(told.index, told["auc"], strict=True)
    ]
    return ", ".join(parts)
