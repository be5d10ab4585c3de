"""`LearnFrame`: the frame of Learn: tabs, the story of a case, panes around the strip."""

from __future__ import annotations

from typing import Any, ClassVar

import param
from panel.custom import Child

from ecgomics.dashboards.explore_frame import STRIP_KEYS
from ecgomics.dashboards.frame import Frame
from ecgomics_widgets.hosting import module_text

VIEWS = ("cases", "case", "virtual", "quiz", "class")


class LearnFrame(Frame):
    """Header, tabs, story and panes; the panes are its children.

    Events beyond those of `Frame`: ``key`` (key), for keys named in `key_names`.
    """

    _esm: ClassVar[Any] = module_text("learn_frame.js")

    view = param.Selector(default="cases", objects=list(VIEWS), doc="What is shown, and so which panes there are.")
    tabs = param.List(default=[], doc="Dicts of `href`, `title`, `current`.")
    person = param.Dict(default={}, doc="`name`, `joined`: who is learning.")
    language = param.String(default="en", doc="Language of the page.")
    languages = param.List(default=[], doc="Pairs of code and name.")
    matter = param.Dict(default={}, doc="`title`, `chips`, `text`, `aim`, `progress`, `done`, `of`: the story.")
    key_names = param.List(default=[], doc="Keys handed to Python, as the browser names them.")
    strip_keys = param.List(default=list(STRIP_KEYS), doc="Keys handed on to the strip.")
    goto = param.String(default="", doc="An address to go to.")
    help = param.String(default="", doc="A sentence under the keys in the help.")

    left = Child()
    top = Child()
    strip = Child()
    side = Child()
    below = Child()
    board = Child()
