"""How unlike its cohort a record is: for records the cohort has never seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from ecgomics.errors import SignalError
from ecgomics.latent.embedding import finite_rows
from ecgomics.latent.neighbours import Floats, nearest_rows

_LEAST_RECORDS = 5


@dataclass(frozen=True)
class Novelty:
    """What is usual in a cohort, learned from its vectors.

    Parameters
    ----------
    known
        float64, (record, latent): the cohort.
    neighbours
        Nearest neighbours looked at.
    usual_distance
        float64, (record), ascending: mean distance of each record of the cohort to its nearest others.
    centre, precision
        float64, (latent) and (latent, latent): mean and inverse of the shrunken covariance.
    usual_mahalanobis
        float64, (record), ascending: the cohort's own Mahalanobis distances.
    """

    known: Floats
    neighbours: int
    usual_distance: Floats
    centre: Floats
    precision: Floats
    usual_mahalanobis: Floats

    @classmethod
    def fit(cls, vectors: xr.DataArray, *, neighbours: int = 10) -> Novelty:
        """Learn from the vectors of a cohort, (record, latent); records without one are left out.

        Raises
        ------
        SignalError
            For fewer than five records with a vector.

        Notes
        -----
        Covariance: Ledoit & Wolf, J Multivar Anal 2004;88:365 (shrunk towards a multiple of the identity).
        """
        known = np.asarray(vectors.values, dtype=np.float64)[finite_rows(vectors)]
        if len(known) < _LEAST_RECORDS:
            raise SignalError(
                f"{len(known)} records with a vector",
                expected=f"at least {_LEAST_RECORDS} to know what is usual",
                remedy="embed more records",
            )
        k = min(neighbours, len(known) - 1)
        distance = nearest_rows(known, known, k=k + 1)[1][:, 1:].mean(axis=1)
        centre = known.mean(axis=0)
        precision = np.asarray(np.linalg.inv(_shrunken_covariance(known - centre)), dtype=np.float64)
        own = _mahalanobis(known - centre, precision)
        return cls(known, k, np.sort(distance), centre, precision, np.sort(own))

    def score(self, vectors: xr.DataArray) -> xr.Dataset:
        """How unusual records are.

        Returns
        -------
        Dataset over `record`: `distance_percentile` and `mahalanobis_percentile` (0 to 100: share of the cohort that
        is less far out) and `mahalanobis`; NaN for a record without a vector. A record of the cohort itself is its
        own nearest neighbour, so its distance looks smaller than a stranger's.
        """
        there = finite_rows(vectors)
        numbers = np.asarray(vectors.values, dtype=np.float64)[there]
        found = np.full((3, len(there)), np.nan, dtype=np.float32)
        if len(numbers):
            distance = nearest_rows(numbers, self.known, k=self.neighbours)[1].mean(axis=1)
            mahalanobis = _mahalanobis(numbers - self.centre, self.precision)
            found[0, there] = _percentile(distance, self.usual_distance)
            found[1, there] = _percentile(mahalanobis, self.usual_mahalanobis)
            found[2, there] = mahalanobis
        names = ("distance_percentile", "mahalanobis_percentile", "mahalanobis")
        columns = {name: ("record", row) for name, row in zip(names, found, strict=True)}
        return xr.Dataset(columns, coords={"record": vectors["record"].values})


def _percentile(values: Floats, usual: Floats) -> Floats:
    return np.asarray(100.0 * np.searchsorted(usual, values, side="left") / len(usual))


def _mahalanobis(centred: Floats, precision: Floats) -> Floats:
    return np.asarray(np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", centred, precision, centred, optimize=True), 0.0)))


def _shrunken_covariance(centred: Floats) -> Floats:
    size, features = centred.shape
    sample = centred.T @ centred / size
    mean = np.trace(sample) / features
    spread = np.square(sample - mean * np.eye(features)).sum()
    noise = ((np.square(centred).T @ np.square(centred)).sum() / size - np.square(sample).sum()) / size
    share = 1.0 if spread <= 0 else float(np.clip(noise / spread, 0.0, 1.0))
    shrunk = (1 - share) * sample + share * mean * np.eye(features)
    return np.asarray(shrunk + 1e-9 * max(mean, 1e-12) * np.eye(features))
