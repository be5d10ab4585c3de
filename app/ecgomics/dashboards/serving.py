"""`explore` and `serve`: the ways into the dashboards.

A server shows every page of `pages.PAGES` whose module exists. To add one:

1. Write ``app/ecgomics/dashboards/<module>.py`` (or a package of that name) with ``page(visit: Visit) -> Any``: it
   makes the page for one browser session and gives back anything Panel shows. `visit.reading` is the cohort, shared by
   all sessions and never changed; `visit.query` is what the address asks for. Keep what it shows in a state class
   without Panel, as `explore_state` does, and import what is heavy inside functions: nothing of a page is loaded before
   somebody asks for it.
2. Put the frame around it, which brings head, links, theme, keys and foot::

       def page(visit):
           state = DiscoverState(visit.reading.census)
           return PageFrame.around(visit, body(state), keys=[("t", "table")], key_names=["t"], on_key=state.press)

3. A page that must outlive its connection, as Monitor does, has ``routes(site, page, *, hosts)`` instead of ``page``.
4. A page that is not listed yet is one line in `pages.PAGES`: its path, title and module.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from ecgomics.dashboards.pages import Page, Site, served
from ecgomics.dashboards.reading import Reading
from ecgomics.errors import EcgomicsError

if TYPE_CHECKING:
    from ecgomics.cohort import Cohort
    from ecgomics.dashboards.explorer import Explorer
    from ecgomics.service.openid import Client

NAME = "ECGomics"
LOOPBACK = ("localhost", "127.0.0.1")
"""Hosts a page may come from; Bokeh's allow-list cannot name IPv6 ones."""


def explore(cohort: Cohort | str | os.PathLike[str]) -> Explorer:
    """Explore a cohort: in a notebook, the last expression of a cell shows it inline.

    Parameters
    ----------
    cohort
        An open cohort, or the path of one.

    Returns
    -------
    Explorer
        Its `selection` and `record` can be read and set from Python.

    Raises
    ------
    CohortError
        When there is no cohort at the path.

    Examples
    --------
    >>> explorer = explore("demo.zarr")  # doctest: +SKIP
    >>> explorer.selection.records  # doctest: +SKIP
    """
    offline()
    import panel as pn

    if _in_notebook() and not pn.extension._loaded:
        # everything comes with the page: a notebook behind a hospital's firewall reaches no CDN
        pn.extension(inline=True)
    from ecgomics.dashboards.explorer import Explorer

    return Explorer(Reading.of(cohort), place="inline" if _in_notebook() else "page")


def serve(
    path: str | os.PathLike[str],
    *,
    port: int = 5006,
    address: str = "127.0.0.1",
    show: bool = False,
    wait: Literal["forever", "no"] = "forever",
    access: Literal["open", "accounts"] | None = None,
    database: str | None = None,
    origins: Sequence[str] = (),
    processes: int = 1,
    openid: Client | None = None,
) -> Any:
    """Serve the pages of one cohort to browsers.

    Parameters
    ----------
    path
        The cohort.
    port
        TCP port; 0 takes any free one.
    address
        Where to listen. One that others can reach needs accounts to sign in to.
    show
        Open a browser.
    wait
        ``"forever"`` blocks until interrupted; ``"no"`` returns the running server, to be stopped by its ``stop()``.
    access
        ``"open"``: whoever reaches the port; ``"accounts"``: whoever signs in. Open on loopback and accounts elsewhere,
        when not said.
    database
        URL of the database; a SQLite file beside the cohort by default.
    origins
        Hosts with port that browsers see, such as ``ecg.example.org``, where a proxy stands before the server.
    processes
        Processes that serve; more than one needs the sessions of a browser to stay with one of them (a proxy's job).
    openid
        This server at an OpenID provider, whose accounts may then sign in; it is asked, and told nothing.

    Raises
    ------
    EcgomicsError
        For an address others can reach without sign-in, accounts without anybody in them, or a port in use.
    CohortError
        When there is no cohort at the path.
    """
    access = access or ("open" if address in LOOPBACK else "accounts")
    _require_sign_in(address, access)
    offline()
    import panel as pn

    site = Site(path)
    site.warm()
    port = port or _free_port()
    _require_free(address, port)
    allowed = [*(f"{host}:{port}" for host in LOOPBACK), *origins]
    options: dict[str, Any] = {"port": port, "address": address, "websocket_origin": allowed, "show": show}
    if origins:
        options["use_xheaders"] = True
    if processes > 1:
        options["num_procs"] = processes
    if database is not None:
        from ecgomics.service.database import VARIABLE

        # what people keep goes where they are kept
        os.environ[VARIABLE] = database
    if access == "accounts":
        guarded = _guarded(path, openid, hosts=allowed)
        options["extra_patterns"] = [*options.get("extra_patterns", []), *guarded.pop("extra_patterns")]
        options |= guarded
    for page in site.pages():
        if page.made == "routes":
            options["extra_patterns"] = [*options.get("extra_patterns", []), *page.routes(site, hosts=allowed)]
    pages = {f"/{page.path}": page for page in site.pages() if page.made == "panel"}
    titles = {path: f"{NAME} · {page.title}" for path, page in pages.items()}
    makers = {path: _maker(site, page) for path, page in pages.items()}
    return pn.serve(makers, threaded=wait == "no", title=titles, **options)


def _maker(site: Site, page: Page) -> Callable[[], Any]:
    # Panel makes a page a session of a plain function only
    def make() -> Any:
        return served(site, page)

    return make


def offline() -> None:
    """Let pages take everything from this server, nothing from another."""
    os.environ.setdefault("BOKEH_RESOURCES", "server")
    from bokeh.settings import settings

    settings.resources = "server"


def _in_notebook() -> bool:
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    shell = get_ipython()
    return shell is not None and shell.has_trait("kernel")


def _guarded(path: str | os.PathLike[str], openid: Client | None, *, hosts: Sequence[str]) -> dict[str, Any]:
    """What the server is told so that only people with an account get in."""
    from ecgomics.dashboards.signing import SignIn, guard
    from ecgomics.dashboards.signing_openid import patterns
    from ecgomics.service.accounts import Accounts
    from ecgomics.service.database import database_of, url_for
    from ecgomics.service.openid import OpenId

    database = database_of(url_for(path))
    if openid is None and not Accounts(database).people():
        raise EcgomicsError(
            "a server with sign-in and nobody who could",
            expected="at least one account",
            remedy="ecgomics people add NAME --role admin --cohort COHORT",
        )
    # a connection is only taken with a token of a page that was given to somebody signed in
    elsewhere = OpenId(openid) if openid else None
    provider = SignIn(database, elsewhere=elsewhere.title if elsewhere else "")
    guard(provider)
    secret = os.environ.setdefault("BOKEH_SECRET_KEY", secrets.token_urlsafe(48))
    return {
        "auth_provider": provider,
        "sign_sessions": True,
        "secret_key": secret.encode(),
        "cookie_secret": secrets.token_urlsafe(48),
        "xsrf_cookies": True,
        "generate_session_ids": True,
        "extra_patterns": patterns(provider, elsewhere, hosts=hosts) if elsewhere else [],
    }


def _require_sign_in(address: str, access: str) -> None:
    if access == "open" and address not in LOOPBACK:
        raise EcgomicsError(
            "an address that other machines can reach, without sign-in",
            expected="127.0.0.1 or localhost, or people who sign in",
            remedy="--access accounts, or use an SSH tunnel",
        )


def _require_free(address: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise EcgomicsError(
                f"port {port} cannot be used ({error.strerror})",
                expected="a port nobody listens on",
                remedy="name another with --port, or 0 for any free one",
            ) from error


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
