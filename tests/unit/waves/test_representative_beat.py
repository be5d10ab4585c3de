"""The representative beat: of the commonest class, like its beats, with marks of its own."""

from __future__ import annotations

import numpy as np
import pytest

from ecgomics.vocabulary import BEAT_CLASSES, MARKS
from ecgomics.waves import delineate, measurement

M = {name: k for k, name in enumerate(MARKS)}


def test_it_looks_like_the_beats_it_was_made_of(virtual):
    ecg = virtual("normal", 2).ecg
    found = delineate(ecg)
    template = found.template
    clean = measurement(ecg).sel(lead="II").values
    offset = template["offset"].values
    beat = template["beat_mv"].sel(lead="II").values[0]
    assert np.diff(offset) == pytest.approx(1 / 500)
    inner = (offset > -0.25) & (offset < 0.35)
    likeness = []
    for r in found.beats["r_s"].values[1:-1]:
        piece = np.interp(r + offset, np.arange(len(clean)) / 500, clean)
        likeness.append(np.corrcoef(piece[inner], beat[inner])[0, 1])
    assert np.median(likeness) > 0.97
    assert 3 <= template["template_beats"].item() <= len(found.beats["r_s"])


def test_its_marks_are_in_order_and_near_the_truth(virtual):
    record = virtual("normal", 2)
    template, truth = delineate(record.ecg).template, record.truth.template
    marks, true = template["template_global"].values[0], truth["template_global"].values[0]
    assert (np.diff(marks[[M[m] for m in ("p_on", "p_off", "qrs_on", "qrs_off", "t_on", "t_off")]]) >= 0).all()
    for first, second, limit in [("p_on", "qrs_on", 0.02), ("qrs_on", "qrs_off", 0.02), ("qrs_on", "t_off", 0.03)]:
        ours, theirs = marks[M[second]] - marks[M[first]], true[M[second]] - true[M[first]]
        assert abs(ours - theirs) < limit, (first, second)


def test_a_few_odd_beats_do_not_show_in_it(virtual):
    record = virtual("normal", 2)
    ecg = record.ecg.copy(deep=True)
    plain = delineate(ecg).template["beat_mv"].values
    at = int(record.truth.beats["r_s"].values[4] * 500)
    ecg.values[:, at + 60 : at + 110] += 3.0
    disturbed = delineate(ecg).template["beat_mv"].values
    assert np.nanpercentile(np.abs(disturbed - plain), 99) < 0.1


def test_it_stands_for_the_commonest_class(virtual):
    found = delineate(virtual("pvc", 4).ecg)
    assert BEAT_CLASSES[found.template["template_class"].item()] == "normal"
