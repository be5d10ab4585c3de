"""The panes of Explore: each ties one widget to the state, in both directions, without knowing where it is shown."""

from __future__ import annotations

from ecgomics.dashboards.panes.beats import BeatsPane
from ecgomics.dashboards.panes.candidates import CandidatesPane
from ecgomics.dashboards.panes.card import CardPane
from ecgomics.dashboards.panes.map import MapPane
from ecgomics.dashboards.panes.measurements import MeasurementsPane
from ecgomics.dashboards.panes.records import RecordsPane
from ecgomics.dashboards.panes.rules import RulesPane
from ecgomics.dashboards.panes.strip import StripPane

__all__ = [
    "BeatsPane",
    "CandidatesPane",
    "CardPane",
    "MapPane",
    "MeasurementsPane",
    "RecordsPane",
    "RulesPane",
    "StripPane",
]
