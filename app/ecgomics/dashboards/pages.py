"""`Page` and `Site`: the pages of a server, each of a module of its own that loads when somebody asks for it."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, Literal

from ecgomics.dashboards.desk import Desk
from ecgomics.dashboards.reading import Reading
from ecgomics.dashboards.recording import WHOLE_S
from ecgomics.errors import EcgomicsError

ROOM = "ecgomics.dashboards"


@dataclass(frozen=True)
class Page:
    """A page of the server.

    Parameters
    ----------
    path
        Its address below the server's; empty for the first page.
    title
        What it is called.
    module
        Module or package in this room with ``page(visit: Visit)``, which makes the page for one browser session. While
        there is no such module the page is neither served nor linked to.
    wants
        ``"long"``: it is linked to where the cohort has recordings too long to be seen whole; ``"patients"``: where it
        has several of one person.
    made
        ``"panel"``; or ``"routes"``: the module has ``routes(site, page, *, hosts)`` instead, what the server answers
        for a page that is no Panel session.
    """

    path: str
    title: str
    module: str
    wants: Literal["any", "long", "patients"] = "any"
    made: Literal["panel", "routes"] = "panel"

    @property
    def exists(self) -> bool:
        """Whether its module is there; looking does not load it."""
        return importlib.util.find_spec(f"{ROOM}.{self.module}") is not None

    def make(self, visit: Visit) -> Any:
        """The page, for one session."""
        return importlib.import_module(f"{ROOM}.{self.module}").page(visit)

    def routes(self, site: Site, *, hosts: Sequence[str]) -> list[tuple[Any, ...]]:
        """What the server answers for a page of its own routes, to connections from these hosts."""
        return list(importlib.import_module(f"{ROOM}.{self.module}").routes(site, self, hosts=hosts))


PAGES = (
    Page("", "Explore", "explorer"),
    Page("holter", "Holter", "holter", wants="long"),
    Page("patient", "Patient", "patient", wants="patients"),
    Page("discover", "Discover", "discover"),
    Page("learn", "Learn", "learn"),
    Page("monitor", "Monitor", "monitor", made="routes"),
)


@dataclass(frozen=True)
class Visit:
    """What a page is made for: one browser session.

    Parameters
    ----------
    reading
        The cohort as dashboards read it, shared by all sessions.
    page
        The page asked for.
    nav
        Links to the pages: dicts of `href`, `title`, `current`.
    query
        What the address asks for, a text a name.
    desk
        What people keep with the cohort: saved views, verdicts, notes.
    """

    reading: Reading
    page: Page
    nav: tuple[Mapping[str, Any], ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)
    desk: Desk | None = None

    def frame_facts(self) -> dict[str, Any]:
        """Parameters every `Frame` of a page has: `heading`, `nav`, `cohort`."""
        from ecgomics.dashboards.frame import cohort_facts

        return {
            "heading": self.page.title,
            "nav": [dict(link) for link in self.nav],
            "cohort": cohort_facts(self.reading.census),
        }


class Site:
    """The pages of one cohort; it is read once, and read again after the store has changed.

    Parameters
    ----------
    path
        The cohort.

    Raises
    ------
    CohortError
        When there is no cohort at the path.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._reading = Reading.of(path)
        self._commit = self._now()
        self._lock = threading.Lock()
        self.desk = Desk(self._reading.census.cohort.path)

    @property
    def reading(self) -> Reading:
        """The cohort at its last commit."""
        with self._lock:
            if self._now() != self._commit:
                self._reading = Reading.of(self._reading.census.cohort)
                self._commit = self._now()
            return self._reading

    def pages(self) -> tuple[Page, ...]:
        """The pages that exist."""
        return tuple(page for page in PAGES if page.exists)

    def visit(self, page: Page, *, linked: Literal["site", "alone"] = "site") -> Any:
        """A page for a new session: what Panel shows.

        Parameters
        ----------
        page
            Which.
        linked
            ``"alone"``: without links to the other pages, where they are not served.
        """
        _prepare_document()
        reading = self.reading
        nav = self._nav(page, reading) if linked == "site" else ()
        return page.make(Visit(reading, page, nav, _query(), self.desk))

    def nav(self, current: Page) -> tuple[dict[str, Any], ...]:
        """Links to the pages, from one of them: dicts of `href`, `title`, `current`."""
        return self._nav(current, self.reading)

    def warm(self) -> None:
        """Read what the first page needs, and let the slower parts be made in the background."""
        reading = self.reading
        reading.warm()
        threading.Thread(target=reading.prepare, daemon=True).start()

    def _nav(self, current: Page, reading: Reading) -> tuple[dict[str, Any], ...]:
        census = reading.census
        there = {
            "any": True,
            "long": bool((census.duration_s > WHOLE_S).any()),
            "patients": census.n_patients < len(census),
        }
        shown = [page for page in self.pages() if there[page.wants] or page == current]
        return tuple(
            {"href": page.path or "./", "title": page.title, "current": page == current}
            for page in shown
            if len(shown) > 1
        )

    def _now(self) -> int:
        return int(self._reading.census.cohort.generation)


@functools.cache
def site_of(path: str) -> Site:
    """The `Site` of a path: one for the whole process. Raises CohortError when there is no cohort."""
    return Site(path)


def said(text: str) -> Any:
    """A page that only says something. Plain text: a message may hold what a file said."""
    import panel as pn

    return pn.pane.Str(text, styles={"font": "15px system-ui, sans-serif", "padding": "64px 32px"})


def served(site: Site, page: Page) -> Any:
    """A page as a server hands it out; what went wrong is said in words instead of an empty page."""
    try:
        return site.visit(page)
    except EcgomicsError as error:
        return said(str(error))


def _prepare_document() -> None:
    import panel as pn

    if pn.state.curdoc is not None:
        # shown until the page's own script has run
        pn.state.curdoc.template = resources.files(ROOM).joinpath("skeleton.html").read_text("utf-8")


def _query() -> dict[str, str]:
    import panel as pn

    given = pn.state.session_args if pn.state.curdoc is not None else {}
    return {str(name): values[-1].decode("utf-8", "replace") for name, values in given.items() if values}
