"""Live: from a sensor to samples on disk that every process can read, and from there to records.

A stream is a journal: whoever takes samples in (`Hub`, `Stream`) writes it, everybody else looks with a `Reader`.
"""

from ecgomics.live.block import Block
from ecgomics.live.hub import Feed, Hub, hub_of, live_folder
from ecgomics.live.journal import Journal, recover
from ecgomics.live.reader import Reader
from ecgomics.live.recordings import (
    Recording,
    begin_recording,
    discard_recording,
    end_recording,
    record_of,
    recordings_of,
    take_in,
)
from ecgomics.live.replay import Replay
from ecgomics.live.source import Description, Source, Status
from ecgomics.live.stream import Stream, mark_event
from ecgomics.live.told import Beat, Event, Point

__all__ = [
    "Beat",
    "Block",
    "Description",
    "Event",
    "Feed",
    "Hub",
    "Journal",
    "Point",
    "Reader",
    "Recording",
    "Replay",
    "Source",
    "Status",
    "Stream",
    "begin_recording",
    "discard_recording",
    "end_recording",
    "hub_of",
    "live_folder",
    "mark_event",
    "record_of",
    "recordings_of",
    "recover",
    "take_in",
]
