"""What must not change, and what must change in step: gain, offset, time, sampling, noise, a lost lead."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgomics.biomarkers import measure
from ecgomics.biomarkers.phantom import Phantom, phantom
from ecgomics.vocabulary import LEADS, QUALITY_FLAGS

# every wave of every lead, derived ones included, is well above the floors, or absent
STRONG = {
    "I": {"p": 0.10, "q": -0.10, "r": 0.80, "s": -0.20, "t": 0.20},
    "II": {"p": 0.30, "q": -0.30, "r": 1.00, "s": -0.50, "t": 0.26},
    "V1": {"p1": 0.12, "p2": -0.10, "r": 0.25, "s": -1.10, "st": 0.06, "t": -0.20},
    "V2": {"p": 0.10, "r": 0.40, "s": -1.40, "st": 0.08, "t": 0.50},
    "V3": {"p": 0.10, "r": 0.70, "s": -0.80, "st": 0.06, "t": 0.55},
    "V4": {"p": 0.10, "q": -0.10, "r": 1.40, "s": -0.40, "t": 0.45},
    "V5": {"p": 0.10, "q": -0.12, "r": 1.30, "s": -0.20, "t": 0.35},
    "V6": {"p": 0.10, "q": -0.12, "r": 1.00, "s": -0.10, "t": 0.25},
}
RR_S = (0.80, 0.84, 0.78, 0.82, 0.80, 0.76, 0.82, 0.80, 0.84, 0.78, 0.80, 0.82)
VOLTAGE_POWER = {"mV": 1, "mV·ms": 1, "mV/s": 1, "mV²": 2}
# counted against fixed limits in mV
AGAINST_LIMITS = (
    *("Romhilt", "STRecip", "RS_Ratio", "QR_Ratio", "QRS_Notches", "P_Morph", "T_Morph", "P_Biphasic", "ST_Form"),
    *("T_Asymmetry", "T_Kurtosis", "T_NotchSpacing"),
)
# fixed trimming at 0.01 mV moves the ends of a deflection by a sample
TRIMMED = ("Q_Dur", "R_Dur", "S_Dur", "PTF")

GAINS = tuple(1.0 + 0.02 * k for k in (-3, -2, -1, 0, 1, 2, 3, 2, 1, 0, -1, -2, -3))

few = settings(max_examples=15, deadline=None)


def table(made: Phantom) -> pd.DataFrame:
    return measure(made.beats, made.ecg, subjects=made.subjects).isel(record=0).to_dataframe()


def scaled(made: Phantom, *, gain: float = 1.0, offset: float = 0.0) -> Phantom:
    template = made.beats.template.assign(beat_mv=(gain * made.beats.template["beat_mv"] + offset).astype(np.float32))
    ecg = (gain * made.ecg + offset).astype(np.float32).assign_attrs(made.ecg.attrs)
    return dataclasses.replace(made, ecg=ecg, beats=dataclasses.replace(made.beats, template=template))


BASE = phantom(STRONG, rr_s=RR_S, gains=GAINS)
BEFORE = table(BASE)


@few
@given(gain=st.floats(0.6, 3.0))
def test_gain_scales_voltages_and_nothing_else(gain: float) -> None:
    after = table(scaled(BASE, gain=gain))
    kept = ~BEFORE.index.str.startswith(AGAINST_LIMITS)
    for unit, rows in BEFORE[kept].groupby("unit"):
        factor = gain ** VOLTAGE_POWER.get(str(unit), 0)
        slack = np.where(rows.index.str.startswith(TRIMMED), 4.1 * max(gain, 1.0), 0.0)
        error = np.abs(after.loc[rows.index, "value"] - factor * rows["value"])
        limit = 2e-3 * np.abs(factor * rows["value"]) + 2e-3 + slack
        assert (error.fillna(0) <= limit.fillna(np.inf)).all(), error[error > limit]
    np.testing.assert_array_equal(after.loc[kept, "reason"], BEFORE.loc[kept, "reason"])


@few
@given(offset=st.floats(-1.5, 1.5))
def test_a_constant_offset_moves_the_level_alone(offset: float) -> None:
    after = table(scaled(BASE, offset=offset))
    level = BEFORE.index.str.startswith("PR_Level_")
    np.testing.assert_allclose(after.loc[level, "value"], offset, atol=1e-5)
    rest = BEFORE[~level & ~BEFORE.index.str.startswith("Spectral")]
    np.testing.assert_allclose(after.loc[rest.index, "value"], rest["value"], rtol=1e-3, atol=2e-3)
    np.testing.assert_allclose(after.loc[rest.index, "iqr"], rest["iqr"], rtol=1e-3, atol=2e-3)


@few
@given(steps=st.integers(0, 400))
def test_a_shift_in_time_changes_nothing(steps: int) -> None:
    after = table(phantom(STRONG, rr_s=RR_S, gains=GAINS, start_s=0.5 + steps / 500))
    rest = BEFORE[~BEFORE.index.str.startswith(("Band", "Spectral"))]
    np.testing.assert_allclose(after.loc[rest.index, "value"], rest["value"], rtol=1e-3, atol=2e-3)


@few
@given(rate=st.sampled_from([250.0, 1000.0]))
def test_sampling_at_another_rate_changes_little(rate: float) -> None:
    after = table(phantom(STRONG, rr_s=RR_S, gains=GAINS, rate_hz=rate))
    step = 1000 / min(rate, 500.0)
    for unit, rows in BEFORE.groupby("unit"):
        if unit in ("dB", "mV²"):
            continue
        slack = {"ms": 2 * step, "mV": 0.01, "mV·ms": 0.4, "mV/s": 0.1, "°": 1.5}.get(str(unit), 0.02)
        error = np.abs(after.loc[rows.index, "value"] - rows["value"])
        limit = slack + 0.02 * np.abs(rows["value"])
        limit[rows.index.str.startswith("Delta_Index")] = 0.06
        limit[rows.index.str.startswith("Spectral")] = 0.06
        assert (error.fillna(0) <= limit.fillna(np.inf)).all(), error[error > limit]


@few
@given(seed=st.integers(0, 10_000), noise=st.floats(0.0, 0.004))
def test_a_little_noise_in_the_representative_beat_moves_values_a_little(seed: int, noise: float) -> None:
    rng = np.random.default_rng(seed)
    beat = BASE.beats.template["beat_mv"]
    noisy = (beat + rng.normal(scale=noise, size=beat.shape)).astype(np.float32)
    beats = dataclasses.replace(BASE.beats, template=BASE.beats.template.assign(beat_mv=noisy))
    after = table(dataclasses.replace(BASE, beats=beats))
    for unit, slack in {"mV": 8 * noise, "ms": 10.0, "mV·ms": 400 * noise + 0.4, "°": 10.0}.items():
        rows = BEFORE[(BEFORE["unit"] == unit) & ~BEFORE.index.str.startswith(("QRS_PPSum", "SAI", "JWave"))]
        # a dip of 0.01 mV makes a notch: noise of 4 µV makes one and fills it
        rows = rows[~rows.index.str.startswith(("SokolowP", "CornellP", "P_NotchSpacing"))]
        error = np.abs(after.loc[rows.index, "value"] - rows["value"])
        assert (error.fillna(0) <= slack + 1e-3).all(), error[error > slack + 1e-3]
    steady = ["QS_Pattern", "Q_Present", "RSR_Pattern", "Transition_Lead", "T_Morph"]
    codes = (
        BEFORE[BEFORE["name"].isin(steady)] if "name" in BEFORE else BEFORE[BEFORE.index.str.startswith(tuple(steady))]
    )
    np.testing.assert_array_equal(after.loc[codes.index, "value"], codes["value"])


@few
@given(
    lost=st.lists(st.sampled_from(LEADS), min_size=1, max_size=4, unique=True),
    flag=st.sampled_from(["missing", "flat"]),
)
def test_a_lost_lead_gives_reasons_and_leaves_the_others_alone(lost: list[str], flag: str) -> None:
    flags = BASE.beats.quality["lead_flags"].copy()
    flags.loc[{"lead": lost}] = 1 << QUALITY_FLAGS.index(flag)
    there = ~xr.DataArray(np.isin(LEADS, lost), dims="lead")
    beats = dataclasses.replace(
        BASE.beats,
        quality=BASE.beats.quality.assign(lead_flags=flags),
        template=BASE.beats.template.assign(beat_mv=BASE.beats.template["beat_mv"].where(there)),
    )
    after = table(dataclasses.replace(BASE, ecg=BASE.ecg.where(there).assign_attrs(BASE.ecg.attrs), beats=beats))
    own = after[after["lead"].isin(lost) & ~after.index.str.startswith("Quality")]
    assert (own["reason"] > 0).all()
    others = after[~after["lead"].isin([*lost, ""])]
    np.testing.assert_allclose(others["value"], BEFORE.loc[others.index, "value"], rtol=1e-6)
    np.testing.assert_array_equal(np.isnan(after["value"]), after["reason"] > 0)


@few
@given(
    marks=st.lists(st.integers(0, 10), max_size=6, unique=True),
    lead_marks=st.lists(st.integers(0, 10), max_size=6, unique=True),
    beats=st.integers(0, 13),
)
def test_whatever_marks_are_missing_no_value_is_missing_without_a_reason(
    marks: list[int], lead_marks: list[int], beats: int
) -> None:
    ragged = BASE.beats.beats.isel(beat=slice(0, beats)).copy(deep=True)
    template = BASE.beats.template.copy(deep=True)
    ragged["marks"][:, marks] = np.nan
    ragged["lead_marks"][:, :, lead_marks] = np.nan
    template["template_global"][:, marks] = np.nan
    template["template_marks"][:, :, lead_marks] = np.nan
    after = table(dataclasses.replace(BASE, beats=dataclasses.replace(BASE.beats, beats=ragged, template=template)))
    np.testing.assert_array_equal(np.isnan(after["value"]), after["reason"] > 0)
    assert np.isfinite(after.loc[after["reason"] == 0, "value"]).all()
