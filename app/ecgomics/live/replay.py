"""`Replay`: a record sent as if it were being measured."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Sequence
from typing import Literal

import numpy as np
import xarray as xr

from ecgomics.errors import SourceError
from ecgomics.live.block import Block
from ecgomics.live.source import Description, Source, Status
from ecgomics.live.spans import Span, Spans
from ecgomics.vocabulary import rate_hz

SPEEDS = (0.1, 1000.0)


class Replay(Source):
    """A source that plays a record.

    Parameters
    ----------
    ecg
        Dims (lead, time), mV, with its rate; read piece by piece when it is lazy.
    name
        What the stream is called.
    speed
        Times real time, 0.1 to 1000; ``inf``: as fast as it is taken in.
    block_s
        Length of a block, s of the record.
    again
        ``"loop"``: from its beginning again when it ends. The seam is a gap of one second, so that no beat is made of
        two ends that do not belong together.
    gaps
        Stretches of sample numbers that are not sent.
    synthetic
        Whether no person's heart made the record.

    Raises
    ------
    SourceError
        For a speed, a block or a signal that cannot be played.
    """

    def __init__(
        self,
        ecg: xr.DataArray,
        *,
        name: str = "replay",
        speed: float = 1.0,
        block_s: float = 0.1,
        again: Literal["once", "loop"] = "once",
        gaps: Sequence[Span] = (),
        synthetic: bool = False,
    ) -> None:
        low, high = SPEEDS
        if not (low <= speed <= high or speed == math.inf) or not 0 < block_s <= 10:
            raise SourceError(
                f"a replay at {speed:g}× in blocks of {block_s:g} s",
                expected=f"{low:g} to {high:g}× and blocks of up to 10 s",
            )
        if set(ecg.dims) != {"lead", "time"} or ecg.size == 0:
            raise SourceError(f"a signal with dims {tuple(ecg.dims)} to play", expected="dims (lead, time), not empty")
        self._ecg = ecg.transpose("lead", "time")
        leads = tuple(str(lead) for lead in ecg["lead"].values)
        origin = "synthetic replay" if synthetic else "replay"
        self._about = Description(name, "replay", leads, rate_hz(ecg), origin=origin, synthetic=synthetic)
        self._speed, self._again, self._left_out = speed, again, Spans(gaps)
        self._step = max(1, round(block_s * self._about.rate_hz))
        self._status = Status("connecting")
        self._closed = False

    @property
    def description(self) -> Description:
        """The record's leads and rate."""
        return self._about

    @property
    def status(self) -> Status:
        """Live while it plays."""
        return self._status

    async def blocks(self) -> AsyncIterator[Block]:
        """The record's samples, each block when its last sample would have been measured."""
        rate, total = self._about.rate_hz, self._ecg.sizes["time"]
        begun, base = time.monotonic(), 0
        self._status = Status("live")
        while not self._closed:
            for first in range(0, total, self._step):
                stop = min(first + self._step, total)
                due = begun + (base + stop) / rate / self._speed
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                if self._closed:
                    break
                values = np.asarray(self._ecg[:, first:stop].values, dtype=np.float32)
                for start, end in self._sent(first, stop):
                    yield Block(base + start, values[:, start - first : end - first], clock_s=(base + start) / rate)
            if self._again == "once":
                break
            base += total + round(rate)
        self._status = Status("ended")

    async def close(self) -> None:
        """Stop playing."""
        self._closed = True

    def _sent(self, first: int, stop: int) -> list[Span]:
        sent = Spans([(first, stop)])
        for start, end in self._left_out.within(first, stop):
            sent.remove(start, end)
        return list(sent)
