"""`Lsl`: a stream of the Lab Streaming Layer, found by its name or type in the local network."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import numpy.typing as npt

from ecgomics.errors import FormatError, SourceError
from ecgomics.live.block import Block
from ecgomics.live.numbering import Numbering
from ecgomics.live.source import Description, Source, Status

FIND_S = 10.0
PULL_S = 0.05
"""How long one look for samples waits."""
MOST = 8192
"""Samples of one look."""
CORRECT_EVERY_S = 5.0
"""How often the offset between the sender's clock and ours is asked for; it is measured beside the samples."""
UNSTEADY_S = 0.1
"""Stamps that come later than their samples by more are a gap; less, while a stream's stamps have proved steadier."""
WATCHED = 300
"""Looks over which the unsteadiness of stamps is watched."""
GONE = "the sender is gone"
RETRY_S = (0.5, 1.0, 2.0, 4.0, 8.0)

_PROPERTIES = ("name", "type", "source_id")
_ALLOWED = re.compile(r"[^'\"<>]{1,120}")


class Lsl(Source):
    """A stream of the Lab Streaming Layer.

    Channels of type ECG are taken where types are named, else all whose unit is a voltage. Stamps are turned into this
    machine's clock by the layer's own offset. Where the sender stamps regularly, what it left out is a gap to the
    sample; where it stamps as it can, what is longer than its unsteadiness.

    Parameters
    ----------
    wanted
        ``NAME``, ``type=ECG`` or ``source_id=…``; empty for any stream of type ECG. ``?unit=uV`` at the end says the
        unit of a stream that states none.
    """

    def __init__(self, wanted: str = "", *, retry_s: Sequence[float] = RETRY_S) -> None:
        wanted, _, more = wanted.partition("?")
        name, sign, value = wanted.partition("=")
        self._property, self._value = (name, value) if sign and name in _PROPERTIES else ("name", wanted)
        if not wanted:
            self._property, self._value = "type", "ECG"
        if not _ALLOWED.fullmatch(self._value):
            raise SourceError("a name no stream can have", expected="lsl:NAME, lsl:type=ECG")
        self._unit = dict(parse_qsl(more)).get("unit", "")
        self._retry_s = tuple(retry_s)
        self._status = Status()
        self._over = asyncio.Event()
        self._description: Description | None = None
        self._rows: list[int] = []
        self._scale: npt.NDArray[np.float32] = np.ones(0, np.float32)
        self._origin = ""

    @property
    def description(self) -> Description:
        """What it is; known when `ready` has returned. Raises SourceError before."""
        if self._description is None:
            raise SourceError("a stream that was not looked for yet", remedy="await ready()")
        return self._description

    @property
    def status(self) -> Status:
        """How it is now."""
        return self._status

    async def ready(self) -> None:
        """Find the stream, and what it says of itself. Raises SourceError when there is none that can be taken."""
        if await asyncio.to_thread(self._find, FIND_S) is None:
            raise SourceError(
                f"no stream with this {self._property} in the network",
                expected="one that is sent now",
                remedy="start it, and let UDP port 16571 through the firewall",
            )

    async def close(self) -> None:
        """Stop listening."""
        self._over.set()

    async def blocks(self) -> AsyncIterator[Block]:
        """Blocks as they come; a lost stream is looked for until `close`."""
        from pylsl.util import LostError
        from pylsl.util import TimeoutError as LateError

        if self._description is None:
            await self.ready()
        numbers = _Stamps(self.description.rate_hz)
        turn = 0
        while not self._over.is_set():
            inlet = await asyncio.to_thread(self._open, 1.0)
            try:
                while inlet is not None and not self._over.is_set():
                    for block in numbers.blocks(await asyncio.to_thread(self._pull, inlet)):
                        turn = 0
                        self._status = Status("live")
                        yield block
            except (LostError, LateError):
                inlet = None
            finally:
                if inlet is not None:
                    await asyncio.to_thread(inlet.close_stream)
            if self._over.is_set():
                break
            self._status = Status(
                "lost" if self._status.state != "connecting" else "connecting", reason="the sender is gone"
            )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), self._retry_s[min(turn, len(self._retry_s) - 1)])
            turn += 1
        self._status = Status("ended")

    def _find(self, seconds: float) -> Any:
        """An inlet of the stream, once what it says of itself is understood; none when it is not there."""
        import pylsl

        same = f"source_id='{self._origin}'" if self._origin else f"{self._property}='{self._value}'"
        found = pylsl.resolve_bypred(same, minimum=1, timeout=seconds)
        if not found:
            return None
        inlet = pylsl.StreamInlet(found[0], max_buflen=60, recover=False)
        try:
            info = inlet.info(timeout=5.0)
        except (pylsl.util.LostError, pylsl.util.TimeoutError):
            return None
        self._understand(info)
        return inlet

    def _open(self, seconds: float) -> Any:
        """Find the stream and listen to it; none when it is not there."""
        from pylsl.util import LostError
        from pylsl.util import TimeoutError as LateError

        inlet = self._find(seconds)
        if inlet is None:
            return None
        try:
            inlet.open_stream(timeout=5.0)
            self._corrected = (time.monotonic(), inlet.time_correction(timeout=5.0))
        except (LostError, LateError):
            return None
        return inlet

    def _understand(self, info: Any) -> None:
        rate = float(info.nominal_srate())
        if rate <= 0 or info.channel_format() == 3:  # cf_string
            raise SourceError("a stream of markers or without a rate", expected="samples at a regular rate")
        labels, scales = _channels(info, stated=self._unit)
        description = Description(
            info.name(), "lsl", tuple(labels.values()), rate, device=_said(info, "manufacturer", "model")
        )
        if self._description is None:
            self._description = description
        elif (description.leads, rate) != (self._description.leads, self._description.rate_hz):
            raise SourceError("a stream that came back with other leads or another rate", expected="the same")
        self._rows, self._scale = list(labels), np.array(scales, dtype=np.float32)
        safe = info.source_id()
        self._origin = safe if safe and _ALLOWED.fullmatch(safe) else ""

    def _pull(self, inlet: Any) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
        """What has come: dims (lead, time), mV, and its stamps by our clock."""
        samples, stamps = inlet.pull_chunk(timeout=PULL_S, max_samples=MOST)
        if time.monotonic() - self._corrected[0] > CORRECT_EVERY_S:
            self._corrected = (time.monotonic(), inlet.time_correction(timeout=1.0))
        if not len(stamps):
            return np.empty((len(self._rows), 0), np.float32), np.empty(0)
        values = np.asarray(samples, dtype=np.float32)[:, self._rows].T * self._scale[:, None]
        return values, np.asarray(stamps, dtype=np.float64) + self._corrected[1]


class _Stamps:
    """Numbers samples by their stamps."""

    def __init__(self, rate_hz: float) -> None:
        self._period = 1 / rate_hz
        self._numbers = Numbering(rate_hz, hole_s=UNSTEADY_S, again="kept")
        self._late: deque[float] = deque(maxlen=WATCHED)
        self._last = float("nan")

    def blocks(self, came: tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]) -> Iterator[Block]:
        values, stamps = came
        if not len(stamps):
            return
        late = np.diff(stamps, prepend=self._last) - self._period
        now = time.monotonic()
        hole = self._numbers.hole_s = self._hole()
        cuts = [0, *(np.flatnonzero(late[1:] > hole) + 1).tolist(), len(stamps)]
        for start, stop in itertools.pairwise(cuts):
            first = self._numbers.place(stop - start, last_s=float(stamps[stop - 1]), came_s=now)
            if first is not None:
                part = np.ascontiguousarray(values[:, start:stop])
                yield Block(first, part, clock_s=float(stamps[start]), came_s=now)
        steady = np.abs(late[np.isfinite(late)])
        self._late.append(float(steady[steady <= UNSTEADY_S].max(initial=0.0)))
        self._last = float(stamps[-1])

    def _hole(self) -> float:
        if len(self._late) < 20:
            return UNSTEADY_S
        return min(UNSTEADY_S, max(0.75 * self._period, 3 * max(self._late)))


def _channels(info: Any, *, stated: str) -> tuple[dict[int, str], list[float]]:
    """Names of the channels that are taken, by their places, and how many mV their unit is.

    Raises
    ------
    SourceError
        When none has a unit that is a voltage.
    """
    from ecgomics.records.units import is_voltage, mv_per

    count = info.channel_count()
    labels = info.get_channel_labels() or [None] * count
    units = info.get_channel_units() or [None] * count
    types = [str(kind or "").upper() for kind in info.get_channel_types() or [None] * count]
    wanted = [k for k in range(count) if types[k] == "ECG"] if "ECG" in types else range(count)
    said = {k: stated or str(units[k] or "") for k in wanted}
    taken = [k for k, unit in said.items() if is_voltage(unit)]
    if not taken:
        raise SourceError(
            "a stream whose channels state no voltage", expected="mV, uV or V", remedy="say it: lsl:NAME?unit=uV"
        )
    names = {k: str(labels[k] or "").strip()[:16] or (f"ECG{k + 1}" if count > 1 else "ECG") for k in taken}
    try:
        return names, [mv_per(said[k]) for k in taken]
    except FormatError as error:
        raise SourceError(error.arrived, expected=error.expected, remedy=error.remedy) from None


def _said(info: Any, *names: str) -> str:
    part = info.desc().child("acquisition")
    return " ".join(word for name in names if (word := part.child_value(name)))[:120]
