"""Where points lie on a map: principal components, UMAP, t-SNE. Their libraries are imported when used."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ecgomics.errors import SettingsError
from ecgomics.latent.fuzzy import graph, strengths, widths
from ecgomics.latent.neighbours import Floats, Ints, nearest_rows
from ecgomics.settings import ProjectionSettings

Told = Callable[[float], None]
Codes = npt.NDArray[np.int64]

_SPREAD = 10.0
_FIRST_SD = 1e-4
_EXAGGERATED = 12.0
_TOLD_EVERY = 5
_TSNE_PASSES = 3
_DENSITY: dict[str, Any] = {"lambda": 2.0, "frac": 0.3, "var_shift": 0.1}


def leading(reduced: Floats, settings: ProjectionSettings) -> Floats:
    """The first components, (record, axis); an axis beyond them is zero."""
    missing = max(0, settings.axes - reduced.shape[1])
    return np.pad(reduced[:, : settings.axes], ((0, 0), (0, missing)))


def umap_layout(
    reduced: Floats, settings: ProjectionSettings, *, codes: Codes | None, told: Told | None
) -> tuple[Floats, tuple[float, float]]:
    """UMAP's layout and its curve's a and b.

    Parameters
    ----------
    reduced
        (record, component).
    settings
        Neighbours, closeness, axes, epochs, density, supervision, seed.
    codes
        A number for each record's label, −1 where it has none: the map is drawn with them. None: without.
    told
        Called with the share of the passes done; what it raises ends the layout.
    """
    position, distance = nearest_rows(reduced, reduced, k=settings.neighbours)
    weights = graph(position, strengths(distance, *widths(distance)))
    dense = settings.density == "kept"
    bar: dict[str, Any] = {"disable": told is None}
    if told is not None:
        bar |= {"file": _Listener(told), "bar_format": "{n}/{total}", "mininterval": 0.1}
    start = leading(reduced, settings)
    rng = np.random.RandomState(settings.seed)
    # identical records must be able to part; a ten-thousandth of the map is not seen
    start = _SPREAD * start / max(np.abs(start).max(), 1e-12) + rng.normal(scale=1e-3, size=start.shape)
    with warnings.catch_warnings():
        # umap says on import that its parametric variant lacks tensorflow, which we do not use
        warnings.filterwarnings("ignore", message="Tensorflow not installed", category=ImportWarning)
        from umap.umap_ import find_ab_params, simplicial_set_embedding

        if codes is not None:
            weights = _supervised(weights, codes, settings)
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
            tqdm_kwds=bar,
        )
    return np.asarray(coordinates, dtype=np.float64), (float(a), float(b))


def tsne_layout(reduced: Floats, settings: ProjectionSettings, *, told: Told | None) -> Floats:
    """t-SNE's layout: `neighbours` is its perplexity; three passes an epoch, the first third exaggerated.

    Raises
    ------
    SettingsError
        When openTSNE is not installed.

    Notes
    -----
    van der Maaten & Hinton, JMLR 2008;9:2579, by openTSNE (Poličar, Stražar & Zupan, J Stat Softw 2024;109:3), from the
    first components (Kobak & Berens, Nat Commun 2019;10:5416). Neighbours are exact.
    """
    try:
        import openTSNE
    except ImportError as error:
        raise SettingsError(
            "the map method 'tsne' without openTSNE",
            expected="the extra `latent` of ecgomics to be installed",
            remedy='pip install "ecgomics[latent]", or choose umap or pca',
        ) from error
    size = len(reduced)
    perplexity = min(float(settings.neighbours), (size - 1) / 3)
    position, distance = nearest_rows(reduced, reduced, k=min(size, int(3 * perplexity) + 1))
    known = openTSNE.nearest_neighbors.PrecomputedNeighbors(position[:, 1:], distance[:, 1:])
    affinities = openTSNE.affinity.PerplexityBasedNN(perplexity=perplexity, knn_index=known, n_jobs=1)
    start = leading(reduced, settings)
    start = _FIRST_SD * start / max(start[:, 0].std(), 1e-12)
    points = openTSNE.TSNEEmbedding(
        start,
        affinities,
        n_jobs=1,
        random_state=settings.seed,
        # the interpolation that is faster for many points draws in a plane only
        negative_gradient_method="fft" if settings.axes == 2 and size > 10_000 else "bh",
    )
    passes, rate = _TSNE_PASSES * settings.epochs, max(200.0, size / _EXAGGERATED)
    stages = ((settings.epochs, _EXAGGERATED, 0.5), (passes - settings.epochs, None, 0.8))
    done = 0
    for count, exaggeration, momentum in stages:
        heard = _heard(told, done, passes)
        points = points.optimize(
            n_iter=count,
            exaggeration=exaggeration,
            momentum=momentum,
            learning_rate=rate,
            callbacks=heard,
            callbacks_every_iters=_TOLD_EVERY,
        )
        done += count
    if told is not None:
        told(1.0)
    return np.asarray(points, dtype=np.float64)


def _heard(told: Told | None, done: int, passes: int) -> list[Callable[..., bool]] | None:
    if told is None:
        return None

    def listen(iteration: int, _error: float, _points: Any) -> bool:
        told((done + iteration) / passes)
        return False

    return [listen]


def _supervised(weights: Any, codes: Codes, settings: ProjectionSettings) -> Any:
    """Ties between records of unlike labels made weaker, as umap-learn does for a target."""
    from umap.umap_ import discrete_metric_simplicial_set_intersection

    far = 2.5 / (1.0 - settings.supervision) if settings.supervision < 1 else 1e12
    return discrete_metric_simplicial_set_intersection(weights, codes, far_dist=far).tocsr().astype(np.float32)


def _distances(position: Ints, distance: Floats) -> Any:
    """Distances of neighbours either way (scipy sparse CSR), as densMAP reads them."""
    from scipy.sparse import csr_matrix

    rows = np.repeat(np.arange(len(position)), position.shape[1])
    one_way = csr_matrix((distance.ravel(), (rows, position.ravel())), shape=(len(position),) * 2)
    return one_way.maximum(one_way.transpose()).tocsr().astype(np.float32)


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
