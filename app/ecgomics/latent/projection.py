"""`Projection`: vectors to a map that is stored with its fit, so that new records are placed, not fitted again."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from ecgomics.errors import SettingsError, SignalError
from ecgomics.latent.components import principal
from ecgomics.latent.fuzzy import strengths, widths
from ecgomics.latent.layouts import leading, tsne_layout, umap_layout
from ecgomics.latent.neighbours import Floats, Ints, nearest_rows
from ecgomics.latent.packing import as_text, from_text, packed, unpacked
from ecgomics.latent.trust import Trust, trust
from ecgomics.settings import ProjectionSettings

Method = Literal["umap", "tsne", "pca"]

AXES = ("x", "y", "z")
VERSION = 1

_PREFIX = "map_"
_LEAST_RECORDS = 4
_LEAST_FOR_NEIGHBOURS = 16
_LEAST_VARIANCE = 1e-12
_SAME = 1e-6
_LIBRARIES = {"umap": ("numpy", "umap-learn", "numba"), "tsne": ("numpy", "openTSNE"), "pca": ("numpy",)}


@dataclass(frozen=True)
class Projection:
    """A fitted map.

    Parameters
    ----------
    method
        "umap", "tsne" or "pca": how it was made (fewer than 16 records are always a PCA map).
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
        UMAP's a and b; (0, 0) for another map.
    versions
        Of the libraries that made it: another version or machine may draw another map, which is why this one is kept.
    told
        Labels it was drawn with, when it is supervised: it parts them because it was told to, which proves nothing.
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
    told: tuple[str, ...] = ()

    @classmethod
    def fit(
        cls,
        vectors: xr.DataArray,
        settings: ProjectionSettings | None = None,
        *,
        labels: xr.DataArray | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> Projection:
        """Make a map of the records that have a vector.

        Parameters
        ----------
        vectors
            (record, latent); records that are not finite are left out.
        settings
            Method, neighbours, closeness, axes, epochs, density, supervision, seed.
        labels
            (record), text, empty where unknown; joined by record id: UMAP draws with them (supervised).
        progress
            Called with the share of the passes that are done, 0 to 1; what it raises ends the fit.

        Raises
        ------
        SignalError
            For other dims, or fewer than four records with a vector.
        SettingsError
            For t-SNE without openTSNE, or labels for a method that takes none.

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
        centre, directions = _directions(numbers, settings.reduce_to)
        reduced = (numbers - centre) @ directions.T
        method: Method = settings.method if len(reduced) >= _LEAST_FOR_NEIGHBOURS else "pca"
        codes, told = _codes(labels, record, settings)
        coordinates, curve = leading(reduced, settings), (0.0, 0.0)
        if method == "umap":
            coordinates, curve = umap_layout(reduced, settings, codes=codes, told=progress)
        elif method == "tsne":
            coordinates = tsne_layout(reduced, settings, told=progress)
        versions = {name: importlib.metadata.version(name) for name in _LIBRARIES[method]}
        return cls(method, record, centre, directions, reduced, coordinates, settings, curve, versions, told)

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

    def trust(self, *, neighbours: int = 15, looked_at: Literal["sample", "all"] = "sample") -> Trust:
        """How far the map can be trusted as a picture of the vectors; see `latent.trust`."""
        return trust(self.reduced, self.coordinates, neighbours=neighbours, looked_at=looked_at)

    def trust_of(self, record: npt.ArrayLike, *, neighbours: int = 15) -> xr.Dataset:
        """What is stored beside the map: how far each record's place on it can be trusted.

        Parameters
        ----------
        record
            Ids of the records of the map's node.
        neighbours
            Nearest neighbours looked at.

        Returns
        -------
        Dataset over `record`: `map_trust`, float32, 0 to 1; NaN for a record without a vector, one placed later than
        the fit, or one of more than 20 000 that was not looked at. Attributes `trustworthiness`, `continuity`,
        `neighbours`, `supervised` (labels the map was drawn with, as text).
        """
        found = self.trust(neighbours=neighbours, looked_at="all")
        points = xr.DataArray(found.points.astype(np.float32), dims="record", coords={"record": self.record})
        asked = np.asarray(record).astype(str)
        told = {
            "trustworthiness": found.trustworthiness,
            "continuity": found.continuity,
            "neighbours": found.neighbours,
            "supervised": ", ".join(self.told),
        }
        return xr.Dataset({"map_trust": points.reindex(record=asked)}, attrs=told)

    def to_dataset(self) -> xr.Dataset:
        """The fit as plain arrays; every name begins with `map_`, so that it may share a node with an embedding."""
        inner = xr.Dataset(
            {
                "centre": ("latent", self.centre),
                "directions": (("component", "latent"), self.directions),
                "reduced": (("record", "component"), self.reduced),
                "coordinates": (("record", "axis"), self.coordinates),
            },
            coords={"record": self.record},
        )
        told = {
            "version": VERSION,
            "method": self.method,
            "settings": self.settings.as_dict(),
            "curve": list(self.curve),
            "versions": self.versions,
            "told": list(self.told),
        }
        return packed(inner, prefix=_PREFIX).assign_attrs(projection=as_text(told))

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
        told, inner = from_text(stored.attrs["projection"]), unpacked(stored, prefix=_PREFIX)
        a, b = told["curve"]
        return cls(
            told["method"],
            inner["record"].values.astype(str),
            inner["centre"].values,
            inner["directions"].values,
            inner["reduced"].values,
            inner["coordinates"].values,
            settings=ProjectionSettings.from_dict(told["settings"]),
            curve=(float(a), float(b)),
            versions=told["versions"],
            told=tuple(told.get("told", ())),
        )

    def _place(self, reduced: Floats, record: npt.NDArray[np.str_]) -> Floats:
        if self.method == "pca":
            return leading(reduced, self.settings)
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


def _directions(numbers: Floats, count: int) -> tuple[Floats, Floats]:
    """Centre and leading principal directions, (latent) and (direction, latent)."""
    centre = numbers.mean(axis=0)
    variance, directions = principal(numbers - centre)
    kept = max(1, min(count, int((variance > _LEAST_VARIANCE * max(variance[0], 1e-300)).sum())))
    return centre, directions[:kept]


def _codes(
    labels: xr.DataArray | None, record: npt.NDArray[np.str_], settings: ProjectionSettings
) -> tuple[Ints | None, tuple[str, ...]]:
    """A number for each record's label (−1: none), and the labels."""
    if labels is None:
        return None, ()
    if settings.method != "umap":
        raise SettingsError(
            f"labels for a map by {settings.method!r}", expected="the method 'umap'", remedy="leave the labels out"
        )
    known = dict(zip(labels["record"].values.astype(str).tolist(), labels.values.astype(str).tolist(), strict=True))
    named = [known.get(name, "") for name in record.tolist()]
    distinct = sorted({name for name in named if name})
    return np.array([distinct.index(name) if name else -1 for name in named], dtype=np.int64), tuple(distinct)


def _placed(coordinates: Floats, record: npt.NDArray[np.str_]) -> xr.DataArray:
    axes = {"record": record, "axis": list(AXES[: coordinates.shape[1]])}
    return xr.DataArray(coordinates.astype(np.float32), dims=("record", "axis"), coords=axes)
