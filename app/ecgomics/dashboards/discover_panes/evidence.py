"""What stands behind the open candidate."""

from __future__ import annotations

from typing import Any, ClassVar, Literal
from urllib.parse import quote

import numpy as np
import pandas as pd

from ecgomics.biomarkers.references import entry_of
from ecgomics.dashboards.discover_state import CONFOUNDERS, DiscoverState
from ecgomics.dashboards.discover_work import held
from ecgomics.dashboards.panes.pane import Event, StatePane
from ecgomics.discovery import Contrast, dose_response, extremes, subgroups
from ecgomics.errors import EcgomicsError
from ecgomics.wording import HIDDEN_UNITS, share, written
from ecgomics_widgets.finding_card import FindingCard

TITLES = {
    "exploratory": "exploratory",
    "declared": "declared, not yet confirmed",
    "validated": "split-validated",
    "replicated": "replicated",
}
PARTED = ("age", "sex", "device")
LOOKED_AT = 3


class EvidencePane(StatePane[DiscoverState]):
    """Both groups' values, dose and response, subgroups, records and definition of the open candidate.

    Parameters
    ----------
    state
        See `DiscoverState`.
    part
        The head of the drawer, or what lies below the beats.
    """

    follows: ClassVar = {"show": ("opened", "answer", "stale")}
    acts: ClassVar = {"close": "close"}

    def __init__(self, state: DiscoverState, *, part: Literal["head", "body"]) -> None:
        self._part = part
        super().__init__(state, FindingCard(part=part))

    def show(self) -> None:
        """Send the card."""
        found, name = self.state.answer.found, self.state.opened
        card: dict[str, Any] = {}
        if found is not None and name in set(found.results["biomarker"]):
            row = found.results.set_index("biomarker").loc[name]
            card = self._head(found, row) if self._part == "head" else self._body(found, name)
            card |= {"name": name, "dimension": str(row["dimension"])}
        self.widget.param.update(card=card, state="stale" if self.state.stale else "done")

    def close(self, event: Event) -> None:
        """The drawer was closed."""
        self.state.drawer = False

    def _head(self, found: Contrast, row: pd.Series) -> dict[str, Any]:
        unit = str(row["unit"])
        values = held(self.state.census).biomarkers["value"].sel(biomarker=str(row.name)).to_series()
        badge = str(row["badge"])
        return {
            "facts": " · ".join(part for part in (str(row["dimension"]), "" if unit in HIDDEN_UNITS else unit) if part),
            "badge": badge,
            "badge_title": "defines the group" if row["defines_group"] else TITLES[badge],
            "halves": _halves(row),
            "group": _side(float(row["median_group"]), values, found.sides[0], unit),
            "rest": _side(float(row["median_rest"]), values, found.sides[1], unit),
        }

    def _body(self, found: Contrast, name: str) -> dict[str, Any]:
        values = held(self.state.census)
        entry = entry_of(name)
        card: dict[str, Any] = {
            "definition": entry.definition if entry else "",
            "sources": [part for part in (entry.citation, f"{entry.id} version {entry.version}", entry.formula) if part]
            if entry
            else [],
        }
        try:
            dose = dose_response(found, values, biomarker=name)
            parted = subgroups(found, values, biomarker=name, by=self._parted())
            looked = extremes(found, values, biomarker=name, count=LOOKED_AT)
        except EcgomicsError as error:
            return card | {"definition": f"{error} {card['definition']}"}
        unit = self.state.census.column(name).unit
        card |= {
            "dose": [
                {"share": one.share, "low": one.low, "high": one.high, "range": _range(one.from_, one.upto, unit)}
                for one in _tuples(dose)
            ],
            "dose_about": f"share of A by quintile, 95 % · trend p {_chance(dose.attrs['trend_p'])}",
            "subgroups": [_subgroup(one) for one in _tuples(parted)],
            "interaction": _interaction(parted),
            "records": [self._record(one, unit) for one in _tuples(looked)],
        }
        return card

    def _parted(self) -> list[str]:
        known = {each["name"] for each in self.state.confounders()}
        return [name for name in PARTED if name in known]

    def _record(self, one: Any, unit: str) -> dict[str, Any]:
        census = self.state.census
        source = str(census.source[census.at(one.record)])
        side = "A" if one.side == "group" else "B"
        word = f"counter: {side}" if one.kind == "counter" else side
        return {
            "text": f"{word} {source} · {written(float(one.value), unit)}",
            "href": f"./?record={quote(str(one.record))}",
            "group": one.side == "group" and one.kind == "typical",
            "title": f"{source}: {'speaks against the effect' if one.kind == 'counter' else 'shows the effect most'}",
        }


def _side(middle: float, values: pd.Series, records: tuple[str, ...], unit: str) -> dict[str, str]:
    own = values.reindex(list(records)).dropna()
    if not len(own):
        return {"value": written(middle, unit), "spread": ""}
    low, high = (written(float(edge)) if not unit else _bare(float(edge), unit) for edge in own.quantile([0.25, 0.75]))
    return {"value": written(middle, unit), "spread": f"({low}–{high})"}


def _bare(value: float, unit: str) -> str:
    text = written(value, unit)
    return text.removesuffix(f" {unit}").removesuffix(unit)


def _range(low: float, high: float, unit: str) -> str:
    return _bare(low, unit) if low == high else f"{_bare(low, unit)}–{_bare(high, unit)}"


def _halves(row: pd.Series) -> str:
    if "auc_first" not in row or not np.isfinite(row["auc_first"]):
        return ""
    return f"both halves, {share(float(row['auc_first']))} and {share(float(row['auc_second']))}"


def _subgroup(one: Any) -> dict[str, Any]:
    known = np.isfinite(one.auc)
    by = CONFOUNDERS.get(one.by, one.by)
    name = "all" if one.by == "all" else f"{by} {one.subgroup}" if one.by != "sex" else _sex(one.subgroup)
    return {
        "name": name,
        "all": one.by == "all",
        "auc": float(one.auc) if known else None,
        "low": float(one.low) if known else None,
        "high": float(one.high) if known else None,
        "n": f"{one.n_group} / {one.n_rest}",
        "title": "" if known else "too few patients on a side",
    }


def _sex(letter: str) -> str:
    return {"F": "women", "M": "men"}.get(letter, letter)


def _interaction(parted: pd.DataFrame) -> str:
    own = parted[parted["interaction_p"].notna()].drop_duplicates("by")
    if own.empty:
        return ""
    told = ", ".join(f"{CONFOUNDERS.get(one.by, one.by)} {_chance(one.interaction_p)}" for one in _tuples(own))
    return f"that the effect is the same everywhere: p {told}"


def _tuples(table: pd.DataFrame) -> list[Any]:
    return list(table.itertuples())


def _chance(p: float) -> str:
    return "<.001" if p < 0.001 else share(float(p))
