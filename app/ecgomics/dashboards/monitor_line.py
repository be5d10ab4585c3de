"""`Line`: a Monitor page's connection: what comes is sent as it comes, what a person does is done."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tornado.ioloop import PeriodicCallback

from ecgomics.dashboards.monitor_facts import facts_of, recording_row, trends_of
from ecgomics.dashboards.monitor_house import House, name_of
from ecgomics.dashboards.monitor_state import MonitorState
from ecgomics.dashboards.monitor_vault import browser_key
from ecgomics.dashboards.recording import WHOLE_S
from ecgomics.errors import AccessError, EcgomicsError
from ecgomics.live import Recording
from ecgomics.wording import counted
from ecgomics_widgets.trend_plot import packed_trends

if TYPE_CHECKING:
    from ecgomics.dashboards.reading import Reading
    from ecgomics.service.accounts import Person

TICK_MS = 80
FACTS_EVERY = 5
TRENDS_EVERY = 50
MOST_RECORDS = 400
MOST_RECORDINGS = 50
MOST_REPORTS = 64
NOT_AN_ALARM = "findings are shown, nothing is alarmed: this is not an alarm system"


class Exchange:
    """All open pages of a process: each stream is read and packed once for all of them.

    Parameters
    ----------
    house
        The streams.
    """

    def __init__(self, house: House) -> None:
        self.house = house
        self.lines: set[Line] = set()
        self.reports: dict[str, dict[str, str]] = {}
        """What each page shows over it, so that a report reaches a page whose line was cut meanwhile."""
        self._turn = 0
        self._beat = PeriodicCallback(self.tick, TICK_MS)

    def join(self, line: Line) -> None:
        """A page was opened."""
        self.house.look_again()
        self.lines.add(line)
        if not self._beat.is_running():
            self._beat.start()

    def leave(self, line: Line) -> None:
        """A page was closed."""
        self.lines.discard(line)
        if not self.lines:
            self._beat.stop()

    def tick(self) -> None:
        """Send what has come; every few turns also the facts, every many the trends."""
        self._turn += 1
        self.house.look()
        pieces = self.house.pieces()
        telling = self._turn % FACTS_EVERY == 0
        facts = self.facts() if telling else []
        for line in list(self.lines):
            line.send(pieces)
            if telling:
                line.tell(facts)
            if self._turn % TRENDS_EVERY == 0:
                line.draw()

    def facts(self) -> list[dict[str, Any]]:
        """Facts of all streams, the same for every page."""
        return [facts_of(self.house, reader) for reader in self.house.readers.values()]


class Line:
    """One page.

    Parameters
    ----------
    exchange
        All pages of the process.
    reading
        Gives the cohort at its last commit.
    person
        Who looks.
    write
        Sends a text, or bytes, to the browser.
    page
        What the page calls itself, whichever line it has.
    """

    def __init__(
        self,
        exchange: Exchange,
        *,
        reading: Callable[[], Reading],
        person: Person,
        write: Callable[[str | bytes], None],
        page: str = "",
    ) -> None:
        self.page = f"{person.id}/{page}"
        self.exchange, self.house, self.person = exchange, exchange.house, person
        self.state = MonitorState(exchange.house, person)
        self._reading, self._write = reading, write
        self._begun: set[str] = set()
        self._wanted: set[str] | None = None
        self._held: set[str] = set()
        self._said: dict[str, str] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        with contextlib.suppress(RuntimeError):  # without a server what is done later is done at once
            self._loop = asyncio.get_running_loop()

    def become(self, person: Person) -> None:
        """The person as they are now: their role may have changed."""
        self.person = self.state.person = person

    def begin(self, facts: Mapping[str, Any]) -> None:
        """Say what the page is around, and what there is."""
        may = {"id": str(self.person.id), "annotate": self.person.may("annotator"), "all": self.person.may("admin")}
        key = browser_key(self.house.hub.folder, person=self.person) if may["annotate"] else ""
        self.put(**facts, may=may, strap_key=key, records=self._records())
        self.tell(self.exchange.facts())
        self.draw()

    def put(self, **news: Any) -> None:
        """Send values that are other than the page has."""
        fresh = {name: text for name, value in news.items() if self._said.get(name) != (text := json.dumps(value))}
        if fresh:
            self._said |= fresh
            self._write('{"set":{' + ",".join(f"{json.dumps(name)}:{text}" for name, text in fresh.items()) + "}}")

    def show(self, report: dict[str, str]) -> None:
        """Show a report over the page, on this line or the page's next one."""
        reports = self.exchange.reports
        reports.pop(self.page, None)
        if report:
            reports[self.page] = report
            for oldest in list(reports)[:-MOST_REPORTS]:
                del reports[oldest]
        self.put(report=report)

    def say(self, notice: str) -> None:
        """Show a sentence for a moment."""
        self._said.pop("notice", None)
        self.put(notice=notice)

    def send(self, pieces: Mapping[str, bytes]) -> None:
        """Send samples of the streams that the page draws and does not hold itself; a sign of life without any."""
        parts = []
        for key in list(self.house.readers):
            if key in self._held or (self._wanted is not None and key not in self._wanted):
                self._begun.discard(key)
                continue
            piece = pieces.get(key, b"") if key in self._begun else self.house.before(key)
            self._begun.add(key)
            if piece:
                parts.append(len(piece).to_bytes(4, "little") + piece)
        self._begun &= set(self.house.readers)
        self._write(b"".join(parts))

    def tell(self, facts: list[dict[str, Any]]) -> None:
        """Bring the facts on the page up to date."""
        on = sum(stream["recording"] for stream in facts)
        about = f"{counted(len(facts), 'stream')} · {on} recording" if facts else "no stream"
        chosen = self.state.reader
        self.put(
            streams=facts,
            chosen=chosen.id if chosen is not None else "",
            events=self.state.rows(),
            why=self.state.why(),
            span_s=self.state.span_s,
            recordings=self._recordings(),
            report=self.exchange.reports.get(self.page, {}),
            status=[about, NOT_AN_ALARM],
        )

    def _recordings(self) -> list[dict[str, Any]]:
        """Newest first; one whose journal cannot be read is left out."""
        rows = []
        for one in [one for one in self.house.recordings if one.state != "discarded"][: -MOST_RECORDINGS - 1 : -1]:
            with contextlib.suppress(EcgomicsError):
                rows.append(recording_row(self.house, one))
        return rows

    def draw(self) -> None:
        """Bring the trends up to date."""
        reader = self.state.reader
        if reader is None or self._wanted is not None:
            return
        rows = packed_trends(trends_of(reader, span_s=self.state.span_s))
        start = reader.head.started.astimezone().replace(tzinfo=None).isoformat(timespec="seconds")
        self.put(trends={"start": start, "about": reader.head.description.name})
        if rows:
            self._write(len(rows).to_bytes(4, "little") + rows)

    # --- what the browser asks for ----------------------------------------------------------------------------------

    def hear(self, text: str | bytes) -> None:
        """Do what a message asks for; one that is none is passed over."""
        try:
            message = json.loads(text) if isinstance(text, str) else None
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, Mapping):
            return
        try:
            if isinstance(message.get("samples"), Mapping):
                self._take(message["samples"])
            elif isinstance(message.get("draws"), Mapping):
                self._choose(message["draws"])
            elif isinstance(message.get("event"), Mapping):
                self._act(message["event"])
        except EcgomicsError as error:
            self.say(str(error))

    def _take(self, message: Mapping[str, Any]) -> None:
        try:
            told = self.house.take(message, by=self.person)
        except AccessError:
            self.put(acks={**json.loads(self._said.get("acks", "{}")), str(message.get("sender")): -1})
            raise
        self.put(acks={**json.loads(self._said.get("acks", "{}")), **told})

    def _choose(self, draws: Mapping[str, Any]) -> None:
        """Which streams the page draws, and which of them it holds itself."""
        wanted, held = draws.get("keys"), draws.get("held")
        self._wanted = {str(key) for key in wanted} if isinstance(wanted, list) else None
        self._held = {str(key) for key in held} if isinstance(held, list) else set()
        if self._wanted is None:
            self.draw()

    def _act(self, event: Mapping[str, Any]) -> None:
        kind = event.get("type")
        if kind == "theme":
            return
        if kind == "replay":
            self._replay(event)
        elif kind in ("report", "take_in"):
            self._open(str(event.get("recording", "")), keeping=kind == "take_in")
        elif kind == "close_report":
            self.show({})
        else:
            self.state.act(event)
        self.tell(self.exchange.facts())
        if kind in ("select", "span", "open", "next_event", "replay"):
            self.draw()

    def _replay(self, event: Mapping[str, Any]) -> None:
        census, record = self._reading().census, str(event.get("record", ""))
        known = [entry["title"] for entry in self._records() if entry["id"] == record]
        if not known:
            return
        speed = event.get("speed")
        self.state.chosen = self.house.replay(
            census.cohort.ecg(record).dropna("lead", how="all"),
            name=known[0],
            speed=float(speed) if isinstance(speed, int | float) else 1.0,
            synthetic=census.synthetic,
            by=self.person,
        )

    def _records(self) -> list[dict[str, str]]:
        census = self._reading().census
        short = [record for record in census.ids if census.duration_s[census.at(record)] <= WHOLE_S]
        return [{"id": str(record), "title": str(census.source[census.at(record)])} for record in short[:MOST_RECORDS]]

    def _open(self, name: str, *, keeping: bool) -> None:
        """Report on a recording, and take it into the cohort when asked for."""
        self.person.require("annotator")
        recording = self.house.recording(name)
        if recording.state == "cut" and keeping:
            self.house.end(recording.stream, by=self.person)
        self.show({"title": f"Report of {recording.name}", "said": "analysing …"})
        threading.Thread(target=self._report, args=(recording,), kwargs={"keeping": keeping}, daemon=True).start()

    def _report(self, recording: Recording, *, keeping: bool) -> None:
        from ecgomics.live import record_of
        from ecgomics.reports import examine, report_html

        title = f"Report of {recording.name}"
        try:
            record = record_of(recording)
            self._later(lambda html: self.show({"title": title, "html": html}), report_html(examine(record)))
        except EcgomicsError as error:
            self._later(lambda said: self.show({"title": title, "said": said}), str(error))
        if not keeping:
            return
        try:
            self._later(self.say, self._keep(recording))
        except EcgomicsError as error:
            self._later(self.say, f"Not taken in: {error}")

    def _keep(self, recording: Recording) -> str:
        from ecgomics.cohort import open_cohort
        from ecgomics.live import take_in

        cohort = open_cohort(self._reading().census.cohort.path)
        record = take_in(recording, cohort)
        hz = self.house.hub.reader(recording.stream).head.description.rate_hz or 1.0
        carried = self.house.remarks.carry(recording, record, rate_hz=hz, by=self.person)
        self.house.remarks.note("recording.take_in", by=self.person, object=name_of(recording))
        return f"Taken into the cohort and analysed, with {counted(carried, 'mark')}; Explore shows it."

    def _later(self, act: Callable[[str], None], text: str) -> None:
        if self._loop is None:
            act(text)
            return
        with contextlib.suppress(RuntimeError):  # the server has closed meanwhile
            self._loop.call_soon_threadsafe(act, text)
