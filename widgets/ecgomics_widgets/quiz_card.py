"""`QuizCard`: one question, its options, what was right and why."""

from __future__ import annotations

from typing import ClassVar

import param

from ecgomics_widgets.hosting import HostedWidget


class QuizCard(HostedWidget):
    """A question to answer by click, key or number; events arrive in `event`.

    Events are dicts with a `type`: ``answer`` (value: index or number), ``next``, ``topic`` (id).

    Examples
    --------
    >>> QuizCard(question={"id": "q", "text": "What is it?", "options": ["a", "b"]}).question["text"]
    'What is it?'
    """

    _module: ClassVar[str] = "quiz_card.js"
    _down: ClassVar[tuple[str, ...]] = ("question", "result", "topics", "note", "texts", "measured")
    _up: ClassVar[tuple[str, ...]] = ("event",)

    question = param.Dict(default={}, doc="`id`, `text`, `options`, `unit` (a number is asked for), `level`, `topic`.")
    result = param.Dict(default={}, doc="Once answered: `verdict`, `right` (index), `given`, `text`, `because`, `due`.")
    topics = param.List(default=[], doc="Dicts of `id`, `title`, `share` (0 to 1 or None), `count`, `on`.")
    note = param.String(default="", doc="A quiet line of progress.")
    measured = param.Number(default=None, allow_None=True, doc="A number measured on the strip.")
    texts = param.Dict(default={}, doc="English → the page's language.")
    event = param.Dict(default={}, doc="The last thing done in the browser.")
