"""`stability`: how often a candidate comes back when other patients are drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecgomics.discovery.adjustment import Confounders
from ecgomics.discovery.adjustment import adjust as adjust_for
from ecgomics.discovery.candidates import Contrast
from ecgomics.discovery.kinship import folded_of
from ecgomics.discovery.material import Material, Values
from ecgomics.discovery.patients import Bools, Floats
from ecgomics.discovery.ranks import RankTable
from ecgomics.discovery.significance import benjamini_yekutieli
from ecgomics.settings import StabilitySettings


def stability(
    found: Contrast,
    values: Values,
    *,
    patient: npt.ArrayLike | None = None,
    adjust: pd.DataFrame | Sequence[str] | None = None,
    settings: StabilitySettings | None = None,
) -> pd.DataFrame:
    """How often each biomarker is selected when half of the patients are drawn.

    Parameters
    ----------
    found, values, patient, adjust
        The contrast, and what it was given.
    settings
        Draws, way of selecting, decoys.

    Returns
    -------
    One row a biomarker, most often selected first: `biomarker`, `frequency` (0 to 1), `threshold` (the same in all
    rows) and `stable` (at or above it).

    Notes
    -----
    Complementary pairs of halves within each side (Shah & Samworth, J R Stat Soc B 2013;75:55). Selected are, the
    "marginal" way, biomarkers with q below the contrast's limit (adjusted besides, where it was adjusted); the
    "sparse" way, the first `size` that enter an L1-penalised logistic model of all. The threshold comes from the
    data: shuffled copies of the biomarkers run along, and the threshold is the one at which (1 + copies selected) /
    biomarkers selected is least, as in Stabl (Hédou et al., Nat Biotechnol 2024;42:1581), at least ½.
    """
    settings = settings or StabilitySettings()
    folded = folded_of(found, values, patient=patient)
    members = folded.members(found.sides[0])
    confounders = _confounders(found, values, patient=patient, adjust=adjust)
    rng = np.random.default_rng(settings.seed)
    size = folded.values.shape[1]
    copies = [rng.permuted(folded.values, axis=0) for _ in range(settings.decoys)]
    table = np.column_stack([folded.values, *copies])
    counts = np.zeros(table.shape[1])
    draws = 0
    for half in _halves(members, pairs=(settings.resamples + 1) // 2, rng=rng):
        counts += _selected(table, members, half, confounders=confounders, found=found, settings=settings)
        draws += 1
    frequency = counts / draws
    threshold = _threshold(frequency[:size], frequency[size:])
    names = [str(name) for name in folded.material.values.columns]
    rows = pd.DataFrame({"biomarker": names, "frequency": frequency[:size], "threshold": threshold})
    rows["stable"] = rows["frequency"] >= threshold
    return rows.sort_values("frequency", ascending=False, kind="stable").reset_index(drop=True)


def _halves(members: Bools, *, pairs: int, rng: np.random.Generator) -> Iterator[npt.NDArray[np.intp]]:
    """Positions of complementary halves of the patients, both with half of each side."""
    for _ in range(pairs):
        sides = [rng.permutation(np.flatnonzero(side)) for side in (members, ~members)]
        yield np.sort(np.concatenate([side[: len(side) // 2] for side in sides]))
        yield np.sort(np.concatenate([side[len(side) // 2 :] for side in sides]))


def _selected(
    table: Floats,
    members: Bools,
    half: npt.NDArray[np.intp],
    *,
    confounders: Confounders | None,
    found: Contrast,
    settings: StabilitySettings,
) -> Bools:
    own, inside = table[half], members[half]
    if settings.way == "sparse":
        from ecgomics.discovery.sparse import entered

        return entered(own, inside, size=int(settings.size))
    limit = float(found.recipe["settings"]["q"])
    p = RankTable(pd.DataFrame(own)).test(inside)[1]
    if confounders is not None:
        part = Confounders(confounders.names, confounders.matrix[half])
        p = np.fmax(p, np.nan_to_num(adjust_for(own, inside, part).p, nan=1.0))
    # decoys are tested along, but do not take part in the correction of what is real
    real = table.shape[1] // (1 + settings.decoys)
    blocks = [benjamini_yekutieli(p[start : start + real]) for start in range(0, len(p), real)]
    return np.nan_to_num(np.concatenate(blocks), nan=1.0) < limit


def _confounders(
    found: Contrast,
    values: Values,
    *,
    patient: npt.ArrayLike | None,
    adjust: pd.DataFrame | Sequence[str] | None,
) -> Confounders | None:
    if adjust is None or len(adjust) == 0:
        return None
    material = Material.gather(values, patient=patient, adjust=adjust)
    material = material.restricted(material.mask([*found.sides[0], *found.sides[1]]))
    folded = folded_of(found, values, patient=patient)
    assert material.confounders is not None
    return Confounders.of_patients(material.confounders, folded.patients)


def _threshold(real: Floats, decoy: Floats) -> float:
    """The frequency at which chance makes up least of what is selected."""
    if len(decoy) == 0:
        return 0.6
    steps = np.unique(np.concatenate([real[real >= 0.5], [0.5]]))
    scale = len(real) / len(decoy)
    share = [(1 + scale * (decoy >= step).sum()) / max(int((real >= step).sum()), 1) for step in steps]
    return float(steps[int(np.argmin(share))])
