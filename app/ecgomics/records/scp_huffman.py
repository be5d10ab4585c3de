"""Huffman coding of SCP-ECG samples: the default table, tables of the file, and switching between them.

Standard: EN 1064 (ISO 11073-91064), 5.5 and annex C.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ecgomics.errors import FormatError
from ecgomics.records.octets import Octets

DEFAULT_TABLE = 19999
MAX_PREFIX_BITS = 16

_MAX_TABLES = 64
_MAX_CODES = 2048


@dataclass(frozen=True)
class Code:
    """One code: its prefix, how many literal bits follow, and what it stands for.

    Parameters
    ----------
    prefix, prefix_bits
        The bits as read, first bit highest.
    literal_bits
        Bits of a signed number that follows and is the value; 0 when `value` is.
    value
        The sample value.
    switch_to
        Number of the table (from 0) that holds from here on, for a code that is no sample; else -1.
    """

    prefix: int
    prefix_bits: int
    literal_bits: int
    value: int
    switch_to: int = -1


def _default() -> tuple[Code, ...]:
    codes = [Code(0, 1, 0, 0)]
    for size in range(1, 9):
        start = ((1 << size) - 1) << 2  # `size` ones, a zero, and the sign
        codes += [Code(start, size + 2, 0, size), Code(start + 1, size + 2, 0, -size)]
    ones = (1 << 10) - 1
    return (*codes, Code(ones - 1, 10, 8, 0), Code(ones, 10, 16, 0))


DEFAULT_CODES = _default()
"""The table of annex C: 0, ±1 … ±8 in 1 to 10 bits, then 8-bit and 16-bit numbers behind ten bits."""


class Huffman:
    """A decoder for one set of tables."""

    def __init__(self, tables: Sequence[Sequence[Code]]) -> None:
        self._tables = [_lookup(codes) for codes in tables]

    def decode(self, data: Octets, count: int) -> npt.NDArray[np.int64]:
        """`count` samples of a lead's bits.

        Raises
        ------
        FormatError
            When the bits end early or are no code; with the byte.
        """
        width = MAX_PREFIX_BITS
        mask = (1 << width) - 1
        padded = int.from_bytes(data.data + b"\x00" * 4, "big")
        total = 8 * (len(data) + 4)
        end = 8 * len(data)
        values: list[int] = []
        at, table = 0, self._tables[0]
        # a big integer is slow to shift, so it is read in words of 4096 bits
        block_bits = 4096
        block_at, block, block_top = 0, 0, 0
        while len(values) < count:
            if at >= end:
                raise _damaged(f"{len(values)} of {count} samples", data, at)
            if at + width + 16 > block_top:
                block_at, block_top = at, min(total, at + block_bits)
                block = (padded >> (total - block_top)) & ((1 << (block_top - block_at)) - 1)
            entry = table[(block >> (block_top - at - width)) & mask]
            if entry is None:
                raise _damaged("bits that are no Huffman code", data, at)
            at += entry.prefix_bits
            if entry.switch_to >= 0:
                if entry.switch_to >= len(self._tables):
                    raise _damaged("a switch to a Huffman table that is not there", data, at)
                table = self._tables[entry.switch_to]
                continue
            if entry.literal_bits:
                size = entry.literal_bits
                raw = (block >> (block_top - at - size)) & ((1 << size) - 1)
                values.append(raw - (1 << size) if raw >> (size - 1) else raw)
                at += size
            else:
                values.append(entry.value)
        if at > end:
            raise _damaged("Huffman bits that end within a sample", data, at)
        return np.array(values, dtype=np.int64)


def read_tables(section: Octets) -> Huffman:
    """The decoder an SCP-ECG section 2 asks for.

    Raises
    ------
    FormatError
        For tables that are truncated, ambiguous or larger than any real one.
    """
    count = section.u16(0)
    if count == DEFAULT_TABLE:
        return Huffman([DEFAULT_CODES])
    if not 0 < count <= _MAX_TABLES:
        raise FormatError(f"an SCP-ECG file of {count} Huffman tables", expected=f"1 to {_MAX_TABLES}")
    tables, at = [], 2
    for _ in range(count):
        size = section.u16(at)
        if not 0 < size <= _MAX_CODES:
            raise FormatError(f"an SCP-ECG Huffman table of {size} codes", expected=f"1 to {_MAX_CODES}")
        tables.append([_code(section, at + 2 + 9 * row) for row in range(size)])
        at += 2 + 9 * size
    return Huffman(tables)


def _code(section: Octets, at: int) -> Code:
    prefix_bits, total_bits, stays = section.u8(at), section.u8(at + 1), section.u8(at + 2)
    value, stored = section.i16(at + 3), section.u32(at + 5)
    literal_bits = total_bits - prefix_bits
    if not 0 < prefix_bits <= MAX_PREFIX_BITS or not 0 <= literal_bits <= 16:
        raise FormatError(
            f"an SCP-ECG Huffman code of {prefix_bits} and {literal_bits} bits at byte {section.origin + at}",
            expected=f"1 to {MAX_PREFIX_BITS} bits, and up to 16 of a number",
        )
    # stored with the first bit lowest
    prefix = int(f"{stored & ((1 << prefix_bits) - 1):0{prefix_bits}b}"[::-1], 2)
    return Code(prefix, prefix_bits, literal_bits, value, -1 if stays else value - 1)


def _lookup(codes: Sequence[Code]) -> list[Code | None]:
    """The code that begins any sixteen bits."""
    table: list[Code | None] = [None] * (1 << MAX_PREFIX_BITS)
    for code in codes:
        free = MAX_PREFIX_BITS - code.prefix_bits
        first = code.prefix << free
        if any(taken is not None for taken in table[first : first + (1 << free)]):
            raise FormatError("SCP-ECG Huffman codes of which one begins another", expected="a prefix code")
        table[first : first + (1 << free)] = [code] * (1 << free)
    return table


def _damaged(what: str, data: Octets, bit: int) -> FormatError:
    return FormatError(
        f"SCP-ECG data with {what} at byte {data.origin + bit // 8}",
        expected="Huffman codes of the file's tables",
        remedy="fetch the file again",
    )
