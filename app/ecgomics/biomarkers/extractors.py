"""Other programs: neurokit2's marks beside ours, and tables of others under our column names, for `disagreement`."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import xarray as xr

from ecgomics.biomarkers.families import columns
from ecgomics.errors import VocabularyError

NAMES = {
    "ST_Elev": "ST_Amp",
    "ST_Amp80ms": "ST80_Amp",
    "P-_Amp": "PNeg_Amp",
    "R_AxisFrontal": "QRS_AxisFront",
    "R_AxisFront": "QRS_AxisFront",
    "HR_Ventr": "HR_Mean",
    "QT_IntHodge": "QT_IntHodges",
    "ST_Amp_J": "ST_Amp",
}
"""What PTB-XL+ calls otherwise, by the first part of the column name; its units are ours."""


def against_neurokit(ecg: xr.DataArray, *, subjects: xr.Dataset | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """How far the biomarkers move when neurokit2 sets the marks instead of this package (catalogue C11).

    Parameters
    ----------
    ecg
        Dims (record, lead, time), mV, with `rate_hz`.
    subjects
        As `measure` takes them.

    Returns
    -------
    summary, differences
        As `disagreement` gives them, ours less neurokit2's; both measured with the definitions of the catalogue.

    Notes
    -----
    neurokit2 takes some 50 ms a record and lead: meant for some hundred records, drawn at random.
    """
    from ecgomics.biomarkers.measurement import measure
    from ecgomics.biomarkers.serial import disagreement
    from ecgomics.settings import WavesSettings
    from ecgomics.waves import delineate

    ours, theirs = (
        measure(delineate(ecg, settings=WavesSettings(method=method)), ecg, subjects=subjects)
        for method in ("ecgomics", "neurokit")
    )
    return disagreement(ours, theirs)


def from_ptbxl_plus(table: pd.DataFrame, *, records: Mapping[str, str], key: str = "ecg_id") -> pd.DataFrame:
    """A feature table of PTB-XL+ (12SL, Uni-G or ECGDeli) under our column names and record ids.

    Parameters
    ----------
    table
        As read from its CSV; rows in any order.
    records
        Our record id by PTB-XL's number of the recording (``{"1": "3f…"}``).
    key
        Its column with that number.

    Returns
    -------
    DataFrame
        Indexed by record id; only columns we have too, spreads and counts left out, and recordings in `records`. Sizes
        of downward waves (Q, S) are made negative, as ours are.

    Raises
    ------
    VocabularyError
        When the key is missing, or nothing of the table is ours.

    Examples
    --------
    >>> theirs = from_ptbxl_plus(pd.read_csv("12sl_features.csv"), records=number_to_record)  # doctest: +SKIP
    >>> summary, apart = disagreement(values, theirs)  # doctest: +SKIP
    """
    if key not in table.columns:
        raise VocabularyError(f"a table without a column {key!r}", expected="a feature table of PTB-XL+")
    ours = set(columns()["column"])
    renamed = {name: new for name in table.columns if (new := _renamed(str(name))) in ours}
    number = pd.to_numeric(table[key], errors="coerce").astype("Int64").astype(str)
    kept = number.isin(list(records))
    if not renamed or not kept.any():
        raise VocabularyError(
            f"{len(renamed)} columns and {int(kept.sum())} recordings in common",
            expected="a feature table of PTB-XL+ for recordings of this cohort",
        )
    first = {new: name for name, new in reversed(renamed.items())}
    found = pd.DataFrame(
        {new: pd.to_numeric(table.loc[kept, name], errors="coerce").to_numpy() for new, name in first.items()},
        index=[records[value] for value in number[kept]],
    )
    down = found.columns.astype(str).str.startswith(("Q_Amp", "S_Amp"))
    found.loc[:, down] = -found.loc[:, down].abs()
    return found


def _renamed(name: str) -> str:
    stem, _, lead = name.rpartition("_")
    return f"{NAMES.get(stem, stem)}_{lead}"
