"""The rules: which are on, how common they are, and their limits."""

from __future__ import annotations

from typing import Any, ClassVar

from ecgomics.dashboards.explore_state import ExploreState
from ecgomics.dashboards.panes.pane import Event, Pane
from ecgomics.vocabulary import DIMENSIONS
from ecgomics_widgets.rule_list import RuleList

FEW = 8
"""Rules shown before all are asked for: the commonest of each dimension in turn."""


class RulesPane(Pane):
    """Toggles rules, edits limits, and asks why."""

    follows: ClassVar = {"show": ("toggled", "limits", "why"), "judge": ("limits", "record")}
    acts: ClassVar = {
        "toggle": "toggle",
        "toggle_all": "toggle_all",
        "why": "explain",
        "limit": "set_limit",
        "reset": "reset",
    }

    def __init__(self, state: ExploreState) -> None:
        self._usual = _usual(state)
        super().__init__(state, RuleList(message="No rules yet.\nRun: ecgomics analyse COHORT"))

    def show(self) -> None:
        """Send every rule as it stands for the cohort."""
        state = self.state
        kind, name = state.why
        rows = [self._row(rule) for rule in state.rulebook.titles] if state.rulebook.judged else []
        self.widget.param.update(rules=rows, opened=name if kind == "rule" and state.drawer else "")

    def judge(self) -> None:
        """Send which rules the open record meets: all that changes from record to record."""
        state = self.state
        judged = bool(state.record) and state.rulebook.judged
        self.widget.met = list(state.rulebook.met(state.record, limits=state.limits)) if judged else []

    def _row(self, rule: str) -> dict[str, Any]:
        state, book = self.state, self.state.rulebook
        entry = book.rule(rule)
        met, known = book.prevalence(rule, limits=state.limits)
        return {
            "id": rule,
            "title": entry.name,
            "statement": entry.statement,
            "dimension": entry.dimension,
            "on": rule in state.toggled,
            "shown": rule in self._usual or (state.why == ("rule", rule)),
            "share": met / known if known else None,
            "met": met,
            "known": known,
            "limits": book.limit_fields(rule, limits=state.limits),
            "edited": any(name.split(".")[0] == rule for name in state.limits),
        }

    def toggle(self, event: Event) -> None:
        """One switch."""
        self.state.toggle([str(event["rule"])], on=bool(event["on"]))

    def toggle_all(self, event: Event) -> None:
        """A dimension's switches."""
        self.state.toggle([str(rule) for rule in event["rules"]], on=bool(event["on"]))

    def explain(self, event: Event) -> None:
        """A rule's name was clicked."""
        self.state.explain("rule", str(event["rule"]))

    def set_limit(self, event: Event) -> None:
        """A limit was typed."""
        self.state.set_limit(str(event["clause"]), place=int(event["place"]), value=float(event["value"]))

    def reset(self, event: Event) -> None:
        """Back to the published limits."""
        self.state.reset_limits(str(event["rule"]))


def _usual(state: ExploreState) -> set[str]:
    book = state.rulebook
    if not book.judged:
        return set()
    common = sorted(book.titles, key=lambda rule: -book.prevalence(rule)[0])
    by_dimension = [[rule for rule in common if book.rule(rule).dimension == name] for name in DIMENSIONS]
    chosen: list[str] = []
    for turn in range(FEW):
        chosen += [rules[turn] for rules in by_dimension if turn < len(rules)]
    return set(chosen[:FEW])
