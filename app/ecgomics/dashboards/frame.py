"""`ExploreFrame`: the page around the panes, as a Panel component."""

from __future__ import annotations

from typing import Any, ClassVar

import param
from panel.custom import AnyWidgetComponent, Child

from ecgomics.dashboards.theme import stylesheet
from ecgomics_widgets.hosting import module_text

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
    ("z  Shift z", "undo, redo"),
    ("Esc", "close"),
    ("?", "this list"),
)

STRIP_KEYS = ("ArrowLeft", "ArrowRight", "Home", "End", "n", "N", "+", "=", "-", "0", "f", "1", "2", "3", "4", "c", "m")
"""Keys that the frame hands on to the strip, wherever the focus is."""


class ExploreFrame(AnyWidgetComponent):
    """Header, panes, drawer, tabs and keys; the panes are its children.

    Events (`event`, a dict with a `type`): ``term`` (kind, name), ``theme`` (theme), ``undo``, ``redo``, ``step`` (by),
    ``close``.
    """

    # the page's frame needs children, which a HostedWidget has not; the module is hosted the same way
    _esm: ClassVar[Any] = module_text("explore_frame.js")

    place = param.Selector(default="page", objects=["page", "inline"], doc="Fills the window, or a notebook's cell.")
    tokens = param.String(default=stylesheet(), doc="Custom properties of both themes.")
    cohort = param.Dict(default={}, doc="`name`, `records`, `patients`, `synthetic`.")
    terms = param.List(default=[], doc="What search offers: dicts of `kind`, `name`, `title`.")
    keys = param.List(default=[list(pair) for pair in KEYS], doc="Keys and what they do.")
    strip_keys = param.List(default=list(STRIP_KEYS), doc="Keys handed on to the strip.")
    status = param.List(default=[], doc="Texts of the footer.")
    undo = param.String(default="", doc="What undo would take back.")
    theme = param.Selector(default="light", objects=["light", "dark"], doc="Colours of the page.")
    drawer = param.Boolean(default=True, doc="Whether the drawer is open.")
    notice = param.String(default="", doc="A sentence shown for a moment.")
    pane = param.String(default="", doc="On a phone: the pane to bring up, with a colon and a count to repeat it.")
    event = param.Dict(default={}, doc="The last thing done in the frame.")

    records = Child()
    rules = Child()
    measures = Child()
    strip = Child()
    map = Child()
    candidates = Child()
    why = Child()
    beats = Child()
