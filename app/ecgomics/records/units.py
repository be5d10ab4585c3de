"""Voltage units and how many mV they are."""

from __future__ import annotations

import re

from ecgomics.errors import FormatError, did_you_mean

_MV = {"mv": 1.0, "millivolt": 1.0, "uv": 1e-3, "microvolt": 1e-3, "nv": 1e-6, "nanovolt": 1e-6, "v": 1e3, "volt": 1e3}
_MULTIPLE = re.compile(r"^\s*(\d{1,9}(?:\.\d{1,12})?|\.\d{1,12}|1e-?\d{1,2})\s*([a-zµμ]+)\s*$", re.IGNORECASE)


def _key(unit: str) -> str:
    key = unit.strip().lower().replace("µ", "u").replace("μ", "u")
    return re.sub(r"s$", "", key)


def is_voltage(unit: str) -> bool:
    """Whether `unit` is one of V, mV, µV, nV in any usual spelling."""
    return _key(unit) in _MV


def mv_per(unit: str) -> float:
    """Factor that turns `unit` into mV; a number may stand before it, as in ``"0.1 mV"`` (CODE-15 %) or ``"5 uV"``.

    Raises
    ------
    FormatError
        When `unit` is not a voltage this house knows.
    """
    multiple = _MULTIPLE.match(unit)
    factor, word = (float(multiple[1]), multiple[2]) if multiple else (1.0, unit)
    try:
        return factor * _MV[_key(word)]
    except KeyError:
        near = did_you_mean(_key(word), _MV)
        raise FormatError("a unit that is no voltage", expected="mV, uV, V or nV", remedy=near) from None
