"""How far each lead and each second can be trusted, and why not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ecgomics.vocabulary import QUALITY_FLAGS
from ecgomics.waves.kernels import survey

FLAT_MV = 0.005
"""A second whose signal stays within this range is flat."""
LEAST_SPAN_MV = 0.04
"""Leads whose seconds stay within less show hiss, not a heart."""
GAP_SHARE = 0.5
"""A lead missing more of its samples than this is left out."""
CLIPPED_SHARE = 0.01
WANDER_MV = 0.5
NOISE_MV = 0.03
NOISE_SHARE = 0.04
"""Muscle noise: SD above both this voltage and this share of the lead's range."""

BIT = {name: np.uint16(1 << i) for i, name in enumerate(QUALITY_FLAGS)}

Flags = npt.NDArray[np.uint16]


@dataclass(frozen=True)
class Survey:
    """Quality of a block before anything is detected.

    Parameters
    ----------
    flags
        (record, lead) bits of `vocabulary.QUALITY_FLAGS`.
    score
        (record, lead) 0 (useless) to 1.
    present
        (record, lead): leads that count.
    seconds
        (record, lead, second) 0–1: whether a second of a lead can be measured.
    """

    flags: Flags
    score: npt.NDArray[np.float32]
    present: npt.NDArray[np.bool_]
    seconds: npt.NDArray[np.float32]

    def row(self, i: int) -> Survey:
        """The survey of one record, without the record dim."""
        return Survey(self.flags[i], score=self.score[i], present=self.present[i], seconds=self.seconds[i])

    def usable_seconds(self) -> npt.NDArray[np.bool_]:
        """Of one record: seconds in which at least a third of the leads can be measured."""
        return self.seconds.sum(0) >= max(1.0, len(self.seconds) / 3)


def surveyed(values: npt.NDArray[np.float32], *, rate: float, mains: npt.NDArray[np.float64]) -> Survey:
    """Look at an unfiltered block (record, lead, time) in mV; `mains` (record, lead) is the line found, Hz or 0."""
    records, leads, samples = values.shape
    seconds = max(int(np.ceil(samples / rate)), 1)
    stats = np.empty((records * leads, seconds, 5), dtype=np.float32)
    survey(np.ascontiguousarray(values).reshape(-1, samples), float(rate), stats)
    shape = (records, leads, seconds)
    missing, extent, stuck, noise, level = (stats[:, :, i].reshape(shape) for i in range(5))
    measured = missing < 0.5
    flat = measured & (extent < FLAT_MV)
    counted = np.maximum(measured.sum(-1), 1)
    gap, flat_share = missing.mean(-1), flat.sum(-1) / counted
    clipped = stuck.mean(-1)
    typical = np.where(measured & ~flat, extent, np.nan)
    span = _median(typical)
    rough = _median(np.where(measured & ~flat, noise, np.nan))
    drift = np.where(measured, level, np.nan)
    wander = _range(drift)
    with_mains = mains > 0
    muscle = (rough > NOISE_MV) & (rough > NOISE_SHARE * span) & ~with_mains
    present = (gap <= GAP_SHARE) & (flat_share < 0.8)

    flags = np.zeros((records, leads), dtype=np.uint16)
    for name, hit in {
        "missing": gap >= 1,
        "nan": (gap > 0) & (gap < 1),
        "flat": (flat_share >= 0.8) & (gap < 1),
        "clipped": clipped > CLIPPED_SHARE,
        "mains": with_mains,
        "wander": wander > WANDER_MV,
        "muscle": muscle,
    }.items():
        flags[hit] |= BIT[name]
    relative = rough / np.maximum(span, 1e-3)
    score = (
        (1 - gap)
        * (1 - flat_share)
        * np.clip(1 - 4 * clipped, 0, 1)
        * np.clip(1.15 - 5 * relative, 0.05, 1)
        * np.clip(1.2 - 0.3 * wander / np.maximum(span, 0.3), 0.3, 1)
    )
    good = measured & ~flat & (stuck < 0.1) & (noise < np.maximum(0.15 * span, NOISE_MV)[..., None])
    good &= (span >= LEAST_SPAN_MV)[..., None]
    return Survey(
        flags=flags,
        score=np.where(present, score, 0).astype(np.float32),
        present=present,
        seconds=good.astype(np.float32),
    )


def _median(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Median along the last axis, 0 where there is nothing; NaN sorts last."""
    ordered = np.sort(x, axis=-1)
    count = np.isfinite(x).sum(-1)
    at = np.maximum((count - 1) // 2, 0)
    value = np.take_along_axis(ordered, at[..., None], axis=-1)[..., 0]
    return np.where(count > 0, value, 0.0)


def _range(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Largest less smallest along the last axis, 0 where there is nothing."""
    seen = np.isfinite(x)
    high = np.where(seen, x, -np.inf).max(-1)
    low = np.where(seen, x, np.inf).min(-1)
    return np.where(seen.any(-1), high - low, 0.0)
