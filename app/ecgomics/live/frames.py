"""Frames: how samples lie in a journal's segments.

A segment begins with ``<6sHIQ``: ``ECGSEG``, version 1, rows a sample, number of the stream's next sample when it was
begun. Frames follow: ``<4sIQIIdd``: ``ECGF``, CRC-32 of all that follows it in the frame, number of the first sample,
samples, rows, arrival (s since 1970), the source's clock (s; NaN: none); then float32 mV, little-endian, sample after
sample.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ecgomics.errors import FormatError
from ecgomics.live.block import Samples

VERSION = 1
MOST_SAMPLES = 1 << 20
"""Samples of all rows together in one frame."""

_SEGMENT = struct.Struct("<6sHIQ")
_FRAME = struct.Struct("<4sIQIIdd")
_SEGMENT_MAGIC, _MAGIC = b"ECGSEG", b"ECGF"
_CHECKED = 8

SEGMENT_BYTES = _SEGMENT.size


@dataclass(frozen=True, eq=False)
class Frame:
    """Samples that were written together.

    Parameters
    ----------
    first
        Number of the first sample.
    values
        Dims (lead, time), float32 mV.
    came
        Arrival of the last sample, s since 1970.
    clock_s
        The source's clock at the first sample, s; NaN when it has none.
    """

    first: int
    values: Samples
    came: float
    clock_s: float

    @property
    def stop(self) -> int:
        """Number after the last sample."""
        return self.first + int(self.values.shape[1])


def packed(frame: Frame) -> bytes:
    """A frame as bytes."""
    payload = np.ascontiguousarray(frame.values.T, dtype="<f4").tobytes()
    rows, count = frame.values.shape
    head = _FRAME.pack(_MAGIC, 0, frame.first, count, rows, frame.came, frame.clock_s)
    check = zlib.crc32(payload, zlib.crc32(head[_CHECKED:]))
    return _MAGIC + struct.pack("<I", check) + head[_CHECKED:] + payload


def segment_head(*, rows: int, next_: int) -> bytes:
    """What a segment begins with."""
    return _SEGMENT.pack(_SEGMENT_MAGIC, VERSION, rows, next_)


def segment_begins(path: Path, *, rows: int) -> int | None:
    """Number of the stream's next sample when a segment was begun; None when its beginning never reached the disk.

    Raises
    ------
    FormatError
        For a segment of another version.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_SEGMENT.size)
    except FileNotFoundError:
        return None
    if len(data) < _SEGMENT.size:
        return None
    magic, version, width, number = _SEGMENT.unpack(data)
    if magic != _SEGMENT_MAGIC or width != rows:
        return None
    if version != VERSION:
        raise FormatError(
            f"a segment of version {version}",
            expected=f"version {VERSION}",
            remedy="read it with the release of ECGomics that wrote it, or a newer one",
        )
    return int(number)


@dataclass
class Scan:
    """Frames of a segment's bytes, from a place on.

    Parameters
    ----------
    data
        Bytes of a segment from `at` on.
    rows
        Rows of the stream.
    at
        Place of the first byte in its file.

    Attributes
    ----------
    whole
        Place after the last whole frame: where to go on when more has been written.
    damaged
        Bytes passed over between whole frames.
    """

    data: bytes
    rows: int
    at: int = 0

    def __post_init__(self) -> None:
        self.whole = self.at
        self.damaged = 0

    def __iter__(self) -> Iterator[Frame]:
        place = 0
        while (found := self._next(place)) is not None:
            start, frame = found
            self.damaged += start - place
            place = start + _FRAME.size + 4 * frame.values.size
            self.whole = self.at + place
            yield frame

    def _next(self, place: int) -> tuple[int, Frame] | None:
        """The first whole frame at a place or after it."""
        while place >= 0 and place + _FRAME.size <= len(self.data):
            frame = self._frame(place)
            if frame is not None:
                return place, frame
            place = self.data.find(_MAGIC, place + 1)
        return None

    def _frame(self, place: int) -> Frame | None:
        magic, check, first, count, rows, came, clock_s = _FRAME.unpack_from(self.data, place)
        if magic != _MAGIC or rows != self.rows or not 0 < count * rows <= MOST_SAMPLES:
            return None
        start = place + _FRAME.size
        stop = start + 4 * count * rows
        if stop > len(self.data) or zlib.crc32(memoryview(self.data)[place + _CHECKED : stop]) != check:
            return None
        values = np.frombuffer(self.data, dtype="<f4", count=count * rows, offset=start).reshape(count, rows).T
        return Frame(first, values, came, clock_s)
