"""`RuleList`: rules to switch on, with how common each is and its limits to edit."""

from __future__ import annotations

from typing import ClassVar

import param

from ecgomics_widgets.hosting import HostedWidget


class RuleList(HostedWidget):
    """Rules grouped by dimension; what is done to them arrives in `event`.

    Events are dicts with a `type`: ``toggle`` (rule, on), ``toggle_all`` (rules, on), ``why`` (rule),
    ``limit`` (rule, clause, place, value), ``reset`` (rule).

    Examples
    --------
    >>> rule = {"id": "first_degree_block", "title": "First-degree block", "dimension": "Structural", "on": False,
    ...         "share": 0.14, "met": 14, "known": 100, "shown": True, "limits": []}
    >>> RuleList(rules=[rule]).rules[0]["title"]
    'First-degree block'
    """

    _module: ClassVar[str] = "rule_list.js"
    _down: ClassVar[tuple[str, ...]] = ("rules", "met", "opened", "message")
    _up: ClassVar[tuple[str, ...]] = ("event",)

    rules = param.List(
        default=[],
        doc="""Dicts of `id`, `title`, `statement`, `dimension`, `on`, `shown` (without asking for all), `edited`,
        `share` (0 to 1 of `known` records, or None), `met`, `known`, and `limits`: dicts of `clause`, `place`, `text`,
        `value`, `standard`, `unit`, `step`.""",
    )
    met = param.List(default=[], doc="Ids of the rules that the current record meets.")
    opened = param.String(default="", doc="Id of the rule whose evidence is shown elsewhere.")
    message = param.String(default="", doc="What an empty list says.")
    event = param.Dict(default={}, doc="The last thing done in the browser.")
