"""Signals to beats: filter, quality, detect, delineate, representative beat. Pure: arrays in, Datasets out."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ecgomics.waves.beats import Beats
from ecgomics.waves.shipped import weights_digest

if TYPE_CHECKING:
    from ecgomics.waves.delineation import delineate
    from ecgomics.waves.filtering import measurement
    from ecgomics.waves.hours import hourly
    from ecgomics.waves.rpeaks import r_peaks

__all__ = ["Beats", "delineate", "hourly", "measurement", "r_peaks", "weights_digest"]

_HOMES = {"delineate": "delineation", "hourly": "hours", "measurement": "filtering", "r_peaks": "rpeaks"}


def __getattr__(name: str) -> Any:
    # numba loads when waves are first looked for: whoever only opens a cohort needs `Beats` alone
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
