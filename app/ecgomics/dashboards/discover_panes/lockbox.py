"""The lock-box, and the dossier at the end of the sentence."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from ecgomics.dashboards.discover_state import DiscoverState
from ecgomics.dashboards.panes.pane import Event, StatePane
from ecgomics.discovery import Dossier
from ecgomics.discovery.lockbox import lockbox_of
from ecgomics.wording import counted, share
from ecgomics_widgets.lockbox_card import LockboxCard

PAST = 6


class LockboxPane(StatePane[DiscoverState]):
    """Who is set aside, what would be spent and what was; asks once more before it spends.

    Parameters
    ----------
    state
        See `DiscoverState`.
    spend
        Puts the ticked candidates to the lock-box.
    dossier
        Makes the dossier and hands it to the function given, on the page.
    """

    follows: ClassVar = {
        "show": ("answer", "ticked", "ledger", "stale", "task", "group", "against"),
        "ask": ("asking",),
    }
    acts: ClassVar = {"ask": "want", "keep": "keep", "spend": "spend", "dossier": "write"}

    def __init__(
        self,
        state: DiscoverState,
        *,
        spend: Callable[[], None],
        dossier: Callable[[Callable[[Dossier], None]], None],
    ) -> None:
        self._spend, self._dossier = spend, dossier
        self._files = 0
        super().__init__(state, LockboxCard())

    def show(self) -> None:
        """Send the card."""
        state = self.state
        aside, box, spent = state.aside(), lockbox_of(state.cohort), state.spent()
        looks = len(spent.groupby("when")) if len(spent) else 0
        why = state.cannot_spend()
        group = f" · {aside['group']} in the group" if state.group is not None else ""
        self.widget.card = {
            "about": f"{box.share:.0%} of patients, set aside at ingest".replace("%", " %") if box.share else "none",
            "seal": f"sealed · {looks or 'no'} look{'' if looks == 1 else 's'} spent" if box.share else "",
            "patients": aside["patients"],
            "inside": f"patients set aside{group}",
            "ticked": [{"biomarker": name, "power": _known(value)} for name, value in state.chances().items()],
            "past": [self._past(row) for row in spent.tail(PAST).iloc[::-1].to_dict("records")],
            "why": why if state.answer.found is not None else "",
            "looks": f"So far {counted(len(spent), 'candidate')} had a look." if looks else "Nobody has looked yet.",
            "ready": not why,
            "dossier": state.answer.found is not None and state.answer.final and not state.stale and not state.task,
        }

    def ask(self) -> None:
        """Ask once more, or no longer."""
        self.widget.param.update(asking=self.state.asking)

    def want(self, event: Event) -> None:
        """Replicate was pressed: ask once more."""
        reason = self.state.cannot_spend()
        self.state.param.update(asking=not reason, notice=reason)

    def keep(self, event: Event) -> None:
        """They are not to be spent after all."""
        self.state.asking = False

    def spend(self, event: Event) -> None:
        """They are to be spent; counts only where it was asked."""
        if self.state.asking:
            self._spend()

    def write(self, event: Event) -> None:
        """A dossier is wanted."""
        self._dossier(self._hand_over)

    def _hand_over(self, made: Dossier) -> None:
        self._files += 1
        name = "".join(sign if sign.isalnum() else "-" for sign in str(made.data["title"]))[:60].strip("-")
        recipe = json.dumps(made.as_dict(), allow_nan=False)
        file = {"name": name or "dossier", "page": made.html(), "recipe": recipe, "serial": str(self._files)}
        self.widget.param.update(file=file)

    def _past(self, row: Mapping[Any, Any]) -> dict[str, Any]:
        spent = self.state.answer.spent
        told = "" if pd.isna(row["p"]) else f"p {'<.001' if row['p'] < 0.001 else share(float(row['p']))}"
        if spent is not None and row["biomarker"] in set(spent.results["biomarker"]):
            own = spent.results.set_index("biomarker").loc[row["biomarker"]]
            told = f"{share(float(own['auc']))} {share(float(own['low']))}–{share(float(own['high']))}"
        when = pd.Timestamp(row["when"]).strftime("%d %b").lstrip("0")
        return {"biomarker": row["biomarker"], "when": when, "told": told, "replicated": bool(row["replicated"])}


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
