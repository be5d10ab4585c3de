"""Each fault is flagged in the lead that has it, and only there."""

from __future__ import annotations

import numpy as np
import pytest

from ecgomics.vocabulary import QUALITY_FLAGS
from ecgomics.waves import delineate

LEAD = 6


def flags_of(beats, lead):
    bits = int(beats.quality["lead_flags"].values[0, lead])
    return {name for k, name in enumerate(QUALITY_FLAGS) if bits >> k & 1}


def missing(x):
    x[:] = np.nan


def gap(x):
    x[1000:1200] = np.nan


def flat(x):
    x[:] = 0.3


def clipped(x):
    np.clip(x, -0.15, 0.15, out=x)


def mains(x):
    x += 0.2 * np.sin(2 * np.pi * 50 * np.arange(len(x)) / 500)


def wander(x):
    x += 2.0 * np.sin(2 * np.pi * 0.15 * np.arange(len(x)) / 500)


def muscle(x):
    x += np.random.default_rng(0).normal(0, 0.35, len(x))


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("missing", missing),
        ("nan", gap),
        ("flat", flat),
        ("clipped", clipped),
        ("mains", mains),
        ("wander", wander),
        ("muscle", muscle),
    ],
)
def test_a_fault_is_flagged_where_it_is(virtual, name, fault):
    ecg = virtual("normal", 5).ecg.copy(deep=True)
    fault(ecg.values[LEAD])
    beats = delineate(ecg)
    assert name in flags_of(beats, LEAD)
    others = [lead for lead in range(12) if lead != LEAD and name in flags_of(beats, lead)]
    assert not others
    quality = beats.quality["lead_quality"].values[0]
    assert quality[LEAD] < 0.999 * np.delete(quality, LEAD).min() or name in ("mains", "nan")


@pytest.mark.parametrize("fault", [missing, flat])
def test_a_lead_that_shows_nothing_is_left_out(virtual, fault):
    record = virtual("normal", 5)
    ecg = record.ecg.copy(deep=True)
    fault(ecg.values[LEAD])
    beats = delineate(ecg)
    assert np.isnan(beats.beats["lead_marks"].values[:, LEAD]).all()
    assert np.isnan(beats.template["template_marks"].values[0, LEAD]).all()
    assert beats.quality["lead_quality"].values[0, LEAD] == 0
    assert np.abs(beats.beats["r_s"].values - delineate(record.ecg).beats["r_s"].values).max() < 0.01


def test_a_clean_record_is_clean(virtual):
    quality = delineate(virtual("normal", 5).ecg).quality
    assert (quality["lead_flags"].values == 0).all()
    assert quality["record_quality"].item() > 0.8
    assert quality["usable"].item() == pytest.approx(1, abs=0.15)


def test_a_record_of_nothing_has_no_beats_and_no_quality(virtual):
    ecg = virtual("normal", 5).ecg.copy(deep=True)
    ecg.values[:] = np.nan
    beats = delineate(ecg)
    assert beats.beats.sizes["beat"] == 0
    assert beats.quality["record_quality"].item() == 0
    assert beats.template["template_beats"].item() == 0
    assert np.isnan(beats.template["beat_mv"].values).all()
