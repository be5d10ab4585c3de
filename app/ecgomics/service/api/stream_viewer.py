"""`Viewer`: one connection that a stream's samples, beats and events go out to, whichever process takes them in."""

from __future__ import annotations

import asyncio
import json
import math
from typing import Any

from fastapi import WebSocket

from ecgomics.live import Beat, Event, Reader
from ecgomics.service.api.stream_frames import ClosedError, Form, Ping, Watch, later_of

LOOK_S = 0.05
TELL_S = 0.25
"""How often is looked for samples, and for beats, events and status."""
MOST_BEHIND_S = 30.0
"""Who reads more slowly than a stream comes skips what is older than this."""
MOST_NUMBERS = 100_000
"""Of one frame, all leads together."""
STUCK_S = 30.0
"""A connection that takes nothing for this long is closed."""


class Viewer:
    """Sends a stream as it grows.

    Parameters
    ----------
    socket
        The connection, accepted.
    reader
        The stream.
    asked
        From where on, and in which form.
    """

    def __init__(self, socket: WebSocket, reader: Reader, asked: Watch) -> None:
        self.socket, self.reader = socket, reader
        description = reader.head.description
        self._rate = description.rate_hz or 2.0
        self._form = Form(description.width, asked.sample, asked.scale_mv if description.leads else 0.001)
        self._most = MOST_NUMBERS // description.width
        self._asked = asked
        self._at = self._beats_from = self._events_from = 0
        self._told: dict[str, str] = {}
        self._seen: set[tuple[str, int | None]] = set()

    async def run(self) -> None:
        """Until the other side goes. Raises ClosedError."""
        sending = asyncio.ensure_future(self._send())
        try:
            while True:
                coming = asyncio.ensure_future(self.socket.receive())
                await asyncio.wait({coming, sending}, return_when=asyncio.FIRST_COMPLETED)
                if sending.done():
                    coming.cancel()
                    return await sending
                message = await coming
                if message["type"] == "websocket.disconnect":
                    return None
                if not isinstance(later_of(message.get("text") or ""), Ping):
                    raise ClosedError(4400, "a message of a sender; expected none but ping")
                await self.socket.send_text('{"type": "pong"}')
        finally:
            sending.cancel()

    async def _send(self) -> None:
        await self._begin()
        turns = max(1, round(TELL_S / LOOK_S))
        turn = 0
        while True:
            await self._samples()
            if turn % turns == 0:
                await self._tell()
            turn += 1
            await asyncio.sleep(LOOK_S)

    async def _begin(self) -> None:
        reader, asked = self.reader, self._asked
        reached = await asyncio.to_thread(lambda: reader.next)
        start = reached - round(asked.tail_s * self._rate) if asked.since is None else asked.since
        self._at = max(await asyncio.to_thread(lambda: reader.oldest), min(start, reached), 0)
        self._beats_from = self._events_from = self._at
        head, description = reader.head, reader.head.description
        told: dict[str, Any] = {"type": "head", "stream": reader.id, "name": description.name, "kind": description.kind}
        told |= {"leads": list(description.leads), "rate_hz": description.rate_hz, "first": self._at}
        told |= {"sample": self._form.sample, "scale_mv": self._form.scale_mv, "started": head.started.isoformat()}
        told |= {"device": description.device, "origin": description.origin, "synthetic": description.synthetic}
        await self._out(json.dumps(told))

    async def _samples(self) -> None:
        while True:
            first, values = await asyncio.to_thread(self.reader.since, self._at, most=self._most)
            count = values.shape[1]
            if first > self._at:
                await self._out(json.dumps({"skipped": [self._at, first]}))
            if count:
                await self._out(self._form.pack(first, values))
            self._at = first + count
            if count < self._most:
                return
            behind = self.reader.next - self._at
            if behind > MOST_BEHIND_S * self._rate and self._asked.since is None:
                newest = self._at + behind - round(self._rate)
                await self._out(json.dumps({"skipped": [self._at, newest]}))
                self._at = newest

    async def _tell(self) -> None:
        beats, events, status = await asyncio.to_thread(self._news)
        if beats:
            await self._changed("beats", beats)
        for event in events:
            if event.kind == "filled" and event.stop is not None and event.stop <= self._at:
                values = await asyncio.to_thread(self.reader.between, event.first, event.stop)
                for start in range(0, values.shape[1], self._most):
                    part = values[:, start : start + self._most]
                    await self._out(self._form.pack(event.first + start, part))
        if events:
            await self._out(json.dumps({"events": [told_event(event) for event in events]}))
        await self._changed("status", status)

    def _news(self) -> tuple[list[list[Any]], list[Event], dict[str, Any]]:
        beats = self.reader.beats_since(self._beats_from)
        settled = [beat.number for beat in beats if beat.settled]
        told = [told_beat(beat) for beat in beats]
        if settled:
            # the newest settled one is told again: what follows it may have changed
            self._beats_from = settled[-1]
        events = [event for event in self.reader.events_since(self._events_from) if event.kind != "status"]
        new = [event for event in events if (event.id, event.stop) not in self._seen]
        self._seen = {(event.id, event.stop) for event in events}
        return told, new, told_status(self.reader)

    async def _changed(self, name: str, value: Any) -> None:
        text = json.dumps({name: value})
        if text != self._told.get(name):
            self._told[name] = text
            await self._out(text)

    async def _out(self, message: str | bytes) -> None:
        send = self.socket.send_text(message) if isinstance(message, str) else self.socket.send_bytes(message)
        try:
            await asyncio.wait_for(send, STUCK_S)
        except TimeoutError:
            raise ClosedError(1008, "nothing was read for too long") from None


def told_beat(beat: Beat) -> list[Any]:
    """A beat as it is sent: number, time in s, class, RR in s, quality, whether it is settled."""
    rr = None if math.isnan(beat.rr_s) else round(beat.rr_s, 4)
    return [beat.number, round(beat.time_s, 4), beat.name, rr, round(beat.quality, 2), beat.settled]


def told_event(event: Event) -> dict[str, Any]:
    """An event as it is sent; who made it is not told."""
    said = {"id": event.id, "kind": event.kind, "text": event.text, "first": event.first, "stop": event.stop}
    return said | {"code": event.code, "rows": [list(row) for row in event.rows], "when": event.when.isoformat()}


def told_status(reader: Reader) -> dict[str, Any]:
    """A stream's status as it is sent."""
    status, rate = reader.status, reader.rate_bpm
    battery = None if math.isnan(status.battery) else round(status.battery, 2)
    bpm = None if math.isnan(rate) else round(rate)
    return {"state": status.state, "battery": battery, "reason": status.reason, "rate_bpm": bpm}
