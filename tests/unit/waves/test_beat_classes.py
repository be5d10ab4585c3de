"""Beat classes against the truth of virtual patients."""

from __future__ import annotations

import numpy as np
import pytest

from ecgomics.simulate import VirtualPatient, simulate
from ecgomics.vocabulary import BEAT_CLASSES
from ecgomics.waves import delineate

CLASS = {name: k for k, name in enumerate(BEAT_CLASSES)}


def table(record, matching):
    """Found and true classes of the beats both know."""
    beats = delineate(record.ecg).beats
    found, true = matching(beats["r_s"].values, truth=record.truth.beats["r_s"].values, within_s=0.1)
    return beats["beat_class"].values[found], record.truth.beats["beat_class"].values[true]


def test_ventricular_beats(virtual, matching):
    pairs = [table(virtual("pvc", number, duration=40.0), matching) for number in (1, 2, 3)]
    found, true = (np.concatenate(part) for part in zip(*pairs, strict=True))
    hit = ((found == CLASS["ventricular"]) & (true == CLASS["ventricular"])).sum()
    assert (true == CLASS["ventricular"]).sum() >= 6
    f1 = 2 * hit / ((found == CLASS["ventricular"]).sum() + (true == CLASS["ventricular"]).sum())
    assert f1 >= 0.93


def test_premature_atrial_beats(virtual, matching):
    pairs = [table(virtual("pac", number, duration=40.0), matching) for number in (1, 2, 3)]
    found, true = (np.concatenate(part) for part in zip(*pairs, strict=True))
    of_them = true == CLASS["supraventricular"]
    assert of_them.sum() >= 4
    assert (found[of_them] == CLASS["supraventricular"]).mean() >= 0.6
    assert (found[~of_them] == CLASS["normal"]).mean() >= 0.95


@pytest.mark.parametrize("rate", [250.0, 500.0, 1000.0])
def test_paced_beats(matching, rate):
    record = simulate(VirtualPatient(pacing="ventricular", spike_mv=1.5), seed=2, rate_hz=rate)
    found, true = table(record, matching)
    assert (true == CLASS["paced"]).all()
    assert (found == CLASS["paced"]).mean() >= 0.9
    assert delineate(record.ecg).quality["pace_spikes"].item() >= len(true) - 1


@pytest.mark.parametrize("condition", ["normal", "sinus_bradycardia", "sinus_tachycardia", "lbbb", "rbbb"])
def test_usual_beats_are_usual(virtual, condition):
    found = delineate(virtual(condition, 3).ecg)
    assert (found.beats["beat_class"].values == CLASS["normal"]).mean() >= 0.9
    assert found.quality["pace_spikes"].item() == 0
