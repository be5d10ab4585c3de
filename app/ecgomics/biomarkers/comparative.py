"""`compare`: values against a named reference and against the cohort they come from."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ecgomics.biomarkers.families import Biomarker, ReferenceRange, catalogue, columns, describe, stage_of
from ecgomics.biomarkers.reasons import REASONS, code
from ecgomics.biomarkers.sheet import dataset, heads_of
from ecgomics.errors import VocabularyError
from ecgomics.settings import BiomarkerSettings

Z_2_98 = 2.0537489
MAD_TO_SD = 1.4826


def compare(
    values: xr.Dataset,
    *,
    subjects: xr.Dataset | None = None,
    settings: BiomarkerSettings | None = None,
    sealed: NDArray[np.bool_] | None = None,
) -> xr.Dataset:
    """Add the Comparative columns that need a reference or the cohort.

    Parameters
    ----------
    values
        As `measure` returns, of the whole cohort. Columns of an earlier `compare` are replaced.
    subjects
        Dims (record): `age` in years (NaN unknown), `sex`. Without it both are unknown.
    settings
        Names the reference and the smallest cohort.
    sealed
        Records (record) that are set aside for replication: they are compared with the others, and none with them.

    Returns
    -------
    Dataset
        `values` with these columns added: `<column>_zRef` and its percentile `<column>_pctRef`,
        `Out_Of_Limits_Global`, `<column>_zCohort` and `<column>_pctCohort`. `count` of the
        last two is the number of other records. The reference's name is in `attrs["reference"]`.

    Raises
    ------
    VocabularyError
        When `values` was written with another list of reasons, or lacks a column that is to be compared.
    """
    settings = settings or BiomarkerSettings()
    if list(values.attrs.get("reasons", ())) != list(REASONS):
        raise VocabularyError(
            "values whose list of reasons is not this version's",
            expected="values of `measure`",
            remedy="measure the cohort again",
        )
    added = columns((), stage="compare")
    own = values.sel(biomarker=~np.isin(values["biomarker"].values, added["column"]))
    size = own.sizes["record"]
    shape = (len(added), size)
    value, reason = np.full(shape, np.nan, dtype=np.float32), np.zeros(shape, dtype=np.uint8)
    count = np.zeros(shape, dtype=np.int32)
    place = {name: row for row, name in enumerate(added["column"])}
    age = _age(subjects, records=own["record"].values.astype(str))
    outside, compared = np.zeros(size), np.zeros(size, dtype=np.int32)
    for column in _where("zRef"):
        x, why = _column(own, column)
        z, why = against_reference(x, why=why, limits=_limits(column, settings.reference), age=age)
        for name, figure in (("zRef", z), ("pctRef", percentile(z))):
            row = place[f"{column}_{name}"]
            value[row], reason[row], count[row] = figure, why, (why == 0).astype(np.int32)
        outside += np.abs(np.nan_to_num(z)) > Z_2_98
        compared += why == 0
    row = place["Out_Of_Limits_Global"]
    value[row] = np.where(compared > 0, outside, np.nan)
    reason[row] = np.where(compared > 0, 0, reason[place["HR_Mean_Global_zRef"]])
    count[row] = compared
    for column in _where("zCohort"):
        row = place[f"{column}_zCohort"]
        x, why = _column(own, column)
        value[row], reason[row], count[row] = against_cohort(x, why=why, fewest=settings.cohort_min, sealed=sealed)
        row = place[f"{column}_pctCohort"]
        value[row], reason[row], count[row] = percentile_in_cohort(
            x, why=why, fewest=settings.cohort_min, sealed=sealed
        )
    extra = dataset(
        records=own["record"].values,
        heads=heads_of(added),
        value=value.T,
        iqr=np.full(shape, np.nan, dtype=np.float32).T,
        count=count.T,
        reason=reason.T,
    )
    kept = own.reset_coords(drop=True) if set(own.coords) - set(extra.coords) else own
    together = xr.concat([kept, extra], dim="biomarker", coords="minimal", compat="override", join="exact")
    return together.assign_attrs({**values.attrs, "reference": settings.reference})


def against_reference(
    x: NDArray[np.float32], *, why: NDArray[np.uint8], limits: ReferenceRange, age: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """z of values against the 2nd and 98th percentile of a reference, and why a z is missing.

    Parameters
    ----------
    x, why
        Values and their reasons, (R,).
    limits
        The reference; its unit is that of the values.
    age
        Years, NaN unknown, (R,).
    """
    if limits.low is None or limits.high is None or limits.percentiles != (2.0, 98.0):
        raise VocabularyError(f"{limits.source} gives no 2nd and 98th percentile", expected="a percentile reference")
    low, high = limits.low, limits.high
    z = (x - (low + high) / 2.0) / ((high - low) / (2.0 * Z_2_98))
    reason = why.copy()
    if limits.age is not None:
        reason[(reason == 0) & np.isnan(age)] = code("age unknown")
        beyond = (age < limits.age[0]) | (age > limits.age[1])
        reason[(reason == 0) & beyond] = code("no reference for this age")
    return np.where(reason == 0, z, np.nan).astype(np.float32), reason


def percentile(z: NDArray[np.floating]) -> NDArray[np.float32]:
    """Percentile, 0 to 100, that a z stands at in a normal distribution, NaN where it is missing."""
    from scipy.special import ndtr

    return np.asarray(100.0 * ndtr(z.astype(float)), dtype=np.float32)


def against_cohort(
    x: NDArray[np.float32], *, why: NDArray[np.uint8], fewest: int, sealed: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.int32]]:
    """Robust z of each value against the median and MAD of the others (itself left out).

    Parameters
    ----------
    x, why
        Values and their reasons, (R,).
    fewest
        Fewest other records.
    sealed
        Records that are nobody's others, (R,).

    Returns
    -------
    z, reason, count
        (R,); `count` is the number of others.
    """
    apart = np.zeros(len(x), dtype=bool) if sealed is None else sealed
    known, beside = np.flatnonzero((why == 0) & ~apart), np.flatnonzero((why == 0) & apart)
    others = len(known) - 1
    z = np.full(len(x), np.nan, dtype=np.float32)
    reason = why.copy()
    count = np.where(why == 0, np.where(apart, len(known), max(others, 0)), 0).astype(np.int32)
    if others < fewest:
        reason[why == 0] = code("cohort below 20 records") if fewest == 20 else code("fewer records than set")
        return z, reason, count
    middle, mad = _left_out(x[known].astype(float))
    _standardise(z, x, reason=reason, rows=known, middle=middle, mad=mad)
    center = np.median(x[known].astype(float))
    spread = np.median(np.abs(x[known] - center))
    same = np.full(len(beside), 1.0)
    _standardise(z, x, reason=reason, rows=beside, middle=center * same, mad=spread * same)
    return z, reason, count


def percentile_in_cohort(
    x: NDArray[np.float32], *, why: NDArray[np.uint8], fewest: int, sealed: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.int32]]:
    """Percentage of the other records whose value is lower, those of the same value counted half.

    Parameters and results as `against_cohort`; the first result is 0 to 100. No distribution is assumed, so it may
    stand beside a robust z of a skewed biomarker.
    """
    apart = np.zeros(len(x), dtype=bool) if sealed is None else sealed
    told = why == 0
    ordered = np.sort(x[told & ~apart])
    others = np.where(apart, len(ordered), max(len(ordered) - 1, 0))
    share = np.full(len(x), np.nan, dtype=np.float32)
    reason, count = why.copy(), np.where(told, others, 0).astype(np.int32)
    if len(ordered) - 1 < fewest:
        reason[told] = code("cohort below 20 records") if fewest == 20 else code("fewer records than set")
        return share, reason, count
    below = np.searchsorted(ordered, x[told], side="left")
    same = np.searchsorted(ordered, x[told], side="right") - below - ~apart[told]
    share[told] = 100.0 * (below + 0.5 * same) / others[told]
    return share, reason, count


def _standardise(
    z: NDArray[np.float32],
    x: NDArray[np.float32],
    *,
    reason: NDArray[np.uint8],
    rows: NDArray[np.intp],
    middle: NDArray[np.float64],
    mad: NDArray[np.float64],
) -> None:
    flat = mad <= 0
    with np.errstate(divide="ignore", invalid="ignore"):
        z[rows] = np.where(flat, np.nan, (x[rows] - middle) / (MAD_TO_SD * mad))
    reason[rows[flat]] = code("cohort has no spread")


def _left_out(x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Median and median absolute deviation of all values but each one, exactly, in n log n."""
    order = np.argsort(x, kind="stable")
    rank = np.empty(len(x), dtype=int)
    rank[order] = np.arange(len(x))
    middle = _median_without(x[order], rank)
    mad = np.empty_like(x)
    # leaving one out moves the median to one of three values at most
    for center in np.unique(middle):
        distance = np.abs(x - center)
        by_distance = np.argsort(distance, kind="stable")
        place = np.empty(len(x), dtype=int)
        place[by_distance] = np.arange(len(x))
        here = middle == center
        mad[here] = _median_without(distance[by_distance], place[here])
    return middle, mad


def _median_without(ordered: NDArray[np.float64], rank: NDArray[np.intp]) -> NDArray[np.float64]:
    """Median of sorted values with the one at each rank left out."""
    left = len(ordered) - 1
    low, high = (left - 1) // 2, left // 2
    return np.asarray((ordered[low + (rank <= low)] + ordered[high + (rank <= high)]) / 2.0)


def _where(name: str) -> tuple[str, ...]:
    return _family(name).where


def _family(name: str) -> Biomarker:
    return next(entry for entry in catalogue() if entry.name == name and stage_of(entry) == "compare")


def _limits(column: str, reference: str) -> ReferenceRange:
    found = [r for r in describe(column).ranges if r.source == reference and r.percentiles is not None]
    if not found:
        raise VocabularyError(
            f"{reference} has no percentiles for {column}", expected="a reference with percentiles for it"
        )
    return found[0]


def _column(values: xr.Dataset, column: str) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    if column not in set(values["biomarker"].values.astype(str)):
        raise VocabularyError(
            f"values without the column {column}",
            expected="all columns of `measure`",
            remedy="compare before selecting",
        )
    one = values.sel(biomarker=column)
    return one["value"].values.astype(np.float32), one["reason"].values.astype(np.uint8)


def _age(subjects: xr.Dataset | None, *, records: NDArray[np.str_]) -> NDArray[np.float64]:
    if subjects is None or "age" not in subjects:
        return np.full(len(records), np.nan)
    known = dict(zip(subjects["record"].values.astype(str), subjects["age"].values.astype(float), strict=True))
    return np.array([known.get(record, np.nan) for record in records])
