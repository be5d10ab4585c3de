"""`DiscoverFrame`: the frame of Discover: question, volcano and table, families, panel and lock-box, drawer."""

from __future__ import annotations

from typing import Any, ClassVar

import param
from panel.custom import Child

from ecgomics.dashboards.frame import Frame
from ecgomics_widgets.hosting import page_text

KEYS = (
    ("↑ ↓", "previous, next candidate"),
    ("z  Shift z", "undo, redo a change of the question"),
    ("Esc", "close"),
    ("?", "this list"),
)

SHELF = (
    *("question_bar.js", "volcano.js", "finding_table.js", "family_list.js", "panel_card.js", "lockbox_card.js"),
    *("finding_card.js", "beat_overlay.js"),
)
"""Modules of the widgets on the page, which the frame brings along."""


class DiscoverFrame(Frame):
    """Header, question, panes and drawer; the panes are its children.

    Events beyond those of `Frame`: ``redo``, ``close``, ``step`` (by).
    """

    _esm: ClassVar[Any] = page_text("discover_frame.js", shelf=SHELF)

    keys = param.List(default=[list(pair) for pair in KEYS], doc="Keys and what they do.")
    drawer = param.Boolean(default=True, doc="Whether the drawer is open.")
    evident = param.Boolean(default=False, doc="Whether there is anything for the drawer to show.")
    jump = param.Integer(default=0, doc="Raise it to bring the lock-box into view.")

    question = Child()
    volcano = Child()
    table = Child()
    families = Child()
    panel = Child()
    lockbox = Child()
    head = Child()
    beats = Child()
    evidence = Child()
