"""MATLAB version 5 files, walked through before scipy reads them: how far they expand, and how deep they nest.

scipy follows nested cells and structs by recursion in compiled code, and a file of a few thousand levels takes the
process down (scipy 1.17). So their number is bounded here; that bounds the depth, whatever the lengths claim.
Format: MathWorks, MAT-File Format, level 5.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

from ecgomics.errors import FormatError

MAX_EXPANDED_BYTES = 500_000_000
MAX_VARIABLES = 10_000
MAX_MATRICES = 500
"""Matrices in one variable: a struct's fields and a cell's cells count."""

_MATRIX, _COMPRESSED, _FLAGS = 14, 15, 6
_PLAIN_CLASSES = (1, 2, *range(4, 16))
"""Cells, structs, text, sparse and numbers; not objects, functions and what only MATLAB can read."""


def check_matlab_5(path: Path) -> None:
    """Refuse what would exhaust memory or the stack.

    Raises
    ------
    FormatError
        For a file that expands beyond `MAX_EXPANDED_BYTES`, or nests more than `MAX_MATRICES` matrices in a variable.
    """
    with path.open("rb") as file:
        head = file.read(128)
        if not head.startswith(b"MATLAB 5"):
            return
        order = "<" if head[126:128] == b"IM" else ">"
        expanded = variables = 0
        while len(tag := file.read(8)) == 8:
            kind, length = struct.unpack(f"{order}II", tag)
            variables += 1
            if variables > MAX_VARIABLES:
                raise FormatError(f"a MATLAB file of more than {MAX_VARIABLES} variables", expected="one recording")
            data = file.read(min(length, path.stat().st_size))
            if kind == _COMPRESSED:
                data = _expanded(data, MAX_EXPANDED_BYTES - expanded)
                expanded += len(data)
                _check_nesting(data, order)
            elif kind == _MATRIX:
                _check_nesting(tag + data, order)


def _expanded(data: bytes, limit: int) -> bytes:
    stream = zlib.decompressobj()
    result = stream.decompress(data, max(1, limit))
    if stream.unconsumed_tail or len(result) >= limit:
        raise FormatError("a MATLAB file that expands without end", expected=f"at most {MAX_EXPANDED_BYTES} bytes")
    return result


def _check_nesting(data: bytes, order: str) -> None:
    """Count the matrices among the elements, which follow one another whatever contains them."""
    at = matrices = 0
    top = True
    while at + 8 <= len(data):
        kind, length = struct.unpack_from(f"{order}II", data, at)
        if kind >> 16:  # a small element: its data are in the tag
            at += 8
            continue
        if kind == _MATRIX:
            matrices += 1
            if matrices > MAX_MATRICES:
                raise FormatError(f"a MATLAB variable of more than {MAX_MATRICES} parts", expected="one recording")
            at += 8
            continue
        if kind == _FLAGS:
            number = struct.unpack_from(f"{order}I", data, at + 8)[0] & 0xFF if at + 12 <= len(data) else 0
            if length != 8 or (number not in _PLAIN_CLASSES and not top):
                raise FormatError("a MATLAB variable that holds an object or function", expected="numbers and text")
            if number not in _PLAIN_CLASSES:
                return  # a variable that is not asked for
            top = False
        at += 8 + length + (-length % 8)
