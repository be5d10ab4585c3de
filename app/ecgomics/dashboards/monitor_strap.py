"""`StrapMessage`: what a browser sends of a strap that it holds, checked whole before any of it is used."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgomics.errors import SignalError

RATE_HZ = 130.0
"""Sample rate of a Polar H10's ECG, by its maker's description."""

LEAD = "chest strap"

MOST_VALUES = 130 * 60
"""Most samples taken from one message: a minute; a browser sends half of that at most."""

MOST_UV = 2**23
"""Three bytes hold no more, µV."""

MOST_NUMBER = 2**40

_SENDER = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")


@dataclass(frozen=True)
class StrapMessage:
    """What one browser says of one strap.

    A browser repeats what it was not told has arrived, so a message may hold much that is here already, and after a gap
    in the network it holds what the browser kept meanwhile.

    Parameters
    ----------
    sender
        Name of the stream, which the browser made.
    label
        What the strap calls itself.
    pieces
        Number of the first sample since the strap was connected, and (1, time) float32, mV; numbers left out are a gap.
    battery
        0 to 1; NaN when unknown.
    state
        Whether the browser has the strap: ``connected`` or ``lost``.

    Examples
    --------
    >>> message = StrapMessage.of({"sender": "a-1", "packets": [{"first": 0, "values": [100, 200]}]})
    >>> [(first, values.shape) for first, values in message.pieces]
    [(0, (1, 2))]
    """

    sender: str
    label: str
    pieces: tuple[tuple[int, NDArray[np.float32]], ...]
    battery: float
    state: str

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> StrapMessage:
        """Read a message.

        Raises
        ------
        SignalError
            For a message that is not as the page writes it.
        """
        sender = message.get("sender")
        if not isinstance(sender, str) or len(sender) > 64 or not _SENDER.fullmatch(sender):
            raise _broken("a sender without a name")
        pieces = tuple(_piece(one) for one in _list(message.get("packets")))
        if sum(values.shape[1] for _, values in pieces) > MOST_VALUES:
            raise _broken("more samples than a minute holds")
        battery, label = message.get("battery"), message.get("label")
        known = type(battery) in (int, float) and 0 <= battery <= 100  # type: ignore[operator]
        return cls(
            sender,
            label[:40] if isinstance(label, str) and label.strip() else "strap",
            pieces,
            float(battery) / 100 if known else math.nan,  # type: ignore[arg-type]
            "connected" if message.get("state") == "connected" else "lost",
        )


def _piece(packet: Any) -> tuple[int, NDArray[np.float32]]:
    if not isinstance(packet, Mapping):
        raise _broken("a packet that is no table")
    first, values = packet.get("first"), _list(packet.get("values"))
    if type(first) is not int or not 0 <= first < MOST_NUMBER:
        raise _broken("a packet without its number")
    if not all(type(value) is int and abs(value) <= MOST_UV for value in values):
        raise _broken("samples that are no whole µV")
    return first, np.asarray(values, dtype=np.float32)[None] / np.float32(1000)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list) or len(value) > MOST_VALUES:
        raise _broken("a message without its list")
    return value


def _broken(arrived: str) -> SignalError:
    return SignalError(arrived, expected="a message as the Monitor page sends it", remedy="reload the page")
