"""Recordings: stretches of a stream that are kept, and how they become records."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ecgomics.errors import FormatError, StreamError
from ecgomics.live.head import read_json, unwritable, write_durably, write_once
from ecgomics.live.owner import is_owned
from ecgomics.live.reader import Reader
from ecgomics.live.spans import Span

if TYPE_CHECKING:
    from ecgomics.cohort import Cohort
    from ecgomics.records import Record

FOLDER = "recordings"
FORMAT = "ecgomics-live-recording"
VERSION = 1

RecordingState = Literal["open", "cut", "ended", "taken", "discarded"]
_WRITTEN: tuple[RecordingState, ...] = ("open", "ended", "taken", "discarded")


@dataclass(frozen=True)
class Recording:
    """A stretch of a stream that is kept.

    Parameters
    ----------
    path
        Its file; `ecgomics.records.read` takes it, and so does ``ecgomics ingest``.
    number
        Number within its stream.
    first, stop
        Sample numbers from which to before which it goes; `stop` is None while it is open.
    started
        When it was begun, UTC.
    person
        Id of whoever began it.
    name
        What it is called.
    state
        ``open``; ``cut``: it was open when the stream's owner ended, and goes on when the stream does; ``ended``;
        ``taken`` into the cohort; ``discarded``. The samples of the last two are no longer kept.
    record_id
        Of the cohort's record it became.
    """

    path: Path
    number: int
    first: int
    stop: int | None
    started: datetime
    person: str = ""
    name: str = ""
    state: RecordingState = "open"
    record_id: str = ""

    @property
    def folder(self) -> Path:
        """Journal of its stream."""
        return self.path.parent.parent

    @property
    def stream(self) -> str:
        """Id of its stream."""
        return self.folder.name


def begin_recording(reader: Reader, *, name: str = "", person: str = "", first: int | None = None) -> Recording:
    """Keep a stream's samples from a number on, by default from now.

    Raises
    ------
    StreamError
        When the disk does not take it.
    """
    folder = reader.folder / FOLDER
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise unwritable(error) from None
    start = reader.next if first is None else max(first, reader.oldest)
    number = max((int(path.stem) for path in folder.glob("*.json") if path.stem.isdigit()), default=-1) + 1
    while True:
        recording = Recording(
            folder / f"{number}.json", number, start, None, datetime.now(UTC), person=person, name=name
        )
        if write_once(recording.path, _said(recording)):
            break
        number += 1
    return recording


def end_recording(recording: Recording, *, stop: int | None = None) -> Recording:
    """End a recording before a sample number, by default before the sample to come.

    Raises
    ------
    StreamError
        When it is no longer open, or the disk does not take it.
    """
    now = read_recording(recording.path)
    if now.state not in ("open", "cut"):
        raise StreamError(f"a recording that is {now.state}", expected="one that is open")
    reached = Reader(now.folder).next
    ended = replace(now, stop=max(now.first, reached if stop is None else min(stop, reached)), state="ended")
    _write(ended)
    return ended


def discard_recording(recording: Recording) -> Recording:
    """Keep a recording no longer; what it held is pruned with the rest.

    Raises
    ------
    StreamError
        When the disk does not take it.
    """
    gone = replace(read_recording(recording.path), state="discarded")
    gone = replace(gone, stop=gone.first if gone.stop is None else gone.stop)
    _write(gone)
    return gone


def read_recording(path: Path) -> Recording:
    """A recording from its file.

    Raises
    ------
    FormatError
        When it is none, damaged, or of a version that is not known here.
    """
    said = read_json(path, what="a live recording's file")
    if said.get("format") != FORMAT or said.get("version") != VERSION:
        raise FormatError("a JSON file of something else, or of another version", expected="a live recording")
    try:
        stop = said["stop"]
        state = next(state for state in _WRITTEN if state == said["state"])
        recording = Recording(
            path,
            int(path.stem),
            int(said["first"]),
            None if stop is None else int(stop),
            datetime.fromisoformat(str(said["started"])).astimezone(UTC),
            person=str(said.get("person", "")),
            name=str(said.get("name", "")),
            state=state,
            record_id=str(said.get("record_id", "")),
        )
    except (KeyError, TypeError, ValueError, StopIteration):
        raise FormatError("a live recording's file that is damaged", expected="the file as it was written") from None
    if recording.state == "open" and not is_owned(recording.folder):
        return replace(recording, state="cut")
    return recording


def recordings_of(folder: Path) -> tuple[Recording, ...]:
    """The recordings of one stream's journal, or of all journals in a folder, oldest first; not damaged ones."""
    own = folder / FOLDER
    places = [own] if own.is_dir() else sorted(folder.glob(f"*/{FOLDER}"))
    found: list[Recording] = []
    for place in places:
        for path in place.glob("*.json"):
            with contextlib.suppress(FormatError):
                found.append(read_recording(path))
    return tuple(sorted(found, key=lambda recording: (recording.started, recording.number)))


def pins(folder: Path) -> list[Span]:
    """Stretches of a journal that recordings keep; all of it, where a recording's file cannot be read."""
    kept: list[Span] = []
    for path in (folder / FOLDER).glob("*.json"):
        try:
            recording = read_recording(path)
        except FormatError:
            kept.append((0, 1 << 62))
            continue
        if recording.state in ("open", "cut", "ended"):
            kept.append((recording.first, (1 << 62) if recording.stop is None else recording.stop))
    return kept


def record_of(recording: Recording, *, spool: Path | None = None) -> Record:
    """A recording as a record: NaN where no sample came.

    Parameters
    ----------
    recording
        Ended, cut or still open: then it goes as far as its samples.
    spool
        As of `ecgomics.records.read`, for long recordings.

    Raises
    ------
    FormatError
        When it was discarded, has no sample, or its journal cannot be read.
    """
    from ecgomics.records import read

    return read(recording.path, spool=spool)


def take_in(recording: Recording, cohort: Cohort, *, then: Literal["analyse", "nothing"] = "analyse") -> str:
    """Make a recording a record of a cohort; its samples in the journal are then kept no longer.

    Parameters
    ----------
    recording
        One that has ended, or was cut (it is ended first).
    cohort
        Where it goes.
    then
        Whether the cohort is analysed.

    Returns
    -------
    str
        Id of the record.

    Raises
    ------
    StreamError
        When it is still open, or was discarded.
    FormatError
        When it holds nothing that can be taken in.
    CohortError
        When another process is writing the cohort.
    """
    from ecgomics.cohort import open_cohort
    from ecgomics.cohort.ingest import ingest_records
    from ecgomics.cohort.progress import Progress
    from ecgomics.settings import IngestSettings

    now = read_recording(recording.path)
    if now.state == "cut":
        now = end_recording(now)
    if now.state not in ("ended", "taken"):
        raise StreamError(f"a recording that is {now.state}", expected="one that has ended", remedy="end it first")
    if now.state == "taken":
        return now.record_id
    begun = cohort.stages["ingest"].settings if "ingest" in cohort.stages else {}
    known = IngestSettings().as_dict()
    settings = IngestSettings.from_dict({name: value for name, value in begun.items() if name in known})
    spool = now.folder / f".{now.number}.f4"
    try:
        record = record_of(now, spool=spool)
        told = ingest_records([record], cohort.path, settings=settings, progress=Progress("quiet"))
    finally:
        spool.unlink(missing_ok=True)
    if told.reasons:
        raise FormatError(
            f"a recording that the cohort does not take: {next(iter(told.reasons))}", expected="one it can take"
        )
    _write(replace(now, state="taken", record_id=record.id))
    if then == "analyse":
        open_cohort(cohort.path).analyse(workers=0, progress=False)
    return record.id


def _write(recording: Recording) -> None:
    write_durably(recording.path, _said(recording))


def _said(recording: Recording) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "first": recording.first,
        "stop": recording.stop,
        "started": recording.started.astimezone(UTC).isoformat(),
        "person": recording.person,
        "name": recording.name,
        "state": recording.state,
        "record_id": recording.record_id,
    }
