"""What goes over the streaming connection: its messages and its frames of samples; `streaming.md` tells it in words."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from importlib import resources
from typing import Annotated, Literal, TypeVar

import numpy as np
from pydantic import Field, TypeAdapter, ValidationError

from ecgomics.live.block import Samples
from ecgomics.service.api.schema import LeadName, Strict, Text

PROTOCOL = "ecgomics.stream.v1"
"""Subprotocol, for browsers, which name it beside ``bearer.KEY``."""

ABOUT = resources.files(__package__).joinpath("streaming.md").read_text("utf-8")
"""The protocol in words, for people and for the OpenAPI document."""

LARGEST_BYTES = 1_000_000
"""Of one message."""
LARGEST_TEXT = 16_384
LARGEST_MV = 1000.0
LONGEST_RR_S = 60.0
MISSING = -32768
HEAD = struct.Struct("<QI")


class ClosedError(Exception):
    """The connection is closed with a code and a reason, which is shown to the other side."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        # RFC 6455, 5.5: a control frame holds 125 bytes, two of them the code
        self.code, self.reason = code, reason.encode()[:123].decode(errors="ignore")


Sample = Literal["float32", "int16"]
StreamId = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,80}$")]


class Hello(Strict):
    """A sender's first message."""

    type: Literal["hello"]
    version: Literal[1] = 1
    name: Text = ""
    leads: list[LeadName] = Field(max_length=64)
    rate_hz: float = Field(ge=0, le=20_000)
    sample: Sample = "float32"
    scale_mv: float = Field(0.001, gt=0, le=1)
    device: Text = ""
    origin: Text = ""
    synthetic: bool = False
    record: bool = False
    stream: StreamId | None = None


class Watch(Strict):
    """A viewer's first message."""

    type: Literal["watch"]
    version: Literal[1] = 1
    stream: StreamId
    since: int | None = Field(None, ge=0, lt=1 << 53)
    tail_s: float = Field(10.0, ge=0, le=600)
    sample: Sample = "float32"
    scale_mv: float = Field(0.001, gt=0, le=1)


class SenderStatus(Strict):
    """How a sender is."""

    type: Literal["status"]
    state: Literal["live", "lost"] = "live"
    battery: float | None = Field(None, ge=0, le=1)
    reason: Text = ""


class Ping(Strict):
    """Are you there?"""

    type: Literal["ping"]


class End(Strict):
    """Nothing more will come."""

    type: Literal["end"]


_FIRST: TypeAdapter[Hello | Watch] = TypeAdapter(Annotated[Hello | Watch, Field(discriminator="type")])
_LATER: TypeAdapter[SenderStatus | Ping | End] = TypeAdapter(
    Annotated[SenderStatus | Ping | End, Field(discriminator="type")]
)


_Message = TypeVar("_Message")


def first_of(text: str) -> Hello | Watch:
    """Read a first message. Raises ClosedError."""
    return _read(_FIRST, text)


def later_of(text: str) -> SenderStatus | Ping | End:
    """Read a later one. Raises ClosedError."""
    return _read(_LATER, text)


def _read(adapter: TypeAdapter[_Message], text: str) -> _Message:
    if len(text) > LARGEST_TEXT:
        raise ClosedError(1009, f"a message of {len(text)} characters; expected at most {LARGEST_TEXT}")
    try:
        return adapter.validate_json(text)
    except ValidationError as error:
        # where and what, never what was sent: it may hold a name
        one = error.errors()[0]
        where = ".".join(map(str, one["loc"]))
        raise ClosedError(4400, f"a message that is none: {where}: {one['msg']}") from None


@dataclass(frozen=True)
class Form:
    """How samples are written.

    Attributes
    ----------
    rows
        Leads; 1 for RR intervals.
    sample
        ``"float32"`` or ``"int16"``.
    scale_mv
        mV a unit of int16.
    largest
        No sample is beyond it: mV, or s of RR intervals.
    """

    rows: int
    sample: Sample
    scale_mv: float
    largest: float = LARGEST_MV

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Of a number."""
        return np.dtype("<f4" if self.sample == "float32" else "<i2")

    def unpack(self, data: bytes) -> tuple[int, Samples]:
        """A binary message: number of its first sample, and dims (lead, time), float32 mV.

        Raises
        ------
        ClosedError
            When it is not as long as it says, or holds what no electrocardiogram does.
        """
        if len(data) > LARGEST_BYTES:
            raise ClosedError(1009, f"a message of {len(data)} bytes; expected at most {LARGEST_BYTES}")
        if len(data) < HEAD.size:
            raise ClosedError(4400, f"a frame of {len(data)} bytes; expected u64 first, u32 n, samples")
        first, count = HEAD.unpack_from(data)
        wanted = count * self.rows * self.dtype.itemsize
        if not count or len(data) - HEAD.size != wanted or first >= 1 << 53:
            raise ClosedError(4400, f"{len(data) - HEAD.size} bytes for {count} samples; expected {wanted}")
        raw = np.frombuffer(data, self.dtype, offset=HEAD.size).reshape(count, self.rows).T
        if self.sample == "int16":
            values = np.where(raw == MISSING, np.float32(np.nan), raw * np.float32(self.scale_mv))
        else:
            values = raw
        largest = float(np.nanmax(np.abs(values), initial=0.0))
        if math.isinf(largest) or largest > self.largest:
            raise ClosedError(4422, "samples beyond 1 V; expected mV: check unit and byte order")
        return first, np.ascontiguousarray(values, dtype=np.float32)

    def pack(self, first: int, values: Samples) -> bytes:
        """The binary message of dims (lead, time), float32 mV."""
        if self.sample == "int16":
            scaled = np.clip(np.rint(values / self.scale_mv), MISSING + 1, -MISSING - 1)
            values = np.where(np.isnan(values), MISSING, scaled)
        return HEAD.pack(first, values.shape[1]) + values.T.astype(self.dtype).tobytes()
