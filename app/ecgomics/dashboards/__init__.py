"""Dashboards: state without Panel, panes, and the pages that show them. The only room that imports Panel."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ecgomics.dashboards.selection import Selection

if TYPE_CHECKING:
    from ecgomics.dashboards.discover import Discoverer
    from ecgomics.dashboards.discover_state import DiscoverState
    from ecgomics.dashboards.explore_state import ExploreState
    from ecgomics.dashboards.explorer import Explorer
    from ecgomics.dashboards.serving import explore, serve

__all__ = ["DiscoverState", "Discoverer", "ExploreState", "Explorer", "Selection", "explore", "serve"]

_HOMES = {
    "DiscoverState": "ecgomics.dashboards.discover_state",
    "Discoverer": "ecgomics.dashboards.discover",
    "ExploreState": "ecgomics.dashboards.explore_state",
    "Explorer": "ecgomics.dashboards.explorer",
    "explore": "ecgomics.dashboards.serving",
    "serve": "ecgomics.dashboards.serving",
}


def __getattr__(name: str) -> Any:
    # Panel loads when a dashboard is asked for, not before
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'ecgomics.dashboards' has no attribute {name!r}")
