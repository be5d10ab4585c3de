"""P waves that a rhythm makes implausible, taken back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ecgomics.vocabulary import MARKS
from ecgomics.waves.found import Found

P_MARKS = [MARKS.index(name) for name in ("p_on", "p_peak", "p_off")]
QRS_ON = MARKS.index("qrs_on")
LEAST_SHARE = 0.5
PR_SPREAD_S = 0.05


METRONOME_S = 0.002
"""Spread of RR (SD by the median absolute deviation) that no sinus node keeps to."""
QUICK_S = (0.35, 0.48)
"""RR at which every second wave of atrial flutter is conducted."""
LEAST_RR = 8


def without_false_p(found: Found) -> Found:
    """Take back P waves seen before few of the beats and at no steady distance, and those of a clockwork tachycardia.

    Fibrillatory and flutter waves are now and then taken for P waves; true ones come before most beats, or, where
    some are hidden, at a PR interval that varies little. A rhythm of 125 to 170 a minute that does not vary at all is
    flutter with 2:1 conduction or another re-entry, not sinus tachycardia: what precedes its QRS is no P wave.
    """
    onset, qrs = found.marks[:, P_MARKS[0]], found.marks[:, QRS_ON]
    seen = np.isfinite(onset)
    if not seen.any():
        return found
    if not _clockwork(found.r):
        # medians of a few numbers cost more than all else here: what settles it without them comes first
        share, pr = seen.mean(), (qrs - onset)[seen]
        if share >= LEAST_SHARE or (share > 0.25 and len(pr) >= 3 and _spread(pr) < PR_SPREAD_S):
            return found
    marks, lead_marks = found.marks.copy(), found.lead_marks.copy()
    marks[:, P_MARKS] = np.nan
    lead_marks[:, :, P_MARKS] = np.nan
    return replace(found, marks=marks, lead_marks=lead_marks)


def _spread(values: npt.NDArray[np.float64]) -> float:
    return float(np.median(np.abs(values - np.median(values)))) * 1.4826


def _clockwork(r: npt.NDArray[np.float64]) -> bool:
    rr = np.diff(r)
    if len(rr) < LEAST_RR or rr.min() >= QUICK_S[1] or rr.max() <= QUICK_S[0]:
        return False
    return QUICK_S[0] < float(np.median(rr)) < QUICK_S[1] and _spread(rr) < METRONOME_S
