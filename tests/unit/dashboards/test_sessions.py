"""Sessions come and go: what a page made is let go with it, and nobody's page holds on to the cohort's own things.

``ECGOMICS_SOAK=200`` opens as many pages as the soak asks for; without it a few, which is enough to see a leak.
"""

from __future__ import annotations

import gc
import os
import weakref
from pathlib import Path

import pytest

SESSIONS = int(os.environ.get("ECGOMICS_SOAK", "12"))
WARM = 6
GROWTH = 0.05


def page_of(reading):
    """Open a page in a document of its own, use it a little, and close it as a server does; what it was."""
    from bokeh.document import Document
    from panel.io.document import _cleanup_doc
    from panel.io.state import set_curdoc

    from ecgomics.dashboards.explorer import Explorer

    document = Document()
    with set_curdoc(document):
        explorer = Explorer(reading)
        document.add_root(explorer.__panel__().get_root(document))
        explorer.state.step(1)
        explorer.state.explain("biomarker", "PR_Int_Global")
    # what Panel's server does when the browser is gone
    _cleanup_doc(document, destroy=True)
    return weakref.ref(explorer.state)


def objects() -> int:
    gc.collect()
    return len(gc.get_objects())


def test_a_closed_page_is_let_go(reading):
    closed = [page_of(reading) for _ in range(3)]
    gc.collect()
    assert [state() is None for state in closed] == [True, True, True]


def test_pages_opened_and_closed_leave_nothing_behind(reading):
    for _ in range(WARM):
        page_of(reading)
    before, memory = objects(), resident()
    for _ in range(SESSIONS):
        page_of(reading)
    grown = objects() - before
    assert grown < 200 * SESSIONS, f"{grown / SESSIONS:.0f} objects a session stay"
    if SESSIONS >= 100:
        assert resident() / memory - 1 < GROWTH, (memory, resident())


def resident() -> float:
    """Memory of this process that is really used, MB."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        pytest.skip("this system does not say how much memory a process uses")
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
