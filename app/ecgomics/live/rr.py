"""The Heart Rate Measurement of the Bluetooth SIG (characteristic 0x2A37): rate, contact, RR intervals."""

from __future__ import annotations

from dataclasses import dataclass

from ecgomics.errors import FormatError

UNIT_S = 1 / 1024
"""RR intervals come in 1024ths of a second (GATT Specification Supplement, Heart Rate Measurement)."""

_WIDE, _CONTACT, _CONTACT_KNOWN, _ENERGY, _RR = 0x01, 0x02, 0x04, 0x08, 0x10


@dataclass(frozen=True)
class Measurement:
    """One notification.

    Attributes
    ----------
    rate_bpm
        The strap's own rate, per minute; 0 when it finds none.
    contact
        Whether it touches the skin; none when it cannot tell.
    rr_s
        RR intervals since the last notification, the oldest first, s.
    """

    rate_bpm: int
    contact: bool | None
    rr_s: tuple[float, ...]


def measurement_of(data: bytes) -> Measurement:
    """Read a notification.

    Raises
    ------
    FormatError
        When it is shorter than its flags say, or ends within an RR interval.

    Examples
    --------
    >>> measurement_of(bytes((0x10, 60, 0x00, 0x04)))
    Measurement(rate_bpm=60, contact=None, rr_s=(1.0,))
    """
    flags = data[0] if data else 0
    start = (3 if flags & _WIDE else 2) + (2 if flags & _ENERGY else 0)
    if len(data) < start or (flags & _RR and (len(data) - start) % 2):
        raise FormatError(f"a heart rate measurement of {len(data)} bytes", expected="as many as its flags say")
    rate = int.from_bytes(data[1 : 3 if flags & _WIDE else 2], "little")
    contact = bool(flags & _CONTACT) if flags & _CONTACT_KNOWN else None
    intervals = range(start, len(data) - 1, 2) if flags & _RR else ()
    rr_s = tuple(int.from_bytes(data[at : at + 2], "little") * UNIT_S for at in intervals)
    return Measurement(rate, contact, rr_s)
