"""The volcano."""

from __future__ import annotations

from typing import ClassVar

from ecgomics.dashboards.discover_state import DiscoverState
from ecgomics.dashboards.panes.pane import Event, StatePane
from ecgomics_widgets.volcano import EFFECTS, Volcano

ASK = (
    "Choose a group above: every biomarker is drawn\nby its effect and how surprising it is,\n"
    "over what effects look like when there is nothing to find."
)


class VolcanoPane(StatePane[DiscoverState]):
    """Every biomarker by effect and q, over the null cloud; a click opens its evidence."""

    follows: ClassVar = {"show": ("answer", "effect", "stale"), "mark": ("opened", "ticked"), "dress": ("theme",)}
    acts: ClassVar = {"choose": "choose", "effect": "change"}

    def __init__(self, state: DiscoverState) -> None:
        super().__init__(state, Volcano(message=ASK))

    def show(self) -> None:
        """Send the table and the cloud."""
        state, answer = self.state, self.state.answer
        widget: Volcano = self.widget  # type: ignore[assignment]
        if answer.found is None:
            widget.param.update(rows=[], cloud=b"", rug=b"", cloud_text="", state="done", effects=[])
            return
        table = answer.found.results
        if answer.lost is not None and len(answer.lost):
            reasons = answer.lost.set_index("biomarker")["reason"]
            table = table.assign(note=reasons.reindex(table["biomarker"]).fillna("").to_numpy())
        names = ["auc", *(["auc_adjusted"] if answer.found.recipe["adjust"] else []), "smd"]
        effect = state.effect if state.effect in names else "auc"
        # the null's effects are AUCs, of labels dealt anew: they lie under either AUC
        cloud = None if answer.cloud is None or effect == "smd" else answer.cloud.rename(columns={"auc": effect})
        widget.show(table, effect=effect, cloud=cloud)
        widget.param.update(
            limit=float(answer.found.recipe["settings"]["q"]),
            effects=[{"name": name, "title": EFFECTS[name]["title"]} for name in names],
            state="stale" if state.stale else "done",
        )

    def mark(self) -> None:
        """Mark what is open and what is ticked."""
        self.widget.param.update(opened=self.state.opened, ticked=list(self.state.ticked))

    def dress(self) -> None:
        """Follow the page's theme."""
        self.widget.theme = self.state.theme  # type: ignore[attr-defined]

    def choose(self, event: Event) -> None:
        """A mark was clicked."""
        self.state.open(str(event["biomarker"]))

    def change(self, event: Event) -> None:
        """Another effect is wanted."""
        if event["name"] in ("auc", "auc_adjusted", "smd"):
            self.state.effect = str(event["name"])
