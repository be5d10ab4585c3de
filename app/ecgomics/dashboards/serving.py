"""`explore` and `serve`: the ways into Explore."""

from __future__ import annotations

import functools
import os
import socket
import threading
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

from ecgomics.dashboards.reading import Reading
from ecgomics.errors import EcgomicsError

if TYPE_CHECKING:
    from ecgomics.cohort import Cohort
    from ecgomics.dashboards.explorer import Explorer

TITLE = "ECGomics · Explore"
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
    """Serve Explore of one cohort to browsers on this machine.

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

    pages = Pages(path)
    pages.warm()
    port = port or _free_port()
    _require_free(address, port)
    origins = [f"{host}:{port}" for host in LOOPBACK]
    options: dict[str, Any] = {"port": port, "address": address, "websocket_origin": origins, "show": show}
    return pn.serve(pages.page, threaded=wait == "no", title=TITLE, **options)


class Pages:
    """Makes the page of each session; all show one cohort, read once, and read again after the store has changed.

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
        self.reading = Reading.of(path)
        self._commit = self._now()
        self._lock = threading.Lock()

    def page(self) -> Any:
        """A new page, for one session."""
        import panel as pn

        from ecgomics.dashboards.explorer import Explorer

        if pn.state.curdoc is not None:
            # shown until the page's own script has run
            pn.state.curdoc.template = (
                resources.files("ecgomics.dashboards").joinpath("skeleton.html").read_text("utf-8")
            )
        with self._lock:
            if self._now() != self._commit:
                self.reading = Reading.of(self.reading.census.cohort)
                self._commit = self._now()
        return Explorer(self.reading)

    def warm(self) -> None:
        """Read what the first page needs, and let the slower parts be made in the background."""
        self.reading.warm()
        threading.Thread(target=self.reading.prepare, daemon=True).start()

    def _now(self) -> int:
        return int(self.reading.census.cohort.generation)


@functools.cache
def pages_of(path: str) -> Pages:
    """The `Pages` of a path: one for the whole process. Raises CohortError when there is no cohort."""
    return Pages(path)


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
