"""`House`: the live streams of a cohort as the Monitor pages of one process see them, and what people do with them."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ecgomics.dashboards.monitor_remarks import Remarks
from ecgomics.dashboards.monitor_strap import LEAD, RATE_HZ, StrapMessage
from ecgomics.errors import AccessError, StreamError
from ecgomics.live import (
    Block,
    Description,
    Feed,
    Reader,
    Recording,
    Replay,
    Status,
    begin_recording,
    discard_recording,
    end_recording,
    hub_of,
    mark_event,
    recordings_of,
)
from ecgomics_widgets.messages import pack, quantise

if TYPE_CHECKING:
    from ecgomics.service.accounts import Person

FIRST_S = 20.0
"""A page that opens on a running stream gets this much of what was before."""

FORGOTTEN_S = 900.0
"""A stream that nobody has taken in for this long is no longer shown; its recordings are."""

LIST_EVERY_S = 1.0
STOP_SENDING = -1

STRAP = "browser-strap"


class House:
    """The streams beside a cohort: looked at through their journals, whichever process takes them in.

    Parameters
    ----------
    path
        The cohort.
    """

    def __init__(self, path: Path) -> None:
        self.hub = hub_of(path.absolute())
        self.remarks = Remarks(path)
        self.readers: dict[str, Reader] = {}
        self.recordings: tuple[Recording, ...] = ()
        self.sent: dict[str, int] = {}
        self._feeds: dict[str, Feed] = {}
        self._listed = -math.inf

    # --- looking -------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """See which streams and recordings there are, once a second."""
        if time.monotonic() - self._listed > LIST_EVERY_S:
            self.look_again()

    def look_again(self) -> None:
        """See which streams and recordings there are, now."""
        self._listed = time.monotonic()
        self.readers = {reader.id: reader for reader in self.hub.streams() if _is_shown(reader)}
        self.sent = {key: number for key, number in self.sent.items() if key in self.readers}
        self.recordings = recordings_of(self.hub.folder) if self.hub.folder.is_dir() else ()

    def pieces(self) -> dict[str, bytes]:
        """What has come of each stream since the last time, packed once for all pages."""
        found = {}
        for key, reader in list(self.readers.items()):
            first, values = reader.since(self.sent.get(key, self.began(reader)))
            self.sent[key] = first + values.shape[1]
            if values.shape[1] and reader.head.description.rate_hz:
                found[key] = packed(reader, first, values)
        return found

    def began(self, reader: Reader) -> int:
        """Number of the first sample that a page is sent."""
        return max(0, reader.next - int(FIRST_S * reader.head.description.rate_hz))

    def before(self, key: str) -> bytes:
        """The last seconds of a stream, as far as other pages have them."""
        reader = self.readers[key]
        stop = self.sent.get(key, 0)
        first = max(0, stop - int(FIRST_S * reader.head.description.rate_hz))
        first, values = reader.since(first, most=stop - first)
        return packed(reader, first, values) if values.shape[1] and reader.head.description.rate_hz else b""

    def reader(self, key: str) -> Reader:
        """A stream that is shown. Raises StreamError for another."""
        if key not in self.readers:
            self.look_again()
        if key not in self.readers:
            raise StreamError("a stream that is not there", expected="one of those shown")
        return self.readers[key]

    def recorded(self, key: str) -> Recording | None:
        """The newest recording of a stream that was not discarded."""
        mine = [one for one in self.recordings if one.stream == key and one.state != "discarded"]
        return mine[-1] if mine else None

    def recording(self, name: str) -> Recording:
        """A recording by its name, ``<stream>/<number>``. Raises StreamError when there is none."""
        self.look_again()
        for one in self.recordings:
            if name_of(one) == name:
                return one
        raise StreamError("a recording that is not there", expected="one of those listed")

    # --- taking in -----------------------------------------------------------------------------------------------

    def take(self, message: Mapping[str, Any], *, by: Person) -> dict[str, int]:
        """Samples of a strap that a browser holds; sender → number of the sample to come, −1: stop sending.

        Raises
        ------
        AccessError
            For a viewer, or somebody else's stream.
        EcgomicsError
            For a broken message, or a stream that cannot be kept; nothing is acknowledged.
        """
        by.require("annotator")
        told = StrapMessage.of(message)
        feed = self._feeds.get(told.sender)
        if feed is None or feed.stream.ended:
            if self._has_ended(told.sender):
                self._feeds.pop(told.sender, None)
                return {told.sender: STOP_SENDING}
            if (self.hub.folder / told.sender / "head.json").is_file():
                # another process may have it, and would leave it to us
                require_owner(self.hub.reader(told.sender).head.person, by=by)
            about = Description(told.label, STRAP, (LEAD,), RATE_HZ, device=told.label)
            feed = self.hub.feed(about, person=str(by.id), id=told.sender)
            self._feeds[told.sender] = feed
        require_owner(feed.stream.head.person, by=by)
        for first, values in told.pieces:
            feed.push(Block(first, values))
        reason = "" if told.state == "connected" else "the strap is out of the browser's reach"
        feed.say(Status("live" if told.state == "connected" else "lost", told.battery, reason))
        return {told.sender: feed.next}

    def _has_ended(self, id: str) -> bool:
        if not (self.hub.folder / id / "head.json").is_file():
            return False
        return self.hub.reader(id).status.state == "ended"

    def replay(self, ecg: Any, *, name: str, speed: float, synthetic: bool, by: Person) -> str:
        """Play a record as a stream, again and again; its key. Raises AccessError for a viewer."""
        by.require("annotator")
        source = Replay(ecg, name=name, speed=min(max(speed, 0.25), 20.0), again="loop", synthetic=synthetic)
        stream = self.hub.add(source, person=str(by.id))
        self.look_again()
        return stream.id

    def stop(self, key: str, *, by: Person) -> None:
        """End a stream. Raises AccessError for whoever neither began it nor is an administrator."""
        reader = self.reader(key)
        require_owner(reader.head.person, by=by)
        self.remarks.note("stream.stop", by=by, object=key)
        self.hub.stop(key)
        self.look_again()

    # --- recording -----------------------------------------------------------------------------------------------

    def record(self, key: str, *, by: Person) -> None:
        """Keep a stream from now on. Raises AccessError for a viewer."""
        by.require("annotator")
        reader = self.reader(key)
        now = self.recorded(key)
        if now is None or now.state not in ("open", "cut"):
            begin_recording(reader, name=reader.head.description.name, person=str(by.id))
            self.remarks.note("recording.begin", by=by, object=key)
        self.look_again()

    def end(self, key: str, *, by: Person) -> None:
        """End a stream's recording. Raises AccessError for whoever began neither nor is an administrator."""
        now = self.recorded(key)
        if now is not None and now.state in ("open", "cut"):
            require_owner(now.person, self.reader(key).head.person, by=by)
            end_recording(now)
            self.remarks.note("recording.end", by=by, object=name_of(now))
        self.look_again()

    def discard(self, name: str, *, by: Person) -> None:
        """Keep a recording no longer. Raises AccessError for whoever began neither nor is an administrator."""
        now = self.recording(name)
        require_owner(now.person, self.hub.reader(now.stream).head.person, by=by)
        discard_recording(now)
        self.remarks.note("recording.discard", by=by, object=name)
        self.look_again()

    def mark(self, key: str, text: str, *, time_s: float | None, by: Person) -> None:
        """Mark a moment of a stream, the present one or one looked back to. Raises AccessError for a viewer."""
        by.require("annotator")
        reader = self.reader(key)
        rate = reader.head.description.rate_hz or 1.0
        number = reader.next if time_s is None else min(max(0, round(time_s * rate)), reader.next + int(600 * rate))
        mark_event(reader.folder, text, number=number, person=str(by.id))
        self.remarks.mark(key, text, time_s=number / rate, by=by)


def packed(reader: Reader, first: int, values: np.ndarray[Any, Any]) -> bytes:
    """Samples of a stream for its strip in the browser."""
    about = reader.head.description
    coded, scale, offset = quantise(values)
    header = {"id": reader.id, "leads": list(about.leads), "rate": about.rate_hz, "first": first}
    return pack({**header, "count": values.shape[1], "scale": scale, "offset": offset}, {"values": coded})


def name_of(recording: Recording) -> str:
    """What pages call a recording: ``<stream>/<number>``."""
    return f"{recording.stream}/{recording.number}"


def require_owner(*owners: str, by: Person) -> None:
    """Raise AccessError for whoever is none of the owners and no administrator."""
    by.require("annotator")
    if str(by.id) not in owners and not by.may("admin"):
        raise AccessError(
            "somebody else's stream or recording", expected="one's own", remedy="ask its owner or an administrator"
        )


def _is_shown(reader: Reader) -> bool:
    return reader.status.state != "ended" and reader.silent_s < FORGOTTEN_S


@functools.cache
def house_of(path: Path) -> House:
    """The house of a cohort: one for the whole process."""
    return House(path)
