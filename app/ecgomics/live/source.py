"""`Source`: something that sends samples, and what it says of itself."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

from ecgomics.errors import StreamError
from ecgomics.live.block import Block
from ecgomics.vocabulary import normalise_lead

State = Literal["connecting", "live", "lost", "ended"]
STATES: tuple[State, ...] = ("connecting", "live", "lost", "ended")

RATES_HZ = (20.0, 20_000.0)
MOST_LEADS = 64
LONGEST_NAME = 120


@dataclass(frozen=True)
class Description:
    """What a stream is, said once before its first sample.

    Parameters
    ----------
    name
        What people call it; shown as text. At most 120 characters.
    kind
        Kind of source: ``replay``, ``lsl``, ``polar``, ``heart-rate``, ``serial``, ``udp``, ``websocket``,
        ``browser-strap`` …
    leads
        Lead names in the order of the samples; empty for a stream of RR intervals.
    rate_hz
        Samples a second of each lead, 20 to 20,000; 0 for a stream of RR intervals.
    device
        Maker and model, if known.
    origin
        Where samples come from when no person is at the other end: ``"replay"`` …; else empty.
    synthetic
        Whether no person's heart made them.

    Raises
    ------
    StreamError
        For a rate or leads that no stream has.
    """

    name: str
    kind: str
    leads: tuple[str, ...]
    rate_hz: float
    device: str = ""
    origin: str = ""
    synthetic: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "leads", tuple(normalise_lead(str(lead)) for lead in self.leads))
        object.__setattr__(self, "rate_hz", float(self.rate_hz))
        object.__setattr__(self, "name", " ".join(str(self.name).split())[:LONGEST_NAME] or self.kind)
        if len(set(self.leads)) != len(self.leads) or len(self.leads) > MOST_LEADS:
            raise StreamError(
                f"a stream of {len(self.leads)} leads", expected=f"at most {MOST_LEADS}, each with its own name"
            )
        low, high = RATES_HZ
        signal = bool(self.leads) and math.isfinite(self.rate_hz) and low <= self.rate_hz <= high
        if not signal and (self.leads or self.rate_hz != 0):
            raise StreamError(
                f"a stream of {len(self.leads)} leads at {self.rate_hz:g} Hz",
                expected=f"leads at {low:g} to {high:g} Hz, or no lead at 0 Hz for RR intervals",
            )

    @property
    def width(self) -> int:
        """Rows of a block: one a lead, or one of RR intervals."""
        return len(self.leads) or 1


@dataclass(frozen=True)
class Status:
    """How a source or a stream is.

    Parameters
    ----------
    state
        ``connecting``, ``live``, ``lost`` (it will come back by itself) or ``ended``.
    battery
        Charge of the sensor, 0 to 1; NaN when it does not say.
    reason
        Why it is so, for a person to read; empty when it is live.
    """

    state: State = "connecting"
    battery: float = math.nan
    reason: str = ""


class Source(ABC):
    """Something that sends samples; it reconnects by itself and says in `status` that it does."""

    @property
    @abstractmethod
    def description(self) -> Description:
        """What it is; fixed once `blocks` has given the first block, and known before when `ready` has returned."""

    @property
    @abstractmethod
    def status(self) -> Status:
        """How it is now; the hub looks a few times a second."""

    async def ready(self) -> None:
        """Find out what `description` needs to know (rate, leads) before the stream begins; by default nothing.

        Raises
        ------
        SourceError
            When the source is not there.
        """
        return None

    @abstractmethod
    def blocks(self) -> AsyncIterator[Block]:
        """Blocks as they come, numbered from 0; a jump of `first` is a gap, by the source's own clock.

        Raises
        ------
        SourceError
            When the source is hopeless; the iterator just ends when it is over.
        """

    async def close(self) -> None:
        """Let go of the device; `blocks` ends."""
        return None
