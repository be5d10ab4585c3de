"""The six limb leads from any two of them (Einthoven and Goldberger)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

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
    present = [name for name in LIMB_LEADS if name in names]
    absent = tuple(name for name in LIMB_LEADS if name not in names)
    if len(present) < 2 or not absent:
        return samples, list(names), ()
    pair = _finite_pair(samples, names, present)
    basis = np.linalg.inv(np.array([_AS_I_AND_II[name] for name in pair]))
    weights = np.round(np.array([_AS_I_AND_II[name] for name in absent]) @ basis, 9)
    first, second = (samples[list(names).index(name)] for name in pair)
    added = np.empty((len(absent), samples.shape[1]), dtype=np.float32)
    for row, (a, b) in enumerate(weights):
        # a lead that does not enter must not bring its gaps in
        parts = [np.float32(w) * lead for w, lead in ((a, first), (b, second)) if w]
        added[row] = parts[0] if len(parts) == 1 else parts[0] + parts[1]
    return np.concatenate([samples, added]), [*names, *absent], absent


def _finite_pair(samples: npt.NDArray[np.float32], names: Sequence[str], present: list[str]) -> list[str]:
    """The first two limb leads that have samples, else simply the first two."""
    alive = [name for name in present if np.isfinite(samples[list(names).index(name)]).any()]
    return (alive + [name for name in present if name not in alive])[:2]
