"""Electrodes that seem to be swapped: whether another order of the leads explains the representative beat better."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt

from ecgomics.vocabulary import BEAT_CLASSES, LEADS, MARKS
from ecgomics.waves.representative import Template

INDEPENDENT = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
PARTS = (("qrs_on", "qrs_off"), ("p_on", "p_off"), ("qrs_off", "t_off"))
"""Parts of the beat that are looked at one by one."""
WEIGHTS = np.array([1.0, 0.5, 0.5])
"""What the evidence of QRS, P and ST-T counts."""
FLAT_SHARE, LEAST_LIMB_MV = 0.08, 0.12
"""A limb lead lower than this share of the largest one, where that reaches this height, lies between the two legs."""
PREFERRED = BEAT_CLASSES.index("normal")

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Swap:
    """A way to confuse electrodes.

    Parameters
    ----------
    name
        Electrodes, as ``RA/LA``.
    made
        (8, 8) the recorded leads of `INDEPENDENT` as sums of the true ones.
    limit
        Least evidence for it.
    leads
        Leads that it spoils.
    """

    name: str
    made: Floats
    limit: float
    leads: tuple[str, ...]


def _limb(rows: Sequence[Sequence[float]]) -> Floats:
    made = np.eye(len(INDEPENDENT))
    made[:2, :2] = rows
    return made


def _chest(first: int, second: int) -> Floats:
    made = np.eye(len(INDEPENDENT))
    rows = [1 + first, 1 + second]
    made[rows] = made[rows[::-1]]
    return made


# the recorded I and II as sums of the true I and II: I = LA - RA, II = LL - RA, III = II - I
SWAPS = (
    Swap("RA/LA", _limb([[-1, 0], [-1, 1]]), 0.10, ("I", "II", "III", "aVR", "aVL")),
    Swap("RA/LL", _limb([[1, -1], [0, -1]]), 0.10, ("I", "II", "III", "aVR", "aVF")),
    Swap("LA/LL", _limb([[0, 1], [1, 0]]), 0.60, ("I", "II", "III", "aVL", "aVF")),
    Swap("RA/LA/LL", _limb([[-1, 1], [-1, 0]]), 0.40, LEADS[:6]),
    Swap("RA/LL/LA", _limb([[0, -1], [1, -1]]), 0.40, LEADS[:6]),
    *(
        Swap(f"V{a}/V{b}", _chest(a, b), limit, (f"V{a}", f"V{b}"))
        for a, b, limit in ((1, 2, 0.10), (2, 3, 0.35), (3, 4, 0.35), (4, 5, 0.35), (5, 6, 0.60), (1, 3, 0.15))
    ),
)
# an electrode on the right leg: the other leg has its voltage, so that the lead between the two is flat
LEG_SWAPS = {
    "II": Swap("RA/RL", np.eye(8), 0.0, LEADS[:6]),
    "III": Swap("LA/RL", np.eye(8), 0.0, LEADS[:6]),
    "I": Swap("arms/legs", np.eye(8), 0.0, LEADS[:6]),
}
REVERSALS = ("", *(swap.name for swap in SWAPS), *(swap.name for swap in LEG_SWAPS.values()))
"""Names by the number that `Beats` stores; the first says that nothing is suspected."""
SPOILT = ((), *(swap.leads for swap in SWAPS), *(swap.leads for swap in LEG_SWAPS.values()))


def suspected(template: Template, *, leads: Sequence[str], offset: Floats) -> int:
    """Which swap the representative beat speaks for.

    Parameters
    ----------
    template
        Representative beat and its marks.
    leads
        Names of its leads; without all of `INDEPENDENT` nothing is suspected.
    offset
        Times of its samples, s from R.

    Returns
    -------
    int
        Index into `REVERSALS`; 0: none.

    Notes
    -----
    The idea of Kors and van Herpen 2001 (doi 10.1016/s0002-9149(01)01867-2): leads tell of each other, so leads in
    the wrong order fit each other worse. Here the misfit of an order is ``trace(P S)``, with S the leads' second
    moments over a part of the beat and P the inverse of what such moments are in many records; the evidence for a swap
    is the drop of its logarithm when the swap is undone. Departure: all leads are judged at once, in QRS, P and ST-T.
    """
    if template.beats == 0 or template.kind != PREFERRED or not set(INDEPENDENT) <= set(leads):
        return 0
    beat = template.beat[[leads.index(lead) for lead in INDEPENDENT]].astype(np.float64)
    if "III" in leads:
        _filled(beat, third=template.beat[leads.index("III")].astype(np.float64))
    if (flat := _flat_limb_lead(beat, template=template, offset=offset)) is not None:
        return REVERSALS.index(LEG_SWAPS[flat].name)
    moments = moments_of(beat, template=template, offset=offset)
    if moments is None:
        return 0
    surplus = evidence(moments) - [swap.limit for swap in SWAPS]
    best = int(np.argmax(surplus))
    return best + 1 if surplus[best] > 0 else 0


def moments_of(beat: Floats, *, template: Template, offset: Floats) -> Floats | None:
    """(part, 8, 8) second moments of `beat` (8, offset), trace 1; zeros for a part without marks; None without QRS."""
    moments = np.zeros((len(PARTS), len(beat), len(beat)))
    for k, (first, last) in enumerate(PARTS):
        on, off = (template.marks[MARKS.index(name)] for name in (first, last))
        inside = (offset >= on) & (offset <= off)
        if inside.sum() < 3:
            continue
        # P against its own onset, all else against the QRS onset
        zero = on if first == "p_on" else template.marks[MARKS.index("qrs_on")]
        part = beat[:, inside] - beat[:, [int(np.searchsorted(offset, zero).clip(0, len(offset) - 1))]]
        power = part @ part.T
        if np.isfinite(power).all() and (total := float(np.trace(power))) > 0:
            moments[k] = power / total
    return moments if moments[0].any() else None


def evidence(moments: Floats, *, precision: Floats | None = None) -> Floats:
    """(swap) how much better each swap of `SWAPS`, when undone, explains the moments (part, 8, 8)."""
    undone, scale = _tables() if precision is None else tables(precision)
    flat = moments.reshape(len(PARTS), -1)
    misfit = np.einsum("pw,pow->po", flat, undone) / np.maximum(flat @ scale.T, 1e-12)
    seen = flat.any(axis=1)
    drop = np.log(np.maximum(misfit[:, :1], 1e-12)) - np.log(np.maximum(misfit[:, 1:], 1e-12))
    return np.asarray((WEIGHTS * seen) @ drop)


def tables(precision: Floats) -> tuple[Floats, Floats]:
    """For each part and order (none, then `SWAPS`), weights of the moments that add up to the misfit, and to the trace.

    ``trace(P B S Bᵀ) = Σ (Bᵀ P B) ∘ S`` with B what undoes the swap.
    """
    undo = [np.eye(len(INDEPENDENT)), *(np.linalg.inv(swap.made) for swap in SWAPS)]
    weights = np.array([[(b.T @ p @ b).ravel() for b in undo] for p in precision])
    return weights, np.array([(b.T @ b).ravel() for b in undo])


@cache
def _tables() -> tuple[Floats, Floats]:
    text = resources.files("ecgomics.waves").joinpath("weights", "lead_order.json").read_text(encoding="utf-8")
    return tables(np.array(json.loads(text)["precision"], dtype=np.float64))


def fitted(moments: Sequence[Floats]) -> Floats:
    """(part, 8, 8) what the moments of many records (part, 8, 8), trace 1 or zeros, are expected to be, inverted."""
    stacked = np.stack(moments)
    seen = stacked.any(axis=(2, 3)).sum(axis=0)
    mean = stacked.sum(axis=0) / np.maximum(seen, 1)[:, None, None]
    return np.linalg.inv(mean + 2.5e-4 * np.eye(len(INDEPENDENT)))


def _filled(beat: Floats, *, third: Floats) -> None:
    """Give lead I or II of `beat`, where one was left out, what the other two limb leads say of it, in place."""
    first, second = beat[0], beat[1]
    if np.isnan(first).all():
        beat[0] = second - third
    elif np.isnan(second).all():
        beat[1] = first + third


def _flat_limb_lead(beat: Floats, *, template: Template, offset: Floats) -> str | None:
    on, off = (template.marks[MARKS.index(name)] for name in ("qrs_on", "qrs_off"))
    inside = (offset >= on) & (offset <= off)
    if not inside.any():
        return None
    limb = np.stack([beat[0], beat[1], beat[1] - beat[0]])[:, inside]
    height = np.ptp(limb, axis=1)
    if np.isfinite(height).all() and height.max() >= LEAST_LIMB_MV and height.min() < FLAT_SHARE * height.max():
        return ("I", "II", "III")[int(np.argmin(height))]
    return None
