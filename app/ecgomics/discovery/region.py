"""`Region`: a shape on a map as a rule, so that a lasso can be drawn on some patients and applied to others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr, ndtri

from ecgomics.discovery.groups import Group
from ecgomics.discovery.patients import Bools, Floats
from ecgomics.errors import DiscoveryError


@dataclass(frozen=True)
class Region:
    """A polygon on a map.

    Parameters
    ----------
    name
        What people call it.
    polygon
        Corners (x, y) in the map's coordinates, at least three; closed by itself.
    coordinates
        DataFrame of two columns (x, y), float64, indexed by record id: every record's place on the map. For patients
        that were not seen while drawing they come from the fitted projection, never from a new fit.
    seen
        Ids of the records that were on the screen while it was drawn. Left out: all of them, and then nothing is left
        to validate with.
    """

    name: str
    polygon: tuple[tuple[float, float], ...]
    coordinates: pd.DataFrame = field(repr=False)
    seen: frozenset[str] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if len(self.polygon) < 3 or self.coordinates.shape[1] != 2:
            raise DiscoveryError(
                f"a polygon of {len(self.polygon)} corners on a map of {self.coordinates.shape[1]} axes",
                expected="at least 3 corners, and 2 axes",
                remedy="draw the region again",
            )
        if self.seen is not None:
            object.__setattr__(self, "seen", frozenset(map(str, self.seen)))

    @property
    def definition(self) -> str:
        """The polygon as text: enough to draw it again."""
        corners = ", ".join(f"{x!r} {y!r}" for x, y in ((float(x), float(y)) for x, y in self.polygon))
        return f"POLYGON (({corners}))"

    def group(self, *, among: Iterable[str] | None = None) -> Group:
        """Records inside, of all or of some."""
        records = self.coordinates.index.to_numpy(dtype=str)
        mask = self.holds(self.coordinates.to_numpy(dtype=np.float64))
        if among is not None:
            mask &= np.isin(records, list(among))
        return Group.from_mask(self.name, mask, record=records, definition=self.definition, origin="latent")

    def places(self, record: npt.NDArray[np.str_]) -> Floats:
        """Coordinates of some records (float64, (record, 2)); NaN where the map does not have one."""
        return self.coordinates.reindex(record).to_numpy(dtype=np.float64)

    def holds(self, points: Floats) -> Bools:
        """Which points (float64, (point, 2)) lie inside (bool, point), by the even–odd rule."""
        corners = np.asarray(self.polygon, dtype=np.float64)
        inside = np.zeros(len(points), dtype=bool)
        x, y = points[:, 0], points[:, 1]
        for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            crosses = (y0 > y) != (y1 > y)
            if y0 != y1:
                inside ^= crosses & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
        return inside


def one_blob_auc(
    values: Floats, places: Floats, region: Region, *, pairs: int = 20_000, points: int = 20_000, seed: int = 0
) -> Floats:
    """AUC that each biomarker would have between region and rest if the cohort were one blob without clusters.

    The blob is a Gaussian copula: the places keep their margins and each biomarker its rank correlation with both
    axes, and nothing else. The region is then laid on the blob. Whatever lies on one side of a line through a blob
    differs in all that correlates with the axes; this says by how much.

    Parameters
    ----------
    values, places
        float64, (patient, biomarker) and (patient, 2); NaN = missing.
    region
        The shape.
    pairs, points, seed
        How finely the blob is sampled, and the seed that makes it repeatable.

    Returns
    -------
    float64, (biomarker), 0 to 1; NaN when the region holds none or all of the blob.

    Notes
    -----
    The idea of a synthetic null of one cluster is ClusterDE's (Song et al. 2023). Departures: a single comparison
    against the null's expectation instead of a contrast of two p-values, and only the biomarkers' relation to the map
    is modelled, which is all that an AUC between two sides of the map depends on.
    """
    rng = np.random.default_rng(seed)
    known = np.isfinite(places).all(axis=1)
    axes, normal = places[known], _normal_scores(places[known])
    between = np.corrcoef(normal, rowvar=False)
    drawn = rng.standard_normal((points, 2)) @ np.linalg.cholesky(between + 1e-9 * np.eye(2)).T
    sampled = np.column_stack([np.quantile(axes[:, axis], ndtr(drawn[:, axis])) for axis in range(2)])
    inside = region.holds(sampled)
    if not inside.any() or inside.all():
        return np.full(values.shape[1], np.nan)
    slopes, left = _relation(values[known], normal)
    ours, theirs = (drawn[rng.choice(np.flatnonzero(side), pairs)] for side in (inside, ~inside))
    shift = (ours - theirs) @ slopes
    spread = np.sqrt(2 * left)
    chance = ndtr(shift / np.where(spread > 1e-6, spread, 1e-6))
    return np.asarray(chance.mean(axis=0), dtype=np.float64)


def _relation(values: Floats, normal: Floats) -> tuple[Floats, Floats]:
    """Slopes (2, biomarker) of each biomarker's normal scores on the axes', and the variance they leave."""
    slopes, left = np.zeros((2, values.shape[1])), np.ones(values.shape[1])
    for column in range(values.shape[1]):
        rows = np.flatnonzero(np.isfinite(values[:, column]))
        if len(rows) < 5 or np.ptp(values[rows, column]) == 0:
            continue
        scores, axes = _normal_scores(values[rows, column][:, None])[:, 0], normal[rows]
        scores = scores / scores.std()
        slopes[:, column] = np.linalg.lstsq(axes - axes.mean(axis=0), scores - scores.mean(), rcond=None)[0]
        explained = np.var((axes - axes.mean(axis=0)) @ slopes[:, column])
        left[column] = max(1.0 - explained, 0.0)
    return slopes, left


def _normal_scores(values: Floats) -> Floats:
    from ecgomics.discovery.ranks import midranks

    return np.asarray(ndtri((midranks(values) - 0.5) / len(values)), dtype=np.float64)
