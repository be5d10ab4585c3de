"""`CaseShelf`: cases to read, what is due, assignments, and who is reading."""

from __future__ import annotations

from typing import ClassVar

import param

from ecgomics_widgets.hosting import HostedWidget


class CaseShelf(HostedWidget):
    """Cases by topic with what was reached in them; events arrive in `event`.

    Events are dicts with a `type`: ``join`` (code, name), ``keep`` (record, condition, title). `ticket` makes
    the browser keep who it is.

    Examples
    --------
    >>> CaseShelf(topics=[{"title": "Axis", "cases": [{"title": "Turned left", "href": "?case=turned_left"}]}]).person
    {}
    """

    _module: ClassVar[str] = "case_shelf.js"
    _down: ClassVar[tuple[str, ...]] = (
        "person",
        "due",
        "tasks",
        "topics",
        "lessons",
        "ticket",
        "trouble",
        "keeping",
        "texts",
    )
    _up: ClassVar[tuple[str, ...]] = ("event",)

    person = param.Dict(default={}, doc="`name`, `classes` (texts), `joined`, `known`.")
    due = param.Dict(default={}, doc="`text`, `href`, `count`.")
    tasks = param.List(default=[], doc="Assignments: dicts of `title`, `text`, `href`, `done`, `of`.")
    topics = param.List(
        default=[],
        doc="Dicts of `title`, `done`, `of` and `cases`: dicts of `title`, `text`, `href`, `level`, `kind`, `best` "
        "(0 to 1 or None), `due`.",
    )
    lessons = param.List(default=[], doc="Dicts of `number`, `title`.")
    ticket = param.Dict(default={}, doc="A cookie to keep: `name`, `value`, `days`, then `href` to go to.")
    trouble = param.String(default="", doc="Why joining did not work.")
    keeping = param.Dict(
        default={}, doc="`conclusions` (pairs of key and text): shows the form that makes a case of a record."
    )
    texts = param.Dict(default={}, doc="English → the page's language.")
    event = param.Dict(default={}, doc="The last thing done in the browser.")
