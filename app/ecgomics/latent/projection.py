"""`Projection`: vectors to a map that is stored with its fit, so that new records are placed, not fitted again."""

from __future__ import annotations

import importlib.metadata
import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from ecgomics.errors import SignalError
from ecgomics.latent.fuzzy import graph, strengths, widths
from ecgomics.latent.neighbours import Floats, Ints, nearest_rows
from ecgomics.latent.trust import Trust, trust
from ecgomics.settings import ProjectionSettings

Method = Literal["umap", "pca"]

AXES = ("x", "y", "z")
VERSION = 1

_LEAST_RECORDS = 4
_LEAST_FOR_UMAP = 16
_SPREAD = 10.0
_SAME = 1e-6
_DENSITY: dict[str, Any] = {"lambda": 2.0, "frac": 0.3, "var_shift": 0.1}


@dataclass(frozen=True)
class Projection:
    """A fitted map.

    Parameters
    ----------
    method
        "umap" or "pca": how it was made (fewer than 16 records are always a PCA map).
    record
        Ids of the records it was fitted to (str, record).
    centre, directions
        float64, (latent) and (reduced, latent): the principal components that vectors are reduced to first.
    reduced
        float64, (record, reduced): the fitted records, reduced.
    coordinates
        float64, (record, axis): where they lie on the map.
    settings
        What it was fitted with.
    curve
        UMAP's a and b; (0, 0) for a PCA map.
    versions
        Of the libraries that made it: another version or machine may draw another map, which is why this one is kept.
    """

    method: Method
    record: npt.NDArray[np.str_]
    centre: Floats
    directions: Floats
    reduced: Floats
    coordinates: Floats
    settings: ProjectionSettings
    curve: tuple[float, float]
    versions: dict[str, str]

    @classmethod
    def fit(
        cls,
        vectors: xr.DataArray,
        settings: ProjectionSettings | None = None,
        *,
        progress: Callable[[float], None] | None = None,
    ) -> Projection:
        """Make a map of the records that have a vector.

        Parameters
        ----------
        vectors
            (record, latent); records that are not finite are left out.
        settings
            Method, neighbours, closeness, axes, epochs, density, seed.
        progress
            Called with the share of the passes that are done, 0 to 1; what it raises ends the fit.

        Raises
        ------
        SignalError
            For other dims, or fewer than four records with a vector.

        Notes
        -----
        McInnes, Healy & Melville, arXiv:1802.03426, by umap-learn's layout. Departures: the vectors are first reduced
        to their leading principal components; nearest neighbours are exact; the layout starts from the first
        components. The same seed on the same machine gives the same map. With density: densMAP (Narayan, Berger & Cho,
        Nat Biotechnol 2021;39:765) with its own defaults.
        """
        settings = settings or ProjectionSettings()
        numbers, record = _matrix(vectors)
        there = np.isfinite(numbers).all(axis=1)
        if there.sum() < _LEAST_RECORDS:
            raise SignalError(
                f"{int(there.sum())} records with a vector",
                expected=f"at least {_LEAST_RECORDS} to make a map of",
                remedy="embed more records",
            )
        numbers, record = numbers[there], record[there]
        centre, directions = _principal(numbers, settings.reduce_to)
        reduced = (numbers - centre) @ directions.T
        method: Method = "umap" if settings.method == "umap" and len(reduced) >= _LEAST_FOR_UMAP else "pca"
        coordinates, curve = _umap(reduced, settings, progress) if method == "umap" else _leading(reduced, settings)
        versions = _versions(method)
        return cls(method, record, centre, directions, reduced, coordinates, settings, curve, versions)

    @property
    def map(self) -> xr.DataArray:
        """Where the fitted records lie, (record, axis)."""
        return _placed(self.coordinates, self.record)

    def transform(self, vectors: xr.DataArray) -> xr.DataArray:
        """Place records on the map; it does not move.

        A record of the fit lies where it lay. Another lies at the mean of its nearest fitted neighbours, weighted by
        UMAP's memberships (a PCA map: at its own components), whatever else is placed with it.

        Parameters
        ----------
        vectors
            (record, latent), the encoder's that the map was fitted to.

        Returns
        -------
        float32, (record, axis); NaN for a record without a vector.
        """
        numbers, record = _matrix(vectors)
        if numbers.shape[1] != len(self.centre):
            raise SignalError(
                f"vectors of {numbers.shape[1]} numbers",
                expected=f"{len(self.centre)}, as the map was fitted to",
                remedy="embed the records with the same encoder",
            )
        there = np.isfinite(numbers).all(axis=1)
        reduced = (numbers[there] - self.centre) @ self.directions.T
        placed = np.full((len(numbers), self.coordinates.shape[1]), np.nan)
        if there.any():
            placed[there] = self._place(reduced, record[there])
        return _placed(placed, record)

    def trust(self, *, neighbours: int = 15) -> Trust:
        """How far the map can be trusted as a picture of the vectors."""
        return trust(self.reduced, self.coordinates, neighbours=neighbours)

    def to_dataset(self) -> xr.Dataset:
        """The fit as plain arrays; every name begins with `map_`, so that it may share a node with an embedding."""
        told = {
            "version": VERSION,
            "method": self.method,
            "settings": self.settings.as_dict(),
            "curve": list(self.curve),
            "versions": self.versions,
        }
        return xr.Dataset(
            {
                "map_centre": ("map_latent", self.centre),
                "map_directions": (("map_component", "map_latent"), self.directions),
                "map_reduced": (("map_record", "map_component"), self.reduced),
                "map_coordinates": (("map_record", "map_axis"), self.coordinates),
            },
            coords={"map_record": self.record},
            attrs={"projection": json.dumps(told)},
        )

    @classmethod
    def from_dataset(cls, stored: xr.Dataset) -> Projection:
        """The map of a stored Dataset.

        Raises
        ------
        SignalError
            When the Dataset holds no map.
        """
        if "map_coordinates" not in stored or "projection" not in stored.attrs:
            raise SignalError(
                "a Dataset without a fitted map",
                expected="one that Projection.to_dataset made",
                remedy="project the cohort again",
            )
        told = json.loads(stored.attrs["projection"])
        a, b = told["curve"]
        return cls(
            told["method"],
            stored["map_record"].values.astype(str),
            stored["map_centre"].values,
            stored["map_directions"].values,
            stored["map_reduced"].values,
            stored["map_coordinates"].values,
            ProjectionSettings.from_dict(told["settings"]),
            (float(a), float(b)),
            told["versions"],
        )

    def _place(self, reduced: Floats, record: npt.NDArray[np.str_]) -> Floats:
        if self.method == "pca":
            return _leading(reduced, self.settings)[0]
        position, distance = nearest_rows(reduced, self.reduced, k=self.settings.neighbours)
        weight = strengths(distance, *widths(distance))
        # what has a fitted record's vector, to rounding, takes its place; of several, that of its own id
        same = distance <= _SAME * np.abs(self.reduced).max()
        own = same & (self.record[position] == record[:, None])
        same = np.where(own.any(axis=1, keepdims=True), own, same)
        weight = np.where(same.any(axis=1, keepdims=True), same, weight)
        weight /= weight.sum(axis=1, keepdims=True)
        return np.asarray(np.einsum("ij,ijk->ik", weight, self.coordinates[position]))


def _matrix(vectors: xr.DataArray) -> tuple[Floats, npt.NDArray[np.str_]]:
    if set(vectors.dims) != {"record", "latent"}:
        raise SignalError(
            f"vectors with dims {tuple(vectors.dims)}",
            expected="(record, latent)",
            remedy="hand over Embedding.vectors",
        )
    ordered = vectors.transpose("record", "latent")
    return np.asarray(ordered.values, dtype=np.float64), ordered["record"].values.astype(str)


def _principal(numbers: Floats, count: int) -> tuple[Floats, Floats]:
    """Centre and leading principal directions (direction, latent), each with its largest entry positive."""
    centre = numbers.mean(axis=0)
    _, size, directions = np.linalg.svd(numbers - centre, full_matrices=False)
    kept = max(1, min(count, int((size > 1e-9 * max(size[0], 1e-300)).sum())))
    chosen = directions[:kept]
    return centre, chosen * np.sign(chosen[np.arange(kept), np.argmax(np.abs(chosen), axis=1)])[:, None]


def _leading(reduced: Floats, settings: ProjectionSettings) -> tuple[Floats, tuple[float, float]]:
    missing = max(0, settings.axes - reduced.shape[1])
    return np.pad(reduced[:, : settings.axes], ((0, 0), (0, missing))), (0.0, 0.0)


class _Listener:
    """The file that umap's progress bar writes to."""

    def __init__(self, told: Callable[[float], None]) -> None:
        self._told = told

    def write(self, text: str) -> None:
        """Pass on "3/200" as 0.015."""
        done, _, total = text.strip().partition("/")
        if done.isdigit() and total.isdigit():
            self._told(int(done) / max(1, int(total)))

    def flush(self) -> None:
        """Nothing is held back."""


def _distances(position: Ints, distance: Floats) -> Any:
    """Distances of neighbours either way (scipy sparse CSR), as densMAP reads them."""
    from scipy.sparse import csr_matrix

    rows = np.repeat(np.arange(len(position)), position.shape[1])
    one_way = csr_matrix((distance.ravel(), (rows, position.ravel())), shape=(len(position),) * 2)
    return one_way.maximum(one_way.transpose()).tocsr().astype(np.float32)


def _umap(
    reduced: Floats, settings: ProjectionSettings, progress: Callable[[float], None] | None
) -> tuple[Floats, tuple[float, float]]:
    position, distance = nearest_rows(reduced, reduced, k=settings.neighbours)
    weights = graph(position, strengths(distance, *widths(distance)))
    dense = settings.density == "kept"
    told: dict[str, Any] = {"disable": progress is None}
    if progress is not None:
        told |= {"file": _Listener(progress), "bar_format": "{n}/{total}", "mininterval": 0.1}
    start = _leading(reduced, settings)[0]
    rng = np.random.RandomState(settings.seed)
    # identical records must be able to part; a ten-thousandth of the map is not seen
    start = _SPREAD * start / max(np.abs(start).max(), 1e-12) + rng.normal(scale=1e-3, size=start.shape)
    with warnings.catch_warnings():
        # umap says on import that its parametric variant lacks tensorflow, which we do not use
        warnings.filterwarnings("ignore", message="Tensorflow not installed", category=ImportWarning)
        from umap.umap_ import find_ab_params, simplicial_set_embedding

        a, b = find_ab_params(1.0, settings.closeness)
        coordinates, _ = simplicial_set_embedding(
            reduced.astype(np.float32),
            weights.tocoo(),
            settings.axes,
            1.0,
            a,
            b,
            1.0,
            5,
            settings.epochs,
            start.astype(np.float32),
            rng,
            "euclidean",
            {},
            dense,
            _DENSITY | {"graph_dists": _distances(position, distance)} if dense else {},
            False,
            parallel=False,
            tqdm_kwds=told,
        )
    return np.asarray(coordinates, dtype=np.float64), (float(a), float(b))


def _versions(method: Method) -> dict[str, str]:
    names = ("numpy", "umap-learn", "numba") if method == "umap" else ("numpy",)
    return {name: importlib.metadata.version(name) for name in names}


def _placed(coordinates: Floats, record: npt.NDArray[np.str_]) -> xr.DataArray:
    axes: dict[str, Any] = {"record": record, "axis": list(AXES[: coordinates.shape[1]])}
    return xr.DataArray(coordinates.astype(np.float32), dims=("record", "axis"), coords=axes)
