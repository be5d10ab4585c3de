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

3. A page that is not listed yet is one line in `pages.PAGES`: its path, title and module.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from ecgomics.dashboards.pages import Page, Site, served
from ecgomics.dashboards.reading import Reading
from ecgomics.errors import EcgomicsError

if TYPE_CHECKING:
    from ecgomics.cohort import Cohort
    from ecgomics.dashboards.explorer import Explorer

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
) -> Any:
    """Serve the pages of one cohort to browsers on this machine.

    Parameters
    ----------
    path
        The cohort.
    port
        TCP port; 0 takes any free one.
    address
        Loopback only for now: a server that others can reach needs sign-in.
    show
        Open a browser.
    wait
        ``"forever"`` blocks until interrupted; ``"no"`` returns the running server, to be stopped by its ``stop()``.

    Raises
    ------
    EcgomicsError
        For an address others can reach, or a port in use.
    CohortError
        When there is no cohort at the path.
    """
    _require_loopback(address)
    offline()
    import panel as pn

    site = Site(path)
    site.warm()
    port = port or _free_port()
    _require_free(address, port)
    origins = [f"{host}:{port}" for host in LOOPBACK]
    options: dict[str, Any] = {"port": port, "address": address, "websocket_origin": origins, "show": show}
    pages = {f"/{page.path}": page for page in site.pages()}
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


def _require_loopback(address: str) -> None:
    if address not in LOOPBACK:
        raise EcgomicsError(
            "an address that other machines can reach", expected="127.0.0.1 or localhost", remedy="use an SSH tunnel"
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
