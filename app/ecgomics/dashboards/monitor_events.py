"""`Watcher`: what is worth telling of a stream, once each, with its reasons and the seconds around it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import numpy as np

from ecgomics.dashboards.monitor_streams import Beat, WatchedStream

LOW_BPM, HIGH_BPM = 45.0, 120.0
"""Limits of the rate that are told of; a convention of this page, no alarm limits."""

HELD_S = 5.0
"""A rate is out of its limits when it has been so for this long, s."""

MERGE_S = 60.0
"""Single ventricular beats within this time are one entry that counts."""

LEAST_GAP_S = 0.2
SNIPPET_S = 4.0
VENTRICULAR = 1
MOST_EVENTS = 500

Kind = Literal["rhythm", "signal", "mark"]
_serial = itertools.count(1)


@dataclass
class Happening:
    """Something that was found or marked.

    Parameters
    ----------
    kind
        Rhythm, signal or mark.
    text
        In a few words.
    time_s, stop_s
        From when to when, s since the stream began.
    when
        Time of day.
    rows
        Reasons: (what, value).
    trace
        The seconds around it: `rate_hz`, `values` (mV, None where missing), `start_s`, `about_s`, `stop_s`.
    """

    kind: Kind
    text: str
    time_s: float
    stop_s: float
    when: datetime
    rows: list[tuple[str, str]] = field(default_factory=list)
    trace: dict[str, Any] | None = None
    seen: bool = False
    verdict: str = ""
    note: str = ""
    count: int = 1
    single: bool = False
    id: int = field(default_factory=lambda: next(_serial))


class Watcher:
    """Looks at a stream's new beats, rate and gaps; `events` is newest first.

    Parameters
    ----------
    stream
        What is watched.
    """

    def __init__(self, stream: WatchedStream) -> None:
        self.stream = stream
        self.events: list[Happening] = []
        self.ventricular = 0
        self._run: list[Beat] = []
        self._out_since = math.nan
        self._told_rate = False
        self._gaps = 0

    def look(self, new: Sequence[Beat]) -> None:
        """Take new beats in and tell what there is to tell."""
        for beat in new:
            if beat.beat_class == VENTRICULAR:
                self._run.append(beat)
                self.ventricular += 1
            elif self._run:
                self._close_run()
        self._look_at_rate()
        self._look_at_gaps()

    def mark(self, text: str = "", *, time_s: float | None = None) -> Happening:
        """Mark a moment: the present one, or one looked back to."""
        now = self.stream.time_s
        moment = now if time_s is None or not math.isfinite(time_s) else min(max(time_s, 0.0), now)
        return self._tell("mark", f"Mark: {text}" if text else "Mark", start=moment, stop=moment, rows=[])

    def _close_run(self) -> None:
        run, self._run = self._run, []
        start, stop = run[0].time_s - 0.15, run[-1].time_s + 0.35
        last = self.events[0] if self.events else None
        if len(run) == 1 and last is not None and last.single and start - last.stop_s < MERGE_S:
            last.count += 1
            last.text, last.stop_s, last.seen = f"{last.count} ventricular beats", stop, False
            last.rows, last.trace = _early(run[0], self.stream), self._snippet(start, stop)
            return
        text = {1: "1 ventricular beat", 2: "Couplet"}.get(len(run), f"Run of {len(run)} ventricular beats")
        told = self._tell("rhythm", text, start=start, stop=stop, rows=_early(run[0], self.stream))
        told.single = len(run) == 1

    def _look_at_rate(self) -> None:
        rate, now = self.stream.rate_bpm, self.stream.time_s
        if not math.isfinite(rate) or LOW_BPM <= rate <= HIGH_BPM:
            self._out_since, self._told_rate = math.nan, False
            return
        if math.isnan(self._out_since):
            self._out_since = now
        if self._told_rate or now - self._out_since < HELD_S:
            return
        self._told_rate = True
        under = rate < LOW_BPM
        limit = LOW_BPM if under else HIGH_BPM
        rows = [("median of 8 beats", f"{rate:.0f} /min"), ("limit of this page", f"{limit:.0f} /min")]
        text = f"Rate {'under' if under else 'over'} {limit:.0f}"
        self._tell("rhythm", text, start=self._out_since, stop=now, rows=[*rows, ("held for", f"{HELD_S:.0f} s")])

    def _look_at_gaps(self) -> None:
        for start, stop in self.stream.gaps[self._gaps :]:
            if stop - start >= LEAST_GAP_S:
                length = f"{stop - start:.1f} s" if stop - start < 10 else f"{stop - start:.0f} s"
                rows = [("samples missing", f"{(stop - start) * self.stream.rate_hz:.0f}"), ("shown as", "a gap")]
                self._tell("signal", f"Gap of {length}", start=start, stop=stop, rows=rows)
        self._gaps = len(self.stream.gaps)

    def _tell(self, kind: Kind, text: str, *, start: float, stop: float, rows: list[tuple[str, str]]) -> Happening:
        told = Happening(kind, text, start, stop, datetime.now(), rows=rows, trace=self._snippet(start, stop))
        self.events.insert(0, told)
        del self.events[MOST_EVENTS:]
        return told

    def _snippet(self, start: float, stop: float) -> dict[str, Any] | None:
        rate = self.stream.rate_hz
        begin = max(0.0, min(start, stop - 1.0) - SNIPPET_S / 2)
        first, values = self.stream.since(int(begin * rate))
        shown = values[0, : int(SNIPPET_S * rate)]
        if not np.isfinite(shown).any():
            return None
        listed = [round(float(value), 3) if math.isfinite(value) else None for value in shown]
        return {"rate_hz": rate, "values": listed, "start_s": first / rate, "about_s": start, "stop_s": stop}


def _early(beat: Beat, stream: WatchedStream) -> list[tuple[str, str]]:
    """Why a beat was called ventricular, as far as a stream can say it."""
    usual = [one.rr_s for one in list(stream.beats)[-30:] if one.beat_class == 0 and math.isfinite(one.rr_s)]
    rows = [("class by the engine", beat.name)]
    if usual and math.isfinite(beat.rr_s):
        typical = float(np.median(usual))
        rows.append(("RR before it", f"{beat.rr_s:.2f} s of {typical:.2f} s"))
        rows.append(("share of the usual", f"{100 * beat.rr_s / typical:.0f} %"))
    return rows
