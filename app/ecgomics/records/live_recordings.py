"""Recordings of live streams: a stretch of a journal (`ecgomics.live`), named by its file ``recordings/N.json``."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecgomics.errors import FormatError
from ecgomics.live.reader import Reader
from ecgomics.live.recordings import Recording, read_recording
from ecgomics.records.assembly import Beside, assemble
from ecgomics.records.pieces import Pieces, steps
from ecgomics.records.record import Annotation, Description, Label, Record
from ecgomics.records.stated import Stated, rate_checked

MOST_GAPS_TOLD = 5


def read_live(path: Path, *, stated: Stated) -> Record:
    """Read a recording of a live stream: NaN where no sample came, marks as annotations.

    A recording that is still open, or was cut by the end of the process that took it in, goes as far as its samples.

    Raises
    ------
    FormatError
        When it was discarded, holds no sample, or its journal is missing, damaged or of another version.
    """
    recording = read_recording(path)
    if recording.state == "discarded":
        raise FormatError("a live recording that was discarded", expected="one whose samples were kept")
    reader = Reader(recording.folder)
    about, rate = reader.head.description, reader.head.description.rate_hz
    if not rate:
        raise FormatError("a recording of RR intervals only", expected="one of a stream with samples")
    stop = reader.next if recording.stop is None else min(recording.stop, reader.next)
    count = stop - recording.first
    if count < 1:
        raise FormatError("a live recording without a sample", expected="at least one")
    first = recording.first
    spans = ((first + start, first + end) for start, end in steps(count, width=len(about.leads)))
    record = assemble(
        Pieces(len(about.leads), count, _pieces(reader, spans)),
        about.leads,
        rate_hz=rate,
        source=recording.name or about.name,
        description=Description(
            start=_start(reader, first),
            device=about.device,
            labels=(Label("synthetic", about.origin or "live", 100.0),) if about.synthetic else (),
            notes=tuple(_notes(reader, recording, first=first, stop=stop)),
        ),
        beside=Beside(annotations=_marks(reader, first=first, stop=stop)),
        spool=stated.spool,
    )
    return rate_checked(record, stated)


def _pieces(reader: Reader, spans: Iterator[tuple[int, int]]) -> Iterator[npt.NDArray[np.float32]]:
    for start, stop in spans:
        yield reader.between(start, stop)


def _start(reader: Reader, first: int) -> datetime:
    """When the first sample came, UTC: by the arrival of the frame it lies in or, in a gap, of the one after."""
    came = reader.came_at(first)
    moment = reader.time_of(first) if math.isnan(came) else datetime.fromtimestamp(came, tz=UTC)
    return moment.replace(tzinfo=None)


def _notes(reader: Reader, recording: Recording, *, first: int, stop: int) -> Iterator[str]:
    about = reader.head.description
    yield f"recorded live ({about.kind})"
    if about.origin:
        yield f"not from a person: {about.origin}"
    gaps = [(max(start, first), min(end, stop)) for start, end in reader.gaps if start < stop and end > first]
    for start, end in gaps[:MOST_GAPS_TOLD]:
        yield f"no samples from {(start - first) / about.rate_hz:.1f} s on for {(end - start) / about.rate_hz:.2f} s"
    if len(gaps) > MOST_GAPS_TOLD:
        total = sum(end - start for start, end in gaps) / about.rate_hz
        yield f"{len(gaps)} stretches without samples, {total:.1f} s in all"
    if recording.state == "cut":
        yield "the process that recorded it ended before the recording was"


def _marks(reader: Reader, *, first: int, stop: int) -> list[Annotation]:
    rate = reader.head.description.rate_hz
    return [
        Annotation((event.first - first) / rate, event.text, "ecgomics-mark")
        for event in reader.events_since(first)
        if event.kind == "mark" and event.first <= stop
    ]
