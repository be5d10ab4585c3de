"""The six limb leads from any two of them (Einthoven and Goldberger)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ecgomics.records.pieces import Row, weighted
from ecgomics.vocabulary import LIMB_LEADS

_AS_I_AND_II = {
    "I": (1.0, 0.0),
    "II": (0.0, 1.0),
    "III": (-1.0, 1.0),
    "aVR": (-0.5, -0.5),
    "aVL": (1.0, -0.5),
    "aVF": (-0.5, 1.0),
}
"""Each limb lead as a sum of I and II."""


def derive_limb_leads(
    samples: npt.NDArray[np.float32], names: Sequence[str]
) -> tuple[npt.NDArray[np.float32], list[str], tuple[str, ...]]:
    """Add the limb leads that are missing when two others are there.

    Parameters
    ----------
    samples
        Dims ``(lead, time)``, float32 mV. NaN in a lead used spreads to the leads derived from it.
    names
        Lead names in the house's spelling.

    Returns
    -------
    samples, names, derived
        With the derived leads appended, and their names; unchanged when fewer than two limb leads are there.
    """
    alive = [name for name, lead in zip(names, samples, strict=True) if name in LIMB_LEADS and np.isfinite(lead).any()]
    sums = limb_sums(names, alive=alive)
    if not sums:
        return samples, list(names), ()
    added = np.stack([weighted([(samples[place], weight) for place, weight in row]) for row in sums.values()])
    return np.concatenate([samples, added]), [*names, *sums], tuple(sums)


def limb_sums(names: Sequence[str], *, alive: Sequence[str]) -> dict[str, Row]:
    """The missing limb leads as sums of two that are there, by name; none when fewer than two are there.

    Parameters
    ----------
    names
        Lead names in the house's spelling.
    alive
        Those that have a finite sample: they are used before the others.
    """
    present = [name for name in LIMB_LEADS if name in names]
    absent = tuple(name for name in LIMB_LEADS if name not in names)
    if len(present) < 2 or not absent:
        return {}
    pair = sorted(present, key=lambda name: name not in alive)[:2]
    basis = np.linalg.inv(np.array([_AS_I_AND_II[name] for name in pair]))
    weights = np.round(np.array([_AS_I_AND_II[name] for name in absent]) @ basis, 9)
    places = [list(names).index(name) for name in pair]
    # a lead that does not enter must not bring its gaps in
    return {
        name: tuple((place, float(weight)) for place, weight in zip(places, row, strict=True) if weight)
        for name, row in zip(absent, weights, strict=True)
    }
