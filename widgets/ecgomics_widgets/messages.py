"""Binary messages to the browser: a JSON header and typed arrays in one piece of bytes, so that they arrive together.

Layout: uint32 length of the header (little endian), the header (UTF-8 JSON), then each array at an 8-byte boundary.
The header's ``arrays`` says name, dtype, size and offset (counted from the first boundary after the header) of each.
`esm/strip/codec.js` reads it.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgomics_widgets.hosting import plain

GAP = -32768
"""The int16 that stands for a missing sample."""

_STEP = 8
_DTYPES = ("int16", "uint8", "int8", "float32", "float64")


def pack(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Put a header and arrays into one message.

    Parameters
    ----------
    header
        What JSON can hold; numbers that are not finite become null.
    arrays
        By name; dtype int16, uint8, int8, float32 or float64, any shape (sent flat, in C order).
    """
    parts: list[bytes] = []
    table: dict[str, dict[str, Any]] = {}
    offset = 0
    for name, array in arrays.items():
        if array.dtype.name not in _DTYPES:
            raise TypeError(f"array {name!r} is {array.dtype}; expected one of {', '.join(_DTYPES)}")
        data = np.ascontiguousarray(array).tobytes()
        table[name] = {"dtype": array.dtype.name, "size": int(array.size), "offset": offset}
        parts.append(_padded(data))
        offset += len(parts[-1])
    text = json.dumps({**plain(header), "arrays": table}, separators=(",", ":")).encode()
    return b"".join([_padded(struct.pack("<I", len(text)) + text), *parts])


def unpack(message: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Header and flat arrays of a message (the browser's half, for Python)."""
    (length,) = struct.unpack_from("<I", message)
    header = json.loads(message[4 : 4 + length])
    base = -(-(4 + length) // _STEP) * _STEP
    arrays = {
        name: np.frombuffer(message, dtype=entry["dtype"], count=entry["size"], offset=base + entry["offset"])
        for name, entry in header.pop("arrays").items()
    }
    return header, arrays


def quantise(values: NDArray[np.floating[Any]]) -> tuple[NDArray[np.int16], NDArray[np.float64], NDArray[np.float64]]:
    """Voltages as int16 with a scale and an offset for each lead.

    Parameters
    ----------
    values
        Dims (lead, …), mV; values that are not finite are gaps.

    Returns
    -------
    tuple
        int16 of the same dims (`GAP` where missing), scale (lead,) in mV a step and offset (lead,) in mV. The error is
        at most half a step: 0.08 µV where a lead spans 10 mV.
    """
    flat = np.asarray(values, dtype=np.float64).reshape(len(values), int(np.prod(np.shape(values)[1:])))
    known = np.isfinite(flat)
    low = np.min(np.where(known, flat, np.inf), axis=1, initial=np.inf)
    high = np.max(np.where(known, flat, -np.inf), axis=1, initial=-np.inf)
    empty = ~(low <= high)
    low, high = np.where(empty, 0.0, low), np.where(empty, 0.0, high)
    offset = (low + high) / 2
    scale = np.maximum((high - low) / 2 / 32767, 1e-9)
    steps = np.rint((np.where(known, flat, offset[:, None]) - offset[:, None]) / scale[:, None])
    coded = np.where(known, np.clip(steps, -32767, 32767), GAP).astype(np.int16)
    return coded.reshape(np.shape(values)), scale, offset


def _padded(data: bytes) -> bytes:
    return data + b"\x00" * (-len(data) % _STEP)
