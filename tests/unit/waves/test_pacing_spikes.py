"""Which sharp deflections are pacing spikes."""

from __future__ import annotations

import numpy as np
import pytest

from ecgomics.waves.spikes import begun_after, telling

ONSETS = 0.5 + np.arange(10.0)


@pytest.mark.parametrize(
    ("before", "width", "kept"),
    [
        (0.015, 0.16, 10),  # ventricular pacing
        (0.180, 0.09, 10),  # atrial pacing
        (-0.005, 0.09, 10),  # at the very onset
        (-0.020, 0.16, 10),  # the onset was put before the spike
        (-0.020, 0.09, 0),  # a notch of a narrow QRS
        (-0.060, 0.16, 0),  # a notch of a broad one
    ],
)
def test_spikes_are_told_from_notches_by_where_they_lie(before, width, kept):
    spikes = ONSETS - before
    assert len(telling(spikes, onsets=ONSETS, offsets=ONSETS + width)) == kept


def test_bursts_of_noise_do_not_pace():
    spikes = np.sort(np.random.default_rng(1).uniform(0, 10, 5))
    assert len(telling(spikes, onsets=ONSETS, offsets=ONSETS + 0.09)) == 0


def test_pacing_now_and_then_is_seen_by_the_broad_beats_it_makes():
    width = np.where(np.arange(10) % 5 == 0, 0.16, 0.09)
    spikes = ONSETS[::5] - 0.012
    assert len(telling(spikes, onsets=ONSETS, offsets=ONSETS + width)) == 2


def test_without_beats_or_spikes():
    none = np.empty(0)
    assert len(telling(none, onsets=ONSETS, offsets=ONSETS + 0.1)) == 0
    assert len(telling(ONSETS, onsets=none, offsets=none)) == 10


def test_a_qrs_begins_after_its_spike():
    onsets = np.array([[0.49, 0.53, np.nan], [1.5, 1.5, 1.5]])
    begun_after(np.array([0.51]), onsets=onsets, limit=np.array([0.5, 1.5]))
    np.testing.assert_allclose(onsets, [[0.514, 0.53, np.nan], [1.5, 1.5, 1.5]])
