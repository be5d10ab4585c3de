"""`Explorer`: the dashboard Explore, in a page of its own or inline in a notebook."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

import panel as pn

from ecgomics.dashboards import panes
from ecgomics.dashboards.analyst import Analyst
from ecgomics.dashboards.beside import run_beside
from ecgomics.dashboards.desk import Desk
from ecgomics.dashboards.explore_frame import ExploreFrame
from ecgomics.dashboards.explore_state import ExploreState
from ecgomics.dashboards.filters import Filter
from ecgomics.dashboards.frame import cohort_facts
from ecgomics.dashboards.library import Library
from ecgomics.dashboards.pages import Visit
from ecgomics.dashboards.reading import Reading
from ecgomics.dashboards.recipe import recipe_of
from ecgomics.dashboards.rule_sweep import Sweeper
from ecgomics.dashboards.selection import Selection
from ecgomics.errors import EcgomicsError
from ecgomics_widgets.inbox import Inbox

FULL: dict[str, Any] = {"sizing_mode": "stretch_both"}
BARE = [
    ".ecg-strip { border: 0 !important; border-radius: 0 !important; font-family: var(--eg-font) !important; }"
    ".ecg-strip .title { font-weight: 400 !important; color: var(--eg-muted) !important; font-size: 11.5px; }"
]
"""The strip lies in a pane that has its own border, below a bar that has its own title."""

INLINE_HEIGHT = 820


class Explorer(pn.viewable.Viewer):
    """Records, rules, strip, map, candidates and evidence, sharing one selection.

    Made by `explore`. In a notebook, `selection` and `record` are values: reading them tells what the page shows,
    setting them moves it.

    Parameters
    ----------
    reading
        A cohort as read for dashboards; shared by any number of explorers.
    place
        ``"page"`` fills the browser's window, ``"inline"`` a notebook's cell.
    visit
        The browser session it is made for; none in a notebook.

    Examples
    --------
    >>> explorer = explore("demo.zarr")  # doctest: +SKIP
    >>> explorer.selection = cohort.labels.query("code == 'LBBB'")["record"]  # doctest: +SKIP
    """

    def __init__(
        self, reading: Reading, *, place: Literal["page", "inline"] = "page", visit: Visit | None = None
    ) -> None:
        super().__init__()
        self._visit = visit
        self.reading = reading
        self.state = ExploreState(reading.census, reading.rulebook)
        self.library = Library(self.state, visit.desk if visit and visit.desk else Desk(reading.census.cohort.path))
        if visit and any(link["href"] == "holter" for link in visit.nav):
            self.state.day_page = "holter"
        if visit and visit.query:
            self.library.open(visit.query)
        self._panes = {
            "records": panes.RecordsPane(self.state),
            "rules": panes.RulesPane(self.state),
            "measures": panes.MeasurementsPane(self.state),
            "strip": panes.StripPane(self.state, desk=self.library.desk),
            "map": panes.MapPane(self.state),
            "candidates": panes.CandidatesPane(self.state, discover=_linked("Discover", visit)),
            "why": panes.CardPane(self.state),
            "beats": panes.BeatsPane(self.state),
        }
        self._analyst = Analyst(self.state, reading.ranker, run=run_beside)
        self._sweeper = Sweeper(self.state, run=run_beside)
        self._place = place
        self._inbox = Inbox()
        self._frame = self._framed()

    def __panel__(self) -> Any:
        return self._frame

    @property
    def selection(self) -> Selection:
        """The group that is compared; set it to record ids (or a `Selection`) and every view follows."""
        return self.state.selection

    @selection.setter
    def selection(self, records: Iterable[str] | Selection | None) -> None:
        if records is None or not len(chosen := Selection.of(records)):
            self.state.clear_group()
            return
        self.state.select(chosen.records, origin=chosen.origin, drawn_on=chosen.drawn_on)

    @property
    def record(self) -> str:
        """Id of the record that is open; set it to open another."""
        return self.state.record

    @record.setter
    def record(self, record: str) -> None:
        self.state.open(record)

    @property
    def candidates(self) -> Any:
        """The candidates table as it stands, a DataFrame."""
        return self.state.ranking.table.copy()

    def _framed(self) -> ExploreFrame:
        children = {name: _hosted(name, pane) for name, pane in self._panes.items()}
        layout = FULL if self._place == "page" else {"sizing_mode": "stretch_width", "height": INLINE_HEIGHT}
        census = self.reading.census
        frame = ExploreFrame(
            place=self._place,
            heading="Explore",
            nav=[dict(link) for link in self._visit.nav] if self._visit else [],
            cohort=cohort_facts(census),
            terms=_terms(self.reading),
            status=_provenance(census.cohort),
            undo=self.state.undoable,
            notice=self.state.notice,
            group=self.state.selection.origin,
            theme=self.state.theme,
            **children,
            **layout,
        )
        frame.param.watch(lambda change: self._act(change.new), "event")
        self.state.param.watch(
            lambda *changes: frame.param.update(
                undo=self.state.undoable,
                theme=self.state.theme,
                drawer=self.state.drawer,
                notice=self.state.notice,
                group=self.state.selection.origin,
            ),
            ["undoable", "theme", "drawer", "notice", "selection"],
        )
        if self._place == "page":
            self.state.param.watch(lambda *changes: frame.param.update(link=self.library.link()), list(Library.LINKED))
        self._followed = 0
        self.state.param.watch(lambda *changes: self._bring_up(frame, "why"), ["asked"])
        self._panes["records"].widget.param.watch(
            lambda change: self._bring_up(frame, "ecg") if (change.new or {}).get("type") == "open" else None, "event"
        )
        return frame

    def _bring_up(self, frame: ExploreFrame, pane: str) -> None:
        self._followed += 1
        frame.pane = f"{pane}:{self._followed}"

    def _act(self, value: Mapping[str, Any] | None) -> None:
        acts: dict[str, Callable[[Mapping[str, Any]], None]] = {
            "term": self._search,
            "theme": lambda event: self.state.param.update(theme="dark" if event.get("theme") == "dark" else "light"),
            "undo": lambda event: self.state.undo(),
            "redo": lambda event: self.state.redo(),
            "step": lambda event: self.state.step(1 if event["by"] > 0 else -1),
            "close": lambda event: self.state.param.update(drawer=False),
            "record": lambda event: self.state.explain("record", self.state.record),
            "menu": lambda event: self._list_saved(),
            "save": self._save,
            "show": lambda event: self.library.show(str(event["kind"]), str(event["name"])),
            "forget": self._forget,
            "recipe": lambda event: self._frame.param.update(recipe=recipe_of(self.state)),
        }
        for event in self._inbox.take(value):
            if event.get("type") not in acts:
                continue
            try:
                acts[event["type"]](event)
            except EcgomicsError as error:
                self.state.notice = str(error)

    def _list_saved(self) -> None:
        self._frame.saved = self.library.desk.listed()

    def _save(self, event: Mapping[str, Any]) -> None:
        self.library.save(str(event["kind"]), str(event["name"]))
        self._list_saved()
        self.state.notice = f"Saved as “{event['name']}”."

    def _forget(self, event: Mapping[str, Any]) -> None:
        self.library.desk.remove("selection" if event["kind"] == "selection" else "view", str(event["name"]))
        self._list_saved()

    def _search(self, event: Mapping[str, Any]) -> None:
        kind, name = str(event["kind"]), str(event["name"])
        if kind == "rule":
            self.state.toggle([name], on=True)
        elif kind == "biomarker":
            self.state.explain("biomarker", name)
        elif kind == "label":
            self.state.add_filters([Filter("label", name)])
        elif name:
            self.state.add_filters([Filter("text", name)])


def _linked(title: str, visit: Visit | None) -> str:
    """Address of another page of the site; empty where it is not served."""
    links = visit.nav if visit is not None else ()
    return next((str(link["href"]) for link in links if link["title"] == title), "")


def page(visit: Visit) -> Explorer:
    """Explore, for one browser session."""
    return Explorer(visit.reading, visit=visit)


def _hosted(name: str, pane: Any) -> Any:
    if name == "measures":
        return pane.widget.panel(module="shelf", sizing_mode="stretch_width")
    return pane.widget.panel(module="shelf", **FULL, **({"stylesheets": BARE} if name == "strip" else {}))


def _provenance(cohort: Any) -> list[str]:
    stages = getattr(cohort, "stages", {})
    return [f"{name} {stages[name].version}" for name in ("waves", "biomarkers", "rules") if name in stages]


def _terms(reading: Reading) -> list[dict[str, str]]:
    census = reading.census
    terms = [{"kind": "label", "name": code, "title": code} for code, _ in census.label_counts.most_common(200)]
    terms += [{"kind": "rule", "name": rule, "title": title} for rule, title in reading.rulebook.titles.items()]
    return terms + [{"kind": "biomarker", "name": name, "title": name} for name in census.biomarker_columns]
