"""The minimal panel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from ecgomics.dashboards.discover_state import CONFOUNDERS, DiscoverState
from ecgomics.dashboards.panes.pane import Event, StatePane
from ecgomics.discovery import Panel
from ecgomics_widgets.panel_card import PanelCard


class PanelPane(StatePane[DiscoverState]):
    """Members, models and calibration of the panel.

    Parameters
    ----------
    state
        See `DiscoverState`.
    make
        Makes the panel where it was not made unasked.
    """

    follows: ClassVar = {"show": ("answer", "stale", "task")}
    acts: ClassVar = {"make": "make"}

    def __init__(self, state: DiscoverState, *, make: Callable[[], None]) -> None:
        self._make = make
        super().__init__(state, PanelCard())

    def show(self) -> None:
        """Send the panel."""
        answer, state = self.state.answer, self.state
        if answer.panel is None and not answer.no_panel and state.task and self.widget.card:  # type: ignore[attr-defined]
            # that of the question before stays, greyed, until there is a new one
            self.widget.param.update(state="stale")
            return
        ask = answer.no_panel == "ask"
        message = answer.no_panel or (
            "Fewest biomarkers that together tell the group from the rest." if not answer.found else ""
        )
        if ask:
            message = "Many patients and biomarkers: a panel takes a while."
        elif answer.found is not None and answer.panel is None and not answer.no_panel:
            message = "The panel comes after families and stability." if state.task else "No panel was made."
        self.widget.param.update(
            card={} if answer.panel is None else self._card(answer.panel),
            message=message,
            offer=ask and not state.task,
            state="stale" if state.stale else "done",
        )

    def make(self, event: Event) -> None:
        """A panel is wanted."""
        self._make()

    def _card(self, made: Panel) -> dict[str, Any]:
        adjust = [CONFOUNDERS.get(name, name) for name in self.state.adjust]
        latent = "latent" in set(made.models["model"])
        titles = {
            "confounders": ", ".join(adjust),
            "expert": f"+ {len(made.members)} biomarkers" if adjust else f"{len(made.members)} biomarkers",
            "both": "+ latent",
            "latent": "latent alone",
        }
        order = [name for name in ("confounders", "expert", "both", "latent") if name in set(made.models["model"])]
        models = made.models.set_index("model").loc[order].reset_index()
        expert = models[models["model"] == "expert"].to_dict("records")[0]
        return {
            "about": "sparse logistic, nested 5×5 by patient" + (", latent vectors beside" if latent else ""),
            "members": made.members.to_dict("records"),
            "models": [_model(row, titles) for row in models.to_dict("records")],
            "gains": [_gain(row) for row in made.gains.itertuples() if row.gain == "latent over biomarkers"],
            "calibration": made.calibration[["predicted", "observed", "low", "high"]].to_dict("records"),
            "facts": f"slope {float(expert['slope']):.2f} · Brier {float(expert['brier']):.3f}",
        }


def _model(row: Mapping[Any, Any], titles: Mapping[str, str]) -> dict[str, Any]:
    name = str(row["model"])
    kept = {side: float(row[side]) for side in ("auc", "low", "high")}
    return {"title": titles[name], "main": name == "expert"} | kept


def _gain(row: Any) -> str:
    low, high = (f"{value:+.2f}".replace("-", "−") for value in (row.low, row.high))
    return f"latent adds {row.auc:+.2f}".replace("-", "−") + f" ({low} to {high})"
