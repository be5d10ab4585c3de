"""Representative beats hour by hour and class by class."""

from __future__ import annotations

import numpy as np
import pytest

from ecgomics.errors import SignalError
from ecgomics.vocabulary import BEAT_CLASSES, LEADS
from ecgomics.waves import delineate, hourly

NORMAL, VENTRICULAR = BEAT_CLASSES.index("normal"), BEAT_CLASSES.index("ventricular")


@pytest.fixture(scope="module")
def long(virtual):
    """Two minutes with ventricular beats, three leads; the second is half as high."""
    ecg = virtual("pvc", 2, rate=250.0, duration=120.0).ecg.sel(lead=["II", "V2", "V5"]).copy()
    ecg.values[:, 60 * 250 :] *= 0.5
    return ecg, delineate(ecg)


def test_each_beat_is_counted_in_its_hour_and_class(long):
    ecg, beats = long
    made = hourly(ecg, beats=beats, hour_s=60.0)
    assert dict(made.sizes) | {"offset": 0} == {"hour": 2, "class": 5, "lead": 3, "mark": 11, "offset": 0}
    assert int(made["beat_count"].sum()) == beats.beats.sizes["beat"]
    late = beats.beats["r_s"].values >= 60
    ventricular = beats.beats["beat_class"].values == VENTRICULAR
    assert int(made["beat_count"].sel({"class": "ventricular"})[1]) == (late & ventricular).sum() > 0
    assert (made["template_beats"] <= made["beat_count"]).all()


def test_beats_differ_by_class_and_follow_the_hour(long):
    ecg, beats = long
    beat = hourly(ecg, beats=beats, hour_s=60.0)["beat_mv"].values
    height = np.ptp(beat[:, NORMAL], axis=-1)
    assert height[1] == pytest.approx(0.5 * height[0], rel=0.1)
    alike = [np.corrcoef(beat[0, NORMAL, 0], beat[k, kind, 0])[0, 1] for k, kind in ((1, NORMAL), (0, VENTRICULAR))]
    assert alike[0] > 0.98 > alike[1]
    assert np.isnan(beat[:, BEAT_CLASSES.index("paced")]).all()


def test_one_hour_is_the_representative_beat_of_a_short_record(virtual):
    ecg = virtual("normal", 1).ecg
    beats = delineate(ecg)
    made = hourly(ecg, beats=beats)
    left, right = made["beat_mv"].values[0, NORMAL], beats.template["beat_mv"].values[0]
    assert np.abs(left - right).max() < 0.06
    marks = made["template_global"].values[0, NORMAL] - beats.template["template_global"].values[0]
    assert np.nanmax(np.abs(marks)) < 0.012
    assert list(made["lead"].values) == list(LEADS)


def test_beats_of_several_records_are_refused(virtual):
    ecg = virtual("normal", 1).ecg
    two = ecg.expand_dims(record=["a", "b"])
    with pytest.raises(SignalError, match="one recording"):
        hourly(ecg, beats=delineate(two))
