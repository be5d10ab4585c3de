"""What stands behind one candidate: dose and response, subgroups, the patients at its ends and those against it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import gammaincc

from ecgomics.discovery.candidates import Contrast
from ecgomics.discovery.effects import auc_error
from ecgomics.discovery.folding import Folded
from ecgomics.discovery.intervals import newcombe_interval, wilson_interval
from ecgomics.discovery.kinship import folded_of
from ecgomics.discovery.material import Material, Values
from ecgomics.discovery.patients import Bools, Floats
from ecgomics.errors import DiscoveryError, did_you_mean

_LEVELS = 8
"""Most levels a subgroup may have; a number with more is cut at its median."""


def dose_response(
    found: Contrast,
    values: Values,
    *,
    biomarker: str,
    patient: npt.ArrayLike | None = None,
    bins: int = 5,
    level: float = 0.95,
) -> pd.DataFrame:
    """Share of the group among the patients in each quantile of a biomarker.

    Parameters
    ----------
    found, values, patient
        The contrast, and what it was given.
    biomarker
        Which one.
    bins
        Quantiles; fewer where many patients share a value.
    level
        Coverage of the intervals, 0 to 1.

    Returns
    -------
    `bin`; `from_`, `upto` (its range in the biomarker's unit); `patients`, `in_group`; `share, low, high` (Wilson's
    interval); `auc_within` (AUC of the biomarker among the patients of the bin, NaN with under five patients
    a side: an effect that goes on within the bins is a slope, not a step). `attrs["trend_p"]`: Cochran & Armitage's
    two-sided p of a trend over the bins.
    """
    value, members, _ = _one(found, values, biomarker, patient=patient)
    # edges that are values themselves leave no bin empty
    edges = np.unique(np.quantile(value, np.linspace(0, 1, bins + 1), method="inverted_cdf"))
    place = np.clip(np.searchsorted(edges[1:-1], value, side="right"), 0, None)
    size = max(len(edges) - 1, 1)
    number = np.bincount(place, minlength=size).astype(np.float64)
    inside = np.bincount(place, weights=members.astype(np.float64), minlength=size).astype(np.float64)
    low, high = wilson_interval(inside, number, level=level)
    within = [_auc_within(value[place == each], members[place == each]) for each in range(size)]
    table = pd.DataFrame(
        {
            "bin": np.arange(size),
            "from_": [float(value[place == each].min()) for each in range(size)],
            "upto": [float(value[place == each].max()) for each in range(size)],
            "patients": number.astype(int),
            "in_group": inside.astype(int),
            "share": inside / number,
            "low": low,
            "high": high,
            "auc_within": within,
        }
    )
    table.attrs["trend_p"] = _trend_p(inside, number)
    return table


def subgroups(
    found: Contrast,
    values: Values,
    *,
    biomarker: str,
    by: pd.DataFrame | Sequence[str],
    patient: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Effect of a biomarker in subgroups, and whether they differ.

    Parameters
    ----------
    found, values, patient
        The contrast, and what it was given.
    biomarker
        Which one.
    by
        What parts the patients, one row a record (age, sex, device …), or names as for `contrast`'s `adjust`. Texts by
        their levels, numbers at their median.
    level
        Coverage of the intervals, 0 to 1.

    Returns
    -------
    First row all patients (`by` "all"); then one row a subgroup: `by`, `subgroup`, `auc, low, high` (Newcombe's
    interval), `n_group`, `n_rest`, and `interaction_p`: that the effect is the same in all subgroups of `by` (Cochran's
    Q of the AUCs with DeLong's errors; not corrected for several `by`). NaN with under five patients on a side.
    """
    value, members, folded = _one(found, values, biomarker, patient=patient, drop="no")
    material = Material.gather(values, patient=patient, adjust=by)
    kept = material.mask([*found.sides[0], *found.sides[1]])
    rows = [_subgroup("all", "all", value, members, np.ones(len(value), dtype=bool), level=level)]
    table = material.confounders
    for name in [] if table is None else table.columns:
        assert table is not None
        parts = _parts(table.loc[kept, name], folded)
        own = [_subgroup(str(name), label, value, members, part, level=level) for label, part in parts]
        p = _heterogeneity(own)
        rows += [{**row, "interaction_p": p} for row in own]
    columns = ["by", "subgroup", "auc", "low", "high", "n_group", "n_rest", "interaction_p"]
    return pd.DataFrame(rows, columns=columns)


def extremes(
    found: Contrast,
    values: Values,
    *,
    biomarker: str,
    patient: npt.ArrayLike | None = None,
    count: int = 4,
) -> pd.DataFrame:
    """Records to look at: those that show the effect most, and those that speak against it.

    Parameters
    ----------
    found, values, patient
        The contrast, and what it was given.
    biomarker
        Which one.
    count
        Records of each kind.

    Returns
    -------
    `record`; `side` ("group", "rest"); `kind`: "typical" (farthest in the direction of the effect for a member of the
    group, farthest in the other for the rest) or "counter" (the reverse: members of the group beyond the rest's
    median, members of the rest beyond the group's); `value` (in the biomarker's unit); `quantile` (its place among all
    patients' records, 0 to 1).
    """
    table = _compared(found, values, biomarker, patient=patient).material.values
    column, records = table[biomarker].to_numpy(dtype=np.float64), table.index.to_numpy(dtype=str)
    sides = [np.isin(records, list(side)) & np.isfinite(column) for side in found.sides]
    auc = float(found.results.loc[found.results["biomarker"] == biomarker, "auc"].iloc[0])
    up = 1.0 if not auc < 0.5 else -1.0
    ordered = np.sort(column[sides[0] | sides[1]])
    middle = [float(np.median(column[side])) if side.any() else np.nan for side in sides]
    rows = []
    for name, own, other, towards in (("group", 0, 1, up), ("rest", 1, 0, -up)):
        places = np.flatnonzero(sides[own])
        order = places[np.argsort(-towards * column[places], kind="stable")]
        against = [place for place in order[::-1] if towards * (column[place] - middle[other]) < 0]
        for kind, chosen in (("typical", order[:count]), ("counter", against[:count])):
            rows += [(records[place], name, kind, column[place], _quantile(ordered, column[place])) for place in chosen]
    return pd.DataFrame(rows, columns=["record", "side", "kind", "value", "quantile"])


def _one(
    found: Contrast, values: Values, biomarker: str, *, patient: npt.ArrayLike | None, drop: str = "missing"
) -> tuple[Floats, Bools, Folded]:
    """One biomarker of the contrast's patients, who of them is in the group, and how they were folded."""
    folded = _compared(found, values, biomarker, patient=patient)
    value, members = folded.columns_of([biomarker])[:, 0], folded.members(found.sides[0])
    if drop == "missing":
        members, value = members[np.isfinite(value)], value[np.isfinite(value)]
        if len(value) == 0:
            raise DiscoveryError(f"{biomarker} is missing in all patients", remedy="choose another biomarker")
    return value, members, folded


def _compared(found: Contrast, values: Values, biomarker: str, *, patient: npt.ArrayLike | None) -> Folded:
    """The patients of the contrast, once it is sure that the biomarker is one of theirs."""
    folded = folded_of(found, values, patient=patient)
    names = [str(name) for name in folded.material.values.columns]
    if biomarker not in names:
        raise DiscoveryError(
            f"no biomarker named {biomarker!r}",
            expected="a column of the values",
            remedy=did_you_mean(biomarker, names) or "choose from the contrast's table",
        )
    return folded


def _auc_within(value: Floats, members: Bools) -> float:
    if min(members.sum(), (~members).sum()) < 5:
        return float("nan")
    return float(auc_error(value[:, None], members)[0][0])


def _trend_p(inside: Floats, number: Floats) -> float:
    dose = np.arange(len(number), dtype=np.float64)
    total, share = number.sum(), inside.sum() / number.sum()
    excess = float((dose * (inside - number * share)).sum())
    variance = share * (1 - share) * ((number * dose**2).sum() - (number * dose).sum() ** 2 / total)
    if variance <= 0:
        return 1.0
    return float(gammaincc(0.5, excess**2 / variance / 2))


def _parts(column: pd.Series, folded: Folded) -> list[tuple[str, Bools]]:
    """Label and patients of each subgroup."""
    if pd.api.types.is_numeric_dtype(column):
        numbers = folded.patients.fold(column.to_numpy(dtype=np.float64)[:, None])[:, 0]
        if len(np.unique(numbers[np.isfinite(numbers)])) > _LEVELS:
            middle = float(np.nanmedian(numbers))
            return [(f"under {middle:g}", numbers < middle), (f"{middle:g} and over", numbers >= middle)]
        return [(f"{each:g}", numbers == each) for each in np.unique(numbers[np.isfinite(numbers)])]
    text = column.astype(object).where(lambda entry: entry.notna() & (entry.astype(str) != ""))
    own = folded.patients.commonest(text)
    levels = own.dropna().astype(str).value_counts().index[:_LEVELS]
    return [(str(name), (own == name).to_numpy(dtype=bool)) for name in sorted(levels)]


def _subgroup(
    by: str, label: str, value: Floats, members: Bools, part: Bools, *, level: float
) -> dict[str, float | str | int]:
    kept = part & np.isfinite(value)
    inside, outside = int((members & kept).sum()), int((~members & kept).sum())
    row: dict[str, float | str | int] = {"by": by, "subgroup": label, "n_group": inside, "n_rest": outside}
    if min(inside, outside) < 5:
        return row | {"auc": np.nan, "low": np.nan, "high": np.nan, "error": np.nan, "interaction_p": np.nan}
    auc, error = auc_error(value[kept][:, None], members[kept])
    low, high = newcombe_interval(auc, np.array([float(inside)]), np.array([float(outside)]), level=level)
    told = {"auc": float(auc[0]), "low": float(low[0]), "high": float(high[0]), "error": float(error[0])}
    return row | told | {"interaction_p": np.nan}


def _heterogeneity(rows: list[dict[str, float | str | int]]) -> float:
    auc = np.array([row["auc"] for row in rows], dtype=np.float64)
    # an AUC of 0 or 1 has no error of its own; the smallest that its patients could have stands in
    least = np.array([1 / (4 * max(min(int(row["n_group"]), int(row["n_rest"])), 1)) for row in rows])
    error = np.fmax(np.array([row["error"] for row in rows], dtype=np.float64), least)
    usable = np.isfinite(auc)
    if usable.sum() < 2:
        return float("nan")
    weight = 1 / error[usable] ** 2
    mean = float((weight * auc[usable]).sum() / weight.sum())
    q = float((weight * (auc[usable] - mean) ** 2).sum())
    return float(gammaincc((usable.sum() - 1) / 2, q / 2))


def _quantile(ordered: Floats, value: float) -> float:
    return float(
        (np.searchsorted(ordered, value, "left") + np.searchsorted(ordered, value, "right")) / 2 / len(ordered)
    )
