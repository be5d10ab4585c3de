"""The table of candidates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from ecgomics.dashboards.discover_state import CONFOUNDERS, DiscoverState
from ecgomics.dashboards.panes.pane import Event, StatePane
from ecgomics.dashboards.ranking import BADGES
from ecgomics_widgets.finding_table import FindingTable

ASK = "Nothing compared yet.\nChoose a group in the sentence above: a label, a rule, a range, a saved selection."
Rows = Mapping[str, Mapping[Any, Any]]
MOST = 300
MOST_GONE = 100
NONE = (
    "No biomarker lies below q .05.\n"
    "That is an answer: in these patients, after correction for all of them, nothing sets the group apart."
)


class FindingsPane(StatePane[DiscoverState]):
    """Candidates by family with those that adjustment took away; ticks are for replication."""

    follows: ClassVar = {"show": ("answer", "stale", "ticked", "folded", "unfolded"), "mark": ("opened",)}
    acts: ClassVar = {"open": "open", "tick": "tick", "unfold": "unfold", "fold": "fold"}

    def __init__(self, state: DiscoverState) -> None:
        super().__init__(state, FindingTable())

    def show(self) -> None:
        """Send the rows."""
        state, answer = self.state, self.state.answer
        widget = self.widget
        found = answer.found
        if found is None:
            widget.param.update(rows=[], about="", stamp="", state="done", message=ASK)
            return
        table = {str(row["biomarker"]): row for row in state.rows().to_dict("records")}
        rows = self._families(table) if state.folded == "families" else self._plain(table)
        gone = [] if answer.lost is None else answer.lost.to_dict("records")
        rows += [self._row(table[one["biomarker"]], reason=_in_words(one["reason"])) for one in gone[:MOST_GONE]]
        count = len(state.candidates())
        limit = f"{found.recipe['settings']['q']:g}".lstrip("0")
        families = 0 if answer.families is None else int(answer.families["family"].nunique())
        about = f"{count} of {len(table)} at q < {limit}" + (f" · {families} families" if families > 1 else "")
        widget.param.update(
            rows=rows,
            about=about if answer.final else f"{about} · first look, intervals by formula",
            adjusted=bool(found.recipe["adjust"]),
            gone_text=f"lost when adjusted: {len(gone)} of {count + len(gone)} that passed without it",
            folded=state.folded,
            state="stale" if state.stale else "done",
            stamp=found.badge,
            stamp_text=" ".join((BADGES.get(found.badge, ""), *found.notes)),
            message=NONE,
        )

    def mark(self) -> None:
        """Mark the candidate that is open."""
        self.widget.param.update(opened=self.state.opened)

    def open(self, event: Event) -> None:
        """A row was clicked."""
        self.state.open(str(event["biomarker"]))

    def tick(self, event: Event) -> None:
        """A candidate was ticked, or no longer."""
        self.state.tick(str(event["biomarker"]), on=bool(event["on"]))

    def unfold(self, event: Event) -> None:
        """A family was opened or closed."""
        self.state.unfold(str(event["biomarker"]))

    def fold(self, event: Event) -> None:
        """By family, or one after the other."""
        self.state.folded = "all" if event.get("name") == "all" else "families"

    def _plain(self, table: Rows) -> list[dict[str, Any]]:
        return [self._row(table[name]) for name in self.state.candidates()[:MOST]]

    def _families(self, table: Rows) -> list[dict[str, Any]]:
        kin = self.state.answer.families
        if kin is None:
            return self._plain(table)
        rows: list[dict[str, Any]] = []
        for one in _tuples(kin):
            if len(rows) >= MOST:
                break
            child = one.biomarker != one.representative
            if child and one.representative not in self.state.unfolded:
                continue
            told = {"child": child, "correlation": _number(one.correlation), "size": int(one.size)}
            told |= {"family": one.representative, "unfolded": one.representative in self.state.unfolded}
            rows.append(self._row(table[one.biomarker]) | told)
        return rows

    def _row(self, row: Mapping[Any, Any], *, reason: str = "") -> dict[str, Any]:
        spent = row["badge"] == "replicated"
        q = np.fmax(float(row["q"]), float(row["q_adjusted"]))
        return {
            "biomarker": str(row["biomarker"]),
            "dimension": str(row["dimension"]),
            "badge": str(row["badge"]),
            "auc": _number(row["auc"]),
            "low": _number(row["low"]),
            "high": _number(row["high"]),
            "adjusted": _number(row["auc_adjusted"]),
            "q": _number(q),
            "stability": _number(row.get("stability", np.nan)),
            "family": "",
            "size": 1,
            "correlation": None,
            "child": False,
            "unfolded": False,
            "gone": bool(reason),
            "reason": reason or _turned(row),
            "tickable": not reason and not spent and self.state.answer.final,
            "ticked": str(row["biomarker"]) in self.state.ticked,
        }


def _turned(row: Mapping[Any, Any]) -> str:
    """A word for an effect that adjustment turns round."""
    before, after = float(row["auc"]) - 0.5, float(row["auc_adjusted"]) - 0.5
    return "turns round when adjusted" if before * after < 0 else ""


def _in_words(reason: str) -> str:
    for name, title in CONFOUNDERS.items():
        reason = reason.replace(name, title)
    return reason


def _tuples(table: pd.DataFrame) -> list[Any]:
    return list(table.itertuples())


def _number(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
