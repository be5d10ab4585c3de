"""`hazards`: which biomarkers go with the time to an event, as hazard ratios of Cox's model."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr, ndtri

from ecgomics.discovery.candidates import Contrast
from ecgomics.discovery.cox import Followed, log_rank_p, orthogonal, resampled_coefficients
from ecgomics.discovery.folding import digest_of
from ecgomics.discovery.groups import Origin
from ecgomics.discovery.intervals import resample_weights
from ecgomics.discovery.ledger import Note, noted
from ecgomics.discovery.lockbox import Part
from ecgomics.discovery.material import Values
from ecgomics.discovery.patients import Bools, Floats
from ecgomics.discovery.scope import Scope
from ecgomics.discovery.significance import benjamini_yekutieli
from ecgomics.errors import DiscoveryError
from ecgomics.settings import ContrastSettings, LockBoxSettings

_EVENTS_A_TERM = 5
"""Fewest events for each term of a model."""


def hazards(
    values: Values,
    duration: npt.ArrayLike,
    *,
    event: npt.ArrayLike,
    patient: npt.ArrayLike | None = None,
    adjust: pd.DataFrame | Sequence[str] | None = None,
    drawn_on: Origin | None = None,
    lockbox: LockBoxSettings | None = None,
    part: Part = "discovery",
    settings: ContrastSettings | None = None,
    note: Note = "ledger",
) -> Contrast:
    """Hazard ratio of every biomarker, one row a patient, by Cox's proportional hazards.

    Parameters
    ----------
    values, patient, adjust, drawn_on, lockbox, part, settings, note
        See `contrast`; `drawn_on` is where the outcome comes from.
    duration
        float64, one a record, above 0, any unit: from the recording to the event or to the end of follow-up; the same
        for all records of a patient; NaN unknown.
    event
        bool or 0/1, one a record: whether it ended with the event.

    Returns
    -------
    A `Contrast` whose table holds `hr, low, high, q` (hazard ratio for one standard deviation more; interval over
    resampled patients), `hr_adjusted …` (with the confounders' splines in the model), `concordance` (Harrell's C, 0 to
    1), `n_group` (patients with a value), `events`. NaN where there are fewer than five events for each term.

    Raises
    ------
    DiscoveryError
        For outcomes of another length, that differ within a patient, at or below 0, or too few events.

    Notes
    -----
    Fitted by lifelines (Efron's ties); q from Wald's test. The interval resamples patients (see `cox`), holding what
    the confounders add to the log hazard fixed as adjusted AUCs do; with the setting `interval` "formula" it is Wald's.
    Values are clipped at five robust standard deviations, so that no single patient steers a fit.
    """
    scope = Scope.of(values, patient=patient, adjust=adjust, lockbox=lockbox, part=part, settings=settings)
    folded, settings, material = scope.folded(), scope.settings, scope.material
    course = _Course(
        folded.outcome(duration, name="duration", whole=material),
        folded.outcome(np.asarray(event, dtype=np.float64), name="event", whole=material),
    )
    course.require(int(settings.min_patients))
    scaled = _standardised(folded.values)
    columns = _columns("", course, scaled, terms=None, settings=settings)
    terms = None if folded.confounders is None else folded.confounders.matrix
    adjusted = _columns("_adjusted", course, scaled, terms=terms, settings=settings)
    if terms is None:
        adjusted = {name: np.full(scaled.shape[1], np.nan) for name in adjusted}
    adjusted.pop("concordance_adjusted")
    present = np.isfinite(scaled) & course.known[:, None]
    columns |= (
        adjusted
        | _missingness(course, np.isfinite(scaled))
        | {
            "n_group": present.sum(axis=0),
            "events": (present & (course.event == 1)[:, None]).sum(axis=0),
            "missing_group": int(course.known.sum()) - present.sum(axis=0),
        }
    )
    order = np.argsort(-np.nan_to_num(np.abs(np.log(columns["hr"])), nan=-1.0), kind="stable")
    recipe = scope.told("hazards") | {"outcome": digest_of(np.column_stack([course.duration, course.event]))}
    events = int((course.event[course.known] == 1).sum())
    counts = (events, int(course.known.sum()) - events)
    records = np.bincount((course.event == 1)[folded.patients.of_record].astype(int), minlength=2)
    wald = "" if settings.interval == "bootstrap" else "; intervals are Wald's"
    notes = (f"Patients of the group had the event, those of the rest had not{wald}.",)
    found = folded.contrast(
        columns,
        order,
        counts=counts,
        records=(int(records[1]), int(records[0])),
        drawn_on=drawn_on,
        recipe=recipe,
        outcome={"duration": course.duration, "event": course.event},
        notes=notes,
        given=scope.given,
    )
    return noted(values, found, note=note)


@dataclass(frozen=True)
class _Course:
    """Follow-up of each patient."""

    duration: Floats
    event: Floats

    @property
    def known(self) -> Bools:
        return np.asarray(np.isfinite(self.duration) & np.isfinite(self.event), dtype=bool)

    def require(self, least: int) -> None:
        known = self.known
        early = int((self.duration[known] <= 0).sum())
        if early or not np.isin(self.event[known], (0, 1)).all():
            raise DiscoveryError(
                f"{early} durations at or below 0" if early else "events that are neither 0 nor 1",
                expected="durations above 0 and events of 0 or 1",
                remedy="leave out patients who had the event before the recording",
            )
        events = int(self.event[known].sum())
        if events < least:
            raise DiscoveryError(
                f"{events} patients with the event",
                expected=f"at least {least}",
                remedy="follow for longer, or lower the setting min_patients",
            )


def _columns(
    suffix: str, course: _Course, scaled: Floats, *, terms: Floats | None, settings: ContrastSettings
) -> dict[str, Floats]:
    rng = np.random.default_rng(settings.seed)
    weights = resample_weights(len(scaled), settings.resamples, rng) if settings.interval == "bootstrap" else None
    fits = [
        _fit(course, scaled[:, column], terms, weights=weights, level=settings.level)
        for column in range(scaled.shape[1])
    ]
    coefficient, p, low, high, concordance = np.array([dataclasses.astuple(fit) for fit in fits]).T
    return {
        f"hr{suffix}": np.exp(coefficient),
        f"low{suffix}": np.exp(low),
        f"high{suffix}": np.exp(high),
        f"p{suffix}": p,
        f"q{suffix}": benjamini_yekutieli(p),
        f"concordance{suffix}": concordance,
    }


@dataclass(frozen=True)
class _Fit:
    """One column's coefficient (log hazard ratio), its p and interval, and the model's concordance."""

    coefficient: float = np.nan
    p: float = np.nan
    low: float = np.nan
    high: float = np.nan
    concordance: float = np.nan


def _fit(
    course: _Course,
    value: Floats,
    terms: Floats | None,
    *,
    weights: npt.NDArray[np.float32] | None,
    level: float,
) -> _Fit:
    """One model; NaN where it cannot be fitted."""
    nothing = _Fit()
    columns = value[:, None] if terms is None else np.column_stack([value, _scaled(terms)])
    rows = course.known & np.isfinite(columns).all(axis=1)
    varies = np.ptp(columns[rows], axis=0) > 0 if rows.any() else np.zeros(columns.shape[1], dtype=bool)
    if not varies.any() or not varies[0] or course.event[rows].sum() < _EVENTS_A_TERM * varies.sum():
        return nothing
    import warnings

    from lifelines import CoxPHFitter
    from lifelines.exceptions import ConvergenceError, ConvergenceWarning

    kept = columns[rows][:, varies]
    frame = pd.DataFrame(kept, columns=[f"x{column}" for column in range(kept.shape[1])])
    frame = frame.assign(duration=course.duration[rows], event=course.event[rows])
    try:
        with warnings.catch_warnings():
            # a fit that does not settle is said as NaN, not as a warning about a column called x0
            warnings.simplefilter("error", ConvergenceWarning)
            model = CoxPHFitter().fit(frame, "duration", "event")
    except (ConvergenceError, ConvergenceWarning):
        return nothing
    coefficients = np.asarray(model.params_, dtype=np.float64)
    error = float(model.standard_errors_["x0"])
    p = float(min(2 * ndtr(-abs(coefficients[0]) / error), 1.0))
    if weights is None:
        reach = float(ndtri(0.5 + level / 2)) * error
        low, high = coefficients[0] - reach, coefficients[0] + reach
    else:
        covariance = np.asarray(model.variance_matrix_, dtype=np.float64)
        low, high = _resampled_limits(
            (course.duration[rows], course.event[rows]),
            kept,
            coefficients,
            covariance,
            weights=weights[rows],
            level=level,
        )
    return _Fit(float(coefficients[0]), p, float(low), float(high), float(model.concordance_index_))


def _resampled_limits(
    times: tuple[Floats, Floats],
    columns: Floats,
    coefficients: Floats,
    covariance: Floats,
    *,
    weights: npt.NDArray[np.float32],
    level: float,
) -> tuple[float, float]:
    """Percentiles of the first column's coefficient over resampled patients; the first resample is all of them."""
    value = orthogonal(columns[:, 0], columns[:, 1:], covariance)
    offset = columns @ coefficients - coefficients[0] * value
    drawn = resampled_coefficients(
        Followed.of(*times), value, start=float(coefficients[0]), offset=offset, weights=weights
    )
    # Breslow's ties there, Efron's here: the resamples tell the spread, the model the centre
    spread = drawn[1:] - drawn[0]
    if not np.isfinite(spread).any():
        return np.nan, np.nan
    low, high = np.nanpercentile(spread, [50 * (1 - level), 50 * (1 + level)])
    return float(coefficients[0] + low), float(coefficients[0] + high)


def _missingness(course: _Course, present: Bools) -> dict[str, Floats]:
    """Whether those who lack a biomarker have the event earlier or later than the others (log-rank)."""
    known = course.known
    p = np.ones(present.shape[1])
    for column in np.flatnonzero(~present[known].all(axis=0)):
        lacking = ~present[known, column]
        p[column] = log_rank_p(course.duration[known], course.event[known], lacking)
    return {"auc_missing": np.full(len(p), np.nan), "q_missing": benjamini_yekutieli(p)}


def _standardised(values: Floats) -> Floats:
    filled = pd.DataFrame(values)
    middle = filled.median()
    robust = (filled - middle).abs().median() * 1.4826
    reach = (5 * robust).where(robust > 0, np.inf)
    clipped = filled.clip(middle - reach, middle + reach, axis=1)
    spread = clipped.std()
    return ((clipped - clipped.mean()) / spread.where(spread > 0)).to_numpy()


def _scaled(terms: Floats) -> Floats:
    spread = np.nanstd(terms, axis=0)
    return (terms - np.nanmean(terms, axis=0)) / np.where(spread > 0, spread, 1.0)
