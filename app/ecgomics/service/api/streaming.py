"""Live streams: the connection that samples come in by and go out by, and the list of what there is."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from collections.abc import Callable, Coroutine
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Path, Response, WebSocket, WebSocketDisconnect
from fastapi.concurrency import run_in_threadpool

from ecgomics.errors import AccessError, EcgomicsError, ServiceError
from ecgomics.live import Feed, Hub
from ecgomics.service.accounts import Person
from ecgomics.service.api.problems import RESPONSES, RefusedError
from ecgomics.service.api.schema import StreamLine, StreamList
from ecgomics.service.api.state import Here, Reader, Shared, Streamer, is_loopback, key_owner
from ecgomics.service.api.stream_frames import PROTOCOL, ClosedError, Form, Hello, Watch, first_of
from ecgomics.service.api.stream_sender import Sender, opened, record
from ecgomics.service.api.stream_viewer import Viewer, told_status

router = APIRouter(prefix="/v1", tags=["streams"], responses=RESPONSES)
log = logging.getLogger("ecgomics.api")

HELLO_S = 10.0
CHECK_S = 60.0
"""How often is looked whether a connection's key is still in force."""
ALONE_S = 600.0
"""A stream ends when its sender has not come back for this long."""

StreamPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,80}$", description="Id of the stream.")]


class Door:
    """The streaming connections of an app."""

    def __init__(self, here: Shared) -> None:
        self.here = here
        self.senders: dict[str, Sender] = {}
        self.viewers = 0
        self._leaving: dict[str, tuple[Feed, asyncio.TimerHandle]] = {}

    async def admit(self, socket: WebSocket, who: Person) -> None:
        """Serve one connection until it ends. Raises ClosedError."""
        try:
            async with asyncio.timeout(HELLO_S):
                message = await socket.receive()
        except TimeoutError:
            raise ClosedError(4408, f"no hello within {HELLO_S:g} s") from None
        if message["type"] == "websocket.disconnect":
            return
        if message.get("text") is None:
            raise ClosedError(4400, "samples before the hello")
        asked = first_of(message["text"])
        hub = self._hub()
        if isinstance(asked, Hello):
            await self._send(socket, who, asked, hub)
        else:
            await self._watch(socket, who, asked, hub)

    def close(self) -> None:
        """Forget who might come back."""
        for _, timer in self._leaving.values():
            timer.cancel()

    def _hub(self) -> Hub:
        try:
            return self.here.hub()
        except EcgomicsError as error:
            raise ClosedError(4503, str(error)) from None

    async def _send(self, socket: WebSocket, who: Person, asked: Hello, hub: Hub) -> None:
        _require(who, "stream")
        if asked.record:
            _require(who, "write")
        feed, form = await run_in_threadpool(self._opened, asked, hub, who)
        if asked.record:
            await run_in_threadpool(record, feed, name=asked.name, person=str(who.id))
        sender = Sender(socket, feed, form)
        before = self.senders.get(feed.id)
        if before is not None:
            before.replaced.set()
        self.senders[feed.id] = sender
        if feed.id in self._leaving:
            self._leaving.pop(feed.id)[1].cancel()
        act = "stream.resume" if asked.stream else "stream.begin"
        await run_in_threadpool(lambda: self.here.audit.note(act, by=who, object=feed.id, address=_address(socket)))
        try:
            await sender.run()
        finally:
            if self.senders.get(feed.id) is sender:
                del self.senders[feed.id]
                self._left(feed)

    def _opened(self, asked: Hello, hub: Hub, who: Person) -> tuple[Feed, Form]:
        try:
            return opened(asked, hub=hub, who=who)
        except ClosedError as error:
            if error.code != 4429:
                raise
            # a person's own that nobody sends to any more make room
            alone = [feed for feed, _ in list(self._leaving.values()) if feed.stream.head.person == str(who.id)]
            if not alone:
                raise
        for feed in alone:
            feed.end("another stream took its place")
        return opened(asked, hub=hub, who=who)

    def _left(self, feed: Feed) -> None:
        """A stream without its sender is kept for a while."""
        loop = asyncio.get_running_loop()
        if not feed.next:
            loop.run_in_executor(None, _forget, feed)
        elif not feed.stream.ended:
            self._leaving[feed.id] = feed, loop.call_later(ALONE_S, self._alone, feed)

    def _alone(self, feed: Feed) -> None:
        self._leaving.pop(feed.id, None)
        if feed.id not in self.senders:
            asyncio.get_running_loop().run_in_executor(None, feed.end, "the sender did not come back")

    async def _watch(self, socket: WebSocket, who: Person, asked: Watch, hub: Hub) -> None:
        _require(who, "read")
        if self.viewers >= self.here.settings.most_viewers:
            raise ClosedError(4429, f"a viewer beyond {self.here.settings.most_viewers} at once")
        try:
            reader = await run_in_threadpool(hub.reader, asked.stream)
        except EcgomicsError:
            raise ClosedError(4404, "no such stream") from None
        self.viewers += 1
        try:
            await Viewer(socket, reader, asked).run()
        finally:
            self.viewers -= 1


@router.websocket("/stream")
async def stream(socket: WebSocket) -> None:
    """Samples in or out; see the description of `streams`."""
    door: Door = socket.app.state.door
    offered = [str(name) for name in socket.scope.get("subprotocols", [])]
    # accepted before it is refused: only so does a browser learn why
    await socket.accept(subprotocol=PROTOCOL if PROTOCOL in offered else None)
    who: Person | None = None
    code, reason = 1000, ""
    try:
        who = await run_in_threadpool(_person, socket, door.here, offered)
        await _while_allowed(door.admit(socket, who), lambda: _key_holds(socket, door.here, offered))
    except ClosedError as error:
        code, reason = error.code, error.reason
    except (WebSocketDisconnect, RuntimeError, ConnectionError):
        code = 1006  # it went while something was sent to it
    except Exception:
        log.exception("failed", extra={"fields": {"route": "/v1/stream"}})
        code, reason = 1011, "our mistake"
    _told(socket, who, code, reason)
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # closed by the other side already
        await socket.close(code if code != 1006 else 1000, reason)


@router.get("/streams", summary="List the live streams")
def list_streams(who: Reader, here: Here) -> StreamList:
    """Streams beside the cohort that are kept, whichever process takes them in; the newest last."""
    streams = [_line(reader, who) for reader in here.hub().streams()]
    return StreamList(streams=streams)


@router.get("/streams/{stream}", summary="One live stream")
def one_stream(stream: StreamPath, who: Reader, here: Here) -> StreamLine:
    """What it is and how it is."""
    return _line(_known(here, stream), who)


@router.delete("/streams/{stream}", status_code=204, summary="End a live stream", response_class=Response)
def end_stream(stream: StreamPath, who: Streamer, here: Here) -> Response:
    """Only its owner and administrators may; what was recorded of it stays."""
    reader = _known(here, stream)
    if reader.head.person != str(who.id):
        who.require("admin")
    here.hub().stop(stream)
    here.audit.note("stream.end", by=who, object=stream)
    return Response(status_code=204)


def _known(here: Shared, stream: str) -> Any:
    try:
        return here.hub().reader(stream)
    except EcgomicsError:
        unknown = ServiceError("an unknown stream", expected="the id of one of those listed")
        raise RefusedError(404, unknown) from None


def _line(reader: Any, who: Person) -> StreamLine:
    description = reader.head.description
    return StreamLine(
        stream=reader.id,
        name=description.name,
        kind=description.kind,
        leads=list(description.leads),
        rate_hz=description.rate_hz,
        device=description.device,
        origin=description.origin,
        synthetic=description.synthetic,
        started=reader.head.started.isoformat(),
        next=reader.next,
        gaps=len(reader.gaps),
        yours=reader.head.person == str(who.id),
        **told_status(reader),
    )


def _forget(feed: Feed) -> None:
    """A stream of which nothing came leaves nothing: greetings alone must not fill the disk, or the list."""
    feed.end("nothing came")
    shutil.rmtree(feed.stream.journal.folder, ignore_errors=True)


def _require(who: Person, scope: str) -> None:
    try:
        who.require_scope(scope)
    except AccessError as error:
        raise ClosedError(4403, str(error)) from None


def _person(socket: WebSocket, here: Shared, offered: list[str]) -> Person:
    """Who opens a connection. Raises ClosedError."""
    if here.access == "open":
        # a page of another site, open in the same browser, could reach a server on loopback, by its own name too
        origin = socket.headers.get("origin")
        if not is_loopback(socket.url.hostname or ""):
            raise ClosedError(4403, "a request for another host")
        if origin and urlsplit(origin).netloc != socket.headers.get("host"):
            raise ClosedError(4403, "a page of another origin")
        return here.accounts.local()
    try:
        who = key_owner(_secret(socket, offered), here=here, address=_address(socket))
    except RefusedError as error:
        raise ClosedError(4000 + error.status, str(error)) from None
    if here.buckets.take(who.name):
        raise ClosedError(4429, "too many connections; wait")
    return who


def _secret(socket: WebSocket, offered: list[str]) -> str:
    scheme, _, secret = socket.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return secret
    return next((name.removeprefix("bearer.") for name in offered if name.startswith("bearer.")), "")


def _key_holds(socket: WebSocket, here: Shared, offered: list[str]) -> bool:
    if here.access == "open":
        return True
    try:
        here.accounts.of_key(_secret(socket, offered).strip())
    except AccessError:
        return False
    return True


async def _while_allowed(work: Coroutine[Any, Any, None], holds: Callable[[], bool]) -> None:
    """Do the work of a connection until it ends, or its key is revoked. Raises ClosedError."""
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=CHECK_S)
            if not task.done() and not await run_in_threadpool(holds):
                raise ClosedError(4401, "the key is in force no longer")
        await task
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})


def _address(socket: WebSocket) -> str:
    return socket.client.host if socket.client else ""


def _told(socket: WebSocket, who: Person | None, code: int, reason: str) -> None:
    """Count and log how a connection ended; refusals are noted for the audit as well."""
    fields: dict[str, Any] = {"route": "/v1/stream", "code": code, "reason": reason, "address": _address(socket)}
    log.log(
        logging.INFO if code in (1000, 1006, 4410, 4409) else logging.WARNING,
        "stream closed",
        extra={"fields": fields | ({"person": who.id} if who else {})},
    )
    socket.app.state.closed.labels(str(code)).inc()
    if code in (4401, 4403, 4404):
        here: Shared = socket.app.state.door.here
        address = _address(socket)
        asyncio.get_running_loop().run_in_executor(
            None, lambda: here.audit.note("stream.refused", by=who, address=address, details={"code": code})
        )
