"""Widgets for electrocardiograms that work alone: arrays and tables in, events out, in Jupyter and in Panel alike."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ecgomics_widgets.errors import WidgetError
from ecgomics_widgets.hosting import HostedWidget
from ecgomics_widgets.sources import ArraySource, TileSource, Window
from ecgomics_widgets.strip import Strip

if TYPE_CHECKING:
    from ecgomics_widgets.beat_overlay import BeatOverlay
    from ecgomics_widgets.candidate_table import CandidateTable
    from ecgomics_widgets.event_list import EventList
    from ecgomics_widgets.evidence_card import EvidenceCard
    from ecgomics_widgets.latent_map import LatentMap
    from ecgomics_widgets.lead_vectors import LeadVectors
    from ecgomics_widgets.live_strip import LiveStrip
    from ecgomics_widgets.measurement_bar import MeasurementBar
    from ecgomics_widgets.poincare import Poincare
    from ecgomics_widgets.record_list import RecordList
    from ecgomics_widgets.rule_list import RuleList
    from ecgomics_widgets.tachogram import Tachogram
    from ecgomics_widgets.trend_plot import TrendPlot
    from ecgomics_widgets.verdict_bar import VerdictBar
    from ecgomics_widgets.volcano import Volcano

__all__ = [
    "ArraySource",
    "BeatOverlay",
    "CandidateTable",
    "EventList",
    "EvidenceCard",
    "HostedWidget",
    "LatentMap",
    "LeadVectors",
    "LiveStrip",
    "MeasurementBar",
    "Poincare",
    "RecordList",
    "RuleList",
    "Strip",
    "Tachogram",
    "TileSource",
    "TrendPlot",
    "VerdictBar",
    "Volcano",
    "WidgetError",
    "Window",
]

_HOMES = {
    "BeatOverlay": "beat_overlay",
    "CandidateTable": "candidate_table",
    "EventList": "event_list",
    "EvidenceCard": "evidence_card",
    "LatentMap": "latent_map",
    "LeadVectors": "lead_vectors",
    "LiveStrip": "live_strip",
    "MeasurementBar": "measurement_bar",
    "Poincare": "poincare",
    "RecordList": "record_list",
    "RuleList": "rule_list",
    "Tachogram": "tachogram",
    "TrendPlot": "trend_plot",
    "VerdictBar": "verdict_bar",
    "Volcano": "volcano",
}


def __getattr__(name: str) -> Any:
    # tables bring pandas along: those who only want a strip need not wait for it
    if name in _HOMES:
        return getattr(importlib.import_module(f"ecgomics_widgets.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'ecgomics_widgets' has no attribute {name!r}")
