"""`ExploreFrame`: the frame of Explore: panes with remembered sizes, a drawer, tabs on a phone."""

from __future__ import annotations

from typing import Any, ClassVar

import param
from panel.custom import Child

from ecgomics.dashboards.frame import Frame
from ecgomics_widgets.hosting import page_text

KEYS = (
    ("↑ ↓", "previous, next record"),
    ("/", "search"),
    ("← →", "a beat back, forward"),
    ("Shift ← →", "a screen"),
    ("n N", "next, previous finding"),
    ("+ −", "zoom"),
    ("0  f", "true scale, fit"),
    ("1 … 4", "12×1, 6×2, 3×4 + rhythm, single lead"),
    ("c", "calipers"),
    ("m", "marks and beats"),
    ("e  a", "edit marks, annotate"),
    ("x X", "next, previous ectopic beat"),
    ("Space  < >", "play, slower, faster"),
    ("g", "go to a time"),
    ("p", "picture"),
    ("i", "this record, and records like it"),
    ("v", "saved views, link, as Python"),
    ("z  Shift z", "undo, redo"),
    ("Esc", "close"),
    ("?", "this list"),
)

STRIP_KEYS = (
    *("ArrowLeft", "ArrowRight", "Home", "End", "n", "N", "x", "X", "+", "=", "-", "0", "f", "1", "2", "3", "4"),
    *("c", "m", "e", "a", "g", "p", " ", "<", ">"),
)
"""Keys that the frame hands on to the strip, wherever the focus is."""


SHELF = (
    *("record_list.js", "rule_list.js", "measurement_bar.js", "strip.js", "latent_map.js", "candidate_table.js"),
    *("evidence_card.js", "beat_overlay.js"),
)
"""Modules of the widgets on the page, which the frame brings along."""


class ExploreFrame(Frame):
    """Header, panes, drawer, tabs and keys; the panes are its children.

    Events beyond those of `Frame`: ``term`` (kind, name), ``redo``, ``step`` (by), ``close``, ``record``, and of the
    menu of views ``menu``, ``save``, ``show``, ``forget`` (each with kind, name), ``recipe``.
    """

    _esm: ClassVar[Any] = page_text("explore_frame.js", shelf=SHELF)

    keys = param.List(default=[list(pair) for pair in KEYS], doc="Keys and what they do.")
    terms = param.List(default=[], doc="What search offers: dicts of `kind`, `name`, `title`.")
    strip_keys = param.List(default=list(STRIP_KEYS), doc="Keys handed on to the strip.")
    saved = param.List(default=[], doc="What is saved: dicts of `kind`, `name`, `owner`, `mine`, `when`, `about`.")
    group = param.String(default="", doc="What the group is called; empty for none.")
    recipe = param.String(default="", doc="The view as Python, once it was asked for.")
    drawer = param.Boolean(default=True, doc="Whether the drawer is open.")
    pane = param.String(default="", doc="On a phone: the pane to bring up, with a colon and a count to repeat it.")

    records = Child()
    rules = Child()
    measures = Child()
    strip = Child()
    map = Child()
    candidates = Child()
    why = Child()
    beats = Child()
