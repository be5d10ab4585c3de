"""`DiscoverState`: what Discover shows, without a page: who is compared with whom, and what is known of it so far."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import param

from ecgomics.dashboards.census import Census
from ecgomics.dashboards.history import Undoable
from ecgomics.discovery import Contrast, Group, Known, Ledger, Panel, Replication, power, save_group, sealed
from ecgomics.discovery.lockbox import lockbox_of
from ecgomics.errors import DiscoveryError, VocabularyError

CONFOUNDERS = {
    "age": "age",
    "sex": "sex",
    "HR_Mean_Global": "heart rate",
    "QRS_Dur_Global": "QRS duration",
    "device": "device",
    "site": "site",
    "Quality_Global": "quality",
}
"""What is usually adjusted for, by column, as the page says it."""


@dataclass(frozen=True)
class Answer:
    """What is known of a question, as far as it is worked out.

    Parameters
    ----------
    found
        The contrast; None before the first.
    final
        Whether its intervals are those of resampled patients and the halves were asked, rather than a first look.
    cloud
        Effects of null groups: `draw, biomarker, auc, q`.
    families, stability, lost
        Tables as `discovery` gives them.
    panel
        The minimal panel, or in `no_panel` why there is none.
    """

    found: Contrast | None = None
    final: bool = False
    cloud: pd.DataFrame | None = None
    families: pd.DataFrame | None = None
    stability: pd.DataFrame | None = None
    lost: pd.DataFrame | None = None
    panel: Panel | None = None
    no_panel: str = ""
    spent: Replication | None = field(default=None, repr=False)


class DiscoverState(Undoable):
    """The values behind Discover; its methods are what a person can do there.

    Parameters
    ----------
    census
        The cohort's records as arrays.

    Examples
    --------
    >>> state = DiscoverState(Census(cohort))  # doctest: +SKIP
    >>> state.define("group", "label:LBBB")  # doctest: +SKIP
    """

    group = param.ClassSelector(class_=Group, default=None, allow_None=True, doc="Group A.")
    against = param.ClassSelector(class_=Group, default=None, allow_None=True, doc="Group B; None: everybody else.")
    adjust = param.Parameter(default=(), doc="Confounders, names of columns, a tuple.")
    answer = param.ClassSelector(class_=Answer, default=Answer(), doc="What is known so far.")
    stale = param.Boolean(default=False, doc="Whether the answer is of an earlier question.")
    task = param.String(default="", doc="What is being worked out; empty: nothing.")
    progress = param.Number(default=0.0, bounds=(0, 1), doc="How far it is.")
    trouble = param.String(default="", doc="Why there is no answer.")
    opened = param.String(default="", doc="Biomarker whose evidence is shown.")
    ticked = param.Parameter(default=(), doc="Candidates chosen for replication, a tuple.")
    effect = param.Selector(default="auc", objects=["auc", "auc_adjusted", "smd"], doc="Effect the volcano shows.")
    folded = param.Selector(default="families", objects=["families", "all"], doc="How the table is ordered.")
    unfolded = param.Parameter(default=(), doc="Representatives whose family is unfolded, a tuple.")
    asking = param.Boolean(default=False, doc="Whether the page asks once more before it spends.")
    drawer = param.Boolean(default=True, doc="Whether the drawer is open.")
    ledger = param.ClassSelector(class_=Ledger, default=Ledger(), doc="Every look so far.")
    theme = param.Selector(default="light", objects=["light", "dark"], doc="Colours of the page.")
    notice = param.String(default="", doc="A sentence to show for a moment.")

    def __init__(self, census: Census, **params: Any) -> None:
        self.census = census
        self.cohort = census.cohort
        super().__init__(**params)
        self.known = Known.of(self.cohort)
        self.ledger = Ledger.of(self.cohort)
        self._aside = sealed(census.patient, record=census.ids, settings=lockbox_of(self.cohort))
        self.adjust = tuple(name for name in ("age", "sex") if name in {each["name"] for each in self.confounders()})

    # what can be asked

    def confounders(self) -> list[dict[str, str]]:
        """What can be adjusted for: dicts of `name`, `title`; the usual ones, as far as the cohort knows them."""
        known = self.known
        varying = {name for name, own in known.texts.items() if len(set(own.tolist()) - {""}) > 1}
        measured = {name for name, own in known.numbers.items() if name in CONFOUNDERS and np.isfinite(own).any()}
        usual = varying | measured
        return [{"name": name, "title": title} for name, title in CONFOUNDERS.items() if name in usual]

    def define(self, side: str, text: str, *, name: str = "") -> None:
        """Make a side of the comparison of its definition; an empty one makes `against` everybody else.

        Raises
        ------
        DiscoveryError
            For text that is no definition; nothing changes then.
        """
        if side == "against" and not text.strip():
            self._change("against the rest", against=None)
            return
        self.use(side, self.known.group(text, name=name))

    def use(self, side: str, group: Group) -> None:
        """Make a group a side of the comparison."""
        word = "against " if side == "against" else ""
        values: dict[str, Any] = {side: group}
        if side == "group":
            values |= {"ticked": (), "opened": "", "unfolded": ()}
        self._change(f"{word}{group.name}", **values)

    def choose(self, records: Iterable[str], *, name: str, drawn_on: str) -> None:
        """Make records chosen elsewhere group A, such as those of a lasso in Explore.

        Raises
        ------
        VocabularyError
            When none of the ids is in the cohort.
        """
        places = self.census.positions(records)
        if not len(places):
            raise VocabularyError("none of these record ids is in the cohort", expected="ids of cohort.records")
        ids = tuple(self.census.ids[places].tolist())
        self.use("group", Group(name, ids, definition=f"{name}, drawn in Explore", origin=drawn_on))  # type: ignore[arg-type]

    def adjust_for(self, name: str, *, on: bool) -> None:
        """Adjust for a column, or no longer.

        Raises
        ------
        DiscoveryError
            For a column the cohort does not have.
        """
        if on:
            # checked as a definition checks it, with the nearest name offered
            self.known.must_know_column(name)
        kept = tuple(each for each in self.adjust if each != name)
        title = CONFOUNDERS.get(name, name)
        words = f"adjusted for {title}" if on else f"without {title}"
        self._change(words, adjust=(*kept, name) if on else kept)

    def save(self, side: str, name: str) -> None:
        """Save a side of the comparison by a name.

        Raises
        ------
        DiscoveryError
            Without a group or a name.
        """
        group = self.group if side == "group" else self.against
        if group is None:
            raise DiscoveryError("no group to be saved", remedy="choose one first")
        named = Group(
            name.strip(),
            group.records,
            definition=group.definition or group.name,
            origin=group.origin,
            defined_by=group.defined_by,
        )
        save_group(self.cohort, named)
        self.ledger = Ledger.of(self.cohort)
        self.known = self.known.with_saved(self.ledger.groups())
        self.param.update(**{side: named}, notice=f"Saved as {named.name}.")

    # who is counted

    def patients(self, group: Group | None) -> int:
        """Patients of a group outside the lock-box; of None, those who are not in group A."""
        return len(set(self.census.patient[self._mask(group) & ~self._aside].tolist()))

    def aside(self) -> dict[str, int]:
        """Patients set aside: `patients`, and how many of them are in `group` and in `rest`."""
        own, other = self._mask(self.group) & self._aside, self._mask(self.against) & self._aside
        if self.group is None:
            own = other = np.zeros(len(self.census), dtype=bool)
        patient = self.census.patient
        inside = set(patient[own].tolist())
        return {
            "patients": len(set(patient[self._aside].tolist())),
            "group": len(inside),
            "rest": len(set(patient[other].tolist()) - inside),
        }

    def _mask(self, group: Group | None) -> npt.NDArray[np.bool_]:
        if group is not None:
            return group.mask(self.census.ids)
        if self.group is None:
            return np.ones(len(self.census), dtype=bool)
        return ~self.group.mask(self.census.ids)

    # what was found

    def rows(self) -> pd.DataFrame:
        """The contrast's results with `stability` and `family` (the representative) where known."""
        found = self.answer.found
        if found is None:
            return pd.DataFrame()
        table = found.results
        if self.answer.stability is not None:
            kept = self.answer.stability.set_index("biomarker")["frequency"]
            table = table.assign(stability=kept.reindex(table["biomarker"]).to_numpy())
        return table

    def candidates(self) -> list[str]:
        """Names of the candidates, strongest first."""
        return [] if self.answer.found is None else self.answer.found.candidates()["biomarker"].tolist()

    def open(self, biomarker: str) -> None:
        """Show what stands behind a biomarker."""
        if self.answer.found is not None and biomarker in set(self.answer.found.results["biomarker"]):
            self.param.update(opened=biomarker, drawer=True)

    def tick(self, biomarker: str, *, on: bool) -> None:
        """Choose a candidate for replication, or no longer."""
        kept = tuple(name for name in self.ticked if name != biomarker)
        self.ticked = (*kept, biomarker) if on and biomarker in self.candidates() else kept

    def unfold(self, representative: str) -> None:
        """Show a family's members, or no longer."""
        kept = tuple(name for name in self.unfolded if name != representative)
        self.unfolded = kept if len(kept) < len(self.unfolded) else (*kept, representative)

    # the lock-box

    def spent(self) -> pd.DataFrame:
        """What was spent on the lock-box: `when, question, biomarker, p, replicated`."""
        return self.ledger.spent(f"lock-box {lockbox_of(self.cohort).digest()}")

    def chances(self) -> dict[str, float]:
        """Power of the lock-box for each ticked candidate at the effect found, 0 to 1; NaN where it is too small."""
        found, aside = self.answer.found, self.aside()
        if found is None or min(aside["group"], aside["rest"]) < 2:
            return {name: float("nan") for name in self.ticked}
        effects = found.results.set_index("biomarker")["auc"]
        return {name: float(power(float(effects[name]), aside["group"], aside["rest"])) for name in self.ticked}

    def cannot_spend(self) -> str:
        """Why nothing can be put to the lock-box; empty when it can."""
        found = self.answer.found
        if found is None or not self.answer.final or self.stale:
            return "Nothing is worked out yet."
        if lockbox_of(self.cohort).share <= 0:
            return "This cohort has no lock-box: it was begun without one."
        if found.badge == "exploratory":
            return (
                "The group was drawn on the data: whoever lies in it differs in what it was drawn by, in any patients. "
                "Name the group by a label, a rule or a table to replicate it."
            )
        if not self.ticked:
            return "Tick the candidates to be spent."
        aside, least = self.aside(), int(found.recipe["settings"]["min_patients"])
        if min(aside["group"], aside["rest"]) < least:
            return f"Of the patients set aside {aside['group']} are in the group; at least {least} are needed."
        return ""


def tried(ledger: Ledger) -> str:
    """How often a cohort was asked, in words."""
    count, tests = ledger.contrasts, ledger.tests
    noun = "contrast" if count == 1 else "contrasts"
    return f"{count} {noun} since the cohort was opened · {tests:,} tests tried".replace(",", " ")
