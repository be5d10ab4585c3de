"""The views of Learn: each puts widgets around one state."""

from ecgomics.dashboards.learn_panes.case import case_view
from ecgomics.dashboards.learn_panes.classes import class_view
from ecgomics.dashboards.learn_panes.quiz import quiz_view
from ecgomics.dashboards.learn_panes.shelf import shelf_view
from ecgomics.dashboards.learn_panes.virtual import virtual_view

__all__ = ["case_view", "class_view", "quiz_view", "shelf_view", "virtual_view"]
