"""What the representative beat shows beyond the biomarkers: where a finding that nobody measures would be seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from ecgomics.errors import SignalError
from ecgomics.latent.components import principal
from ecgomics.latent.probe import residual
from ecgomics.latent.shapes import beat_shapes, offsets
from ecgomics.vocabulary import LEADS

WINDOW_S = (-0.30, 0.56)
"""From before P to a fifth of a second after the end of T, on the clock of QT."""

_FLOOR_MV = 0.005
_LIMIT = 6.0
_NORMAL_MAD = 1.4826
_LEAST_KNOWN = 0.5


@dataclass(frozen=True)
class BeatResidual:
    """Representative beats without what the biomarkers tell.

    Parameters
    ----------
    vectors
        float32, (record, latent): leading components; a map of it is drawn like any other. NaN where a record had no
        beat.
    shapes
        float32, (latent, lead, offset): mV that one unit of each component adds to a beat; `offset` in s after R on
        the clock of QT (the T wave ends at 0.36 s).
    scale_mv
        float32, (lead, offset): usual size of what is left at that place, by which it was judged.
    explained
        Share of the beats' variance that the biomarkers told, out of fold.
    """

    vectors: xr.DataArray
    shapes: xr.DataArray
    scale_mv: xr.DataArray
    explained: float

    def pattern(self, direction: npt.ArrayLike) -> xr.DataArray:
        """The change of the beat that a direction stands for, mV, (lead, offset).

        Parameters
        ----------
        direction
            (latent): the difference of two groups' means, or weights of a probe.

        Raises
        ------
        SignalError
            For another length.
        """
        along = np.asarray(direction, dtype=np.float64)
        if along.shape != (self.shapes.sizes["latent"],):
            raise SignalError(
                f"a direction of shape {along.shape}",
                expected=f"{self.shapes.sizes['latent']} numbers, as the vectors have",
                remedy="take it from the same residual",
            )
        summed = np.einsum("k,klo->lo", along, self.shapes.values)
        return self.scale_mv.copy(data=summed.astype(np.float32))

    def strength(self, direction: npt.ArrayLike) -> xr.DataArray:
        """`pattern` over the usual size of what is left there: where it stands out, (lead, offset)."""
        return self.pattern(direction) / self.scale_mv


def beat_residual(
    values: xr.Dataset,
    template: xr.Dataset,
    *,
    patient: xr.DataArray | None = None,
    components: int = 30,
    folds: int = 5,
    seed: int = 0,
) -> BeatResidual:
    """Regress the biomarkers out of the representative beats and keep the main shapes of what is left.

    An embedding keeps what varies most, and biomarkers tell most of that: a small deflection in a quiet place is lost
    before the biomarkers are taken out of it. Here they are taken out first, sample by sample, and what is left is
    judged by its usual size in that place, so that 0.05 mV counts where others show 0.005.

    Parameters
    ----------
    values
        `value` (record, biomarker).
    template
        `beat_mv` (record, lead, offset) and `template_global`: `Beats.template`; joined by record id.
    patient, folds, seed
        As for `probe`.
    components
        Numbers of a vector.

    Raises
    ------
    SignalError
        For fewer than ten patients with a beat and biomarkers.

    Notes
    -----
    Cross-fitted ridge regression as for `residual`; each place divided by its robust spread (1.4826 × MAD, at least
    5 µV) and limited to ±6; principal components. A factor that moves a biomarker is taken out with it: what stays is
    what no biomarker tells, and what they tell in a way that is not linear.
    """
    record = values["record"].values.astype(str)
    beats = beat_shapes(template, record, window_s=WINDOW_S, clock="qt")
    there = np.isfinite(beats).mean(axis=(1, 2)) >= _LEAST_KNOWN
    flat = np.nan_to_num(beats).reshape(len(beats), -1)
    flat[~there] = np.nan
    places = np.arange(flat.shape[1])
    asked = xr.DataArray(flat, dims=("record", "latent"), coords={"record": record, "latent": places})
    left = residual(asked, values, patient=patient, folds=folds, seed=seed)
    numbers = np.asarray(left.vectors.values, dtype=np.float64)[there]
    middle = np.median(numbers, axis=0)
    scale = np.hypot(_NORMAL_MAD * np.median(np.abs(numbers - middle), axis=0), _FLOOR_MV)
    standard = np.clip((numbers - middle) / scale, -_LIMIT, _LIMIT)
    standard -= standard.mean(axis=0)
    directions = principal(standard)[1][:components]
    vectors = np.full((len(record), len(directions)), np.nan, dtype=np.float32)
    vectors[there] = standard @ directions.T
    names = [f"Left_PC{number:02d}" for number in range(1, len(directions) + 1)]
    grid: dict[str, Any] = {"lead": list(LEADS), "offset": offsets(WINDOW_S)}
    shape = (len(LEADS), len(grid["offset"]))
    shapes = (directions * scale).reshape(-1, *shape).astype(np.float32)
    return BeatResidual(
        xr.DataArray(vectors, dims=("record", "latent"), coords={"record": record, "latent": names}),
        xr.DataArray(shapes, dims=("latent", "lead", "offset"), coords={"latent": names, **grid}),
        xr.DataArray(scale.reshape(shape).astype(np.float32), dims=("lead", "offset"), coords=grid),
        left.explained,
    )
