"""`change`: a record against the same patient's earlier one, and what change repeat recordings make detectable."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from ecgomics.errors import VocabularyError

Z_95 = 1.959964
FEWEST_PAIRS = 5
_DAY = np.timedelta64(1, "D")


def earlier_record(patient: pd.Series, start: pd.Series) -> pd.Series:
    """The same patient's record before each, by record id; empty where there is none.

    Parameters
    ----------
    patient
        Patient by record id; empty or missing: unknown, such records have no earlier one.
    start
        Begin of each recording (datetime) by record id; missing: unknown, likewise. Of two that began together neither
        is the earlier.
    """
    table = pd.DataFrame({"patient": patient, "start": pd.to_datetime(start.reindex(patient.index))})
    found = pd.Series("", index=patient.index, dtype=object)
    told = table[table["patient"].fillna("").astype(str).ne("") & table["start"].notna()]
    for _, own in told.groupby("patient"):
        times, ids = own["start"].to_numpy(), own.index.to_numpy()
        order = np.argsort(times, kind="stable")
        for place in range(1, len(order)):
            before = order[:place][times[order[:place]] < times[order[place]]]
            if len(before):
                found[ids[order[place]]] = ids[before[-1]]
    return found


def change(
    values: xr.Dataset, *, patient: pd.Series, start: pd.Series, detectable: Mapping[str, float] | pd.Series
) -> xr.Dataset:
    """Change of every biomarker from the same patient's earlier record (catalogue C04).

    Parameters
    ----------
    values
        As `measure` or `compare` return.
    patient, start
        As `earlier_record` takes them.
    detectable
        Smallest detectable change by column, in its unit, such as the column ``detectable`` of `repeatability`;
        columns without one are compared and never flagged.

    Returns
    -------
    Dataset
        Dims (record, biomarker), the records that have an earlier one: `change` float32 in the biomarker's `unit`
        (angles the shorter way round; NaN where either value is missing), `beyond` bool: larger than `detectable`.
        Along record: `earlier` (id) and `days` between them. Along biomarker: `detectable`, NaN where unknown.

    Examples
    --------
    >>> limits = repeatability(values, patient=patient, start=start)["detectable"]  # doctest: +SKIP
    >>> change(values, patient=patient, start=start, detectable=limits)  # doctest: +SKIP
    """
    ids = [str(record) for record in values["record"].values]
    who, when = patient.reindex(ids), pd.to_datetime(start.reindex(ids))
    before = earlier_record(who, when)
    later = [record for record in ids if before[record]]
    earlier = [str(before[record]) for record in later]
    now, then = values["value"].sel(record=later).values, values["value"].sel(record=earlier).values
    step = _turned(now.astype(float) - then.astype(float), unit=values["unit"].values.astype(str))
    names = values["biomarker"].values.astype(str)
    limit = np.array([float(detectable.get(name, math.nan)) for name in names])
    with np.errstate(invalid="ignore"):
        beyond = np.abs(step) > limit
    days = (when[later].to_numpy() - when[earlier].to_numpy()) / _DAY
    return xr.Dataset(
        {
            "change": (("record", "biomarker"), step.astype(np.float32)),
            "beyond": (("record", "biomarker"), beyond),
            "earlier": ("record", np.array(earlier, dtype=str)),
            "days": ("record", days.astype(np.float64)),
            "detectable": ("biomarker", limit.astype(np.float32)),
        },
        coords={"record": np.array(later, dtype=str), "biomarker": names, "unit": ("biomarker", values["unit"].values)},
    )


def repeatability(
    values: xr.Dataset, *, patient: pd.Series, start: pd.Series, within_days: float = math.inf
) -> pd.DataFrame:
    """Variation between recordings of one patient, and the change it makes detectable (catalogue C05).

    Parameters
    ----------
    values
        As `measure` returns.
    patient, start
        As `earlier_record` takes them.
    within_days
        Only records and their earlier ones no further apart than this: the closer, the less of a patient's own change
        is taken for variation.

    Returns
    -------
    DataFrame
        Indexed by biomarker: `pairs`; `within` (standard deviation within a patient, from the differences of pairs:
        root mean square over √2), `detectable` (1.96·√2·within; Bland and Altman 1996 call it the repeatability) in its
        unit, and `percent` (the same in % of the mean size, the reference change value). Missing under 5 pairs.
    """
    unlimited: dict[str, float] = {}
    steps = change(values, patient=patient, start=start, detectable=unlimited)
    near = steps["days"].values <= within_days
    step = steps["change"].values[near].astype(float)
    earlier = values["value"].sel(record=steps["earlier"].values[near]).values.astype(float)
    pairs = np.isfinite(step).sum(axis=0)
    some = np.where(pairs >= FEWEST_PAIRS, pairs, np.nan)
    within = np.sqrt(np.nansum(step**2, axis=0) / some / 2.0)
    size = np.nansum(np.where(np.isfinite(step), np.abs(earlier + step / 2.0), np.nan), axis=0) / some
    detectable = Z_95 * math.sqrt(2.0) * within
    with np.errstate(divide="ignore", invalid="ignore"):
        percent = 100.0 * detectable / np.where(size > 0, size, np.nan)
    return pd.DataFrame(
        {"pairs": pairs, "within": within, "detectable": detectable, "percent": percent},
        index=pd.Index(values["biomarker"].values.astype(str), name="biomarker"),
    )


def trend(values: xr.Dataset, *, patient: pd.Series, start: pd.Series, fewest: int = 3) -> pd.DataFrame:
    """Slope of every biomarker over each patient's records (catalogue C06).

    Parameters
    ----------
    values
        As `measure` returns.
    patient, start
        As `earlier_record` takes them.
    fewest
        Fewest records with a value; 3 at least.

    Returns
    -------
    DataFrame
        One row a patient and biomarker: `patient`, `biomarker`, `n`, `years` (from the first to the last record),
        `slope` a year in the biomarker's unit (median of the slopes between pairs: Theil 1950, Sen 1968), and `low`
        and `high`, its 95 % interval. Angles are not turned: a trend across ±180° is not told.
    """
    from scipy.stats import theilslopes

    ids = [str(record) for record in values["record"].values]
    who = patient.reindex(ids).fillna("").astype(str)
    when = pd.to_datetime(start.reindex(ids))
    names = values["biomarker"].values.astype(str)
    table = values["value"].transpose("record", "biomarker").values.astype(float)
    told = (who.ne("") & when.notna()).to_numpy()
    rows = []
    for name, places in pd.Series(np.arange(len(ids))[told]).groupby(who.to_numpy()[told]):
        own = places.to_numpy()
        years = (when.iloc[own].to_numpy() - when.iloc[own].min().to_datetime64()) / (_DAY * 365.25)
        for column, biomarker in enumerate(names):
            known = np.isfinite(table[own, column])
            if known.sum() < max(fewest, 3) or np.ptp(years[known]) == 0:
                continue
            slope, _, low, high = theilslopes(table[own, column][known], years[known])
            row = (
                name,
                biomarker,
                int(known.sum()),
                float(np.ptp(years[known])),
                float(slope),
                float(low),
                float(high),
            )
            rows.append(row)
    return pd.DataFrame(rows, columns=["patient", "biomarker", "n", "years", "slope", "low", "high"])


def disagreement(ours: xr.Dataset, theirs: xr.Dataset | pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """How another extractor's values differ from ours (catalogue C11).

    Parameters
    ----------
    ours
        As `measure` returns.
    theirs
        The same of another extractor, or a table indexed by record id with our column names, in our units. Records and
        columns that only one of them has are left out.

    Returns
    -------
    summary, differences
        By biomarker: `n`, `bias` (mean of ours less theirs), `sd`, and the limits of agreement `low` and `high` (bias ∓
        1.96 sd; Bland and Altman 1986), missing under 5 records; and the differences, record × biomarker.

    Raises
    ------
    VocabularyError
        When they share no record or no column.

    Examples
    --------
    Against neurokit2's delineation, with the definitions of the catalogue:

    >>> other = delineate(ecg, settings=WavesSettings(method="neurokit"))  # doctest: +SKIP
    >>> summary, _ = disagreement(measure(beats, ecg), measure(other, ecg))  # doctest: +SKIP
    """
    mine, other = _table(ours), theirs if isinstance(theirs, pd.DataFrame) else _table(theirs)
    records = mine.index.intersection(other.index.astype(str))
    names = mine.columns.intersection(other.columns)
    if not len(records) or not len(names):
        raise VocabularyError(
            f"{len(records)} records and {len(names)} columns in common",
            expected="record ids and column names as in our table",
            remedy="rename theirs first",
        )
    units = dict(zip(ours["biomarker"].values.astype(str), ours["unit"].values.astype(str), strict=True))
    apart = mine.loc[records, names].astype(float) - other.loc[records, names].astype(float)
    apart[:] = _turned(apart.to_numpy(copy=True), unit=np.array([units[name] for name in names]))
    count = apart.notna().sum()
    enough = count >= FEWEST_PAIRS
    bias, sd = apart.mean().where(enough), apart.std().where(enough)
    summary = pd.DataFrame({"n": count, "bias": bias, "sd": sd, "low": bias - Z_95 * sd, "high": bias + Z_95 * sd})
    return summary, apart


def _table(values: xr.Dataset) -> pd.DataFrame:
    return pd.DataFrame(
        values["value"].transpose("record", "biomarker").values,
        index=values["record"].values.astype(str),
        columns=values["biomarker"].values.astype(str),
    )


def _turned(step: NDArray[np.float64], *, unit: NDArray[np.str_]) -> NDArray[np.float64]:
    """Differences of angles go the shorter way round."""
    round_way = (step + 180.0) % 360.0 - 180.0
    return np.where(unit == "°", round_way, step)
