"""Monitor: streams as they come, from a strap that the browser holds or from a record that is replayed."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import panel as pn

from ecgomics.dashboards.monitor_facts import event_row, facts_of, trends_of, why_of
from ecgomics.dashboards.monitor_frame import MonitorFrame
from ecgomics.dashboards.monitor_state import MonitorState
from ecgomics.dashboards.monitor_streams import WatchedStream, as_record
from ecgomics.dashboards.monitor_ward import Ward, ward_of
from ecgomics.dashboards.pages import Visit
from ecgomics.dashboards.recording import WHOLE_S
from ecgomics.errors import EcgomicsError
from ecgomics.wording import counted
from ecgomics_widgets.inbox import Inbox
from ecgomics_widgets.live_strip import LiveStrip
from ecgomics_widgets.messages import pack
from ecgomics_widgets.trend_plot import TrendPlot, packed_trends

TICK_MS = 120
FACTS_EVERY = 4
TRENDS_EVERY = 40
MOST_RECORDS = 400
HELD_S = 600.0
"""A session whose browser holds a strap is kept this long without a connection: as long as the browser buffers."""

FIRST_S = 20.0
"""A page that opens on a running stream gets this much of what was before."""


def page(visit: Visit) -> Any:
    """The Monitor page, for one browser session."""
    return Monitor(visit)


class Monitor(pn.viewable.Viewer):
    """The streams of a server on one page.

    Parameters
    ----------
    visit
        The browser session.
    """

    def __init__(self, visit: Visit) -> None:
        super().__init__()
        self._visit = visit
        self.ward: Ward = ward_of(visit.reading.census.cohort.path)
        self.state = MonitorState(self.ward)
        self.trends = TrendPlot(message="Trends begin after ten seconds.", title="Trends")
        self._inbox, self._turn = Inbox(), 0
        self._document: Any = None
        self._held, self._met = False, time.monotonic()
        self._strips: dict[str, LiveStrip] = {}
        self._sent: dict[str, int] = {}
        self.frame = MonitorFrame(
            **visit.frame_facts(),
            records=self._records(),
            status=["findings are shown, nothing is alarmed: this is not an alarm system"],
            trends=self.trends.panel(sizing_mode="stretch_both"),
            sizing_mode="stretch_both",
        )
        self.frame.param.watch(self._act, "event")
        self.frame.param.watch(self._take, "samples")
        self._stay()
        self.tell()

    def __panel__(self) -> Any:
        return self.frame

    def _stay(self) -> None:
        """Tick while the page is open, and let a page that lost its connection have its session back."""
        self._document = pn.state.curdoc
        if self._document is None:
            return
        pn.config.reconnect = True
        pn.state.add_periodic_callback(self.tick, period=TICK_MS)

    def _hold(self) -> None:
        """Keep the session of a browser with a strap through a gap in the network, as long as its buffer lasts."""
        context = self._document.session_context if self._document is not None else None
        session = getattr(context, "session", None)
        if session is None:
            return
        away = time.monotonic() - self._met if session.connection_count == 0 else 0.0
        if not away:
            self._met = time.monotonic()
        wanted = bool(self.frame.acks) and away < HELD_S
        if wanted != self._held:
            self._held = wanted
            (session.block_expiration if wanted else session.unblock_expiration)()

    def tick(self) -> None:
        """Send what has come; every few turns also the facts, every many the trends."""
        self._turn += 1
        keys = list(self.ward.beds)
        if keys != [stream["key"] for stream in self.frame.streams] or self._turn % FACTS_EVERY == 0:
            self.tell()
        if self._turn % TRENDS_EVERY == 0:
            self._draw_trends()
            self._hold()
        self._send(keys)

    def tell(self) -> None:
        """Bring the facts on the page up to date."""
        state, beds = self.state, list(self.ward.beds.values())
        found = self.ward.event(state.opened) if state.opened is not None else None
        streams = [facts_of(bed) for bed in beds]
        on = sum(stream["recording"] for stream in streams)
        about = f"{counted(len(beds), 'stream')} · {on} recording" if beds else "no stream"
        self.frame.param.update(
            streams=streams,
            chosen=state.bed.key if state.bed is not None else "",
            events=[event_row(bed, event) for bed, event in self.ward.events()[:200]],
            why=why_of(*found) if found is not None else {},
            span_s=state.span_s,
            status=[about, "findings are shown, nothing is alarmed: this is not an alarm system"],
        )

    def _send(self, keys: list[str]) -> None:
        blocks: dict[str, np.ndarray[Any, Any]] = {}
        told: list[str] = []
        for key in keys:
            bed = self.ward.beds.get(key)
            if bed is None or not self._append(key, bed.stream):
                continue
            blocks[f"s{len(told)}"] = np.frombuffer(self._strips[key].block, dtype=np.uint8)
            told.append(key)
        for key in set(self._strips) - set(keys):
            del self._strips[key], self._sent[key]
        self.frame.block = pack({"keys": told, "turn": self._turn}, blocks)

    def _append(self, key: str, stream: WatchedStream) -> bool:
        if key not in self._strips:
            self._strips[key] = LiveStrip(leads=list(stream.leads), rate_hz=stream.rate_hz)
            self._sent[key] = max(0, stream.head - int(FIRST_S * stream.rate_hz))
        first, values = stream.since(self._sent[key])
        if not values.shape[1]:
            return False
        self._strips[key].append(values, at_s=first / stream.rate_hz)
        self._sent[key] = first + values.shape[1]
        return True

    def _draw_trends(self) -> None:
        bed = self.state.bed
        if bed is not None:
            start = bed.stream.started.isoformat(timespec="seconds")
            rows = packed_trends(trends_of(bed, span_s=self.state.span_s))
            self.trends.param.update(rows=rows, start=start, about=bed.stream.name)

    def _records(self) -> list[dict[str, str]]:
        census = self._visit.reading.census
        short = [record for record in census.ids if census.duration_s[census.at(record)] <= WHOLE_S]
        names = [(str(record), str(census.source[census.at(record)])) for record in short[:MOST_RECORDS]]
        return [{"id": record, "title": name} for record, name in names]

    # --- what the browser asks for ----------------------------------------------------------------------------------

    def _act(self, change: Any) -> None:
        for event in self._inbox.take(change.new):
            kind = event.get("type")
            try:
                if kind == "theme":
                    self.frame.theme = "dark" if event.get("theme") == "dark" else "light"
                    self.trends.theme = self.frame.theme
                elif kind == "replay":
                    self._replay(event)
                elif kind == "analyse":
                    self._analyse(str(event.get("key", "")))
                elif kind == "close_report":
                    self.frame.report = {}
                else:
                    self.state.act(event)
            except EcgomicsError as error:
                self.frame.notice = str(error)
        self.tell()
        self._draw_trends()

    def _take(self, change: Any) -> None:
        try:
            told = self.ward.take(change.new if isinstance(change.new, Mapping) else {})
        except EcgomicsError as error:
            self.frame.notice = str(error)
            return
        self.frame.acks = {**self.frame.acks, **told}

    def _replay(self, event: Mapping[str, Any]) -> None:
        census, record = self._visit.reading.census, str(event.get("record", ""))
        known = [entry["title"] for entry in self.frame.records if entry["id"] == record]
        if not known:
            return
        speed = event.get("speed")
        ecg = census.cohort.ecg(record)
        bed = self.ward.replay(
            ecg.dropna("lead", how="all"),
            name=known[0],
            speed=float(speed) if isinstance(speed, int | float) else 1.0,
            origin="synthetic replay" if census.synthetic else "replay",
        )
        self.state.chosen = bed.key

    def _analyse(self, key: str) -> None:
        bed = self.ward.beds.get(key)
        if bed is None:
            return
        title = f"Report of {bed.stream.name}"
        self.frame.report = {"title": title, "said": "analysing …"}
        document = pn.state.curdoc

        def work() -> None:
            page = {"title": title, **_reported(bed.stream)}

            def show() -> None:
                if self.frame.report.get("title") == title:
                    self.frame.report = page

            if document is None:
                show()
            else:
                document.add_next_tick_callback(show)

        threading.Thread(target=work, daemon=True).start()


def _reported(stream: WatchedStream) -> dict[str, str]:
    from ecgomics.reports import examine, report_html

    try:
        return {"html": report_html(examine(as_record(stream)))}
    except EcgomicsError as error:
        return {"said": str(error)}
