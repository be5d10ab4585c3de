"""`Hub`: the streams of a cohort as one process takes them in, and all of them as it sees them."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import functools
import logging
import math
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from ecgomics.errors import EcgomicsError, FormatError, SourceError, StreamError
from ecgomics.live.block import Block
from ecgomics.live.head import NAME as HEAD
from ecgomics.live.journal import HAND_OVER
from ecgomics.live.owner import is_owned
from ecgomics.live.reader import Reader
from ecgomics.live.source import Description, Source, Status
from ecgomics.live.stream import Numbers, Stream
from ecgomics.live.tidying import tidy
from ecgomics.live.watching import Watching
from ecgomics.settings import LiveSettings

KEEP_EVERY_S = 0.05
RETRY_S = 0.25
CLOSE_S = 60.0
TIDY_EVERY_S = 60.0
SAVERS = 4
"""Streams made safe at once."""
LONGEST_ID = 80

logger = logging.getLogger(__name__)


class Feed:
    """The push side of a stream: for whoever has samples at hand, in any thread.

    Parameters
    ----------
    stream
        Where they go.
    """

    def __init__(self, stream: Stream) -> None:
        self.stream = stream

    @property
    def id(self) -> str:
        """Name of the stream; give it to `Hub.feed` to go on with it."""
        return self.stream.id

    @property
    def next(self) -> int:
        """Number of the sample to come: where to go on after an interruption."""
        return self.stream.next

    def push(self, block: Block) -> int:
        """Take samples in; number of the sample to come. Raises as `Stream.push`."""
        return self.stream.push(block)

    def say(self, status: Status) -> None:
        """How the sender is: battery, lost contact."""
        self.stream.say(status)

    def end(self, reason: str = "") -> None:
        """Nothing more will come."""
        self.stream.end(reason)


class Hub:
    """The live streams beside a cohort.

    Parameters
    ----------
    folder
        Where their journals lie, see `live_folder`; made when something is taken in.
    settings
        How they are kept and watched.
    """

    def __init__(self, folder: str | Path, *, settings: LiveSettings | None = None) -> None:
        self.folder = Path(folder)
        self.settings = settings or LiveSettings()
        self._own: dict[str, Stream] = {}
        self._tasks: dict[str, concurrent.futures.Future[None]] = {}
        self._readers: dict[str, Reader] = {}
        self._guard = threading.RLock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._threads: list[threading.Thread] = []
        self._closing = threading.Event()

    # --- taking in -----------------------------------------------------------------------------------------------

    def add(self, source: Source, *, person: str = "", id: str = "") -> Stream:
        """Take a source in; it runs until it is over, `stop` is called or the hub is closed.

        Parameters
        ----------
        source
            What sends.
        person
            Id of whoever owns the stream.
        id
            A stream to go on with, whose owner is gone; a new one when left out.

        Raises
        ------
        SourceError
            When the source is not there.
        StreamError
            For too many streams, or a journal that cannot be written.
        """
        self._run()
        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(source.ready(), self._loop).result()
        stream = self._begin(source.description, person=person, id=id, numbers="session")
        task = asyncio.run_coroutine_threadsafe(self._take_in(source, stream), self._loop)
        with self._guard:
            self._tasks[stream.id] = task
        return stream

    def feed(self, description: Description, *, person: str = "", id: str = "") -> Feed:
        """A stream to push into.

        Parameters
        ----------
        description
            What will come.
        person
            Id of whoever owns it.
        id
            A stream to go on with: of this hub, or one whose owner is gone. A new one when left out.

        Raises
        ------
        StreamError
            For too many streams, one that another process takes in or of other leads, or a disk that is full. The other
            process is asked to leave it: it does once nothing has come there for `LiveSettings.silent_s`.
        """
        self._run()
        with self._guard:
            own = self._own.get(id)
        if own is not None and not own.ended:
            held = own.head.description
            if (held.leads, held.rate_hz) != (description.leads, description.rate_hz):
                raise StreamError("a stream of other leads or another rate than it began with", expected="the same")
            return Feed(own)
        return Feed(self._begin(description, person=person, id=id, numbers="stream"))

    def stream(self, id: str) -> Stream | None:
        """A stream of this process, None for any other."""
        with self._guard:
            return self._own.get(id)

    def stop(self, id: str) -> None:
        """End a stream, of this process or another.

        Raises
        ------
        StreamError
            When there is none of this id.
        """
        stream = self.stream(id)
        if stream is not None:
            self._end(stream, reason="stopped")
            return
        self.reader(id).ask_to_stop()

    # --- looking -------------------------------------------------------------------------------------------------

    def streams(self) -> tuple[Reader, ...]:
        """All streams beside the cohort, this process's and others', in the order they began."""
        found: list[Reader] = []
        for id in journals_in(self.folder):
            with contextlib.suppress(StreamError, FormatError):
                found.append(self.reader(id))
        with self._guard:
            here = {reader.id for reader in found}
            self._readers = {id: reader for id, reader in self._readers.items() if id in here}
        return tuple(sorted(found, key=lambda reader: (reader.head.started, reader.id)))

    def reader(self, id: str) -> Reader:
        """A stream as it can be read.

        Raises
        ------
        StreamError
            When there is none of this id.
        FormatError
            When its journal cannot be read here.
        """
        if not _is_id(id) or not (self.folder / id / HEAD).is_file():
            raise StreamError("a stream that is not there", expected="one of those listed")
        with self._guard:
            if id not in self._readers:
                own = self._own.get(id)
                self._readers[id] = own.reader if own is not None else Reader(self.folder / id, settings=self.settings)
            return self._readers[id]

    def close(self) -> None:
        """Take no more in; a stream can be gone on with by its id, here or in another process."""
        with self._guard:
            own = list(self._own.values())
        for stream in own:
            self._end(stream, reason="the server was stopped", state="lost")
        self._closing.set()
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # closed by another thread meanwhile
                loop.call_soon_threadsafe(loop.stop)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(timeout=CLOSE_S)
        self._loop, self._threads = None, []

    # --- inside --------------------------------------------------------------------------------------------------

    def _begin(self, description: Description, *, person: str, id: str, numbers: Numbers) -> Stream:
        with self._guard:
            live = sum(not stream.ended for stream in self._own.values())
            if live >= self.settings.most_streams:
                raise StreamError(
                    f"a stream beyond {self.settings.most_streams} at once",
                    expected="fewer",
                    remedy="stop one of them, or raise most_streams",
                )
            if id and not _is_id(id):
                raise StreamError("a stream's id that is none", expected="letters, digits and hyphens")
            folder = self.folder / (id or new_id())
            if (folder / HEAD).exists() and Reader(folder).status.state == "ended":
                raise StreamError("a stream that has ended", expected="one to go on with", remedy="begin another")
            if id and is_owned(folder):
                with contextlib.suppress(OSError):
                    (folder / HAND_OVER).touch()
            stream = Stream.begin(folder, description, person=person, numbers=numbers, settings=self.settings)
            self._own[stream.id] = stream
            self._readers[stream.id] = stream.reader
            return stream

    async def _take_in(self, source: Source, stream: Stream) -> None:
        reason = ""
        try:
            async for block in source.blocks():
                stream.say(source.status)
                if not await self._pushed(stream, block):
                    break
            reason = source.status.reason
        except SourceError as error:
            reason = str(error)
        except EcgomicsError as error:
            reason = str(error)
        except Exception:  # one source's trouble must not end the others'
            logger.exception("a source of a live stream failed")
            reason = "the source failed"
        finally:
            stream.say(source.status)
            try:
                await asyncio.shield(asyncio.to_thread(stream.end, reason))
            finally:
                await source.close()

    async def _pushed(self, stream: Stream, block: Block) -> bool:
        """Push a block, again and again while the disk does not take it; whether the stream goes on."""
        while not stream.ended:
            try:
                stream.push(block)
                return True
            except StreamError:
                if stream.ended:
                    return False
                await asyncio.sleep(RETRY_S)
        return False

    def _end(self, stream: Stream, *, reason: str, state: Literal["ended", "lost"] = "ended") -> None:
        stream.end(reason, state=state)
        with self._guard:
            task = self._tasks.pop(stream.id, None)
        if task is not None and not task.done():
            task.cancel()
            with contextlib.suppress(concurrent.futures.CancelledError, concurrent.futures.TimeoutError):
                task.result(timeout=5)

    def _run(self) -> None:
        """Begin the threads that take in and keep."""
        with self._guard:
            if self._closing.is_set():
                raise StreamError("a hub that was closed", remedy="make another")
            if self._threads:
                return
            self._loop = asyncio.new_event_loop()
            for name, work in self._work():
                thread = threading.Thread(target=work, name=f"live-{name}", daemon=True)
                self._threads.append(thread)
                thread.start()

    def _work(self) -> list[tuple[str, Callable[[], Any]]]:
        return [("sources", self._run_loop), ("keeper", self._keep), ("watcher", self._watch)]

    def _run_loop(self) -> None:
        assert self._loop is not None
        with _wound_up(self._loop) as loop:
            asyncio.set_event_loop(loop)
            loop.run_forever()

    def _keep(self) -> None:
        due = 0.0
        tidied = -math.inf
        # each waits for the disk most of the time
        with concurrent.futures.ThreadPoolExecutor(SAVERS, thread_name_prefix="live-saver") as savers:
            while not self._closing.wait(KEEP_EVERY_S):
                if time.monotonic() - tidied > TIDY_EVERY_S:
                    tidied = time.monotonic()
                    with contextlib.suppress(OSError):
                        tidy(self.folder, settings=self.settings)
                if time.monotonic() < due:
                    continue
                due = time.monotonic() + self.settings.save_every_s - KEEP_EVERY_S
                with self._guard:
                    own = [stream for stream in self._own.values() if not stream.ended]
                list(savers.map(_kept, own))

    def _watch(self) -> None:
        """Look for beats and findings, stream after stream, in step with the clock as far as the processor allows."""
        watchings: dict[str, Watching] = {}
        closing = False
        while not closing:
            begun = time.monotonic()
            closing = self._closing.is_set()
            with self._guard:
                own = list(self._own.values())
            for stream in own:
                self._watch_one(stream, watchings)
            with self._guard:
                self._own = {id: stream for id, stream in self._own.items() if not stream.over}
            if not closing:
                self._closing.wait(max(0.02, begun + self.settings.watch_every_s - time.monotonic()))

    def _watch_one(self, stream: Stream, watchings: dict[str, Watching]) -> None:
        ended = stream.ended
        try:
            if stream.id not in watchings:
                watchings[stream.id] = Watching(stream.journal, stream.reader, first=stream.first)
            watching = watchings[stream.id]
            if ended:
                watching.finish()
            else:
                watching.step()
        except Exception:  # one stream's trouble must not end the others'
            logger.exception("a live stream could not be watched")
        if ended:
            watchings.pop(stream.id, None)
            stream.over = True


@contextlib.contextmanager
def _wound_up(loop: asyncio.AbstractEventLoop) -> Iterator[asyncio.AbstractEventLoop]:
    """A loop whose tasks, generators and threads have ended and that is closed afterwards, whichever of it fails."""
    with contextlib.ExitStack() as steps:
        steps.callback(loop.close)
        steps.callback(asyncio.set_event_loop, None)
        steps.callback(lambda: loop.run_until_complete(loop.shutdown_default_executor()))
        steps.callback(lambda: loop.run_until_complete(loop.shutdown_asyncgens()))
        steps.callback(lambda: loop.run_until_complete(_cancelled()))
        yield loop


async def _cancelled() -> None:
    """Let those that were told to end let go of their devices, then end whatever else runs."""
    me = asyncio.current_task()
    leaving = {task for task in asyncio.all_tasks() if task is not me and task.cancelling()}
    if leaving:
        await asyncio.wait(leaving, timeout=CLOSE_S / 2)
    rest = asyncio.all_tasks() - {me}
    for task in rest:
        task.cancel()
    if rest:
        await asyncio.wait(rest, timeout=CLOSE_S / 4)


def _kept(stream: Stream) -> None:
    try:
        stream.keep()
    except Exception:  # one stream's trouble must not end the others'
        logger.exception("a live stream could not be kept")


def live_folder(cohort: str | Path) -> Path:
    """Where the live streams of a cohort lie: ``demo.zarr`` → ``demo.live`` beside it."""
    path = Path(os.path.abspath(cohort))
    return path.with_name(f"{path.name.removesuffix('.zarr')}.live")


@functools.cache
def hub_of(cohort: Path) -> Hub:
    """The hub of a cohort: one for the whole process. Give an absolute path."""
    return Hub(live_folder(cohort))


def journals_in(folder: Path) -> list[str]:
    """Ids of the streams in a folder, in alphabetical order, which is that of their beginning."""
    with contextlib.suppress(OSError):
        return sorted(entry.name for entry in os.scandir(folder) if _is_id(entry.name) and entry.is_dir())
    return []


def new_id() -> str:
    """A name for a stream: its moment, and a few letters of chance."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def _is_id(text: str) -> bool:
    return 0 < len(text) <= LONGEST_ID and text.isascii() and text.replace("-", "").isalnum()
