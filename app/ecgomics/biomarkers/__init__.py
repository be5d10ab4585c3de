"""Beats to numbers: the catalogue of biomarkers as data, and what computes it. Pure: arrays in, Datasets out."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ecgomics.biomarkers.families import Biomarker, catalogue, columns, describe

if TYPE_CHECKING:
    from ecgomics.biomarkers.comparative import compare
    from ecgomics.biomarkers.measurement import measure

__all__ = ["Biomarker", "catalogue", "columns", "compare", "describe", "measure"]


def __getattr__(name: str) -> Any:
    # the computing half brings numba along, the catalogue alone does not
    if name in ("measure", "compare"):
        home = "measurement" if name == "measure" else "comparative"
        return getattr(importlib.import_module(f"ecgomics.biomarkers.{home}"), name)
    raise AttributeError(f"module 'ecgomics.biomarkers' has no attribute {name!r}")
