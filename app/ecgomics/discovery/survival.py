"""`hazards`: which biomarkers go with the time to an event, as hazard ratios of Cox's model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr, ndtri

from ecgomics.discovery.candidates import Contrast
from ecgomics.discovery.folding import digest_of
from ecgomics.discovery.groups import Origin
from ecgomics.discovery.ledger import Note, note_contrast
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
    A `Contrast` whose table holds `hr, low, high, q` (hazard ratio for one standard deviation more; Wald's interval),
    `hr_adjusted …` (with the confounders' splines in the model), `concordance` (Harrell's C, 0 to 1), `n_group`
    (patients with a value), `events`. NaN where there are fewer than five events for each term.

    Raises
    ------
    DiscoveryError
        For outcomes of another length, that differ within a patient, at or below 0, or too few events.

    Notes
    -----
    Fitted by lifelines (Efron's ties). Departure from the house rule: intervals by Wald's formula, not by resampling
    patients, which would take 1,000 fits a biomarker. Values are clipped at five robust standard deviations, so that
    no single patient steers a fit.
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
    columns |= adjusted | {
        "n_group": present.sum(axis=0),
        "events": (present & (course.event == 1)[:, None]).sum(axis=0),
        "missing_group": int(course.known.sum()) - present.sum(axis=0),
    }
    order = np.argsort(-np.nan_to_num(np.abs(np.log(columns["hr"])), nan=-1.0), kind="stable")
    recipe = scope.told("hazards") | {"outcome": digest_of(np.column_stack([course.duration, course.event]))}
    events = int((course.event[course.known] == 1).sum())
    counts = (events, int(course.known.sum()) - events)
    records = np.bincount((course.event == 1)[folded.patients.of_record].astype(int), minlength=2)
    notes = ("Patients of the group had the event, those of the rest had not; intervals are Wald's.",)
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
    return note_contrast(values, found, note=note)


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
    fits = np.array([_fit(course, scaled[:, column], terms) for column in range(scaled.shape[1])])
    coefficient, error, concordance = fits.T
    reach = ndtri(0.5 + settings.level / 2) * error
    p = np.minimum(2 * ndtr(-np.abs(coefficient) / error), 1.0)
    return {
        f"hr{suffix}": np.exp(coefficient),
        f"low{suffix}": np.exp(coefficient - reach),
        f"high{suffix}": np.exp(coefficient + reach),
        f"p{suffix}": p,
        f"q{suffix}": benjamini_yekutieli(p),
        f"concordance{suffix}": concordance,
    }


def _fit(course: _Course, value: Floats, terms: Floats | None) -> tuple[float, float, float]:
    """Coefficient, its standard error and the concordance of one model; NaN where it cannot be fitted."""
    nothing = (np.nan, np.nan, np.nan)
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
    return float(model.params_["x0"]), float(model.standard_errors_["x0"]), float(model.concordance_index_)


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
