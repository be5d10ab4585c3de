"""Live streams: taking a sensor in, and what was recorded of it."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from ecgomics.cli.grammar import cohort_of, opened, settings_of, verb_of

if TYPE_CHECKING:
    from ecgomics.live import Hub, Reader, Recording, Stream

WAYS = """\
SOURCE is one of
  replay:FILE     a file as if it were measured now; replay:ID: a record of the cohort
  polar[:WHO]     a Polar H10 strap over Bluetooth: its ECG
  hr[:WHO]        any strap with the Bluetooth heart rate service: RR intervals
  lsl:NAME        a stream of the Lab Streaming Layer
  serial:PORT     lines of numbers from a serial port
  udp:PORT        lines of numbers sent to a UDP port of this machine; udp:0.0.0.0:PORT from others too
WHO is an address or a part of the name; left out, the first that is found. Lines say their columns in a head,
# {"rate_hz": 250, "columns": ["seq", "II"]}, or it is said here:
serial:PORT?baud=115200&rate=250&columns=seq,II&unit=uV"""


def stream(verbs: Any) -> None:
    """Add the verb."""
    verb = verb_of(verbs, "stream", _run_stream, "take a live sensor in beside a cohort, until it ends or Ctrl-C")
    verb.description = f"{verb.description}\n\n{WAYS}"
    verb.add_argument("source", metavar="SOURCE", nargs="?", help="where samples come from")
    cohort_of(verb)
    verb.add_argument("--list", action="store_true", help="list the streams beside the cohort instead")
    verb.add_argument("--stop", metavar="ID", help="end a stream that another process takes in, instead")
    verb.add_argument("--record", action="store_true", help="record from the first sample on")
    verb.add_argument("--take", action="store_true", help="record, then take it into the cohort and analyse it")
    verb.add_argument("--name", default="", help="what the stream, or its recording, is called")
    verb.add_argument("--go-on", metavar="ID", default="", help="go on with a stream whose process has ended")
    verb.add_argument("--seconds", type=float, help="end it after so long")
    verb.add_argument("--speed", type=float, default=1.0, help="of a replay, times real time (default: %(default)s)")
    verb.add_argument("--loop", action="store_true", help="of a replay: from its beginning again when it ends")
    verb.add_argument("--quiet", action="store_true", help="say nothing while it runs")


def _run_stream(given: argparse.Namespace) -> int:
    from ecgomics.errors import SourceError
    from ecgomics.live import Hub, live_folder
    from ecgomics.live.choosing import source_of

    hub = Hub(live_folder(given.cohort), settings=settings_of(given, "live"))
    if given.list:
        return _list_streams(hub)
    if given.stop:
        hub.stop(given.stop)
        return 0
    if given.source is None:
        raise SourceError("no source", expected="one to take in", remedy="see ecgomics stream --help")
    again: Literal["once", "loop"] = "loop" if given.loop else "once"
    source = source_of(given.source, cohort=given.cohort, speed=given.speed, again=again, name=given.name)
    with _closing(hub):
        taken = hub.add(source, id=given.go_on)
        print(f"stream {taken.id}: {taken.head.description.name}", flush=True)
        recording = _begin(taken, given)
        try:
            _follow(taken, given)
        except KeyboardInterrupt:
            print("", file=sys.stderr)
        hub.stop(taken.id)
    if recording is not None:
        _end(recording, given)
    return 0


@contextmanager
def _closing(hub: Hub) -> Iterator[None]:
    try:
        yield
    finally:
        hub.close()


def _begin(taken: Stream, given: argparse.Namespace) -> Recording | None:
    from ecgomics.live import begin_recording

    if not (given.record or given.take):
        return None
    return begin_recording(taken.reader, name=given.name, first=taken.first)


def _end(recording: Recording, given: argparse.Namespace) -> None:
    from ecgomics.live import end_recording, take_in

    ended = end_recording(recording)
    print(f"recorded {ended.stream}/{ended.number}: {_length(ended)}")
    if given.take:
        print(f"record {take_in(ended, opened(given))} of the cohort")
    else:
        print(f"take it in with: ecgomics recordings {given.cohort} --take {ended.stream}/{ended.number}")


def _follow(taken: Stream, given: argparse.Namespace) -> None:
    """Tell what happens until it is over."""
    begun, told, seen = time.monotonic(), 0.0, set[str]()
    shown = sys.stderr.isatty() and not given.quiet
    while not taken.over and (given.seconds is None or time.monotonic() - begun < given.seconds):
        time.sleep(0.1)
        if given.quiet:
            continue
        for event in taken.reader.events_since(taken.first):
            if event.id not in seen and event.kind in ("finding", "status", "gap", "clock"):
                seen.add(event.id)
                text = {"gap": "samples missing", "status": event.code}.get(event.kind, event.text)
                at = event.first / (taken.head.description.rate_hz or 1.0)
                print(f"{at:9.1f} s  {event.kind:8}{text}{_why(event.kind, event.text)}", flush=True)
        if shown and time.monotonic() - told > 1:
            told = time.monotonic()
            print(f"\r{_line(taken.reader)}", end="", file=sys.stderr, flush=True)


def _why(kind: str, text: str) -> str:
    return f": {text}" if kind == "status" and text else ""


def _line(reader: Reader) -> str:
    status = reader.status
    rate = reader.rate_bpm
    rate_text = f"{rate:.0f} /min" if rate == rate else "--"
    return f"{status.state:10} {reader.next} samples  {rate_text:10}"


def _list_streams(hub: Hub) -> int:
    for reader in hub.streams():
        about, status = reader.head.description, reader.status
        what = f"{len(about.leads)} leads {about.rate_hz:g} Hz" if about.rate_hz else "RR intervals"
        print(f"{reader.id}  {status.state:10}  {what:18}  {reader.next:>10}  {about.name}")
    return 0


def recordings(verbs: Any) -> None:
    """Add the verb."""
    verb = verb_of(
        verbs, "recordings", _run_recordings, "list what was recorded of live streams; take it in, discard it"
    )
    cohort_of(verb)
    verb.add_argument("--take", metavar="STREAM/N", action="append", default=[], help="take one in, or all that ended")
    verb.add_argument("--end", metavar="STREAM/N", action="append", default=[], help="end one that is open")
    verb.add_argument("--discard", metavar="STREAM/N", action="append", default=[], help="keep one no longer")


def _run_recordings(given: argparse.Namespace) -> int:
    from ecgomics.live import discard_recording, end_recording, live_folder, recordings_of, take_in

    found = {f"{one.stream}/{one.number}": one for one in recordings_of(live_folder(given.cohort))}
    for name in given.end:
        end_recording(_named(name, found))
    if given.take:
        cohort = opened(given)
        ready = [name for name, one in found.items() if one.state in ("ended", "cut")]
        names = ready if given.take == ["all"] else given.take
        for place, name in enumerate(names, start=1):
            last = place == len(names)
            print(f"{name}: record {take_in(_named(name, found), cohort, then='analyse' if last else 'nothing')}")
    for name in given.discard:
        discard_recording(_named(name, found))
    if not (given.end or given.take or given.discard):
        for name, one in found.items():
            print(f"{name}  {one.state:9}  {_length(one):>10}  {one.started:%Y-%m-%d %H:%M:%S}Z  {one.name}")
    return 0


def _named(name: str, found: dict[str, Recording]) -> Recording:
    from ecgomics.errors import StreamError, did_you_mean

    if name not in found:
        raise StreamError(f"no recording {name!r}", expected="one that is listed", remedy=did_you_mean(name, found))
    return found[name]


def _length(one: Recording) -> str:
    from ecgomics.live import Reader

    reader = Reader(one.folder)
    rate = reader.head.description.rate_hz
    stop = reader.next if one.stop is None else one.stop
    return f"{(stop - one.first) / rate:.1f} s" if rate else f"{stop - one.first} beats"


VERBS = (stream, recordings)
"""What this module adds to the command line."""
