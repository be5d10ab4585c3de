"""The panes of Discover: each ties one widget to the state, in both directions, without knowing where it is shown."""

from __future__ import annotations

from ecgomics.dashboards.discover_panes.beats import GroupBeatsPane
from ecgomics.dashboards.discover_panes.effects import VolcanoPane
from ecgomics.dashboards.discover_panes.evidence import EvidencePane
from ecgomics.dashboards.discover_panes.families import FamiliesPane
from ecgomics.dashboards.discover_panes.findings import FindingsPane
from ecgomics.dashboards.discover_panes.lockbox import LockboxPane
from ecgomics.dashboards.discover_panes.panel import PanelPane
from ecgomics.dashboards.discover_panes.question import QuestionPane

__all__ = [
    "EvidencePane",
    "FamiliesPane",
    "FindingsPane",
    "GroupBeatsPane",
    "LockboxPane",
    "PanelPane",
    "QuestionPane",
    "VolcanoPane",
]
