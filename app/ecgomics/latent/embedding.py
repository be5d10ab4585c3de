"""`Embedding`: one vector a record, and everything needed to make the next one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from ecgomics.errors import SignalError
from ecgomics.latent.packing import as_text, from_text, packed, unpacked

_FIT = "fit_"


@dataclass(frozen=True)
class Embedding:
    """Vectors of a set of records.

    Parameters
    ----------
    vectors
        float32, (record, latent), finite, or NaN throughout for a record that could not be embedded. `latent` names
        what each number is.
    coverage
        float32, (record), 0 to 1: share of what the encoder wants to see that was there.
    encoder
        Name of the encoder.
    meta
        Version, recipe and settings, in a form JSON can hold.
    fit
        The fitted encoder as arrays; its own `from_dataset` reads it, so that new records are transformed, not
        fitted again.
    """

    vectors: xr.DataArray
    coverage: xr.DataArray
    encoder: str
    meta: dict[str, Any] = field(default_factory=dict)
    fit: xr.Dataset = field(default_factory=xr.Dataset)

    def to_dataset(self) -> xr.Dataset:
        """One Dataset for the store: `vectors`, `coverage`, and the fit under names that begin with `fit_`."""
        fit = packed(self.fit, prefix=_FIT)
        told = {"encoder": self.encoder, "meta": as_text(self.meta), "fit": as_text(self.fit.attrs)}
        return xr.Dataset(
            {"vectors": self.vectors, "coverage": self.coverage} | {name: fit[name] for name in fit.data_vars},
            coords=dict(fit.coords),
            attrs=told,
        )

    @classmethod
    def from_dataset(cls, stored: xr.Dataset) -> Embedding:
        """The embedding of a stored Dataset.

        Raises
        ------
        SignalError
            When the Dataset is no embedding.
        """
        if "vectors" not in stored or "encoder" not in stored.attrs:
            raise SignalError(
                "a Dataset without vectors or the name of their encoder",
                expected="one that Embedding.to_dataset made",
                remedy="embed the cohort again",
            )
        fit = unpacked(stored, prefix=_FIT).assign_attrs(from_text(stored.attrs.get("fit")))
        meta = from_text(stored.attrs.get("meta"))
        return cls(stored["vectors"], stored["coverage"], str(stored.attrs["encoder"]), meta, fit)


def finite_rows(vectors: xr.DataArray) -> np.ndarray:
    """Records that have a vector (bool, record)."""
    return np.asarray(np.isfinite(vectors.values).all(axis=1))
