"""`Intake`: samples of a strap that a browser holds, as they arrive at the server: each once, in order."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgomics.errors import SignalError

RATE_HZ = 130.0
"""Sample rate of a Polar H10's ECG, by its maker's description."""

MOST_VALUES = 130 * 60
"""Most samples taken from one message: a minute; a browser sends half of that at most."""

MOST_GAP_S = 86_400.0
"""A number farther ahead than a day is no gap but a broken message."""

MOST_UV = 2**23
"""Three bytes hold no more, µV."""

_SENDER = re.compile(r"[a-z0-9-]{4,64}")


@dataclass(frozen=True)
class Arrived:
    """Samples that had not come before.

    Parameters
    ----------
    first
        Number of the first sample since the strap was connected; numbers left out are a gap.
    values
        (time,) float32, mV.
    """

    first: int
    values: NDArray[np.float32]


@dataclass
class Intake:
    """What one browser sends of one strap.

    A browser repeats what it was not told has arrived, so a message may hold much that is here already, and after a gap
    in the network it holds what the browser kept meanwhile.

    Examples
    --------
    >>> intake = Intake()
    >>> message = {"packets": [{"first": 0, "values": [100, 200]}], "state": "connected"}
    >>> [piece.first for piece in intake.take(message)], intake.next, len(intake.take(message))
    ([0], 2, 0)
    """

    next: int = 0
    battery: float = math.nan
    state: str = "connecting"
    waiting: int = 0
    label: str = "strap"
    gaps: list[tuple[int, int]] = field(default_factory=list)

    def take(self, message: Mapping[str, Any]) -> list[Arrived]:
        """The samples of a message that are new, in order.

        Raises
        ------
        SignalError
            For a message that is not as the page writes it; nothing of it is taken.
        """
        packets = [_packet(one) for one in _list(message.get("packets"))]
        if sum(len(values) for _, values in packets) > MOST_VALUES:
            raise _broken("more samples than a minute holds")
        self._hear(message)
        new = []
        for first, values in packets:
            if first - self.next > MOST_GAP_S * RATE_HZ:
                raise _broken("a sample number a day ahead")
            fresh = values[max(0, self.next - first) :]
            if not len(fresh):
                continue
            start = max(first, self.next)
            if start > self.next:
                self.gaps.append((self.next, start))
            new.append(Arrived(start, fresh))
            self.next = start + len(fresh)
        return new

    def _hear(self, message: Mapping[str, Any]) -> None:
        battery = message.get("battery")
        self.battery = float(battery) if isinstance(battery, int | float) and 0 <= battery <= 100 else math.nan
        state = message.get("state")
        self.state = state if state in ("connected", "lost", "ended") else "connecting"
        waiting = message.get("waiting")
        self.waiting = waiting if isinstance(waiting, int) and waiting >= 0 else 0
        label = message.get("label")
        self.label = label[:40] if isinstance(label, str) and label.strip() else self.label


def sender_of(message: Mapping[str, Any]) -> str:
    """Who sends. Raises SignalError when it is not a name that the page makes."""
    sender = message.get("sender")
    if not isinstance(sender, str) or not _SENDER.fullmatch(sender):
        raise _broken("a sender without a name")
    return sender


def _packet(packet: Any) -> tuple[int, NDArray[np.float32]]:
    if not isinstance(packet, Mapping):
        raise _broken("a packet that is no table")
    first, values = packet.get("first"), _list(packet.get("values"))
    if type(first) is not int or first < 0:
        raise _broken("a packet without its number")
    if not all(type(value) is int and abs(value) <= MOST_UV for value in values):
        raise _broken("samples that are no whole µV")
    return first, np.asarray(values, dtype=np.float32) / np.float32(1000)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list) or len(value) > MOST_VALUES:
        raise _broken("a message without its list")
    return value


def _broken(arrived: str) -> SignalError:
    return SignalError(arrived, expected="a message as the Monitor page sends it", remedy="reload the page")
