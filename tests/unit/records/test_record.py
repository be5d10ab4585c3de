from __future__ import annotations

import math

import numpy as np
import pytest

from ecgomics.errors import FormatError
from ecgomics.records import Description, Label, assemble

TWO = np.array([[0.1, 0.2, np.nan, 0.4], [0.5, 0.1, 0.3, -0.2]])


def test_limb_leads_follow_einthoven_and_goldberger():
    record = assemble(TWO, ["I", "II"], rate_hz=500, source="x")
    one, two = record.ecg.sel(lead="I").values, record.ecg.sel(lead="II").values
    np.testing.assert_allclose(record.ecg.sel(lead="III"), two - one, atol=1e-6)
    np.testing.assert_allclose(record.ecg.sel(lead="aVR"), -(one + two) / 2, atol=1e-6)
    np.testing.assert_allclose(record.ecg.sel(lead="aVL"), one - two / 2, atol=1e-6)
    np.testing.assert_allclose(record.ecg.sel(lead="aVF"), two - one / 2, atol=1e-6)
    assert record.derived_leads == ("III", "aVR", "aVL", "aVF")


@pytest.mark.parametrize("pair", [("I", "III"), ("II", "III"), ("aVR", "aVL"), ("aVF", "I"), ("aVL", "aVF")])
def test_any_two_limb_leads_give_all_six(pair):
    full = assemble(TWO, ["I", "II"], rate_hz=500, source="x").ecg
    record = assemble(full.sel(lead=list(pair)).values, pair, rate_hz=500, source="x")
    np.testing.assert_allclose(record.ecg.sel(lead=full["lead"]).values[:, :2], full.values[:, :2], atol=1e-6)
    assert set(record.derived_leads) == {"I", "II", "III", "aVR", "aVL", "aVF"} - set(pair)


def test_a_gap_spreads_to_the_derived_leads_and_no_further():
    record = assemble(np.vstack([TWO, TWO[1]]), ["I", "II", "V1"], rate_hz=500, source="x")
    assert np.isnan(record.ecg.sel(lead=["I", "III", "aVR", "aVL", "aVF"]).values[:, 2]).all()
    assert np.isfinite(record.ecg.sel(lead=["II", "V1"]).values).all()


def test_a_dead_limb_lead_is_not_what_others_are_derived_from():
    three = np.vstack([np.full(4, np.nan), TWO[1], TWO[1] / 2])
    record = assemble(three, ["I", "II", "III"], rate_hz=500, source="x")
    assert np.isnan(record.ecg.sel(lead="I")).all(), "a lead that came with the file is not replaced"
    assert np.isfinite(record.ecg.sel(lead="aVF")).all()


def test_one_limb_lead_derives_nothing():
    assert assemble(TWO[:1], ["II"], rate_hz=500, source="x").leads == ("II",)


def test_leads_are_spelled_and_ordered_as_the_house_does():
    record = assemble(np.zeros((4, 9)), ["v6", "AVR", "MLII", "lead v1"], rate_hz=360, source="x")
    assert record.leads == ("aVR", "V1", "V6", "MLII")
    assert record.ecg.dtype == np.float32
    assert record.ecg.attrs["rate_hz"] == 360.0


def test_repeated_and_missing_names_are_made_distinct_and_noted():
    record = assemble(np.zeros((3, 9)), ["ECG", "ECG", ""], rate_hz=360, source="x")
    assert record.leads == ("ECG", "ECG_2", "ch3")
    assert len(record.notes) == 2


def test_input_is_not_mutated():
    samples = np.array([[np.inf, 1.0]])
    assemble(samples, ["V1"], rate_hz=500, source="x")
    assert np.isinf(samples[0, 0])


def test_infinite_samples_are_missing_and_said_so():
    record = assemble(np.array([[np.inf, 1.0]]), ["V1"], rate_hz=500, source="x")
    assert np.isnan(record.ecg.values[0, 0])
    assert "1 infinite samples" in record.notes[0]


@pytest.mark.parametrize(
    ("samples", "rate", "reason"),
    [
        (np.full((2, 5), np.nan), 500, "no finite sample"),
        (np.zeros((2, 0)), 500, "without samples"),
        (np.zeros((2, 5)), 0, "sampling rate"),
        (np.zeros((2, 5)), math.nan, "sampling rate"),
        (np.zeros((2, 5)), 1e9, "sampling rate"),
    ],
)
def test_what_cannot_be_a_recording_is_refused(samples, rate, reason):
    with pytest.raises(FormatError, match=reason):
        assemble(samples, ["I", "II"], rate_hz=rate, source="x")


def test_id_is_of_the_content_only():
    first = assemble(TWO, ["I", "II"], rate_hz=500, source="a")
    again = assemble(TWO, ["I", "II"], rate_hz=500, source="b").described(Description(age=50, patient="p"))
    assert first.id == again.id
    assert len(first.id) == 16
    assert int(first.id, 16) >= 0


@pytest.mark.parametrize("change", ["sample", "rate", "lead"])
def test_id_changes_with_samples_rate_and_leads(change):
    first = assemble(TWO, ["V1", "V2"], rate_hz=500, source="a")
    samples, rate, leads = TWO.copy(), 500, ["V1", "V2"]
    if change == "sample":
        samples[0, 0] += 0.001
    elif change == "rate":
        rate = 250
    else:
        leads = ["V1", "V3"]
    assert assemble(samples, leads, rate_hz=rate, source="a").id != first.id


def test_id_is_pinned_so_that_stores_stay_readable():
    assert assemble(np.array([[0.0, 1.0, np.nan]]), ["V1"], rate_hz=500, source="a").id == "03e8cd0f089997d2"


def test_a_description_wins_where_it_says_something():
    record = assemble(TWO, ["I", "II"], rate_hz=500, source="x").described(
        Description(age=40, sex="F", labels=(Label("a", "X"),), notes=("n",))
    )
    later = record.described(Description(patient="7", labels=(Label("a", "x"), Label("a", "Y")), notes=("n",)))
    assert (later.patient, later.age, later.sex) == ("7", 40, "F")
    assert [label.code for label in later.labels] == ["X", "Y"]
    assert later.notes == ("n",)


def test_duration_and_notebook_view():
    record = assemble(np.zeros((1, 250)), ["<b>"], rate_hz=500, source="x")
    assert record.duration_s == 0.5
    assert "<b>" not in record._repr_html_()
