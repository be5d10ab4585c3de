"""Explore for `panel serve`: ``ECGOMICS_COHORT=demo.zarr panel serve explore_app.py``.

`ecgomics serve COHORT` does the same with nothing to set.
"""

from __future__ import annotations

import os

import panel as pn

from ecgomics.dashboards.serving import TITLE, offline, pages_of
from ecgomics.errors import EcgomicsError

COHORT = "ECGOMICS_COHORT"


def page() -> pn.viewable.Viewable | pn.viewable.Viewer:
    """The page of one session: Explore, or what is wrong."""
    path = os.environ.get(COHORT, "")
    if not path:
        return _said(f"No cohort is named. Set {COHORT} to the path of one.")
    try:
        return pages_of(os.path.abspath(path)).page()
    except EcgomicsError as error:
        return _said(str(error))


def _said(text: str) -> pn.pane.Str:
    # plain text: a message may hold what a file said
    return pn.pane.Str(text, styles={"font": "15px system-ui, sans-serif", "padding": "32px"})


if pn.state.curdoc is not None and pn.state.curdoc.session_context is not None:
    offline()
    page().servable(title=TITLE)
