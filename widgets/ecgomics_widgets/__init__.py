"""Widgets for electrocardiograms that work alone: arrays and tables in, events out, in Jupyter and in Panel alike."""

from __future__ import annotations

from ecgomics_widgets.errors import WidgetError
from ecgomics_widgets.hosting import HostedWidget
from ecgomics_widgets.sources import ArraySource, TileSource, Window
from ecgomics_widgets.strip import Strip

__all__ = ["ArraySource", "HostedWidget", "Strip", "TileSource", "Window", "WidgetError"]
