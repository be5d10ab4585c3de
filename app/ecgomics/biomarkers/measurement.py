"""`measure`: beats to numbers."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ecgomics.biomarkers.amplitudes import measure_amplitudes
from ecgomics.biomarkers.atrial import measure_atrial
from ecgomics.biomarkers.block import PACED, Block, block_of
from ecgomics.biomarkers.breathing import measure_breathing
from ecgomics.biomarkers.ectopy import measure_ectopy
from ecgomics.biomarkers.fibrillation import measure_fibrillation
from ecgomics.biomarkers.fluctuation import measure_fluctuation
from ecgomics.biomarkers.holter import measure_holter
from ecgomics.biomarkers.intervals import measure_intervals
from ecgomics.biomarkers.likeness import measure_likeness
from ecgomics.biomarkers.reasons import Causes
from ecgomics.biomarkers.rhythm import measure_rhythm
from ecgomics.biomarkers.sawtooth import measure_sawtooth
from ecgomics.biomarkers.sheet import Sheet
from ecgomics.biomarkers.spectrum import measure_spectrum
from ecgomics.biomarkers.variability import measure_variability
from ecgomics.biomarkers.vectors import measure_axes, measure_vectors
from ecgomics.biomarkers.voltages import measure_voltages
from ecgomics.settings import BiomarkerSettings
from ecgomics.waves.beats import Beats

PACING_HZ = 200.0
"""A recording made more slowly does not hold pacing spikes (a millisecond or two wide)."""


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
        `native_hz`, where given, is the rate the recording was made at; without it the rate of `ecg` is taken for it.
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
    measure_ectopy(block, sheet=sheet)
    measure_atrial(block, sheet=sheet)
    measure_variability(block, sheet=sheet, settings=settings)
    measure_fluctuation(block, sheet=sheet, settings=settings)
    measure_holter(block, sheet=sheet)
    measure_intervals(block, sheet=sheet)
    waves, single = measure_amplitudes(block, sheet=sheet)
    measure_breathing(block, single, sheet=sheet)
    measure_fibrillation(block, sheet=sheet)
    measure_sawtooth(block, sheet=sheet)
    measure_axes(block, waves, sheet=sheet, settings=settings)
    measure_vectors(block, waves, sheet=sheet)
    measure_voltages(block, waves, sheet=sheet, sex=_sex(subjects, records=block.records), settings=settings)
    measure_likeness(block, sheet=sheet)
    measure_spectrum(block, sheet=sheet)
    _measure_quality(block, sheet=sheet)
    _measure_pacing(block, sheet=sheet, native_hz=_of_subjects(subjects, "native_hz", records=block.records))
    return sheet.close()


def _measure_quality(block: Block, *, sheet: Sheet) -> None:
    sheet.put_leads("Quality", block.lead_quality)
    sheet.put("Quality_Global", block.record_quality, otherwise="not measured")
    sheet.put("Usable_Fraction_Global", block.usable, otherwise="not measured")


def _measure_pacing(block: Block, *, sheet: Sheet, native_hz: NDArray[np.float64]) -> None:
    """Spikes and paced beats; missing where the recording was too slow to hold spikes and no beat is paced."""
    beats = block.per_record(np.ones(len(block.rr_s)))
    paced = block.per_record(block.beat_class == PACED)
    made_at = np.where(np.isfinite(native_hz), np.minimum(native_hz, block.rate), block.rate)
    slow = (made_at < PACING_HZ) & (paced == 0)
    causes: Causes = ((slow, "sampling rate too low"),)
    sheet.put("Pace_Spikes_Global", block.pace_spikes.astype(float), causes=causes, otherwise="not measured")
    share = paced / np.where(beats > 0, beats, np.nan)
    sheet.put("Paced_Fraction_Global", share, causes=((beats == 0, "no beats"), *causes), count=beats)


def _sex(subjects: xr.Dataset | None, *, records: NDArray[np.str_]) -> NDArray[np.str_]:
    if subjects is None or "sex" not in subjects:
        return np.full(len(records), "")
    known = dict(zip(subjects["record"].values.astype(str), subjects["sex"].values.astype(str), strict=True))
    return np.array([known.get(record, "") for record in records])


def _of_subjects(subjects: xr.Dataset | None, name: str, *, records: NDArray[np.str_]) -> NDArray[np.float64]:
    if subjects is None or name not in subjects:
        return np.full(len(records), np.nan)
    known = dict(zip(subjects["record"].values.astype(str), subjects[name].values.astype(float), strict=True))
    return np.array([known.get(record, np.nan) for record in records])
