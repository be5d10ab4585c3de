"""Beat classes from shape and timing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ecgomics.vocabulary import BEAT_CLASSES, MARKS
from ecgomics.waves.compilation import compiled
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
MEMORY = 8
"""Ordinary beats whose RR is the usual one where supraventricular beats are concerned."""
LONGEST = 60
"""So many beats in a row are no run of premature beats but a faster rhythm."""
IRREGULAR = 0.08
"""Median departure of RR from the usual one, as a share of it, from which no beat of a rhythm is premature."""
WITHOUT_P, UNSTEADY = 0.3, 0.05
"""Where fewer of the beats than this share have a P wave, less departure says that the rhythm is fibrillation."""
PAIRS, LONGER_PR_S = 3, 0.03
"""Least number of short and of long RRs that tell coupled beats; longer PR, s, that tells Wenckebach conduction."""
FAST_S, BROAD_S, RUN = 0.55, 0.13, 3
"""RR below which, and QRS from which, so many regular beats or more without P waves in a row are ventricular."""
LEVEL = 0.2
"""Greatest departure of an RR from its neighbours' in such a run, as a share of it."""
SAMPLE = 200
"""Beats compared with each other to find the commonest shape."""

P_ON, QRS_ON, QRS_OFF = (MARKS.index(name) for name in ("p_on", "qrs_on", "qrs_off"))


def classify(found: Found) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Class of each beat (index into `vocabulary.BEAT_CLASSES`) and its likeness to the commonest shape, -1 … 1.

    A beat is *paced* when a pacing spike leads it; *ventricular* when its shape is not the commonest one and it is
    wider, or has no P wave of its own and is premature or, beside narrow complexes, plainly another shape, and when it
    is one of a run of broad complexes in regular and quick succession without P waves, whatever the commonest shape
    (the presumption of the ACC/AHA/HRS guideline on supraventricular tachycardia, Page 2016; its 120 ms are 130 ms
    here, which spares most conduction with a bundle branch block); *supraventricular* when it is premature, or goes on
    with a run that began so, in the commonest shape and a rhythm that is regular but for that; *unclassifiable* when
    the network is not sure of it. All else, bundle branch block included, is *normal*: normal for this record.
    """
    count = len(found.r)
    kinds = np.full(count, NORMAL, dtype=np.int8)
    if count == 0:
        return kinds, np.empty(0, dtype=np.float32)
    like = likeness(found.shape)
    width = found.marks[:, QRS_OFF] - found.marks[:, QRS_ON]
    typical = like > SIMILAR
    usual_width = float(np.median(width[typical])) if typical.any() else float(np.median(width))
    rr = np.diff(found.r)
    # where no RR is far below any other, none is premature, whatever is taken for the usual one
    even = len(rr) == 0 or float(rr.min()) >= EARLY * float(rr.max())
    early = np.zeros(count, dtype=bool) if even else prematurity(found.r) < EARLY
    no_p = ~np.isfinite(found.marks[:, P_ON])
    wide = (width > usual_width + 0.02) & (width > 0.10)
    odd = like < DIFFERENT
    strange = (like < STRANGE) & (usual_width < NARROW_S)
    kinds[odd & (wide | (no_p & (early | strange)))] = VENTRICULAR
    kinds[_in_fast_run(found.r, broad=(width > BROAD_S) & no_p)] = VENTRICULAR
    kinds[found.spiked] = PACED
    if not even:
        pr = found.marks[:, QRS_ON] - found.marks[:, P_ON]
        kinds[(kinds == NORMAL) & ~odd & _early_in_rhythm(found.r, kinds=kinds, pr=pr)] = SUPRAVENTRICULAR
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


def _in_fast_run(r: npt.NDArray[np.float64], *, broad: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Beats of runs of broad complexes that follow each other quickly and regularly."""
    out = np.zeros(len(r), dtype=bool)
    rr = np.diff(r)
    joined = broad[1:] & broad[:-1] & (rr < FAST_S)
    joined[1:] &= ~joined[:-1] | (np.abs(np.diff(rr)) < LEVEL * rr[1:])
    starts = np.flatnonzero(np.diff(np.concatenate([[0], joined, [0]])))
    for first, last in starts.reshape(-1, 2):
        if last - first + 1 >= RUN:
            out[first : last + 1] = True
    return out


def _early_in_rhythm(
    r: npt.NDArray[np.float64], *, kinds: npt.NDArray[np.int8], pr: npt.NDArray[np.float64]
) -> npt.NDArray[np.bool_]:
    """Beats before their time in an otherwise regular rhythm, or every second one or so in atrial bigeminy."""
    out = np.zeros(len(r), dtype=np.bool_)
    apart = (kinds == VENTRICULAR) | (kinds == PACED)
    rr = np.diff(r)
    plain = ~apart[1:] & ~apart[:-1]
    if plain.sum() < 4:
        return out
    pairs = _in_pairs(rr, plain=plain)
    if pairs is None:
        usual = float(np.median(rr[plain]))
        _, steady = _parted(rr, plain=plain, usual=usual)
        limit = IRREGULAR if np.mean(np.isfinite(pr)) >= WITHOUT_P else UNSTEADY
        if steady.sum() < 2 or float(np.median(np.abs(rr[steady] / usual - 1))) > limit:
            return out
    elif _conducted(rr, early=pairs[0], late=pairs[1], pr=pr):
        return out
    else:
        usual = float(np.median(rr[pairs[1]]))
    _follow(rr, apart, usual, out)
    return out


def _parted(
    rr: npt.NDArray[np.float64], *, plain: npt.NDArray[np.bool_], usual: float
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Of the plain RRs those far below the usual one, and those that are neither so nor follow such."""
    early = plain & (rr < EARLY * usual)
    steady = plain & ~early
    steady[1:] &= ~early[:-1]
    return early, steady


def _in_pairs(
    rr: npt.NDArray[np.float64], *, plain: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]] | None:
    """The short and the long RRs where each are of one length and hardly two long ones follow each other."""
    early, steady = _parted(rr, plain=plain, usual=float(np.quantile(rr[plain], 0.75)))
    late = plain & ~early
    if steady.sum() > 1 or min(early.sum(), late.sum()) < PAIRS:
        return None
    for some in (early, late):
        usual = float(np.median(rr[some]))
        if float(np.median(np.abs(rr[some] / usual - 1))) > UNSTEADY:
            return None
    return early, late


def _conducted(
    rr: npt.NDArray[np.float64],
    *,
    early: npt.NDArray[np.bool_],
    late: npt.NDArray[np.bool_],
    pr: npt.NDArray[np.float64],
) -> bool:
    """Whether pairs of beats are those of conduction from the atria rather than of premature beats.

    In 3:2 block there is a P wave after a short RR too, with a longer PR (Wenckebach) or with the same and half the
    long RR (Mobitz); without P waves it may be fibrillation or flutter.
    """
    if np.mean(np.isfinite(pr)) < WITHOUT_P:
        return True
    short, long = pr[1:][early], pr[1:][late]
    seen = np.isfinite(short)
    if seen.mean() < WITHOUT_P or not np.isfinite(long).any():
        return False
    longer = float(np.median(short[seen]) - np.nanmedian(long))
    halves = abs(2 * float(np.median(rr[early])) / float(np.median(rr[late])) - 1) < 2 * UNSTEADY
    return longer > LONGER_PR_S or halves


@compiled
def _follow(
    rr: npt.NDArray[np.float64], apart: npt.NDArray[np.bool_], usual: float, out: npt.NDArray[np.bool_]
) -> None:
    """Mark premature beats into `out` (beat), given RR (beat - 1): the usual RR is that of the last ordinary beats.

    `apart` are beats of another origin: these and the beats after them say nothing. A run is given up, and its RR
    taken for the usual one, where it is long.
    """
    memory = np.full(MEMORY, usual)
    run = 0
    for i in range(1, out.size):
        if apart[i] or apart[i - 1]:
            run = 0
            continue
        now = rr[i - 1]
        if now < EARLY * np.median(memory):
            out[i] = True
            run += 1
            if run == LONGEST:
                out[i + 1 - run : i + 1] = False
                memory[:] = now
                run = 0
        else:
            # the beat after a premature one comes late
            if not out[i - 1]:
                memory[:-1] = memory[1:].copy()
                memory[-1] = now
            run = 0
