"""Sparse logistic models: few biomarkers that together tell the group from the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from ecgomics.discovery.patients import Bools, Floats

_STEPS = 30
_REACH = 0.01
"""Weakest penalty, as a share of the one at which nothing enters."""


@dataclass(frozen=True)
class Scaler:
    """How columns are filled and scaled, learnt from some patients and applied to others."""

    middle: Floats
    centre: Floats
    spread: Floats

    @classmethod
    def of_patients(cls, values: Floats) -> Scaler:
        """Medians fill what is missing; then means and standard deviations scale (float64, (patient, column))."""
        known = ~np.isnan(values)
        count = known.sum(axis=0)
        ordered = np.sort(values, axis=0)  # what is missing comes last
        around = [
            np.take_along_axis(ordered, at[None], axis=0)[0] for at in (np.maximum(count - 1, 0) // 2, count // 2)
        ]
        middle = np.where(count > 0, (around[0] + around[1]) / 2, 0.0)
        filled = np.where(known, values, middle)
        return cls(middle, filled.mean(axis=0), filled.std(axis=0))

    def apply(self, values: Floats) -> Floats:
        """Fill and scale; columns that never varied become 0."""
        filled = np.where(np.isnan(values), self.middle, values)
        varies = self.spread > 0
        return np.where(varies, (filled - self.centre) / np.where(varies, self.spread, 1.0), 0.0)


def penalties(scaled: Floats, members: Bools) -> Floats:
    """Falling L1 penalties from the one at which nothing enters (float64, (step))."""
    gradient = np.abs(scaled.T @ (members - members.mean()))
    return np.asarray(max(float(gradient.max()), 1e-9) * np.geomspace(1.0, _REACH, _STEPS), dtype=np.float64)


def fit(scaled: Floats, members: Bools, *, penalty: float) -> tuple[float, Floats]:
    """Intercept and coefficients of an L1-penalised logistic model.

    Parameters
    ----------
    scaled
        float64, (patient, biomarker), from `Scaler.apply`.
    members
        Who is in the group (bool, patient).
    penalty
        Weight of the sum of absolute coefficients against the sum of the patients' log-losses.
    """
    from sklearn.linear_model import LogisticRegression

    # liblinear penalises the intercept: the larger its column, the less so
    model = LogisticRegression(
        C=1 / penalty, l1_ratio=1.0, solver="liblinear", intercept_scaling=20.0, max_iter=1000, tol=1e-5, random_state=0
    )
    model.fit(scaled, members)
    return float(model.intercept_[0]), np.asarray(model.coef_[0], dtype=np.float64)


def refit(scaled: Floats, members: Bools) -> tuple[float, Floats]:
    """Intercept and coefficients by Newton's method, with a ridge of 1e-3 that keeps them finite."""
    design = np.column_stack([np.ones(len(scaled)), scaled])
    ridge = np.diag([0.0, *[1e-3 * len(scaled)] * scaled.shape[1]])
    weights = np.zeros(design.shape[1])
    for _ in range(50):
        chance = expit(design @ weights)
        slope = design.T @ (members - chance) - ridge @ weights
        curve = (design * (chance * (1 - chance))[:, None]).T @ design + ridge + 1e-9 * np.eye(len(weights))
        step = np.linalg.solve(curve, slope)
        weights = weights + step
        if np.abs(step).max() < 1e-10:
            break
    return float(weights[0]), weights[1:]


def entered(values: Floats, members: Bools, *, size: int) -> Bools:
    """Which biomarkers the densest model of at most `size` holds (bool, biomarker)."""
    scaled = Scaler.of_patients(values).apply(values)
    chosen = np.zeros(values.shape[1], dtype=bool)
    for penalty in penalties(scaled, members)[1:]:
        now = fit(scaled, members, penalty=penalty)[1] != 0
        if now.sum() > size:
            break
        chosen = now
    return chosen
