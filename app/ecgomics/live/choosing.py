"""`source_of`: a source by what a person writes: ``polar``, ``lsl:NAME``, ``serial:/dev/ttyUSB0``, ``replay:FILE`` …"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ecgomics.errors import SourceError, did_you_mean
from ecgomics.live.source import Source

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Way:
    """A kind of source.

    Parameters
    ----------
    written
        How it is written.
    home
        ``module:class`` in this room; the class takes what is written after the colon.
    about
        What it is.
    """

    written: str
    home: str
    about: str


WAYS: Mapping[str, Way] = {
    "replay": Way("replay:FILE or replay:RECORD", "", "a file, or a record of the cohort, as if it were measured now"),
    "polar": Way("polar or polar:ADDRESS", "polar:Polar", "a Polar H10 strap over Bluetooth: its ECG"),
    "lsl": Way("lsl:NAME or lsl:type=ECG", "lsl:Lsl", "a stream of the Lab Streaming Layer"),
    "serial": Way("serial:PORT", "line_source:SerialLines", "lines of numbers from a serial port"),
    "udp": Way("udp:PORT", "line_source:UdpLines", "lines of numbers in UDP packets"),
    "hr": Way("hr or hr:ADDRESS", "heart_rate:HeartRate", "any strap with the heart rate service: RR intervals"),
}


def source_of(
    written: str,
    *,
    cohort: str | Path = "",
    speed: float = 1.0,
    again: Literal["once", "loop"] = "once",
    name: str = "",
) -> Source:
    """A source by what a person writes.

    Parameters
    ----------
    written
        ``KIND`` or ``KIND:WHAT``, see `WAYS`.
    cohort
        Where ``replay:RECORD`` looks for records.
    speed, again, name
        Of a replay, see `Replay`.

    Raises
    ------
    SourceError
        For a kind that is not known, or a record that is not there.
    """
    kind, _, what = written.partition(":")
    if kind not in WAYS:
        raise SourceError(
            f"a source of kind {kind!r}",
            expected=f"one of {', '.join(way.written for way in WAYS.values())}",
            remedy=did_you_mean(kind, WAYS),
        )
    if kind == "replay":
        from ecgomics.live.replay import Replay

        ecg, title, synthetic = _played(what, cohort=cohort)
        return Replay(ecg, name=name or title, speed=speed, again=again, synthetic=synthetic)
    module, _, cls = WAYS[kind].home.partition(":")
    found: Source = getattr(import_module(f"ecgomics.live.{module}"), cls)(what)
    return found


def _played(what: str, *, cohort: str | Path) -> tuple[xr.DataArray, str, bool]:
    """Signal, title and whether it is synthetic: of a file, else of a record of the cohort."""
    if what and Path(what).is_file():
        from ecgomics.records import read

        record = read(what)
        return record.ecg, record.source, any(label.system == "synthetic" for label in record.labels)
    if not what or not cohort or not Path(cohort).exists():
        raise SourceError("a replay of nothing that is there", expected="a file, or the id of a record of the cohort")
    from ecgomics.cohort import open_cohort

    opened = open_cohort(cohort)
    if what not in set(opened.ids):
        raise SourceError("a record that the cohort does not have", expected="the id of one it has, or a file")
    labels = opened.labels
    own = labels[labels["record"] == what] if len(labels) else labels
    return opened.ecg(what), what, bool(len(own)) and "synthetic" in set(own["system"])
