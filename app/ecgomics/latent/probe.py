"""What an embedding holds of the biomarkers, and what is left of it without them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from ecgomics.errors import SignalError
from ecgomics.latent.embedding import finite_rows

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PENALTIES = (1.0, 10.0, 100.0, 1000.0, 10_000.0, 100_000.0)
"""Ridge penalties tried, for predictors of SD 1."""

_LEAST_PATIENTS = 10
_LEAST_KNOWN = 0.5
_LEAST_MISSING = 0.03
_LIMIT = 5.0


def probe(
    vectors: xr.DataArray, values: xr.Dataset, *, patient: xr.DataArray | None = None, folds: int = 5, seed: int = 0
) -> pd.DataFrame:
    """How much of every biomarker an embedding holds.

    Parameters
    ----------
    vectors
        (record, latent).
    values
        `value` (record, biomarker); joined by record id.
    patient
        (record): whose it is; by default every record is its own. Nobody is in training and test at once.
    folds
        Of the cross-validation.
    seed
        Of the folds.

    Returns
    -------
    DataFrame
        Indexed by biomarker: `r2` (out of fold, 1 = all of it, 0 or less = nothing) and `records`; best first. A
        biomarker that fewer than ten records have, or that does not vary, has NaN.

    Raises
    ------
    SignalError
        For fewer than ten patients with a vector.

    Notes
    -----
    Ridge regression in closed form; the penalty that predicts best by cross-validation within the training
    folds (of `PENALTIES`).
    """
    record, numbers, fold = _joined(vectors, values, patient, folds=folds, seed=seed)
    table = values["value"].sel(record=record).transpose("record", "biomarker")
    columns = np.asarray(table.values, dtype=np.float64)
    rows = [_explained(numbers, columns[:, place], fold) for place in range(columns.shape[1])]
    found = pd.DataFrame(rows, index=table["biomarker"].values.astype(str), columns=["r2", "records"])
    return found.sort_values("r2", ascending=False, kind="stable").rename_axis("biomarker")


@dataclass(frozen=True)
class Residual:
    """An embedding without what the biomarkers tell.

    Parameters
    ----------
    vectors
        float32, (record, latent): a map of it is drawn like any other. NaN where the record had no vector.
    explained
        Share of the variance that the biomarkers told, out of fold.
    """

    vectors: xr.DataArray
    explained: float


def residual(
    vectors: xr.DataArray, values: xr.Dataset, *, patient: xr.DataArray | None = None, folds: int = 5, seed: int = 0
) -> Residual:
    """Regress the biomarkers out of an embedding, cross-fitted: nobody's own record tells what is taken from it.

    Parameters
    ----------
    vectors, values, patient, folds, seed
        As for `probe`. Biomarkers that half of the records lack are left out; other missing values count as the
        median, and that they are missing as a predictor of its own.
    """
    record, numbers, fold = _joined(vectors, values, patient, folds=folds, seed=seed)
    table = values["value"].sel(record=record).transpose("record", "biomarker")
    design = _design(np.asarray(table.values, dtype=np.float64))
    left = np.empty_like(numbers)
    for number in np.unique(fold):
        train, test = fold != number, fold == number
        left[test] = numbers[test] - _predicted(design[train], numbers[train], design[test], fold[train])
    explained = 1 - float(np.square(left).sum() / np.square(numbers - numbers.mean(axis=0)).sum())
    whole = xr.full_like(vectors.transpose("record", "latent"), np.nan).astype(np.float32).copy()
    whole.loc[{"record": record}] = left.astype(np.float32)
    return Residual(whole, explained)


def carried(direction: xr.DataArray, values: xr.Dataset, *, count: int = 10) -> pd.DataFrame:
    """The biomarkers that go with a direction, or with belonging to a cluster.

    Parameters
    ----------
    direction
        (record): a score, such as a latent number, or membership as bool.
    values
        `value` (record, biomarker); joined by record id.
    count
        How many are told.

    Returns
    -------
    DataFrame
        Indexed by biomarker: `correlation` (Spearman) for a score, `auc` for membership, strongest first; `records`.
    """
    shared = [name for name in direction["record"].values.tolist() if name in set(values["record"].values.tolist())]
    scores = direction.sel(record=shared).values
    table = values["value"].sel(record=shared).transpose("record", "biomarker")
    membership = scores.dtype == bool
    rows = [_association(scores, column, membership) for column in np.asarray(table.values, dtype=np.float64).T]
    name = "auc" if membership else "correlation"
    found = pd.DataFrame(rows, index=table["biomarker"].values.astype(str), columns=[name, "records"])
    strength = (found[name] - (0.5 if membership else 0.0)).abs()
    order = strength.sort_values(ascending=False, kind="stable").index
    return found.loc[order].dropna().head(count).rename_axis("biomarker")


def _association(scores: npt.NDArray[np.generic], column: Floats, membership: bool) -> tuple[float, int]:
    known = np.isfinite(column) & np.isfinite(scores.astype(np.float64))
    count = int(known.sum())
    ranks = pd.Series(column[known]).rank().to_numpy()
    if membership:
        inside = scores[known].astype(bool)
        n, m = int(inside.sum()), int((~inside).sum())
        auc = (ranks[inside].sum() - n * (n + 1) / 2) / (n * m) if n and m else np.nan
        return float(auc), count
    other = pd.Series(scores[known].astype(np.float64)).rank().to_numpy()
    if count < 3 or np.ptp(ranks) == 0 or np.ptp(other) == 0:
        return np.nan, count
    return float(np.corrcoef(ranks, other)[0, 1]), count


def _joined(
    vectors: xr.DataArray, values: xr.Dataset, patient: xr.DataArray | None, *, folds: int, seed: int
) -> tuple[list[str], Floats, Ints]:
    measured = set(values["record"].values.astype(str).tolist())
    names, there = vectors["record"].values.astype(str), finite_rows(vectors)
    record = [name for name, fine in zip(names.tolist(), there.tolist(), strict=True) if fine and name in measured]
    who = np.array(record) if patient is None else patient.sel(record=record).values.astype(str)
    # a record whose patient is unknown is somebody of its own
    who = np.where(who == "", np.array(record), who) if len(record) else who
    people, place = np.unique(who, return_inverse=True)
    if len(people) < _LEAST_PATIENTS:
        raise SignalError(
            f"{len(people)} patients with a vector and biomarkers",
            expected=f"at least {_LEAST_PATIENTS}",
            remedy="embed and analyse more records",
        )
    fold = (np.random.default_rng(seed).permutation(len(people)) % folds)[place]
    chosen = vectors.sel(record=record).transpose("record", "latent")
    return record, np.asarray(chosen.values, dtype=np.float64), fold.astype(np.int64)


def _explained(numbers: Floats, column: Floats, fold: Ints) -> tuple[float, int]:
    known = np.isfinite(column)
    count = int(known.sum())
    if count < _LEAST_PATIENTS or np.ptp(column[known]) == 0:
        return np.nan, count
    x, y, part = numbers[known], column[known][:, None], fold[known]
    guess = np.empty_like(y)
    base = np.empty_like(y)
    for number in np.unique(part):
        train, test = part != number, part == number
        if not train.any():
            return np.nan, count
        base[test] = y[train].mean()
        guess[test] = _predicted(x[train], y[train], x[test], part[train])
    return 1 - float(np.square(y - guess).sum() / max(np.square(y - base).sum(), 1e-300)), count


def _predicted(x: Floats, y: Floats, new: Floats, fold: Ints) -> Floats:
    """Ridge predictions of new rows; the penalty is chosen by cross-validation over the training rows' own folds."""
    numbers = np.unique(fold)
    penalty = PENALTIES[len(PENALTIES) // 2]
    if len(numbers) > 1:
        missed = np.zeros(len(PENALTIES))
        for number in numbers:
            held = fold == number
            guesses = _ridge(x[~held], y[~held], x[held], PENALTIES)
            missed += [np.square(y[held] - guess).sum() for guess in guesses]
        penalty = PENALTIES[int(np.argmin(missed))]
    return _ridge(x, y, new, (penalty,))[0]


def _ridge(x: Floats, y: Floats, new: Floats, penalties: tuple[float, ...]) -> list[Floats]:
    centre, spread, level = x.mean(axis=0), x.std(axis=0), y.mean(axis=0)
    scale = np.where(spread > 1e-9, spread, 1.0)
    standard, asked, known = (x - centre) / scale, (new - centre) / scale, y - level
    # the smaller of both Gram matrices: rows, or columns
    if len(x) < x.shape[1]:
        size, turn = np.linalg.eigh(standard @ standard.T)
        inner, outer = turn.T @ known, asked @ standard.T @ turn
    else:
        size, turn = np.linalg.eigh(standard.T @ standard)
        inner, outer = turn.T @ (standard.T @ known), asked @ turn
    return [outer @ (inner / (np.maximum(size, 0.0) + penalty)[:, None]) + level for penalty in penalties]


def _design(table: Floats) -> Floats:
    known = np.isfinite(table)
    kept = known.mean(axis=0) >= _LEAST_KNOWN
    table, known = table[:, kept], known[:, kept]
    middle = np.nanmedian(table, axis=0) if table.shape[1] else np.empty(0)
    filled = np.where(known, table, middle)
    spread = filled.std(axis=0)
    standard = np.clip((filled - middle) / np.where(spread > 1e-9, spread, 1.0), -_LIMIT, _LIMIT)
    # what is missing in nearly none or nearly all records is a predictor of a handful of records
    often = (known.mean(axis=0) < 1 - _LEAST_MISSING) & (known.mean(axis=0) > _LEAST_MISSING)
    missing = np.unique(~known[:, often], axis=1)
    return np.concatenate([standard, missing.astype(np.float64)], axis=1)
