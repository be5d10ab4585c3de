"""`contrast_pairs`: what changed within the same patients, earlier against later."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import bdtr, ndtr, stdtr

from ecgomics.discovery.candidates import Badge, Contrast, Counts
from ecgomics.discovery.comparison import Question
from ecgomics.discovery.groups import EXPLORATORY_ORIGINS, Origin
from ecgomics.discovery.intervals import paired_interval
from ecgomics.discovery.ledger import Note, noted
from ecgomics.discovery.lockbox import Part, in_part
from ecgomics.discovery.material import Material, Members, Values
from ecgomics.discovery.patients import Bools, Floats, Patients
from ecgomics.discovery.ranks import effect_order, midranks
from ecgomics.discovery.scope import Scope
from ecgomics.discovery.significance import benjamini_yekutieli
from ecgomics.errors import DiscoveryError
from ecgomics.settings import ContrastSettings, LockBoxSettings

_EXACT = 25
"""Pairs up to which every combination of signs is counted."""


def contrast_pairs(
    values: Values,
    *,
    earlier: Members,
    later: Members,
    patient: npt.ArrayLike | None = None,
    adjust: pd.DataFrame | Sequence[str] | None = None,
    drawn_on: Origin | None = None,
    lockbox: LockBoxSettings | None = None,
    part: Part = "discovery",
    settings: ContrastSettings | None = None,
    note: Note = "ledger",
) -> Contrast:
    """Compare later with earlier records of the same patients, over every biomarker.

    Parameters
    ----------
    values, patient, adjust, drawn_on, lockbox, part, settings, note
        See `contrast`. Confounders are numbers that change between the two, such as the heart rate; one that stays
        the same within a patient needs no adjustment.
    earlier, later
        Which records; see `contrast`. A patient counts with records in both; several of one kind are folded first.

    Returns
    -------
    A `Contrast` whose table holds `auc` (the chance that the mean change of two patients drawn at random is upwards,
    ties half: ½ nothing changes, 1 all rises), `delta` (2 `auc` − 1),
    `smd` (mean change over the standard deviation of the changes), `median_change`, `q` (Wilcoxon's signed ranks with
    Pratt's zeros; exact up to 25 pairs), and `auc_adjusted …`: the changes left when the confounders had not changed.

    Raises
    ------
    DiscoveryError
        For too few pairs, records on both sides, or a confounder that is no number.
    """
    scope = Scope.of(values, patient=patient, adjust=adjust, lockbox=lockbox, part=part, settings=settings)
    material, settings, question = scope.material, scope.settings, Question(later, earlier, drawn_on)
    whole, records = question.sides(material), material.values.index.to_numpy(dtype=str)
    kept = in_part(part, patient=material.patient, record=records, settings=scope.lockbox)
    every = Patients.from_ids(material.patient).size
    material, sides = material.restricted(kept), (whole[0][kept], whole[1][kept])
    patients = Patients.from_ids(material.patient)
    paired = (patients.shares(sides[0]) > 0) & (patients.shares(sides[1]) > 0)
    if paired.sum() < settings.min_patients:
        raise DiscoveryError(
            f"{int(paired.sum())} patients with records both earlier and later",
            expected=f"at least {settings.min_patients}",
            remedy="hand over patient ids, widen the groups, or lower the setting min_patients",
        )
    after, before = (_folded(material.values, patients, side, settings)[paired] for side in sides)
    change = after - before
    moved = _moved(material, patients, sides, settings=settings, paired=paired)
    columns = _effect("", change, settings=settings) | _adjusted(change, moved, settings=settings)
    columns |= {
        "smd": _mean_over_spread(change),
        "median_group": pd.DataFrame(after).median().to_numpy(),
        "median_rest": pd.DataFrame(before).median().to_numpy(),
        "median_change": pd.DataFrame(change).median().to_numpy(),
        "n_group": np.isfinite(change).sum(axis=0),
        "missing_group": np.isnan(after).sum(axis=0),
        "missing_rest": np.isnan(before).sum(axis=0),
        "auc_missing": 0.5 + (np.isnan(after).mean(axis=0) - np.isnan(before).mean(axis=0)) / 2,
        "q_missing": benjamini_yekutieli(_lost_and_gained_p(after, before)),
    }
    columns["delta"] = 2 * columns["auc"] - 1
    names = [str(name) for name in material.values.columns]
    annotated = {name: material.notes[name].to_numpy() for name in material.notes.columns}
    results = pd.DataFrame({"biomarker": names} | annotated | columns)
    results = results.iloc[effect_order(columns["auc"])].reset_index(drop=True)
    origins = question.origins
    badge: Badge = "declared" if origins and not EXPLORATORY_ORIGINS & origins else "exploratory"
    recipe = (
        scope.told("pairs")
        | {
            "values": material.digest(),
            "adjust": [] if material.confounders is None else [str(name) for name in material.confounders.columns],
        }
        | question.described(sides, material)
    )
    n = Counts(
        patients_group=int(paired.sum()),
        patients_rest=int(paired.sum()),
        records_group=int(sides[0].sum()),
        records_rest=int(sides[1].sum()),
        mixed=0,
        dropped=int((~paired & ((patients.shares(sides[0]) + patients.shares(sides[1])) > 0)).sum()),
        unnamed=patients.unnamed,
        incomplete=0 if moved is None else int((~np.isfinite(moved).all(axis=1)).sum()),
        elsewhere=every - patients.size,
    )
    ids = (tuple(records[kept][sides[0]].tolist()), tuple(records[kept][sides[1]].tolist()))
    notes = (f"{n.dropped} patients have records of one time only and are left out.",) if n.dropped else ()
    results = results.assign(defines_group=False, badge=badge)
    return noted(values, Contrast(results, badge, n, notes, recipe, ids, given=scope.given), note=note)


def _lost_and_gained_p(after: Floats, before: Floats) -> Floats:
    """Two-sided exact McNemar p that as many pairs lost a biomarker as gained it."""
    lost = (np.isnan(after) & ~np.isnan(before)).sum(axis=0).astype(np.float64)
    gained = (~np.isnan(after) & np.isnan(before)).sum(axis=0).astype(np.float64)
    fewer, every = np.minimum(lost, gained), lost + gained
    return np.where(every > 0, np.minimum(2 * bdtr(fewer, np.maximum(every, 1).astype(np.int64), 0.5), 1.0), 1.0)


def _folded(values: pd.DataFrame, patients: Patients, side: Bools, settings: ContrastSettings) -> Floats:
    table = values.to_numpy(dtype=np.float64).copy()
    table[~side] = np.nan
    return patients.fold(table, how=settings.aggregate)


def _moved(
    material: Material, patients: Patients, sides: tuple[Bools, Bools], *, settings: ContrastSettings, paired: Bools
) -> Floats | None:
    """How much each confounder changed (float64, (pair, confounder))."""
    table = material.confounders
    if table is None:
        return None
    texts = [str(name) for name in table.columns if not pd.api.types.is_numeric_dtype(table[name])]
    if texts:
        raise DiscoveryError(
            f"a confounder {texts[0]!r} that is a text",
            expected="numbers that change between the two records",
            remedy="what stays the same within a patient needs no adjustment",
        )
    after, before = (_folded(table, patients, side, settings)[paired] for side in sides)
    return after - before


def _effect(suffix: str, change: Floats, *, settings: ContrastSettings, p: Floats | None = None) -> dict[str, Floats]:
    enough = np.isfinite(change).sum(axis=0) >= settings.min_patients
    auc, low, high = paired_interval(
        change, resamples=settings.resamples, level=settings.level, seed=settings.seed, way=settings.interval
    )
    tested = signed_rank_p(change) if p is None else p
    kept = {f"auc{suffix}": auc, f"low{suffix}": low, f"high{suffix}": high, f"p{suffix}": tested}
    kept = {name: np.where(enough, column, np.nan) for name, column in kept.items()}
    return kept | {f"q{suffix}": benjamini_yekutieli(kept[f"p{suffix}"])}


def _adjusted(change: Floats, moved: Floats | None, *, settings: ContrastSettings) -> dict[str, Floats]:
    if moved is None:
        nothing = np.full(change.shape[1], np.nan)
        return {f"{name}_adjusted": nothing for name in ("auc", "low", "high", "p", "q")}
    left, p = np.full(change.shape, np.nan), np.full(change.shape[1], np.nan)
    for column in range(change.shape[1]):
        rows = np.flatnonzero(np.isfinite(change[:, column]) & np.isfinite(moved).all(axis=1))
        if len(rows) > moved.shape[1] + 2:
            left[rows, column], p[column] = _intercept(change[rows, column], moved[rows])
    return _effect("_adjusted", left, settings=settings, p=p)


def _intercept(change: Floats, moved: Floats) -> tuple[Floats, float]:
    """Changes less what the confounders' changes explain, and the p of what is left in the mean (least squares)."""
    design = np.column_stack([np.ones(len(change)), moved])
    inverse = np.linalg.pinv(design.T @ design)
    slopes = inverse @ design.T @ change
    error = change - design @ slopes
    freedom = len(change) - np.linalg.matrix_rank(design)
    spread = np.sqrt(max(float(error @ error), 0.0) / max(freedom, 1) * inverse[0, 0])
    p = 1.0 if spread <= 0 else float(min(1.0, 2 * stdtr(freedom, -abs(slopes[0]) / spread)))
    return error + slopes[0], p


def signed_rank_p(change: Floats) -> Floats:
    """Two-sided p of Wilcoxon's signed ranks of each column (float64, (pair, biomarker), NaN = missing).

    Zeros are ranked and then dropped (Pratt, J Am Stat Assoc 1959;54:655). Exact up to 25 pairs, from all combinations
    of signs; normal beyond.
    """
    ranks = np.where(change == 0, 0.0, midranks(np.abs(change)))
    p = np.full(change.shape[1], np.nan)
    for column in range(change.shape[1]):
        rows = np.isfinite(change[:, column])
        size, total = ranks[rows, column], float((np.sign(change[rows, column]) * ranks[rows, column]).sum())
        size = size[size > 0]
        if rows.any():
            p[column] = _signs_p(size, total) if 0 < len(size) <= _EXACT else _normal_signs_p(size, total)
    return p


def _normal_signs_p(size: Floats, total: float) -> float:
    spread = float(np.sqrt((size**2).sum()))
    return 1.0 if spread == 0 else float(min(1.0, 2 * ndtr(-max(abs(total) - 1.0, 0.0) / spread)))


def _signs_p(size: Floats, total: float) -> float:
    """Share of all combinations of signs whose sum is at least as far from 0."""
    doubled = np.rint(2 * size).astype(np.int64)
    ways = np.zeros(2 * int(doubled.sum()) + 1)
    centre = int(doubled.sum())
    ways[centre] = 1.0
    for step in doubled:
        ways = (np.roll(ways, step) + np.roll(ways, -step)) / 2
    far = np.abs(np.arange(len(ways)) - centre) >= abs(2 * total) - 1e-9
    return float(min(1.0, ways[far].sum()))


def _mean_over_spread(change: Floats) -> Floats:
    frame = pd.DataFrame(change)
    spread = frame.std()
    return (frame.mean() / spread.where(spread > 0)).to_numpy()
