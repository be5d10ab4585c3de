"""`Polar`: a Polar H10 chest strap: one lead at 130 Hz through its measurement service."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np

from ecgomics.errors import SourceError
from ecgomics.live import pmd
from ecgomics.live.block import Block
from ecgomics.live.numbering import Numbering
from ecgomics.live.source import Description
from ecgomics.live.strap import Notice, Strap

LEAD = "chest strap"
ANSWER_S = 5.0
HOLE_S = 0.05
"""More than this between the strap's clock and its samples' own time is a gap; frames are 73 samples, 0.56 s."""
PASSING = ("it is in its charger", "not in its present state")
"""Refusals that may be over in a while."""


class Polar(Strap):
    """A Polar H10. Lost notifications, and the time it is out of reach, are gaps by its own clock.

    The lead is that of a chest strap, which is none of the twelve; it is called so.

    Examples
    --------
    >>> Polar().description.rate_hz
    130.0
    """

    KIND = "polar"
    WANTED = "Polar H10"
    SERVICE = pmd.SERVICE

    def __init__(self, address: str = "", **more: Any) -> None:
        super().__init__(address, **more)
        self._numbers = Numbering(pmd.RATE_HZ, hole_s=HOLE_S)

    def _describe(self, name: str) -> Description:
        return Description(name, self.KIND, (LEAD,), pmd.RATE_HZ, device=self.WANTED)

    def _is_wanted(self, name: str, services: list[str]) -> bool:
        # the strap does not advertise its measurement service
        return name.startswith(self.WANTED)

    async def _begin(self, client: Any) -> None:
        answers: asyncio.Queue[bytes] = asyncio.Queue()
        await client.start_notify(pmd.CONTROL, lambda _, data: answers.put_nowait(bytes(data)))
        await client.start_notify(pmd.DATA, self._take)
        await client.write_gatt_char(pmd.CONTROL, pmd.START, response=True)
        async with asyncio.timeout(ANSWER_S):
            while (refusal := pmd.refusal_of(await answers.get(), to=pmd.START)) is None:
                continue
        if refusal in PASSING:
            raise OSError(0, refusal)
        if refusal:
            raise SourceError(
                f"a strap that refuses to stream: {refusal}",
                expected="a Polar H10 with firmware 3.0.35 or newer",
                remedy="update it with the maker's app",
            )

    async def _stop(self, client: Any) -> None:
        await client.write_gatt_char(pmd.CONTROL, pmd.STOP, response=True)

    def _block(self, notice: Notice) -> Block | None:
        frame = pmd.frame_of(notice.data)
        count = len(frame.microvolts)
        last_s = frame.stamp_ns / 1e9
        first = self._numbers.place(count, last_s=last_s, came_s=notice.came_s)
        if first is None:
            return None
        values = (frame.microvolts / 1000.0).astype(np.float32)[None]
        return Block(first, values, clock_s=last_s - (count - 1) / pmd.RATE_HZ, came_s=notice.came_s)
