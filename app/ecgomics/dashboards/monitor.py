"""Monitor: streams as they come, from a strap that the browser holds or any other source, on a page of its own.

The page is no Panel session: it has a line of its own to the server, which it opens again by itself after a cut, and a
shell that the browser keeps. So a strap that a phone holds outlives gaps in the network and restarts of the server.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlparse

from tornado.web import RequestHandler
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from ecgomics.dashboards.frame import cohort_facts
from ecgomics.dashboards.monitor_house import house_of
from ecgomics.dashboards.monitor_line import Exchange, Line
from ecgomics.dashboards.monitor_shell import PATH, files, page, version
from ecgomics.dashboards.pages import Page, Site
from ecgomics.errors import AccessError

if TYPE_CHECKING:
    from ecgomics.service.accounts import Person

LARGEST = 1_000_000
"""Bytes of a message: half a minute of a strap is a tenth of it."""

SIGNED_OUT = 4401
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'self'; style-src 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
}


def routes(site: Site, own: Page, *, hosts: Sequence[str]) -> list[tuple[Any, ...]]:
    """What the server answers below ``/monitor``.

    Parameters
    ----------
    site
        The pages of the cohort.
    own
        This page among them.
    hosts
        Hosts with port that a connection may come from.
    """
    given = {"site": site, "own": own, "hosts": tuple(hosts), "shared": {}}
    return [
        (f"/{PATH}", _Shell, given),
        (f"/{PATH}/live", _Connection, given),
        (f"/{PATH}/([a-z0-9.-]+)", _File, given),
    ]


def _visitor(handler: RequestHandler, site: Site) -> Person:
    """Whose a request is. Raises AccessError when it is nobody's."""
    # what people need comes with an extra; a server without it still has its other pages
    from ecgomics.dashboards.signing import COOKIE, visitor

    return visitor(handler.get_cookie(COOKIE), site.desk)


def _leaving(person: Person) -> dict[str, str]:
    """Who signed in, and the way out; empty where nobody needs to."""
    from ecgomics.dashboards.signing import LOGOUT, asks_to_sign_in

    told = {"name": person.shown_as, "role": person.role, "leave": LOGOUT.removeprefix("/")}
    return told if asks_to_sign_in() else {}


class _Own(RequestHandler):
    def initialize(self, **given: Any) -> None:
        self.given = given

    def set_default_headers(self) -> None:
        for name, value in HEADERS.items():
            self.set_header(name, value)


class _Shell(_Own):
    def get(self) -> None:
        try:
            _visitor(self, self.given["site"])
        except ImportError:
            self.set_status(503)
            self.finish("Monitor keeps who did what: install the extra ecgomics[service].")
            return
        except AccessError:
            self.redirect(f"/sign-in?next={quote(self.request.uri or '/')}")
            return
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(page())


class _File(_Own):
    """The program itself, which holds nothing of anybody: it is kept by browsers, and asked for anew each time."""

    def get(self, name: str) -> None:
        if name not in files():
            self.set_status(404)
            self.finish()
            return
        kind, content = files()[name]
        self.set_header("Content-Type", kind)
        self.set_header("Cache-Control", "no-cache")
        if name == "worker.js":
            self.set_header("Service-Worker-Allowed", f"/{PATH}")
        self.finish(content)


class _Connection(WebSocketHandler):
    def initialize(self, **given: Any) -> None:
        self.given = given
        self.line: Line | None = None

    def check_origin(self, origin: str) -> bool:
        return urlparse(origin).netloc in self.given["hosts"]

    @property
    def max_message_size(self) -> int:
        return LARGEST

    def open(self, *args: str, **kwargs: str) -> None:
        site, own, shared = self.given["site"], self.given["own"], self.given["shared"]
        try:
            person = _visitor(self, site)
        except AccessError:
            self.close(SIGNED_OUT, "sign in")
            return
        called = self.get_query_argument("page", "")[:32]
        if "exchange" not in shared:
            shared["exchange"] = Exchange(house_of(site.reading.census.cohort.path))
        self.line = Line(
            shared["exchange"], reading=lambda: site.reading, person=person, write=self._write, page=called
        )
        shared["exchange"].join(self.line)
        facts = {"cohort": cohort_facts(site.reading.census), "nav": list(site.nav(own)), "heading": own.title}
        self.line.begin({**facts, "visitor": _leaving(person), "version": version()})

    def on_message(self, message: str | bytes) -> None:
        if self.line is not None:
            try:
                self.line.become(_visitor(self, self.given["site"]))
            except AccessError:
                self.close(SIGNED_OUT, "sign in")
                return
            self.line.hear(message)

    def on_close(self) -> None:
        if self.line is not None:
            self.line.exchange.leave(self.line)

    def _write(self, message: str | bytes) -> None:
        try:
            sent = self.write_message(message, binary=isinstance(message, bytes))
            sent.add_done_callback(_closed_meanwhile)
        except WebSocketClosedError:
            self.on_close()


def _closed_meanwhile(sent: Any) -> None:
    """A page that was closed while it was written to is no trouble: `on_close` follows."""
    error = sent.exception()
    if error is not None and not isinstance(error, WebSocketClosedError):
        raise error
