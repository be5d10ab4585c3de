"""`associate`: which biomarkers go with a continuous outcome, effect first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri, stdtr

from ecgomics.discovery.adjustment import residual_scores
from ecgomics.discovery.candidates import Contrast
from ecgomics.discovery.folding import Folded, digest_of
from ecgomics.discovery.groups import Origin
from ecgomics.discovery.ledger import Note, noted
from ecgomics.discovery.lockbox import Part
from ecgomics.discovery.material import Values
from ecgomics.discovery.patients import Floats
from ecgomics.discovery.ranks import RankTable, midranks
from ecgomics.discovery.scope import Scope
from ecgomics.discovery.significance import benjamini_yekutieli
from ecgomics.errors import DiscoveryError
from ecgomics.settings import ContrastSettings, LockBoxSettings


def associate(
    values: Values,
    outcome: npt.ArrayLike,
    *,
    patient: npt.ArrayLike | None = None,
    adjust: pd.DataFrame | Sequence[str] | None = None,
    drawn_on: Origin | None = None,
    lockbox: LockBoxSettings | None = None,
    part: Part = "discovery",
    settings: ContrastSettings | None = None,
    note: Note = "ledger",
) -> Contrast:
    """Correlate every biomarker with a continuous outcome, one vote a patient.

    Parameters
    ----------
    values, patient, adjust, drawn_on, lockbox, part, settings, note
        See `contrast`; `drawn_on` is where the outcome comes from.
    outcome
        float64, one a record, the same for all records of a patient; NaN unknown.

    Returns
    -------
    A `Contrast` whose table holds `rho, low, high, q` (Spearman, −1 to 1; interval over resampled patients on ranks
    of the whole cohort, or by Bonett & Wright's formula), `rho_adjusted …` (partial correlation of normal scores, the
    confounders' splines held equal) and `n_group` (patients with both). `q` from the t distribution.

    Raises
    ------
    DiscoveryError
        For an outcome of another length, one that differs within a patient, or fewer than twice `min_patients`.

    Examples
    --------
    >>> table = pd.DataFrame({"PR": [150.0, 160, 170, 180, 190, 200, 210, 220, 230, 240]})
    >>> associate(table, range(10), drawn_on="table").table()["rho"].tolist()
    [1.0]
    """
    scope = Scope.of(values, patient=patient, adjust=adjust, lockbox=lockbox, part=part, settings=settings)
    folded, settings = scope.folded(), scope.settings
    target = folded.outcome(outcome, name="outcome", whole=scope.material)
    known = np.isfinite(target)
    if known.sum() < 2 * settings.min_patients or np.ptp(target[known]) == 0:
        raise DiscoveryError(
            f"{int(known.sum())} patients with an outcome",
            expected=f"at least {2 * settings.min_patients}, and not the same for all",
            remedy="add patients, or lower the setting min_patients",
        )
    columns = _spearman(folded.values, target, settings=settings) | _partial(folded, target, settings=settings)
    columns["n_group"] = np.isfinite(folded.values[known]).sum(axis=0)
    columns["missing_group"] = int(known.sum()) - columns["n_group"]
    columns |= _missingness(folded.values, target)
    order = np.argsort(-np.nan_to_num(np.abs(columns["rho"]), nan=-1.0), kind="stable")
    recipe = scope.told("association") | {"outcome": digest_of(target)}
    counts = (int(known.sum()), 0)
    records = (int(known[folded.patients.of_record].sum()), 0)
    found = folded.contrast(
        columns,
        order,
        counts=counts,
        records=records,
        drawn_on=drawn_on,
        recipe=recipe,
        outcome={"outcome": target},
        given=scope.given,
    )
    return noted(values, found, note=note)


def _spearman(values: Floats, target: Floats, *, settings: ContrastSettings) -> dict[str, Floats]:
    used = np.isfinite(values) & np.isfinite(target)[:, None]
    number = used.sum(axis=0).astype(np.float64)
    ours = midranks(np.where(used, values, np.nan))
    theirs = midranks(np.where(used, target[:, None], np.nan))
    rho = _correlation(ours, theirs, used, np.ones((1, len(target))))[0]
    rho = np.where(number >= 2 * settings.min_patients, rho, np.nan)
    p = _p_of(rho, number - 2)
    low, high = _interval(ours, theirs, used, rho=rho, number=number, settings=settings)
    return _columns("", rho, low, high, p)


def _partial(folded: Folded, target: Floats, *, settings: ContrastSettings) -> dict[str, Floats]:
    if folded.confounders is None:
        nothing = np.full(folded.values.shape[1], np.nan)
        return _columns("_adjusted", nothing, nothing, nothing, nothing)
    ours, theirs, freedom = residual_scores(folded.values, target, folded.confounders)
    used = np.isfinite(ours)
    number = used.sum(axis=0).astype(np.float64)
    rho = _correlation(ours, theirs, used, np.ones((1, len(target))))[0]
    rho = np.where(number >= 2 * settings.min_patients, rho, np.nan)
    low, high = _interval(ours, theirs, used, rho=rho, number=number, settings=settings)
    return _columns("_adjusted", rho, low, high, _p_of(rho, freedom))


def _missingness(values: Floats, target: Floats) -> dict[str, Floats]:
    """Whether those who lack a biomarker have a larger or smaller outcome than the others (Mann–Whitney)."""
    known = np.isfinite(target)
    outcome = RankTable.of_patients(target[known][:, None], ["outcome"])
    auc, p = np.full(values.shape[1], np.nan), np.ones(values.shape[1])
    for column in np.flatnonzero(~np.isfinite(values[known]).all(axis=0)):
        own = outcome.test(~np.isfinite(values[known, column]))
        auc[column], p[column] = own[0][0], np.nan_to_num(own[1][0], nan=1.0)
    return {"auc_missing": auc, "q_missing": benjamini_yekutieli(p)}


def _columns(suffix: str, rho: Floats, low: Floats, high: Floats, p: Floats) -> dict[str, Floats]:
    names = (f"rho{suffix}", f"low{suffix}", f"high{suffix}", f"p{suffix}", f"q{suffix}")
    return dict(zip(names, (rho, low, high, p, benjamini_yekutieli(p)), strict=True))


def _p_of(rho: Floats, freedom: Floats) -> Floats:
    room = np.maximum(1 - rho**2, 1e-300)
    t = np.abs(rho) * np.sqrt(np.maximum(freedom, 0) / room)
    return np.where(freedom > 0, np.minimum(2 * stdtr(np.maximum(freedom, 1), -t), 1.0), np.nan) + 0 * rho


def _interval(
    ours: Floats,
    theirs: Floats,
    used: npt.NDArray[np.bool_],
    *,
    rho: Floats,
    number: Floats,
    settings: ContrastSettings,
) -> tuple[Floats, Floats]:
    if settings.interval == "formula":
        reach = ndtri(0.5 + settings.level / 2) * np.sqrt((1 + rho**2 / 2) / np.maximum(number - 3, 1))
        centre = np.arctanh(np.clip(rho, -1 + 1e-12, 1 - 1e-12))
        return np.tanh(centre - reach), np.tanh(centre + reach)
    rng = np.random.default_rng(settings.seed)
    size = len(ours)
    draws = np.empty((settings.resamples, ours.shape[1]))
    for start in range(0, settings.resamples, 100):
        weights = rng.multinomial(size, np.full(size, 1 / size), size=min(100, settings.resamples - start))
        draws[start : start + 100] = _correlation(ours, theirs, used, weights.astype(np.float64))
    tail = 50 * (1 - settings.level)
    low, high = np.percentile(np.nan_to_num(draws), [tail, 100 - tail], axis=0)
    return np.where(np.isnan(rho), np.nan, low), np.where(np.isnan(rho), np.nan, high)


def _correlation(ours: Floats, theirs: Floats, used: npt.NDArray[np.bool_], weights: Floats) -> Floats:
    """Weighted correlation of two matrices column by column (float64, (resample, column))."""
    present = used.astype(np.float64)
    x, y = (_centred(side, used) for side in (ours, theirs))
    total = np.maximum(weights @ present, 1e-12)
    mean_x, mean_y = weights @ x / total, weights @ y / total
    var_x = weights @ (x * x) / total - mean_x**2
    var_y = weights @ (y * y) / total - mean_y**2
    both = weights @ (x * y) / total - mean_x * mean_y
    spread = np.sqrt(np.maximum(var_x * var_y, 0))
    return np.where(spread > 1e-12, np.clip(both / np.where(spread > 1e-12, spread, 1.0), -1, 1), np.nan)


def _centred(side: Floats, used: npt.NDArray[np.bool_]) -> Floats:
    filled = np.where(used, side, 0.0)
    number = np.maximum(used.sum(axis=0), 1)
    left = np.where(used, filled - filled.sum(axis=0) / number, 0.0)
    scale = np.sqrt((left**2).sum(axis=0) / number)
    return left / np.where(scale > 0, scale, 1.0)
