"""`Sender`: one connection whose samples come in."""

from __future__ import annotations

import asyncio
import json
import math
import time
from typing import Any

from fastapi import WebSocket

from ecgomics.errors import EcgomicsError, SignalError, StreamError
from ecgomics.live import (
    Block,
    Description,
    Feed,
    Hub,
    Status,
    begin_recording,
    end_recording,
    recordings_of,
)
from ecgomics.service.accounts import Person
from ecgomics.service.api.stream_frames import LONGEST_RR_S, ClosedError, End, Form, Hello, Ping, later_of

KIND = "websocket"
MOST_PER_S = 100_000.0
"""Numbers a second of one stream, all leads together."""
FASTER = 16.0
"""How many times faster than life a stream may be sent once its burst is used up."""
BURST_S = 600.0
"""What a sender has kept during an interruption may come at once, s."""
SMALLEST_S = 0.01
"""A frame counts as at least so much, so that frames of one sample are no way around the limit."""
RETRY_S = 0.25
"""A disk that does not take samples is asked again after this pause."""


class Sender:
    """Takes one sender's frames in, and acknowledges them.

    Parameters
    ----------
    socket
        The connection, accepted.
    feed
        Where samples go.
    form
        How they are written.
    """

    def __init__(self, socket: WebSocket, feed: Feed, form: Form) -> None:
        self.socket, self.feed, self.form = socket, feed, form
        self.replaced = asyncio.Event()
        rate = feed.stream.head.description.rate_hz
        self._pace = Pace(rate or 4.0)

    async def run(self) -> None:
        """Until the other side goes or says that it ends. Raises ClosedError."""
        welcome = {"type": "welcome", "stream": self.feed.id, "next": self.feed.next}
        await self.socket.send_text(json.dumps(welcome))
        gone = asyncio.ensure_future(self.replaced.wait())
        try:
            while True:
                coming = asyncio.ensure_future(self.socket.receive())
                await asyncio.wait({coming, gone}, return_when=asyncio.FIRST_COMPLETED)
                if gone.done():
                    coming.cancel()
                    raise ClosedError(4409, "the stream is sent from elsewhere now")
                if not await self._take(await coming):
                    return
        finally:
            gone.cancel()

    async def _take(self, message: Any) -> bool:
        """One message; whether more may come."""
        if message["type"] == "websocket.disconnect":
            return False
        if message.get("bytes") is not None:
            await self._samples(message["bytes"])
            return True
        told = later_of(message.get("text") or "")
        if isinstance(told, End):
            await asyncio.to_thread(_end, self.feed)
            return False
        if isinstance(told, Ping):
            await self.socket.send_text('{"type": "pong"}')
        else:
            battery = math.nan if told.battery is None else told.battery
            self.feed.say(Status(told.state, battery, told.reason if told.state == "lost" else ""))
        return True

    async def _samples(self, data: bytes) -> None:
        first, values = self.form.unpack(data)
        pause = self._pace.take(values.shape[1])
        if pause:
            # not read meanwhile: the other side's writing waits
            await asyncio.sleep(pause)
        reached = await self._pushed(Block(first, values))
        await self.socket.send_text(f'{{"next": {reached}}}')

    async def _pushed(self, block: Block) -> int:
        while True:
            try:
                return await asyncio.to_thread(self.feed.push, block)
            except SignalError as error:
                raise ClosedError(4422, str(error)) from None
            except StreamError as error:
                if self.feed.stream.ended:
                    raise ClosedError(4410, "the stream was ended") from None
                if self.replaced.is_set():
                    raise ClosedError(4409, "the stream is sent from elsewhere now") from error
            await asyncio.sleep(RETRY_S)


class Pace:
    """How fast a stream may come: in a burst as long as what a sender keeps, then some times faster than life."""

    def __init__(self, rate_hz: float) -> None:
        self._fill, self._smallest = rate_hz * FASTER, rate_hz * SMALLEST_S
        self._most = self._level = rate_hz * BURST_S
        self._then = time.monotonic()

    def take(self, count: int) -> float:
        """The pause before so many samples are taken in, s."""
        now = time.monotonic()
        self._level = min(self._most, self._level + (now - self._then) * self._fill) - max(count, self._smallest)
        self._then = now
        return max(0.0, -self._level / self._fill)


def opened(hello: Hello, *, hub: Hub, who: Person) -> tuple[Feed, Form]:
    """The stream a sender's hello asks for: a new one, or one of its own to go on with.

    Raises
    ------
    ClosedError
        When there is none such, or it cannot be begun.
    """
    if max(len(hello.leads), 1) * hello.rate_hz > MOST_PER_S:
        raise ClosedError(4422, f"more than {MOST_PER_S:.0f} numbers a second; expected fewer leads or a lower rate")
    try:
        description = Description(
            hello.name or KIND,
            KIND,
            tuple(hello.leads),
            hello.rate_hz,
            device=hello.device,
            origin=hello.origin,
            synthetic=hello.synthetic,
        )
    except StreamError as error:
        raise ClosedError(4422, str(error)) from None
    if hello.stream is not None:
        require_own(hello.stream, hub=hub, who=who)
    feed = _feed(description, hello=hello, hub=hub, who=who)
    largest = {} if hello.leads else {"largest": LONGEST_RR_S}
    return feed, Form(description.width, hello.sample, hello.scale_mv, **largest)


def record(feed: Feed, *, name: str, person: str) -> None:
    """Keep a stream for the cohort from here on, unless it is recorded already. Raises ClosedError."""
    folder = feed.stream.journal.folder
    try:
        if not any(one.state in ("open", "cut") for one in recordings_of(folder)):
            begin_recording(feed.stream.reader, name=name, person=person)
    except EcgomicsError as error:
        raise ClosedError(4422, str(error)) from None


def require_own(id: str, *, hub: Hub, who: Person) -> None:
    """Raise ClosedError when a stream is not there, or somebody else's, which is told in the same words, or over."""
    unknown = ClosedError(4404, "no such stream; expected the id of one of your own")
    try:
        reader = hub.reader(id)
    except EcgomicsError as error:
        raise unknown from error
    if reader.head.person != str(who.id):
        raise unknown
    if reader.status.state == "ended":
        raise ClosedError(4410, "the stream was ended; begin another")


def _end(feed: Feed) -> None:
    for one in recordings_of(feed.stream.journal.folder):
        if one.state == "open":
            end_recording(one)
    feed.end("the sender ended it")


def _feed(description: Description, *, hello: Hello, hub: Hub, who: Person) -> Feed:
    try:
        return hub.feed(description, person=str(who.id), id=hello.stream or "")
    except StreamError as error:
        # of other leads, taken in by another process, or one too many
        full = "at once" in error.arrived
        raise ClosedError(4429 if full else 4422, str(error)) from None
