"""`Discoverer`: the dashboard Discover, in a page of its own or inline in a notebook."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal, cast

import panel as pn

from ecgomics.dashboards import discover_panes as panes
from ecgomics.dashboards.beside import run_beside
from ecgomics.dashboards.discover_frame import DiscoverFrame
from ecgomics.dashboards.discover_state import DiscoverState
from ecgomics.dashboards.discover_work import Investigator
from ecgomics.dashboards.frame import cohort_facts
from ecgomics.dashboards.pages import Visit
from ecgomics.dashboards.reading import Reading
from ecgomics.dashboards.selection import Selection
from ecgomics.dashboards.serving import _in_notebook, offline
from ecgomics.dashboards.view import view_from
from ecgomics.discovery import Contrast, Dossier, Group
from ecgomics.errors import EcgomicsError
from ecgomics_widgets.inbox import Inbox

if TYPE_CHECKING:
    from ecgomics.cohort import Cohort

FULL: dict[str, Any] = {"sizing_mode": "stretch_both"}
WIDE: dict[str, Any] = {"sizing_mode": "stretch_width"}
INLINE_HEIGHT = 900
STATUS = ("exploratory until replicated", "Benjamini–Yekutieli over all biomarkers")


def discover(cohort: Cohort | str | os.PathLike[str]) -> Discoverer:
    """Discover what sets a group of patients apart: in a notebook, the last expression of a cell shows it inline.

    Parameters
    ----------
    cohort
        An open cohort, or the path of one, analysed.

    Returns
    -------
    Discoverer
        Its `group`, `against` and `adjust` can be read and set from Python; `contrast` is what was found.

    Raises
    ------
    CohortError
        When there is no cohort at the path, or it is not analysed.

    Examples
    --------
    >>> page = discover("demo.zarr")  # doctest: +SKIP
    >>> page.group = "label:LBBB and age >= 60"  # doctest: +SKIP
    >>> page.contrast.dossier("lbbb.html")  # doctest: +SKIP
    """
    offline()
    inline = _in_notebook()
    if inline and not pn.extension._loaded:
        pn.extension(inline=True)
    return Discoverer(Reading.of(cohort), place="inline" if inline else "page")


class Discoverer(pn.viewable.Viewer):
    """The question, the volcano, the candidates with their families, the panel, the lock-box and the evidence.

    Made by `discover`.

    Parameters
    ----------
    reading
        A cohort as read for dashboards; shared by any number of pages.
    place
        ``"page"`` fills the browser's window, ``"inline"`` a notebook's cell.
    visit
        The browser session it is made for; none in a notebook.

    Raises
    ------
    CohortError
        When the cohort is not analysed.
    """

    def __init__(
        self, reading: Reading, *, place: Literal["page", "inline"] = "page", visit: Visit | None = None
    ) -> None:
        super().__init__()
        self.reading = reading
        self._visit = visit
        self._place = place
        self.state = DiscoverState(reading.census)
        self._work = Investigator(self.state, run=run_beside)
        self._inbox = Inbox()
        self._frame = self._framed()
        if visit is not None:
            # what changes while a page is on its way to the browser does not arrive there
            pn.state.onload(lambda: self._arrive(visit.query))

    def __panel__(self) -> Any:
        return self._frame

    @property
    def group(self) -> Group | None:
        """Group A; set it to a definition (``"label:LBBB"``), a `Group`, a `Selection`, or record ids."""
        return self.state.group

    @group.setter
    def group(self, group: str | Group | Selection | Iterable[str]) -> None:
        self._set("group", group)

    @property
    def against(self) -> Group | None:
        """Group B; None is everybody else. Set as `group`."""
        return self.state.against

    @against.setter
    def against(self, group: str | Group | Selection | Iterable[str] | None) -> None:
        if group is None:
            self.state.define("against", "")
        else:
            self._set("against", group)

    @property
    def contrast(self) -> Contrast | None:
        """What was found so far."""
        return self.state.answer.found

    def dossier(self) -> Dossier:
        """The dossier of what was found. Raises DiscoveryError before anything was."""
        return self._work.dossier()

    def _set(self, side: str, group: str | Group | Selection | Iterable[str]) -> None:
        if isinstance(group, str):
            self.state.define(side, group)
        elif isinstance(group, Group):
            self.state.use(side, group)
        else:
            chosen = Selection.of(group)
            self.state.use(side, Group(chosen.origin or side, chosen.records, origin=chosen.drawn_on))

    def _framed(self) -> DiscoverFrame:
        state = self.state
        made: dict[str, Any] = {
            "question": panes.QuestionPane(state, cancel=self._work.cancel, jump=self._jump),
            "volcano": panes.VolcanoPane(state),
            "table": panes.FindingsPane(state),
            "families": panes.FamiliesPane(state),
            "panel": panes.PanelPane(state, make=self._work.make_panel),
            "lockbox": panes.LockboxPane(state, spend=self._work.spend, dossier=self._write),
            "head": panes.EvidencePane(state, part="head"),
            "beats": panes.GroupBeatsPane(state),
            "evidence": panes.EvidencePane(state, part="body"),
        }
        self._panes = made
        children = {
            name: pane.widget.panel(module="shelf", **(WIDE if name in ("question", "head") else FULL))
            for name, pane in made.items()
        }
        layout = FULL if self._place == "page" else WIDE | {"height": INLINE_HEIGHT}
        frame = DiscoverFrame(
            place=self._place,
            heading="Discover",
            nav=[dict(link) for link in self._visit.nav] if self._visit else [],
            cohort=cohort_facts(self.reading.census),
            status=list(STATUS),
            theme=state.theme,
            drawer=state.drawer,
            **children,
            **layout,
        )
        frame.param.watch(lambda change: self._act(change.new), "event")
        state.param.watch(
            lambda *changes: frame.param.update(
                undo=state.undoable,
                theme=state.theme,
                drawer=state.drawer,
                evident=state.answer.found is not None,
                notice=state.notice,
            ),
            ["undoable", "theme", "drawer", "notice", "answer"],
        )
        return frame

    def _jump(self) -> None:
        self._frame.jump += 1

    def _act(self, value: Mapping[str, Any] | None) -> None:
        state = self.state
        acts: dict[str, Callable[[Mapping[str, Any]], None]] = {
            "theme": lambda event: state.param.update(theme="dark" if event.get("theme") == "dark" else "light"),
            "undo": lambda event: state.undo(),
            "redo": lambda event: state.redo(),
            "close": lambda event: state.param.update(drawer=False, asking=False),
            "step": lambda event: self._step(1 if event["by"] > 0 else -1),
        }
        for event in self._inbox.take(value):
            if event.get("type") in acts:
                acts[str(event["type"])](event)

    def _step(self, by: int) -> None:
        names = self.state.candidates()
        if not names:
            return
        at = names.index(self.state.opened) + by if self.state.opened in names else 0
        self.state.open(names[min(max(at, 0), len(names) - 1)])

    def _write(self, hand_over: Callable[[Dossier], None]) -> None:
        state = self.state
        state.param.update(task="the dossier", progress=0.5)

        def job() -> Dossier | EcgomicsError:
            try:
                return self._work.dossier()
            except EcgomicsError as error:
                return error

        def then(made: Dossier | EcgomicsError) -> None:
            state.task = ""
            if isinstance(made, EcgomicsError):
                state.notice = str(made)
            else:
                hand_over(made)

        run_beside(job, then)

    def _arrive(self, query: Mapping[str, str]) -> None:
        """Take over a group from the address: a definition, or one that was drawn in Explore."""
        try:
            if query.get("define"):
                self.state.define("group", query["define"])
            elif query.get("group"):
                self._take_over(query)
        except EcgomicsError as error:
            self.state.notice = str(error)

    def _take_over(self, query: Mapping[str, str]) -> None:
        name = query["group"]
        if name in self.state.known.saved:
            self.state.use("group", self.state.known.saved[name])
            return
        told = view_from(dict(query), cast(Any, SimpleNamespace(census=self.reading.census)))["group"]
        self.state.choose(told["records"], name=name, drawn_on=str(told["drawn_on"]))


def page(visit: Visit) -> Any:
    """Discover, for one browser session."""
    if not visit.reading.census.biomarker_columns:
        from ecgomics.dashboards.pages import said

        return said("This cohort is not analysed yet.\nRun: ecgomics analyse COHORT")
    return Discoverer(visit.reading, visit=visit)
