"""Beat classes against the truth of virtual patients."""

from __future__ import annotations

import numpy as np
import pytest

from ecgomics.simulate import VirtualPatient, simulate
from ecgomics.vocabulary import BEAT_CLASSES, MARKS
from ecgomics.waves import delineate
from ecgomics.waves.classes import classify
from ecgomics.waves.found import Found

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


@pytest.mark.parametrize("number", [1, 2, 3])
def test_ventricular_tachycardia(virtual, matching, number):
    found, true = table(virtual("ventricular_tachycardia", number), matching)
    assert (true == CLASS["ventricular"]).all()
    assert len(true) > 18
    assert (found == CLASS["ventricular"]).mean() >= 0.9


def found_at(r, *, width=0.09, p=True):
    """Beats of one shape at the given times, of one width or of one each."""
    r = np.asarray(r, dtype=float)
    marks = np.full((len(r), len(MARKS)), np.nan)
    marks[:, MARKS.index("qrs_on")] = r - 0.04
    marks[:, MARKS.index("qrs_off")] = r - 0.04 + width
    marks[:, MARKS.index("p_on")] = np.where(p, r - 0.16, np.nan)
    return Found(
        r=r,
        marks=marks,
        lead_marks=marks[:, None],
        own=np.ones((len(r), 1), np.float32),
        shape=np.tile(np.float32([0.6, 0.8]), (len(r), 1)),
        spiked=np.zeros(len(r), bool),
        certainty=np.ones(len(r), np.float32),
    )


def classes_of(found):
    return [BEAT_CLASSES[kind] for kind in classify(found)[0]]


def test_a_run_that_begins_early_goes_on_early():
    rr = np.r_[[0.8] * 20, [0.5] * 15, 0.9, [0.8] * 10]
    kinds = classes_of(found_at(np.cumsum(rr)))
    assert kinds == ["normal"] * 20 + ["supraventricular"] * 15 + ["normal"] * 11


def test_a_rhythm_that_changes_is_not_premature_for_ever():
    kinds = classes_of(found_at(np.cumsum(np.r_[[0.9] * 20, [0.6] * 200])))
    assert kinds == ["normal"] * 220


@pytest.mark.parametrize("seed", range(5))
def test_no_beat_of_fibrillation_is_premature(seed):
    rr = np.random.default_rng(seed).uniform(0.45, 1.1, 60)
    assert set(classes_of(found_at(np.cumsum(rr), p=False))) == {"normal"}


@pytest.mark.parametrize(
    ("width", "p", "rr", "kind"),
    [
        (0.15, False, 0.36, "ventricular"),
        (0.15, True, 0.36, "normal"),  # a bundle branch block with P waves
        (0.09, False, 0.36, "normal"),  # a narrow tachycardia
        (0.15, False, 0.80, "normal"),  # slow
    ],
)
def test_a_quick_broad_rhythm_without_p_is_ventricular(width, p, rr, kind):
    assert set(classes_of(found_at(0.5 + rr * np.arange(20), width=width, p=p))) == {kind}


def test_irregular_broad_complexes_are_not_called_ventricular():
    rr = np.random.default_rng(2).uniform(0.28, 0.54, 40)
    assert "ventricular" not in classes_of(found_at(np.cumsum(rr), width=0.15, p=False))[1:3]
    assert classes_of(found_at(np.cumsum(rr), width=0.15, p=False)).count("ventricular") < 30


def test_beats_too_few_for_a_rhythm():
    for count in (0, 1, 2, 3):
        assert classes_of(found_at(0.5 + 0.8 * np.arange(count))) == ["normal"] * count


def coupled(*, short, long, pr):
    """Ten pairs of beats, `short` apart, the next pair `long` later; `pr` of the first and the second."""
    r = 0.5 + np.cumsum([0.0, *([short, long] * 10)])[:20]
    marks = np.full((20, len(MARKS)), np.nan)
    marks[:, MARKS.index("qrs_on")], marks[:, MARKS.index("qrs_off")] = r - 0.04, r + 0.05
    marks[:, MARKS.index("p_on")] = r - 0.04 - np.tile(pr, 10)
    shape = np.tile(np.float32([0.6, 0.8]), (20, 1))
    return Found(
        r=r,
        marks=marks,
        lead_marks=marks[:, None],
        own=np.ones((20, 1), np.float32),
        shape=shape,
        spiked=np.zeros(20, dtype=bool),
        certainty=np.ones(20, np.float32),
    )


@pytest.mark.parametrize(
    ("pair", "name"),
    [
        ({"short": 0.56, "long": 1.06, "pr": (0.15, np.nan)}, "supraventricular"),
        ({"short": 0.56, "long": 0.95, "pr": (0.15, 0.16)}, "supraventricular"),
        ({"short": 0.70, "long": 1.10, "pr": (0.18, 0.24)}, "normal"),
        ({"short": 0.70, "long": 1.40, "pr": (0.18, 0.18)}, "normal"),
        ({"short": 0.56, "long": 1.06, "pr": (np.nan, np.nan)}, "normal"),
    ],
    ids=["hidden P", "early P", "Wenckebach 3:2", "Mobitz 3:2", "no P"],
)
def test_atrial_bigeminy_is_told_from_block(pair, name):
    kinds, _ = classify(coupled(**pair))
    assert (kinds[1::2] == CLASS[name]).all()
    assert (kinds[::2] == CLASS["normal"]).all()
