"""`HolterFrame`: the frame of the Holter page."""

from __future__ import annotations

from typing import Any, ClassVar

import param
from panel.custom import Child

from ecgomics.dashboards.explore_frame import STRIP_KEYS
from ecgomics.dashboards.frame import Frame
from ecgomics_widgets.hosting import page_text

VERDICT_KEYS = {"Enter": "agree", "v": "ventricular", "s": "supraventricular", "o": "normal", "d": "artefact"}
"""One key a verdict; with Shift it applies to the whole kind."""

KEYS = (
    ("n N", "next, previous event"),
    ("Enter", "agree with the class"),
    ("v s o d", "ventricular, supraventricular, normal, artefact"),
    ("Shift + these", "the same for all of its form, or class"),
    ("b", "the stretch drawn on the day was slept"),
    ("a", "note at the cursor"),
    ("z  Shift z", "undo, redo"),
    ("← →", "a beat back, forward"),
    ("Shift ← →", "a screen"),
    ("+ −", "zoom"),
    ("0  f", "true scale, fit"),
    ("c", "calipers"),
    ("m", "marks and beats"),
    ("x X", "next, previous ectopic beat"),
    ("g", "go to a time"),
    ("Space", "play"),
    ("?", "this list"),
)
OWN_KEYS = ("n", "N", "z", "Z", "b", *VERDICT_KEYS, *(key.upper() for key in VERDICT_KEYS if len(key) == 1))


SHELF = ("tachogram.js", "event_list.js", "strip.js", "verdict_bar.js", "trend_plot.js")
"""Modules of the widgets on the page, which the frame brings along."""


class HolterFrame(Frame):
    """The day, events, strip with verdict, and three trends; they are its children.

    Events beyond those of `Frame`: ``key`` (key, shift).
    """

    _esm: ClassVar[Any] = page_text("holter_frame.js", shelf=SHELF)

    keys = param.List(default=[list(pair) for pair in KEYS], doc="Keys and what they do.")
    key_names = param.List(default=list(OWN_KEYS), doc="Keys handed to Python.")
    strip_keys = param.List(
        default=[key for key in STRIP_KEYS if key not in OWN_KEYS], doc="Keys handed on to the strip."
    )
    records = param.List(default=[], doc="Recordings to choose from: dicts of `id`, `title`.")
    record = param.String(default="", doc="The one that is shown.")

    day = Child()
    events = Child()
    strip = Child()
    verdict = Child()
    first = Child()
    second = Child()
    third = Child()
