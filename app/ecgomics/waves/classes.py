"""Beat classes from shape and timing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ecgomics.vocabulary import BEAT_CLASSES, MARKS
from ecgomics.waves.found import Found

NORMAL, VENTRICULAR, SUPRAVENTRICULAR, PACED, UNCLASSIFIABLE = range(len(BEAT_CLASSES))

SIMILAR = 0.90
"""Correlation above which two complexes have one shape."""
DIFFERENT = 0.80
STRANGE = 0.65
"""Likenesses to the commonest shape below which a complex differs from it, or is plainly another."""
NARROW_S = 0.12
"""Usual QRS below which another shape is telling, s: beside wide complexes shapes vary without being ventricular."""
NEIGHBOURS = 30
"""Beats to either side whose RR is the usual one."""
EARLY = 0.85
"""A beat is premature when its RR is below this share of the usual one."""
SAMPLE = 200
"""Beats compared with each other to find the commonest shape."""

P_ON, QRS_ON, QRS_OFF = (MARKS.index(name) for name in ("p_on", "qrs_on", "qrs_off"))


def classify(found: Found) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Class of each beat (index into `vocabulary.BEAT_CLASSES`) and its likeness to the commonest shape, -1 … 1.

    A beat is *paced* when a pacing spike leads it; *ventricular* when its shape is not the commonest one and it is
    wider, or has no P wave of its own and is premature or, beside narrow complexes, plainly another shape;
    *supraventricular* when it is premature in the commonest shape; *unclassifiable* when the network is not sure of
    it. All else, bundle branch block included, is *normal*: normal for this record.
    """
    count = len(found.r)
    kinds = np.full(count, NORMAL, dtype=np.int8)
    if count == 0:
        return kinds, np.empty(0, dtype=np.float32)
    like = likeness(found.shape)
    width = found.marks[:, QRS_OFF] - found.marks[:, QRS_ON]
    typical = like > SIMILAR
    usual_width = float(np.median(width[typical])) if typical.any() else float(np.median(width))
    early = prematurity(found.r) < EARLY
    no_p = ~np.isfinite(found.marks[:, P_ON])
    wide = (width > usual_width + 0.02) & (width > 0.10)
    odd = like < DIFFERENT
    strange = (like < STRANGE) & (usual_width < NARROW_S)
    kinds[odd & (wide | (no_p & (early | strange)))] = VENTRICULAR
    kinds[early & ~odd & (kinds == NORMAL)] = SUPRAVENTRICULAR
    kinds[found.spiked] = PACED
    kinds[(found.certainty < 0.5)] = UNCLASSIFIABLE
    return kinds, like


def likeness(shape: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Correlation of each complex (beat, feature; unit length) with the mean of the commonest shape."""
    step = max(len(shape) // SAMPLE, 1)
    sample = shape[::step][:SAMPLE]
    same = (sample @ sample.T) > SIMILAR
    leader = int(np.argmax(same.sum(1)))
    mean = sample[same[leader]].mean(0)
    length = float(np.linalg.norm(mean))
    return (shape @ (mean / length if length > 0 else mean)).astype(np.float32)


def prematurity(r: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """RR before each beat over the usual RR of its neighbourhood; 1 for the first beat."""
    ratio = np.ones(len(r))
    if len(r) < 4:
        return ratio
    rr = np.diff(r)
    reach = min(NEIGHBOURS, len(rr) - 1)
    padded = np.concatenate([rr[reach:0:-1], rr, rr[-2 : -reach - 2 : -1]])
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    ratio[1:] = rr / np.median(around, axis=1)
    return ratio
