"""`ClassBoard`: a teacher's view: classes, students × questions, the most missed, assignments."""

from __future__ import annotations

from typing import ClassVar

import param

from ecgomics_widgets.hosting import HostedWidget


class ClassBoard(HostedWidget):
    """Who answered what, and how; events arrive in `event`.

    Events are dicts with a `type`: ``open_class`` (title), ``course`` (id), ``task`` (id), ``assign`` (title, cases),
    ``case`` (id), ``export``.

    Examples
    --------
    >>> ClassBoard(matrix={"columns": [{"id": "a/pr"}], "rows": [{"name": "ada", "cells": [1.0]}]}).course
    0
    """

    _module: ClassVar[str] = "class_board.js"
    _down: ClassVar[tuple[str, ...]] = (
        *("courses", "course", "tasks", "task", "matrix", "missed", "cases", "file", "trouble", "texts"),
    )
    _up: ClassVar[tuple[str, ...]] = ("event",)

    courses = param.List(default=[], doc="Dicts of `id`, `title`, `code`, `students`.")
    course = param.Integer(default=0, doc="The class shown; 0: none.")
    tasks = param.List(default=[], doc="Its assignments: dicts of `id`, `title`, `link`, `cases`, `due`.")
    task = param.Integer(default=0, doc="The assignment shown; 0: everything.")
    matrix = param.Dict(
        default={},
        doc="`columns` (`id`, `title`, `group`, `mean`, `case`) and `rows` (dicts of `name`, `cells` 0 to 1 or "
        "None, `mean`).",
    )
    missed = param.List(default=[], doc="Most missed: dicts of `case`, `title`, `line`, `share`, `n`, `text`.")
    cases = param.List(default=[], doc="Cases to assign: dicts of `id`, `title`, `topic`, `level`.")
    file = param.Dict(default={}, doc="A file to save: `name`, `text`, `count`.")
    trouble = param.String(default="", doc="What did not work.")
    texts = param.Dict(default={}, doc="English → the page's language.")
    event = param.Dict(default={}, doc="The last thing done in the browser.")
