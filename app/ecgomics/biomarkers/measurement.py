"""`measure`: beats to numbers."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ecgomics.biomarkers.amplitudes import measure_amplitudes
from ecgomics.biomarkers.block import Block, block_of
from ecgomics.biomarkers.intervals import measure_intervals
from ecgomics.biomarkers.likeness import measure_likeness
from ecgomics.biomarkers.rhythm import measure_rhythm
from ecgomics.biomarkers.sheet import Sheet
from ecgomics.biomarkers.spectrum import measure_spectrum
from ecgomics.biomarkers.variability import measure_variability
from ecgomics.biomarkers.vectors import measure_axes, measure_vectors
from ecgomics.biomarkers.voltages import measure_voltages
from ecgomics.settings import BiomarkerSettings
from ecgomics.waves.beats import Beats


def measure(
    beats: Beats,
    ecg: xr.DataArray,
    *,
    subjects: xr.Dataset | None = None,
    settings: BiomarkerSettings | None = None,
) -> xr.Dataset:
    """Measure every biomarker of the catalogue that one recording by itself allows.

    Values come from the representative beat; `iqr` and `count` from the single beats alike, unless the entry's
    `aggregation` says otherwise. Voltages are relative to the PR-segment level. Inputs are not changed.

    Parameters
    ----------
    beats
        What the waves stage found; may hold other records too.
    ecg
        Dims (record, lead, time) or (lead, time), mV, float32, measurement path; `attrs["rate_hz"]` in Hz.
    subjects
        Dims (record): `age` in years (NaN unknown) and `sex` ("M", "F", "" unknown). Without it both are unknown.
    settings
        See `BiomarkerSettings`.

    Returns
    -------
    Dataset
        Dims (record, biomarker): `value` float32 and `iqr` float32 in `unit`, `count` int32, `reason` uint8 (index into
        `attrs["reasons"]`; 0: computed, else `value` is NaN). Coordinates on biomarker: the column name, dimension,
        lead ("" for global ones), unit, definition (catalogue id) and version.

    Raises
    ------
    SignalError
        When the signal has other dims than these, or records or leads the beats do not know.

    Examples
    --------
    >>> values = measure(beats, ecg, subjects=subjects)  # doctest: +SKIP
    >>> values["value"].sel(biomarker="PR_Int_Global")  # doctest: +SKIP
    """
    settings = settings or BiomarkerSettings()
    block = block_of(beats, ecg)
    sheet = Sheet(block)
    measure_rhythm(block, sheet=sheet, settings=settings)
    measure_variability(block, sheet=sheet, settings=settings)
    measure_intervals(block, sheet=sheet)
    waves = measure_amplitudes(block, sheet=sheet)
    measure_axes(block, waves, sheet=sheet, settings=settings)
    measure_vectors(block, waves, sheet=sheet)
    measure_voltages(block, waves, sheet=sheet, sex=_sex(subjects, records=block.records), settings=settings)
    measure_likeness(block, sheet=sheet)
    measure_spectrum(block, sheet=sheet)
    _measure_quality(block, sheet=sheet)
    return sheet.close()


def _measure_quality(block: Block, *, sheet: Sheet) -> None:
    sheet.put_leads("Quality", block.lead_quality)
    sheet.put("Quality_Global", block.record_quality, otherwise="not measured")
    sheet.put("Usable_Fraction_Global", block.usable, otherwise="not measured")
    sheet.put("Pace_Spikes_Global", block.pace_spikes.astype(float), otherwise="not measured")


def _sex(subjects: xr.Dataset | None, *, records: NDArray[np.str_]) -> NDArray[np.str_]:
    if subjects is None or "sex" not in subjects:
        return np.full(len(records), "")
    known = dict(zip(subjects["record"].values.astype(str), subjects["sex"].values.astype(str), strict=True))
    return np.array([known.get(record, "") for record in records])
