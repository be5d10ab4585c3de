"""Voltage units and how many mV they are."""

from __future__ import annotations

import re

from ecgomics.errors import FormatError, did_you_mean

_MV = {"mv": 1.0, "millivolt": 1.0, "uv": 1e-3, "microvolt": 1e-3, "nv": 1e-6, "nanovolt": 1e-6, "v": 1e3, "volt": 1e3}


def _key(unit: str) -> str:
    key = unit.strip().lower().replace("µ", "u").replace("μ", "u")
    return re.sub(r"s$", "", key)


def is_voltage(unit: str) -> bool:
    """Whether `unit` is one of V, mV, µV, nV in any usual spelling."""
    return _key(unit) in _MV


def mv_per(unit: str) -> float:
    """Factor that turns `unit` into mV.

    Raises
    ------
    FormatError
        When `unit` is not a voltage this house knows.
    """
    try:
        return _MV[_key(unit)]
    except KeyError:
        near = did_you_mean(_key(unit), _MV)
        raise FormatError("a unit that is no voltage", expected="mV, uV, V or nV", remedy=near) from None
