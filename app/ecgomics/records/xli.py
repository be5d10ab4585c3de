"""The XLI coding of Philips waveforms: LZW of ten bits, bytes split in halves, and second differences.

Known from the description in the sierra-ecg-tools project (MIT); written anew here.
"""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

from ecgomics.errors import FormatError

MAX_PACKED_BYTES = 5_000_000
MAX_BYTES = 20_000_000
"""Bytes one lead may expand to."""

MAX_LEADS = 64

_BITS = 10
_LAST_CODE = (1 << _BITS) - 2


def decode_xli(data: bytes) -> list[npt.NDArray[np.int64]]:
    """The leads of a compressed block, in its own units and order.

    Raises
    ------
    FormatError
        For a chunk that is truncated or whose codes lead nowhere; with its byte.
    """
    if len(data) > MAX_PACKED_BYTES:
        raise FormatError(f"XLI data of {len(data)} bytes", expected=f"at most {MAX_PACKED_BYTES}")
    leads: list[npt.NDArray[np.int64]] = []
    at = 0
    while at + 8 <= len(data) and len(leads) < MAX_LEADS:
        size, _, first = struct.unpack_from("<ihh", data, at)
        if size <= 0 or at + 8 + size > len(data):
            raise FormatError(
                f"an XLI chunk of {size} bytes at byte {at} of {len(data)}",
                expected="a chunk within the data",
                remedy="fetch the file again",
            )
        leads.append(_integrated(_expanded(data[at + 8 : at + 8 + size], at), first))
        at += 8 + size
    return leads


def _expanded(data: bytes, at: int) -> bytes:
    """LZW with a table that stops growing at 1023 codes and is never cleared."""
    table: list[bytes] = [bytes([value]) for value in range(256)]
    parts: list[bytes] = []
    previous = b""
    length = 0
    for code in _codes(data):
        if code > _LAST_CODE:
            break
        if code < len(table):
            entry = table[code]
        elif code == len(table) and previous:
            entry = previous + previous[:1]
        else:
            raise FormatError(f"an XLI code that is not in its table, in the chunk at byte {at}")
        if previous and len(table) <= _LAST_CODE:
            table.append(previous + entry[:1])
        parts.append(entry)
        length += len(entry)
        if length > MAX_BYTES:
            raise FormatError(f"an XLI chunk of more than {MAX_BYTES} bytes", expected="one lead")
        previous = entry
    return b"".join(parts)


def _codes(data: bytes) -> list[int]:
    bits = np.unpackbits(np.frombuffer(data, dtype=np.uint8))
    whole = bits[: bits.size // _BITS * _BITS].reshape(-1, _BITS).astype(np.int64)
    weights = 1 << np.arange(_BITS - 1, -1, -1)
    return [int(code) for code in whole @ weights]


def _integrated(data: bytes, first: int) -> npt.NDArray[np.int64]:
    """Samples from bytes: high halves first, then low ones; then x[i] = 2x[i-1] - x[i-2] - (d[i-1] - 64)."""
    raw = np.frombuffer(data + b"\x00" * (len(data) % 2), dtype=np.uint8)
    half = raw.size // 2
    if half < 2:
        raise FormatError("an XLI chunk of less than two samples", expected="a lead")
    deltas = ((raw[:half].astype(np.uint16) << 8) | raw[half:]).view(np.int16).astype(np.int64)
    bends = deltas[1:-1] - 64
    if bends.size:
        bends[0] = first
    slopes = np.concatenate([deltas[1:2] - deltas[:1], -bends])
    return np.cumsum(np.concatenate([deltas[:1], np.cumsum(slopes)]))
