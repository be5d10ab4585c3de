"""Effects that remain when age, sex and other declared confounders are held equal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri, stdtr

from ecgomics.discovery.patients import Bools, Floats, Patients
from ecgomics.discovery.ranks import RankTable, midranks

_MANY_VALUES = 10
"""Distinct values from which a numeric confounder gets a curve, not a straight line."""
_KNOTS = (0.10, 0.50, 0.90)
_SEPARATED = 1e-6
_SAME = 0.02
"""Share of a biomarker's variance that the confounders must leave: of a copy of a confounder only its noise is left."""


@dataclass(frozen=True)
class Confounders:
    """Declared confounders of the patients, as columns of a linear model.

    Parameters
    ----------
    names
        What is adjusted for.
    matrix
        float64, (patient, term), NaN where the patient lacks one. Numbers with ten values or more enter as natural
        cubic splines with three knots (10th, 50th, 90th percentile), texts as indicators.
    """

    names: tuple[str, ...]
    matrix: Floats

    @classmethod
    def of_patients(cls, table: pd.DataFrame, patients: Patients) -> Confounders:
        """Fold a table (record, confounder) to patients: medians of numbers, commonest of texts (empty = missing)."""
        terms: list[Floats] = []
        for name in table.columns:
            column = table[name]
            if pd.api.types.is_numeric_dtype(column):
                folded = patients.fold(column.to_numpy(dtype=np.float64)[:, None])[:, 0]
                terms += _curve(folded)
            else:
                text = column.astype(object).where(lambda entry: entry.notna() & (entry.astype(str) != ""))
                terms += _indicators(patients.commonest(text))
        matrix = np.column_stack(terms) if terms else np.empty((patients.size, 0))
        return cls(tuple(map(str, table.columns)), matrix)

    @property
    def complete(self) -> Bools:
        """Patients that lack none (bool, patient)."""
        return np.asarray(np.isfinite(self.matrix).all(axis=1), dtype=bool)


@dataclass(frozen=True)
class Adjusted:
    """Adjusted effects, one a biomarker.

    Parameters
    ----------
    p
        Two-sided p (float64, biomarker); NaN where not estimable.
    residuals
        float64, (patient, biomarker): what the AUC compares.
    members
        Who is in the group (bool, patient).
    overlap
        Share of the group's variance that the confounders leave, 0 (they determine the group) to 1.
    """

    p: Floats
    residuals: Floats
    members: Bools
    overlap: float

    @cached_property
    def auc(self) -> Floats:
        """Covariate-adjusted AUC, 0 to 1 (float64, biomarker); NaN where not estimable."""
        return RankTable(pd.DataFrame(self.residuals)).test(self.members)[0]


def adjust(values: Floats, members: Bools, confounders: Confounders) -> Adjusted:
    """AUC and p of each biomarker with the confounders held equal.

    Each biomarker is turned into normal scores of its ranks, so that outliers and skew do not steer the fit, and
    modelled as group + confounders by least squares over the patients that have everything (complete cases). The
    p-value is the t-test of the group's coefficient; NaN for a biomarker that says what the confounders say. The AUC
    compares score minus the confounders' part between group and rest: the covariate-adjusted AUC, the chance that a
    patient of the group exceeds one of the rest with the same confounders.

    Parameters
    ----------
    values
        float64, (patient, biomarker), NaN = missing.
    members
        Who is in the group (bool, patient).

    Notes
    -----
    Janes & Pepe, Biometrika 2009;96:371. Departures: the confounders' part is fitted in both sides at once with a
    common slope, not in the reference side alone (steadier with few patients, and swapping the sides mirrors the
    AUC); and on normal scores, so that the result does not depend on a biomarker's unit or scale.
    """
    residuals = np.full(values.shape, np.nan)
    p = np.full(values.shape[1], np.nan)
    complete = confounders.complete
    for rows, columns in _patterns(~np.isnan(values) & complete[:, None]):
        fit = _fit(values[np.ix_(rows, columns)], members[rows], confounders.matrix[rows])
        residuals[np.ix_(rows, columns)], p[columns] = fit
    return Adjusted(p, residuals, members, _overlap(members[complete], confounders.matrix[complete]))


def residual_scores(values: Floats, target: Floats, confounders: Confounders) -> tuple[Floats, Floats, Floats]:
    """Normal scores of biomarkers and of an outcome with the confounders' part taken off.

    Parameters
    ----------
    values, target
        float64, (patient, biomarker) and (patient); NaN = missing.

    Returns
    -------
    Residuals of both (float64, (patient, biomarker), NaN where one of them or a confounder is missing), and the
    degrees of freedom that their correlation has (float64, biomarker).
    """
    ours, theirs = np.full(values.shape, np.nan), np.full(values.shape, np.nan)
    freedom = np.zeros(values.shape[1])
    known = confounders.complete & np.isfinite(target)
    for rows, columns in _patterns(~np.isnan(values) & known[:, None]):
        if len(rows) == 0:
            continue
        basis = _basis(confounders.matrix[rows])
        both = np.column_stack([values[np.ix_(rows, columns)], target[rows]])
        scores = ndtri((midranks(both) - 0.5) / len(rows))
        left = scores - basis @ (basis.T @ scores)
        ours[np.ix_(rows, columns)] = left[:, :-1]
        theirs[np.ix_(rows, columns)] = left[:, -1:]
        freedom[columns] = len(rows) - basis.shape[1] - 1
    return ours, theirs, freedom


def _fit(values: Floats, members: Bools, terms: Floats) -> tuple[Floats, Floats]:
    """Residuals of the confounders' part and p of the group (Frisch–Waugh: both sides projected off the terms)."""
    nothing = np.full(values.shape, np.nan), np.full(values.shape[1], np.nan)
    if len(values) == 0:
        return nothing
    basis = _basis(terms)
    scores = ndtri((midranks(values) - 0.5) / len(values))
    group = members.astype(np.float64)
    group_left = group - basis @ (basis.T @ group)
    scores_left = scores - basis @ (basis.T @ scores)
    leverage, freedom = float(group_left @ group_left), len(values) - basis.shape[1] - 1
    if leverage < _SEPARATED * len(values) or freedom < 1:
        return nothing
    slope = group_left @ scores_left / leverage
    error = scores_left - group_left[:, None] * slope
    spread = np.sqrt(np.sum(error**2, axis=0) / freedom / leverage)
    varies = np.ptp(values, axis=0) > 0
    t = np.where(varies, np.abs(slope) / np.where(spread > 0, spread, np.inf), 0.0)
    every = np.sum((scores - scores.mean(axis=0)) ** 2, axis=0)
    copies = varies & (np.sum(scores_left**2, axis=0) < _SAME * every)
    left = np.where(copies, np.nan, error + group[:, None] * slope)
    return left, np.where(copies, np.nan, np.minimum(2 * stdtr(freedom, -t), 1.0))


def _basis(terms: Floats) -> Floats:
    """Orthonormal columns that span the constant and the terms."""
    scale = terms.std(axis=0)
    used = (terms - terms.mean(axis=0))[:, scale > 0] / scale[scale > 0]
    full = np.column_stack([np.ones(len(terms)), used])
    left, size, _ = np.linalg.svd(full, full_matrices=False)
    return left[:, size > 1e-9 * size[0]]


def _overlap(members: Bools, terms: Floats) -> float:
    if len(members) == 0 or members.all() or not members.any():
        return 0.0
    group = members - members.mean()
    left = group - _basis(terms) @ (_basis(terms).T @ group)
    return float(left @ left / (group @ group))


def _patterns(usable: Bools) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """Rows and columns of each distinct pattern of usable entries: one fit serves all its biomarkers."""
    groups: dict[bytes, list[int]] = {}
    for column in range(usable.shape[1]):
        groups.setdefault(np.packbits(usable[:, column]).tobytes(), []).append(column)
    for columns in groups.values():
        yield np.flatnonzero(usable[:, columns[0]]), np.array(columns, dtype=np.intp)


def _curve(values: Floats) -> list[Floats]:
    known = values[np.isfinite(values)]
    knots = np.quantile(known, _KNOTS) if len(known) else np.zeros(3)
    if len(np.unique(known)) < _MANY_VALUES or np.any(np.diff(knots) <= 0):
        return [values]
    # restricted cubic spline: straight beyond the outer knots (Harrell, Regression Modeling Strategies, 2.4)
    low, middle, high = knots
    cubes = [np.maximum(values - knot, 0.0) ** 3 for knot in knots]
    bend = cubes[0] - cubes[1] * (high - low) / (high - middle) + cubes[2] * (middle - low) / (high - middle)
    return [values, bend / (high - low) ** 2]


def _indicators(text: pd.Series) -> list[Floats]:
    levels = sorted(text.dropna().astype(str).unique())
    missing = text.isna().to_numpy()
    if len(levels) < 2:
        # one level tells nothing, but a patient without it still lacks it
        return [np.where(missing, np.nan, 0.0)]
    return [np.where(missing, np.nan, (text == level).to_numpy(dtype=float)) for level in levels[1:]]
