"""Whatever the sliders say, the recording is finite, its leads consistent and its truth in order."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgomics.simulate import VirtualPatient, simulate
from ecgomics.simulate.patient import AV_BLOCKS, CONDUCTIONS, PACINGS, RHYTHMS
from ecgomics.vocabulary import LEADS

NUMBERS = [
    name
    for name in VirtualPatient.param
    if getattr(VirtualPatient.param[name], "bounds", None) and name != "geometry_seed"
]
WORDS = {"rhythm": RHYTHMS, "conduction": CONDUCTIONS, "pacing": PACINGS, "av_conduction": AV_BLOCKS}


@st.composite
def sliders(draw):
    """A patient anywhere within the bounds: six numbers moved, every word free."""
    chosen = draw(st.lists(st.sampled_from(NUMBERS), max_size=6, unique=True))
    values = {name: draw(st.floats(*VirtualPatient.param[name].bounds)) for name in chosen}
    values |= {name: draw(st.sampled_from(words)) for name, words in WORDS.items()}
    return VirtualPatient(**values, geometry_seed=draw(st.integers(0, 2**32 - 1)))


@given(patient=sliders(), rate_hz=st.sampled_from([100, 250, 500]), seed=st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_any_patient_gives_a_consistent_recording(patient, rate_hz, seed):
    record = simulate(patient, duration_s=6, rate_hz=rate_hz, seed=seed)
    ecg = {lead: record.ecg.sel(lead=lead).values.astype(float) for lead in LEADS}
    assert all(np.isfinite(values).all() for values in ecg.values())
    scale = 1 + max(np.abs(values).max() for values in ecg.values())
    assert np.abs(ecg["I"] + ecg["III"] - ecg["II"]).max() < 1e-6 * scale
    assert np.abs(ecg["aVR"] + ecg["aVL"] + ecg["aVF"]).max() < 1e-6 * scale


@given(patient=sliders(), seed=st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_any_truth_is_in_order(patient, seed):
    table = simulate(patient, duration_s=8, rate_hz=100, seed=seed, recorder="ideal").truth.beats
    assert (np.diff(table["r_s"].values) > 0).all()
    order = ["p_on", "p_peak", "p_off", "qrs_on", "r_peak", "qrs_off", "t_on", "t_peak", "t_off"]
    for values in (table["marks"].sel(mark=order).values, table["lead_marks"].sel(mark=order).values):
        steps = np.diff(values, axis=-1)
        assert (steps[np.isfinite(steps)] >= -1e-9).all()
        assert not (values < 0).any()
        assert not (values > 8).any()


@given(patient=sliders(), seed=st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_the_truth_is_the_same_at_any_rate(patient, seed):
    slow, fast = (simulate(patient, duration_s=5, rate_hz=rate, seed=seed).truth.beats for rate in (250, 500))
    assert np.allclose(slow["marks"].values, fast["marks"].values, equal_nan=True, atol=1e-9)
    assert np.allclose(slow["lead_marks"].values, fast["lead_marks"].values, equal_nan=True, atol=1e-9)
