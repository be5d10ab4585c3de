"""P waves that no QRS follows, and pacing that a slow recording cannot hold."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ecgomics.biomarkers import measure
from ecgomics.biomarkers.phantom import P_OFF, P_ON, Phantom, phantom
from ecgomics.biomarkers.reasons import REASONS
from ecgomics.vocabulary import BEAT_CLASSES, MARKS

SLOW = (1.6,) * 6


def with_p_at(made: Phantom, times: list[float], *, gain: float = 1.0) -> Phantom:
    """The same with copies of the P wave that begin at these times, s."""
    ecg = made.ecg.copy(deep=True)
    rate = ecg.attrs["rate_hz"]
    offset = made.beats.template["offset"].values
    inside = (offset >= P_ON) & (offset <= P_OFF)
    p = made.beats.template["beat_mv"].values[0][:, inside]
    for at in times:
        start = round(at * rate)
        ecg.values[0, :, start : start + p.shape[1]] += gain * p
    return dataclasses.replace(made, ecg=ecg)


def value(made: Phantom, column: str, **given: object) -> float:
    return measure(made.beats, made.ecg, **given)["value"].isel(record=0).sel(biomarker=column).item()


def test_two_p_waves_a_qrs() -> None:
    made = with_p_at(phantom(rr_s=SLOW), [0.5 + 1.6 * k + 0.6 for k in range(6)])
    assert value(made, "P_Unfollowed_Global") == 6
    assert value(made, "P_QRS_Ratio_Global") == pytest.approx(13 / 7)


@pytest.mark.parametrize("gain", [0.3, -1.0, 3.0])
def test_what_is_of_another_size_or_sign_is_no_p(gain: float) -> None:
    made = with_p_at(phantom(rr_s=SLOW), [1.1, 2.7], gain=gain)
    assert value(made, "P_Unfollowed_Global") == 0


def test_noise_is_no_p() -> None:
    made = phantom(rr_s=SLOW)
    rng = np.random.default_rng(0)
    noisy = (made.ecg + rng.normal(scale=0.02, size=made.ecg.shape)).astype(np.float32).assign_attrs(made.ecg.attrs)
    assert value(dataclasses.replace(made, ecg=noisy), "P_Unfollowed_Global") == 0


def test_p_waves_in_noise_are_found() -> None:
    made = with_p_at(phantom(rr_s=SLOW), [1.1, 2.7, 4.3])
    rng = np.random.default_rng(1)
    noisy = (made.ecg + rng.normal(scale=0.01, size=made.ecg.shape)).astype(np.float32).assign_attrs(made.ecg.attrs)
    assert value(dataclasses.replace(made, ecg=noisy), "P_Unfollowed_Global") == 3


def test_without_a_p_in_the_representative_beat_none_is_sought() -> None:
    made = phantom()
    beats = made.beats.beats.copy(deep=True)
    template = made.beats.template.copy(deep=True)
    rows = [MARKS.index(mark) for mark in ("p_on", "p_peak", "p_off")]
    beats["marks"][:, rows] = np.nan
    template["template_global"][:, rows] = np.nan
    values = measure(dataclasses.replace(made.beats, beats=beats, template=template), made.ecg)
    one = values.isel(record=0).sel(biomarker="P_Unfollowed_Global")
    assert REASONS[int(one["reason"])] == "no P wave"


@pytest.mark.parametrize(("native_hz", "reason"), [(100.0, "sampling rate too low"), (500.0, ""), (np.nan, "")])
def test_pacing_spikes_are_not_denied_by_a_slow_recording(native_hz: float, reason: str) -> None:
    made = phantom()
    subjects = made.subjects.assign(native_hz=("record", [native_hz]))
    values = measure(made.beats, made.ecg, subjects=subjects).isel(record=0)
    for column in ("Pace_Spikes_Global", "Paced_Fraction_Global"):
        assert REASONS[int(values["reason"].sel(biomarker=column))] == reason


def test_the_rate_of_the_signal_stands_in_for_the_native_one() -> None:
    made = phantom(rate_hz=125.0, rr_s=(0.8,) * 5)
    values = measure(made.beats, made.ecg).isel(record=0)
    assert REASONS[int(values["reason"].sel(biomarker="Pace_Spikes_Global"))] == "sampling rate too low"


def test_beats_called_paced_count_at_any_rate() -> None:
    made = phantom()
    kinds = np.full(12, BEAT_CLASSES.index("paced"), dtype=np.int8)
    beats = dataclasses.replace(made.beats, beats=made.beats.beats.assign(beat_class=("beat", kinds)))
    subjects = made.subjects.assign(native_hz=("record", [100.0]))
    values = measure(beats, made.ecg, subjects=subjects)["value"].isel(record=0)
    assert values.sel(biomarker="Paced_Fraction_Global").item() == 1
