"""Polar Measurement Data over Bluetooth: what an H10 is asked, what it answers, and its frames of ECG.

By the maker's public description (Polar Measurement Data Specification, and the response codes of the public Polar BLE
SDK): one lead at 130 Hz, µV as signed 24-bit numbers, the strap's own clock in ns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgomics.errors import FormatError

SERVICE = "fb005c80-02e7-f387-1cad-8acd2d8df0c8"
CONTROL = "fb005c81-02e7-f387-1cad-8acd2d8df0c8"
DATA = "fb005c82-02e7-f387-1cad-8acd2d8df0c8"

RATE_HZ = 130.0
ECG = 0x00
START = bytes((0x02, ECG, 0x00, 0x01, 130, 0x00, 0x01, 0x01, 14, 0x00))
"""Begin to stream ECG: setting 0 (rate) one value 130, setting 1 (resolution) one value 14."""
STOP = bytes((0x03, ECG))

ANSWER = 0xF0
ALREADY = 6
"""The stream runs from before: as good as begun."""
CODES = {
    1: "an unknown command",
    2: "an unknown measurement",
    3: "not supported",
    4: "a request of the wrong length",
    5: "a parameter it does not take",
    7: "a resolution it does not have",
    8: "a rate it does not have",
    10: "packets that are too small",
    12: "not in its present state",
    13: "it is in its charger",
}

_HEAD = 10
_COMPRESSED = 0x80


@dataclass(frozen=True)
class Frame:
    """Samples of one notification.

    Attributes
    ----------
    stamp_ns
        The strap's clock at the last sample, ns; it may be set, or begin anew, at any time.
    microvolts
        dims (time), int32, µV, about ±8192 in a 14-bit measurement.
    """

    stamp_ns: int
    microvolts: NDArray[np.int32]


def frame_of(data: bytes) -> Frame:
    """Read a notification of the data characteristic.

    Raises
    ------
    FormatError
        For anything but a whole, uncompressed frame of ECG.
    """
    if len(data) < _HEAD + 3 or data[0] != ECG:
        raise FormatError(f"{len(data)} bytes that are no ECG of the strap", expected="a frame of measurement 0")
    if data[9] & _COMPRESSED or data[9] != 0:
        raise FormatError(f"an ECG frame of kind {data[9]}", expected="kind 0, uncompressed")
    if (len(data) - _HEAD) % 3:
        raise FormatError("an ECG frame that ends within a sample", expected="3 bytes a sample")
    octets = np.frombuffer(data, np.uint8, offset=_HEAD).reshape(-1, 3).astype(np.int32)
    raw = octets[:, 0] | octets[:, 1] << 8 | octets[:, 2] << 16
    return Frame(int.from_bytes(data[1:9], "little"), np.where(raw >= 1 << 23, raw - (1 << 24), raw).astype(np.int32))


def refusal_of(answer: bytes, *, to: bytes) -> str | None:
    """What a control point's answer says of a request: "" when it was done, the reason when not, none for others."""
    if len(answer) < 4 or answer[0] != ANSWER or answer[1:3] != to[:2]:
        return None
    code = answer[3]
    return "" if code in (0, ALREADY) else CODES.get(code, f"code {code}")
