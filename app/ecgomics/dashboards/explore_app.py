"""Explore for `panel serve`: ``ECGOMICS_COHORT=demo.zarr panel serve explore_app.py``.

`ecgomics serve COHORT` does the same with nothing to set.
"""

from __future__ import annotations

import os

import panel as pn

from ecgomics.dashboards.pages import PAGES, said, site_of
from ecgomics.dashboards.serving import NAME, offline
from ecgomics.errors import EcgomicsError

COHORT = "ECGOMICS_COHORT"
EXPLORE = PAGES[0]


def page() -> pn.viewable.Viewable | pn.viewable.Viewer:
    """The page of one session: Explore, or what is wrong."""
    path = os.environ.get(COHORT, "")
    if not path:
        return said(f"No cohort is named. Set {COHORT} to the path of one.")
    try:
        return site_of(os.path.abspath(path)).visit(EXPLORE, linked="alone")
    except EcgomicsError as error:
        return said(str(error))


if pn.state.curdoc is not None and pn.state.curdoc.session_context is not None:
    offline()
    page().servable(title=f"{NAME} · {EXPLORE.title}")
