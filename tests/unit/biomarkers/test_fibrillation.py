"""Fibrillatory waves: a tone of known size and frequency under beats that are taken out."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import xarray as xr

from ecgomics.biomarkers import measure
from ecgomics.biomarkers.fibrillation import atrial_tone
from ecgomics.biomarkers.phantom import NORMAL, Phantom, phantom
from ecgomics.biomarkers.reasons import REASONS
from ecgomics.vocabulary import MARKS

NO_P = {lead: {shape: mv for shape, mv in c.items() if not shape.startswith("p")} for lead, c in NORMAL.items()}
RR = (0.7, 0.92, 0.61, 0.83, 0.75, 1.02, 0.66, 0.88, 0.71, 0.95, 0.64, 0.8)


def fibrillating(*, hz: float, peak_mv: float, gains: tuple[float, ...] | None = None) -> Phantom:
    made = phantom(NO_P, rr_s=RR, gains=gains)
    no_p = xr.DataArray(~np.char.startswith(np.array(MARKS), "p_"), dims="mark")
    beats = dataclasses.replace(
        made.beats,
        beats=made.beats.beats.assign(marks=made.beats.beats["marks"].where(no_p)),
        template=made.beats.template.assign(template_global=made.beats.template["template_global"].where(no_p)),
    )
    t = np.arange(made.ecg.sizes["time"]) / 500.0
    tone = (peak_mv * np.sin(2 * np.pi * hz * t)).astype(np.float32)
    return dataclasses.replace(made, beats=beats, ecg=(made.ecg + tone).assign_attrs(made.ecg.attrs))


@pytest.mark.parametrize(("hz", "peak_mv"), [(4.3, 0.06), (6.0, 0.1), (8.1, 0.05)])
@pytest.mark.parametrize("gains", [None, tuple(np.linspace(0.9, 1.1, 13))])
def test_a_tone_under_the_beats_is_found(hz: float, peak_mv: float, gains: tuple[float, ...] | None) -> None:
    made = fibrillating(hz=hz, peak_mv=peak_mv, gains=gains)
    value = measure(made.beats, made.ecg)["value"].isel(record=0)
    assert value.sel(biomarker="FWave_Freq_V1").item() == pytest.approx(hz, abs=0.1)
    assert value.sel(biomarker="FWave_Amp_V1").item() == pytest.approx(2 * peak_mv, rel=0.15)


def test_without_a_tone_little_is_left() -> None:
    made = fibrillating(hz=6.0, peak_mv=0.0)
    assert measure(made.beats, made.ecg)["value"].isel(record=0).sel(biomarker="FWave_Amp_V1").item() < 0.01


def test_with_p_waves_there_is_a_reason() -> None:
    made = phantom(rr_s=RR)
    reason = measure(made.beats, made.ecg)["reason"].isel(record=0)
    assert REASONS[int(reason.sel(biomarker="FWave_Freq_V1"))] == "P waves present"


def test_amplitude_is_that_of_a_sine_and_gaps_are_left_out() -> None:
    t = np.arange(5000) / 500.0
    rest = 0.2 * np.sin(2 * np.pi * 5.5 * t)
    assert atrial_tone(rest, rate_hz=500.0) == pytest.approx((0.4, 5.5), rel=0.02)
    rest[4900:] = np.nan
    assert atrial_tone(rest, rate_hz=500.0) == pytest.approx((0.4, 5.5), rel=0.02)
    assert np.isnan(atrial_tone(np.full(5000, np.nan), rate_hz=500.0)).all()
