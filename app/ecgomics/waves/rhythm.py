"""P waves that a rhythm makes implausible, taken back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ecgomics.vocabulary import MARKS
from ecgomics.waves.found import Found

P_MARKS = [MARKS.index(name) for name in ("p_on", "p_peak", "p_off")]
QRS_ON = MARKS.index("qrs_on")
LEAST_SHARE = 0.5
PR_SPREAD_S = 0.05


def without_false_p(found: Found) -> Found:
    """Take back P waves seen before few of the beats and at no steady distance from the QRS.

    Fibrillatory and flutter waves are now and then taken for P waves; true ones come before most beats, or, where
    some are hidden, at a PR interval that varies little.
    """
    onset, qrs = found.marks[:, P_MARKS[0]], found.marks[:, QRS_ON]
    seen = np.isfinite(onset)
    if not seen.any() or seen.mean() >= LEAST_SHARE:
        return found
    pr = (qrs - onset)[seen]
    steady = len(pr) >= 3 and float(np.median(np.abs(pr - np.median(pr)))) * 1.4826 < PR_SPREAD_S and seen.mean() > 0.25
    if steady:
        return found
    marks, lead_marks = found.marks.copy(), found.lead_marks.copy()
    marks[:, P_MARKS] = np.nan
    lead_marks[:, :, P_MARKS] = np.nan
    return replace(found, marks=marks, lead_marks=lead_marks)
