"""Widgets for electrocardiograms that work alone: arrays and tables in, events out, in Jupyter and in Panel alike."""

from __future__ import annotations

from ecgomics_widgets.errors import WidgetError
from ecgomics_widgets.hosting import HostedWidget

__all__ = ["HostedWidget", "WidgetError"]
