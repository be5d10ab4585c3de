"""`Octets`: the bytes of a binary file, read by position and never beyond their end."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from ecgomics.errors import FormatError

_CRC_TABLE: list[int] = []


@dataclass(frozen=True)
class Octets:
    """Little-endian bytes; every read outside them is a `FormatError` that says where.

    Parameters
    ----------
    data
        The bytes.
    name
        What they are, for messages: ``"an SCP-ECG file"``.
    origin
        Position of the first of them in the file.
    """

    data: bytes
    name: str
    origin: int = 0

    @classmethod
    def of(cls, path: Path, name: str, *, limit: int) -> Octets:
        """The bytes of a file of at most `limit` bytes."""
        size = path.stat().st_size
        if size > limit:
            raise FormatError(f"{name} of {size} bytes", expected=f"at most {limit}")
        return cls(path.read_bytes(), name)

    def __len__(self) -> int:
        return len(self.data)

    def part(self, at: int, length: int, *, name: str = "") -> Octets:
        """`length` bytes from `at`."""
        if at < 0 or length < 0 or at + length > len(self.data):
            raise FormatError(
                f"{self.name} that is truncated: {length} bytes wanted at byte {self.origin + at} of "
                f"{self.origin + len(self.data)}",
                expected="a whole file",
                remedy="fetch the file again",
            )
        return Octets(self.data[at : at + length], name or self.name, self.origin + at)

    def u8(self, at: int) -> int:
        """Unsigned byte."""
        return self.part(at, 1).data[0]

    def u16(self, at: int) -> int:
        """Unsigned, two bytes."""
        return int(struct.unpack("<H", self.part(at, 2).data)[0])

    def i16(self, at: int) -> int:
        """Signed, two bytes."""
        return int(struct.unpack("<h", self.part(at, 2).data)[0])

    def u32(self, at: int) -> int:
        """Unsigned, four bytes."""
        return int(struct.unpack("<I", self.part(at, 4).data)[0])

    def i32(self, at: int) -> int:
        """Signed, four bytes."""
        return int(struct.unpack("<i", self.part(at, 4).data)[0])

    def text(self, at: int, length: int) -> str:
        """Text up to the first zero byte: UTF-8, else Latin-1; control characters dropped."""
        raw = self.part(at, length).data.split(b"\x00")[0]
        try:
            words = raw.decode("utf-8")
        except UnicodeDecodeError:
            words = raw.decode("latin-1")
        return " ".join("".join(c if c.isprintable() else " " for c in words).split())


def crc_ccitt(data: bytes, *, start: int = 0xFFFF) -> int:
    """CRC-16 of polynomial x¹⁶+x¹²+x⁵+1, most significant bit first (SCP-ECG EN 1064 5.2, ISHNE Holter)."""
    if not _CRC_TABLE:
        for byte in range(256):
            value = byte << 8
            for _ in range(8):
                value = (value << 1) ^ (0x1021 if value & 0x8000 else 0)
            _CRC_TABLE.append(value & 0xFFFF)
    crc = start
    for byte in data:
        crc = ((crc << 8) & 0xFFFF) ^ _CRC_TABLE[(crc >> 8) ^ byte]
    return crc
