from __future__ import annotations

import pickle

import numpy as np
import pytest
import xarray as xr

from ecgomics.errors import FormatError, VocabularyError, did_you_mean
from ecgomics.vocabulary import LEADS, lead_order, normalise_lead, rate_hz


@pytest.mark.parametrize(
    ("spelt", "name"),
    [
        ("avr", "aVR"),
        ("AVF", "aVF"),
        (" i ", "I"),
        ("Lead II", "II"),
        ("MDC_ECG_LEAD_V3", "V3"),
        ("MDC_ECG_LEAD_aVL", "aVL"),
        ("ECG v6", "V6"),
        ("MLII", "MLII"),
        ("mlii", "MLII"),
        ("vx", "vx"),
        ("PLETH", "PLETH"),
    ],
)
def test_leads_are_spelt_one_way(spelt, name):
    assert normalise_lead(spelt) == name


def test_leads_are_ordered_as_printed():
    assert lead_order(["vx", *reversed(LEADS), "V1"]) == [*LEADS, "vx"]


def test_the_rate_is_stated_or_read_off_the_time_axis():
    stated = xr.DataArray(np.zeros((1, 5)), dims=("lead", "time"), attrs={"rate_hz": 360})
    timed = xr.DataArray(np.zeros((1, 5)), dims=("lead", "time"), coords={"time": np.arange(5) / 250})
    assert rate_hz(stated) == 360
    assert rate_hz(timed) == 250
    with pytest.raises(VocabularyError, match="rate_hz"):
        rate_hz(timed.drop_vars("time"))


def test_errors_travel_between_processes():
    error = pickle.loads(pickle.dumps(FormatError("an empty file", expected="a recording", remedy="check the copy")))
    assert type(error) is FormatError
    assert str(error) == "an empty file; expected a recording; check the copy"
    assert did_you_mean("PR_Int_Globl", ["PR_Int_Global", "QRS_Dur_Global"]) == "did you mean 'PR_Int_Global'?"
