"""`History`: what can be undone and done again; `Undoable`: a page's state whose values can."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import param

DEPTH = 100
"""Steps remembered; the oldest is forgotten first."""


@dataclass
class Step:
    """One change: what it is called, and the values before and after it."""

    title: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass
class History:
    """A line of steps with a mark between what is done and what is undone."""

    done: list[Step] = field(default_factory=list)
    undone: list[Step] = field(default_factory=list)

    def note(self, step: Step) -> None:
        """Remember a step just made; what had been undone can no longer be redone."""
        self.done.append(step)
        del self.done[:-DEPTH]
        self.undone.clear()

    def back(self) -> Step | None:
        """Take the last step back, or nothing."""
        if not self.done:
            return None
        step = self.done.pop()
        self.undone.append(step)
        return step

    def forth(self) -> Step | None:
        """Make the last undone step again, or nothing."""
        if not self.undone:
            return None
        step = self.undone.pop()
        self.done.append(step)
        return step

    @property
    def next_undo(self) -> str:
        """What `back` would undo, for the button's text; empty when nothing."""
        return self.done[-1].title if self.done else ""


class Undoable(param.Parameterized):
    """A page's state: changes of its parameters that go through `_change` can be taken back and made again."""

    undoable = param.String(default="", doc="What `undo` would take back.")

    def __init__(self, **values: Any) -> None:
        self.history = History()
        super().__init__(**values)

    def undo(self) -> None:
        """Take the last change back."""
        step = self.history.back()
        if step:
            self.param.update(**step.before, undoable=self.history.next_undo)

    def redo(self) -> None:
        """Make the last undone change again."""
        step = self.history.forth()
        if step:
            self.param.update(**step.after, undoable=self.history.next_undo)

    def _change(self, title: str, **values: Any) -> None:
        before: Mapping[str, Any] = {name: getattr(self, name) for name in values}
        if all(before[name] == value for name, value in values.items()):
            return
        self.history.note(Step(title, before=before, after=values))
        self.param.update(**values, undoable=title)
