"""Beats to numbers: the catalogue of biomarkers as data, and what computes it. Pure: arrays in, Datasets out."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ecgomics.biomarkers.extractors import against_neurokit, from_ptbxl_plus
from ecgomics.biomarkers.families import Biomarker, catalogue, columns, describe
from ecgomics.biomarkers.figure import figure

if TYPE_CHECKING:
    from ecgomics.biomarkers.comparative import compare
    from ecgomics.biomarkers.measurement import measure
    from ecgomics.biomarkers.serial import change, disagreement, repeatability, trend

__all__ = [
    "Biomarker",
    "against_neurokit",
    "catalogue",
    "change",
    "columns",
    "compare",
    "describe",
    "disagreement",
    "figure",
    "from_ptbxl_plus",
    "measure",
    "repeatability",
    "trend",
]

_HOMES = {
    "measure": "measurement",
    "compare": "comparative",
    "change": "serial",
    "disagreement": "serial",
    "repeatability": "serial",
    "trend": "serial",
}


def __getattr__(name: str) -> Any:
    # the computing half brings numba along, the catalogue alone does not
    if name in _HOMES:
        return getattr(importlib.import_module(f"ecgomics.biomarkers.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'ecgomics.biomarkers' has no attribute {name!r}")
