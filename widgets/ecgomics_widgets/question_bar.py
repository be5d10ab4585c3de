"""`QuestionBar`: who is compared with whom, as a sentence whose words open in place."""

from __future__ import annotations

from typing import ClassVar

import param

from ecgomics_widgets.hosting import HostedWidget


class QuestionBar(HostedWidget):
    """Two groups, the unit and the confounders as a line of tokens; what is chosen arrives in `event`.

    Events are dicts with a `type`: ``define`` (side: group or against, text: a definition, empty for the rest),
    ``save`` (side, name), ``adjust`` (name, on), ``cancel``, ``jump``.

    Examples
    --------
    >>> bar = QuestionBar(sentence={"group": {"name": "AF", "n": 96, "definition": "label:AF"}, "adjust": []})
    >>> bar.sentence["group"]["n"]
    96
    """

    _module: ClassVar[str] = "question_bar.js"
    _down: ClassVar[tuple[str, ...]] = ("sentence", "choices", "facts", "task", "progress", "trouble")
    _up: ClassVar[tuple[str, ...]] = ("event",)

    sentence = param.Dict(
        default={},
        doc="`group`, `against` (dicts of `name`, `n`, `definition`, `records`, `saved`, `chosen`, or None) and "
        "`adjust` (dicts of `name`, `title`).",
    )
    choices = param.Dict(
        default={},
        doc="`terms` (dicts of `kind`, `title`, `text`, `n`), `columns` and `encoders` (names), `confounders` (dicts "
        "of `name`, `title`).",
    )
    facts = param.Dict(default={}, doc="Under the sentence: `said` (texts), `warn`, `tried`.")
    task = param.String(default="", doc="What is being worked out; empty: nothing.")
    progress = param.Number(default=0.0, bounds=(0, 1), doc="How far it is.")
    trouble = param.String(default="", doc="Why there is no answer.")
    event = param.Dict(default={}, doc="The last thing done in the browser.")
