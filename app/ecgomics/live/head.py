"""`Head`: what a journal says of its stream; written first, and whole or not at all."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ecgomics import durable
from ecgomics.errors import FormatError, StreamError
from ecgomics.live.source import Description

FORMAT = "ecgomics-live"
VERSION = 1
NAME = "head.json"
MOST_BYTES = 100_000


@dataclass(frozen=True)
class Head:
    """A stream as its journal describes it.

    Parameters
    ----------
    id
        Name of the journal's folder.
    description
        What the stream is.
    started
        When sample 0 came, UTC.
    person
        Id of whoever owns the stream; empty when nobody is signed in.
    """

    id: str
    description: Description
    started: datetime
    person: str = ""

    def write(self, folder: Path) -> None:
        """Make it durable in a folder."""
        said = {"format": FORMAT, "version": VERSION, "unit": "mV", **asdict(self.description)}
        write_durably(
            folder / NAME, {**said, "started": self.started.astimezone(UTC).isoformat(), "person": self.person}
        )


def read_head(folder: Path) -> Head:
    """What a journal's folder says of its stream.

    Raises
    ------
    FormatError
        When it is no journal, damaged, or of a version that is not known here.
    """
    said = read_json(folder / NAME, what="a live stream's head.json")
    if said.get("format") != FORMAT:
        raise FormatError("a folder whose head.json is of something else", expected="the journal of a live stream")
    version = said.get("version")
    if version != VERSION:
        raise FormatError(
            f"a live stream's journal of version {version if isinstance(version, int) else 'unknown'}",
            expected=f"version {VERSION}",
            remedy="read it with the release of ECGomics that wrote it, or a newer one",
        )
    try:
        description = Description(
            name=str(said["name"]),
            kind=str(said["kind"]),
            leads=tuple(str(lead) for lead in said["leads"]),
            rate_hz=float(said["rate_hz"]),
            device=str(said.get("device", "")),
            origin=str(said.get("origin", "")),
            synthetic=said.get("synthetic") is True,
        )
        started = datetime.fromisoformat(str(said["started"])).astimezone(UTC)
    except (KeyError, TypeError, ValueError, StreamError):
        raise _damaged("a live stream's head.json") from None
    return Head(folder.name, description, started, person=str(said.get("person", "")))


def read_json(path: Path, *, what: str) -> dict[str, Any]:
    """A small JSON object from a file.

    Raises
    ------
    FormatError
        When there is none.
    """
    try:
        with path.open("rb") as file:
            said = json.loads(file.read(MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        raise _damaged(what) from None
    if not isinstance(said, dict):
        raise _damaged(what)
    return said


def write_durably(path: Path, said: dict[str, Any]) -> None:
    """Put a JSON object in a file: whole, or as it was before.

    Raises
    ------
    StreamError
        When the disk does not take it.
    """
    try:
        durable.write_durably(path, _text_of(said))
    except OSError as error:
        raise unwritable(error) from None


def write_once(path: Path, said: dict[str, Any]) -> bool:
    """Put a JSON object in a file that is not there yet, whole or not at all; whether it was not there.

    Raises
    ------
    StreamError
        When the disk does not take it.
    """
    try:
        draft = durable.draft_of(path, _text_of(said))
        try:
            os.link(draft, path)
            durable.sync_folder(path.parent)
        finally:
            draft.unlink(missing_ok=True)
    except FileExistsError:
        return False
    except OSError as error:
        raise unwritable(error) from None
    return True


def _text_of(said: dict[str, Any]) -> str:
    return json.dumps(said, ensure_ascii=False, indent=1)


def unwritable(error: OSError) -> StreamError:
    """What to say when the disk does not take a journal."""
    return StreamError(
        f"a disk that does not take the stream ({error.strerror or type(error).__name__})",
        expected="room and the right to write beside the cohort",
        remedy="make room; what was acknowledged is kept, and the stream goes on by itself",
    )


def _damaged(what: str) -> FormatError:
    return FormatError(f"{what} that is missing or damaged", expected="the file as it was written")
