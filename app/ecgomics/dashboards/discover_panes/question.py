"""The question as a sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ecgomics.dashboards.discover_state import CONFOUNDERS, DiscoverState, tried
from ecgomics.dashboards.panes.pane import Event, StatePane
from ecgomics.discovery import Group
from ecgomics.vocabulary import STATES
from ecgomics.wording import counted
from ecgomics_widgets.question_bar import QuestionBar

OFTEN_MISSING = 0.1


class QuestionPane(StatePane[DiscoverState]):
    """Shows the sentence and what is counted; a token that is changed changes the question.

    Parameters
    ----------
    state
        See `DiscoverState`.
    cancel
        Stops what is being worked out.
    jump
        Brings the lock-box into view.
    """

    follows: ClassVar = {
        "say": ("group", "against", "adjust"),
        "offer": ("ledger",),
        "count": ("answer", "ledger", "group"),
        "work": ("task", "progress", "trouble"),
    }
    acts: ClassVar = {"define": "define", "save": "save", "adjust": "adjust", "cancel": "stop", "jump": "go"}

    def __init__(self, state: DiscoverState, *, cancel: Callable[[], None], jump: Callable[[], None]) -> None:
        self._cancel, self._jump = cancel, jump
        super().__init__(state, QuestionBar())

    def say(self) -> None:
        """Send the sentence."""
        state = self.state
        rest = None
        if state.against is None and state.group is not None:
            rest = {"name": "the rest", "n": state.patients(None), "definition": "", "records": "", "saved": ""}
        self.widget.sentence = {
            "group": self._told(state.group),
            "against": rest if state.against is None else self._told(state.against),
            "adjust": [{"name": name, "title": CONFOUNDERS.get(name, name)} for name in state.adjust],
        }

    def offer(self) -> None:
        """Send what groups can be made of."""
        known = self.state.known
        terms = [
            {"kind": "saved", "title": name, "text": f'saved:"{name}"', "n": len(group)}
            for name, group in known.saved.items()
        ]
        labels = sorted(known.labels.items(), key=lambda item: -len(item[1]))
        terms += [
            {"kind": "label", "title": code, "text": f"label:{_quoted(code)}", "n": len(own)} for code, own in labels
        ]
        met = STATES.index("met")
        rules = sorted(((rule, int((own == met).sum())) for rule, own in known.rules.items()), key=lambda one: -one[1])
        titles = self.state.census.rule_titles
        terms += [
            {"kind": "rule", "title": titles.get(rule, rule), "text": f"rule:{rule}", "n": n} for rule, n in rules if n
        ]
        self.widget.choices = {
            "terms": terms,
            "columns": [*known.texts, *known.numbers],
            "encoders": list(getattr(self.state.cohort, "encoders", ())),
            "confounders": self.state.confounders(),
        }

    def count(self) -> None:
        """Send what is counted, what is missing, and how often was asked."""
        state, found = self.state, self.state.answer.found
        said = ["choose a group of patients: it is held against others, one vote a patient"]
        warn = ""
        if found is not None:
            n, table = found.n, found.results
            lacking = (table["missing_group"] + table["missing_rest"]) / max(n.patients_group + n.patients_rest, 1)
            often = int((lacking > OFTEN_MISSING).sum())
            said = [
                f"{counted(n.patients_group + n.patients_rest, 'patient')} · "
                f"{counted(n.records_group + n.records_rest, 'record')}: one vote a patient",
                f"{counted(len(table), 'biomarker')}, {often} missing in over 10 %",
            ]
            if n.elsewhere:
                said.append(f"{n.elsewhere} set aside, not looked at")
            warn = _more_often(found.missingness())
        self.widget.facts = {"said": said, "warn": warn, "tried": tried(state.ledger)}

    def work(self) -> None:
        """Send what is being worked out."""
        state = self.state
        self.widget.param.update(task=state.task, progress=state.progress, trouble=state.trouble)

    def define(self, event: Event) -> None:
        """A side got another definition."""
        self.state.define("against" if event.get("side") == "against" else "group", str(event["text"]))

    def save(self, event: Event) -> None:
        """A side is to be saved by a name."""
        self.state.save("against" if event.get("side") == "against" else "group", str(event["name"]))

    def adjust(self, event: Event) -> None:
        """A confounder was added or left out."""
        self.state.adjust_for(str(event["name"]), on=bool(event["on"]))

    def stop(self, event: Event) -> None:
        """What is under way is not wanted any more."""
        self._cancel()

    def go(self, event: Event) -> None:
        """The end of the sentence was pressed."""
        self._jump()

    def _told(self, group: Group | None) -> dict[str, Any] | None:
        if group is None:
            return None
        return {
            "name": group.name,
            "n": self.state.patients(group),
            "definition": group.definition,
            "records": counted(len(group), "record"),
            "saved": group.name if group.name in self.state.known.saved else "",
            # a group drawn by hand has a definition that cannot be read back
            "chosen": group.origin == "latent",
        }


def _quoted(code: str) -> str:
    return f'"{code}"' if any(sign in code for sign in ' ()<>="') else code


def _more_often(missing: Any) -> str:
    if not len(missing):
        return ""
    first = missing.iloc[0]
    side = "A" if first["share_group"] > first["share_rest"] else "B"
    more = f", and {len(missing) - 1} more" if len(missing) > 1 else ""
    return (
        f"{first['biomarker']} is missing more often in {side} "
        f"({first['share_group']:.0%} v {first['share_rest']:.0%}){more}"
    ).replace("%", " %")
