"""`LineSource`: samples as lines of text, whatever way they come by; `SerialLines` and `UdpLines` are the ways."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from abc import abstractmethod
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from ecgomics.errors import FormatError, SourceError
from ecgomics.live.block import Block
from ecgomics.live.lines import Layout, LineReader, Row
from ecgomics.live.row_numbers import RowNumbers
from ecgomics.live.source import Description, Source, State, Status

HEAD_S = 10.0
"""How long is waited for a head when the layout was not said."""
MOST_WAITING = 2048
"""Pieces that may wait to be read; beyond them the oldest are lost, which is a gap."""
RETRY_S = (0.5, 1.0, 2.0, 4.0, 8.0)
ANOTHER_S = 10.0
"""After so long a silence another sender may take a UDP stream over."""
READ_S = 0.05

_OPTIONS = {"rate": "rate_hz", "columns": "columns", "unit": "unit", "zero": "zero", "gain": "gain"}


@dataclass(frozen=True)
class Piece:
    """What came at once; `torn` when something was lost before it."""

    data: bytes
    came_s: float
    torn: bool = False


class LineSource(Source):
    """Samples as lines of text, in the grammar of `ecgomics.live.lines`.

    Parameters
    ----------
    what
        Where they come from, and if no head will say so the layout:
        ``PLACE?rate=250&columns=seq,II,V1&unit=uV&zero=512&gain=1000&modulo=16``.

    Raises
    ------
    SourceError
        For options that are not to be understood.
    """

    KIND = ""

    def __init__(self, what: str, *, retry_s: Sequence[float] = RETRY_S) -> None:
        self.place, _, more = what.partition("?")
        self.options = dict(parse_qsl(more, keep_blank_values=True))
        self.reader = LineReader(_layout(self.options))
        self._retry_s = tuple(retry_s)
        self._status = Status()
        self._over = asyncio.Event()
        self._pieces: asyncio.Queue[Piece | SourceError | None] = asyncio.Queue(MOST_WAITING)
        self._early: list[tuple[list[Row], float]] = []
        self._begun = False

    @property
    def description(self) -> Description:
        """What it is; known when `ready` has returned. Raises SourceError before."""
        layout = self.reader.layout
        if layout is None:
            raise SourceError("a source whose head has not come yet", remedy="await ready()")
        return Description(self._title(), self.KIND, layout.leads, layout.rate_hz, device=layout.device)

    @property
    def status(self) -> Status:
        """How it is now."""
        return self._status

    async def ready(self) -> None:
        """Wait for the head, if the layout was not said. Raises SourceError when none comes."""
        await self._begin()
        try:
            async with asyncio.timeout(HEAD_S):
                while self.reader.layout is None:
                    piece = await self._next()
                    if piece is None:
                        break
                    self._early.append((self._rows(piece), piece.came_s))
        except TimeoutError:
            pass
        if self.reader.layout is None:
            await self.close()
            raise SourceError(
                "lines without a head" if self.reader.refused else "a source from which nothing comes",
                expected='a line # {"rate_hz": 250, "columns": ["seq", "II"]}',
                remedy="or say it: …?rate=250&columns=seq,II",
            )
        try:
            _ = self.description
        except Exception:
            await self.close()
            raise

    async def close(self) -> None:
        """Let go of the port."""
        self._over.set()
        self._put(None)

    async def blocks(self) -> AsyncIterator[Block]:
        """Blocks as they come. Raises SourceError when what comes is nothing like samples."""
        await self.ready()
        assert self.reader.layout is not None
        numbers = RowNumbers(self.reader.layout)
        try:
            for rows, came_s in self._early:
                for block in numbers.blocks(rows, came_s=came_s):
                    yield block
            self._early = []
            while (piece := await self._next()) is not None:
                for block in numbers.blocks(self._rows(piece), came_s=piece.came_s):
                    self._now("live")
                    yield block
        finally:
            self._over.set()
            self._now("ended")

    @abstractmethod
    async def _open(self) -> None:
        """Begin to listen; what comes goes to `_put`."""

    @abstractmethod
    def _title(self) -> str: ...

    def _rows(self, piece: Piece) -> list[Row]:
        if piece.torn:
            self.reader.torn()
        return self.reader.take(piece.data)

    async def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            await self._open()

    async def _next(self) -> Piece | None:
        piece = await self._pieces.get()
        if isinstance(piece, SourceError):
            raise piece
        return piece

    def _put(self, piece: Piece | SourceError | None) -> None:
        if self._pieces.full():
            self._pieces.get_nowait()
        self._pieces.put_nowait(piece)

    def _now(self, state: State, reason: str = "") -> None:
        if (state, reason) != (self._status.state, self._status.reason):
            self._status = Status(state, reason=reason)


class SerialLines(LineSource):
    """Lines from a serial port; a port that went away is opened again when it is back.

    ``/dev/ttyACM0``, ``COM3``; ``?baud=115200`` (the default) and the layout after it. The line in the middle of which
    listening begins is not read.
    """

    KIND = "serial"

    def __init__(self, what: str, **more: Any) -> None:
        super().__init__(what, **more)
        baud = self.options.get("baud", "115200")
        if not self.place or not baud.isdigit() or not 50 <= int(baud) <= 4_000_000:
            raise SourceError("a serial port that is not to be understood", expected="serial:/dev/ttyACM0?baud=115200")
        self._baud = int(baud)

    def _title(self) -> str:
        return f"serial port {self.place.rsplit('/', 1)[-1]}"

    async def _open(self) -> None:
        from serial import SerialException

        try:
            port = await asyncio.to_thread(self._port)
        except (SerialException, OSError, ValueError):
            raise SourceError(
                "a serial port that cannot be opened",
                expected="one that is there and that this person may read",
                remedy="look at its name, and at the group dialout on Linux",
            ) from None
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._read, args=(port, loop), daemon=True, name="serial").start()

    def _port(self) -> Any:
        import serial

        return serial.Serial(self.place, self._baud, timeout=READ_S)

    def _read(self, port: Any, loop: asyncio.AbstractEventLoop) -> None:
        """In a thread of its own: read what there is, reopen what was lost."""
        from serial import SerialException

        turn, torn = 0, True
        while not self._over.is_set():
            try:
                port = port or self._port()
                data = port.read(max(1, min(port.in_waiting, 65_536)))
                turn = 0
            except (SerialException, OSError, TypeError):
                if port is not None:
                    with contextlib.suppress(SerialException, OSError):
                        port.close()
                port, data, torn = None, b"", True
                self._tell(loop, lambda: self._now("lost", "the port is gone"))
                time.sleep(self._retry_s[min(turn, len(self._retry_s) - 1)])
                turn += 1
            if data:
                piece, torn = Piece(data, time.monotonic(), torn), False
                if not self._tell(loop, lambda piece=piece: self._put(piece)):  # type: ignore[misc]
                    break
        if port is not None:
            with contextlib.suppress(SerialException, OSError):
                port.close()

    def _tell(self, loop: asyncio.AbstractEventLoop, what: Any) -> bool:
        try:
            loop.call_soon_threadsafe(what)
        except RuntimeError:  # the loop has ended
            return False
        return True


class UdpLines(LineSource):
    """Lines in UDP packets, whole lines in each.

    ``9000`` listens on this machine alone, ``0.0.0.0:9000`` for others too. The first sender has the stream: packets of
    others are refused, until it was silent for `ANOTHER_S`.
    """

    KIND = "udp"

    def __init__(self, what: str, **more: Any) -> None:
        super().__init__(what, **more)
        host, _, port = self.place.rpartition(":")
        if not port.isdigit() or int(port) > 65_535:
            raise SourceError("a UDP port that is not to be understood", expected="udp:9000, or udp:0.0.0.0:9000")
        self._address = (host or "127.0.0.1", int(port))
        self.sender: tuple[str, int] | None = None
        self.heard_s = 0.0
        self._transport: asyncio.DatagramTransport | None = None

    @property
    def port(self) -> int:
        """Where it listens, once it does: what was asked for, or a free one for 0."""
        return int(self._transport.get_extra_info("sockname")[1]) if self._transport else self._address[1]

    def _title(self) -> str:
        return f"UDP port {self._address[1]}"

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            self._transport, _ = await loop.create_datagram_endpoint(lambda: _Ear(self), local_addr=self._address)
        except OSError:
            raise SourceError("a UDP port that cannot be listened on", expected="a free port of this machine") from None

    async def close(self) -> None:
        """Let go of the port."""
        await super().close()
        if self._transport is not None:
            self._transport.close()

    def _rows(self, piece: Piece) -> list[Row]:
        return self.reader.whole(piece.data)

    def heard(self, data: bytes, sender: tuple[str, int]) -> None:
        """A packet came."""
        now = time.monotonic()
        if sender != self.sender and self.sender is not None and now - self.heard_s < ANOTHER_S:
            self.reader.refused["a packet of another sender"] += 1
            return
        self.sender, self.heard_s = sender, now
        self._put(Piece(data, now))


class _Ear(asyncio.DatagramProtocol):
    def __init__(self, source: UdpLines) -> None:
        self._source = source

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._source.heard(data, (str(addr[0]), int(addr[1])))


def _layout(options: dict[str, str]) -> Layout | None:
    """The layout that options say; none when they do not. Raises SourceError."""
    if "columns" not in options:
        return None
    head: dict[str, Any] = {_OPTIONS[name]: value for name, value in options.items() if name in _OPTIONS}
    head["columns"] = head["columns"].split(",")
    try:
        for name in ("rate_hz", "zero", "gain"):
            if name in head:
                head[name] = float(head[name])
        head["seq_modulo"] = int(options.get("modulo", "0"))
        return Layout.of(head)
    except (ValueError, FormatError) as error:
        said = error.arrived if isinstance(error, FormatError) else "an option that is no number"
        raise SourceError(said, expected="…?rate=250&columns=seq,II&unit=mV") from None
