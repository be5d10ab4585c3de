"""`EvidenceCard`: why a rule is met, and what a biomarker is."""

from __future__ import annotations

from typing import ClassVar

import param

from ecgomics_widgets.hosting import HostedWidget


class EvidenceCard(HostedWidget):
    """A card of evidence; what is clicked arrives in `event`.

    Events are dicts with a `type`: ``open`` (record), ``why`` (biomarker), ``sort`` (name), ``colour`` (name),
    ``close``, ``range`` (name, low, high: drawn on the distribution), ``against`` (label), ``differ`` (kind),
    ``alike``, ``case`` (record: one on which rule and label differ), ``sweep`` (on), ``limit`` (clause, value).

    Examples
    --------
    >>> clause = {"state": "met", "text": "PR interval > 200 ms", "value": "236 ms", "column": "PR_Int_Global"}
    >>> card = EvidenceCard(card={"title": "First-degree block", "state": "met", "verdict": "met", "clauses": [clause]})
    >>> card.card["clauses"][0]["value"]
    '236 ms'
    """

    _module: ClassVar[str] = "evidence_card.js"
    _down: ClassVar[tuple[str, ...]] = ("card", "message")
    _up: ClassVar[tuple[str, ...]] = ("event",)

    card = param.Dict(
        default={},
        doc="""`title`, `dimension`; for a rule `state`, `verdict`, `lead`, `clauses` (dicts of `state`, `text`,
        `value`, `column`, `role`, `note`), `warning`, `statement`, `notes`; and `biomarker`: a dict of
        `name`, `facts`, `effect`, `definition`, `sources`, `extremes` and `spread` (`range`, `group`, `rest`,
        `ticks`, `reference`, `value`,
        `value_text`, `limit`, `bars`, `about`, `group_text`, `rest_text`). A rule's card may have `versus`: `choices`,
        `chosen`, `rows` (`name`, `value`, `interval`, `counts`), `differ` (`kind`, `title`, `count`, `records`) and
        `note`, and `sweep`: `shut`, or `clause`, `text`, `unit`, `limit`, `step`, `limits`, `curves` (`name`, `colour`,
        `values`), `note`, `stale`, or a `message`. A record's card has `facts` (pairs of texts) and `alike`
        (`records`, `note`).""",
    )
    message = param.String(default="", doc="What an empty card says.")
    event = param.Dict(default={}, doc="The last thing done in the browser.")
