"""`HeartRate`: any strap or watch with the standard heart rate service: RR intervals, no ECG."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ecgomics.live.block import Block
from ecgomics.live.rr import measurement_of
from ecgomics.live.source import Description
from ecgomics.live.strap import Notice, Strap

MEASUREMENT = "00002a37-0000-1000-8000-00805f9b34fb"
UNSTEADY_S = 2.5
"""Intervals come up to a second late, and the newest has not ended: only more than this is a gap."""


class HeartRate(Strap):
    """A sensor with the heart rate service of the Bluetooth SIG (0x180D): a stream of RR intervals.

    What was lost shows in the sum of the intervals, which falls behind our clock: as many intervals as fit are left
    out.
    """

    KIND = "heart-rate"
    WANTED = "heart rate sensor"
    SERVICE = "0000180d-0000-1000-8000-00805f9b34fb"

    def __init__(self, address: str = "", **more: Any) -> None:
        super().__init__(address, **more)
        self._next = 0
        self._reached_s = math.nan  # our clock at the end of the newest interval

    def _describe(self, name: str) -> Description:
        return Description(name, self.KIND, (), 0.0, device=name)

    async def _begin(self, client: Any) -> None:
        await client.start_notify(MEASUREMENT, self._take)

    async def _stop(self, client: Any) -> None:
        await client.stop_notify(MEASUREMENT)

    def _block(self, notice: Notice) -> Block | None:
        rr_s = measurement_of(notice.data).rr_s
        if not rr_s:
            return None
        reached = self._reached_s + sum(rr_s)
        behind = notice.came_s - reached
        if behind > UNSTEADY_S:
            self._next += max(1, round(behind / (sum(rr_s) / len(rr_s))))
        if not behind <= UNSTEADY_S or behind < 0:
            reached = notice.came_s
        self._reached_s = reached
        first, self._next = self._next, self._next + len(rr_s)
        return Block(first, np.array([rr_s], dtype=np.float32), clock_s=reached - sum(rr_s), came_s=notice.came_s)
