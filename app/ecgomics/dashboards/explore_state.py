"""`ExploreState`: what Explore shows, without a page: every change of the picture is a change of these values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import param

from ecgomics.dashboards.census import Census
from ecgomics.dashboards.filters import Filter, combined, with_filter
from ecgomics.dashboards.history import Undoable
from ecgomics.dashboards.ranking import Ranking
from ecgomics.dashboards.rulebook import Limits, RuleBook
from ecgomics.dashboards.selection import NOTHING, Selection
from ecgomics.errors import VocabularyError

if TYPE_CHECKING:
    from ecgomics.discovery.groups import Origin

BEGINNING = (
    *("record", "sort", "descending", "encoder", "colour", "paint", "why", "lead"),
    *("montage", "gain", "speed"),
)
"""Values a page opens with; what `view` leaves out is as it was then."""

PICKED = "picked"
"""Origin of a group chosen record by record in the list."""

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
Corners = tuple[tuple[float, float], ...]


class ExploreState(Undoable):
    """The values behind Explore; its methods are what a person can do there.

    Parameters
    ----------
    census
        The cohort's records as arrays.
    rulebook
        The rules and how they are judged.

    Examples
    --------
    >>> state = ExploreState(Census(cohort), RuleBook.of(census))  # doctest: +SKIP
    >>> state.select(["3f2a…", "91bc…"], origin="python")  # doctest: +SKIP
    """

    record = param.String(default="", doc="Id of the record that is open.")
    filters = param.Parameter(default=(), doc="`Filter`s in force, a tuple.")
    sort = param.String(default="source", doc="Name of the column records are sorted by.")
    descending = param.Boolean(default=False, doc="Largest first.")
    selection = param.ClassSelector(class_=Selection, default=NOTHING, doc="The group that is compared.")
    lasso = param.Parameter(default=(), doc="Corners (x, y) of the shape the group was drawn with.")
    drawing = param.Parameter(default=None, doc="Positions inside a shape still being drawn, or None.")
    toggled = param.Parameter(default=(), doc="Ids of the rules whose evidence is on the strip, in order.")
    limits = param.Dict(default={}, doc="Edited limits: clause id → its limits, in order.")
    encoder = param.String(default="", doc="Encoder whose map is shown; empty for none.")
    colour = param.String(default="source", doc="Name of the column the map is coloured by.")
    paint = param.Selector(default="group", objects=["group", "column"], doc="Colour of records outside the group.")
    why = param.Parameter(default=("", ""), doc="What is explained: ('rule', 'biomarker' or 'record', its name).")
    against = param.String(default="", doc="Label code that rules are compared with; empty for none.")
    sweeping = param.Boolean(default=False, doc="Whether a rule's limit is tried at other numbers.")
    sweep = param.Dict(default={}, doc="The outcome of that: see `rule_sweep.drawn`, and `key`, what it is of.")
    asked = param.Integer(default=0, doc="How often an explanation was asked for.")
    drawer = param.Boolean(default=True, doc="Whether the drawer is open.")
    lead = param.String(default="", doc="Lead of the representative beats.")
    span = param.Parameter(default=None, doc="(start, stop) of the strip, s; None: as it opens.")
    montage = param.Parameter(default="auto", doc="Layout of the strip, as `Strip.layout`.")
    gain = param.Number(default=10, doc="Of the strip, mm/mV.")
    speed = param.Number(default=25, doc="Of the strip, mm/s.")
    ranking = param.ClassSelector(class_=Ranking, default=Ranking(), doc="What sets the group apart, as far as known.")
    ranking_stale = param.Boolean(default=False, doc="Whether `ranking` is from before the last change.")
    theme = param.Selector(default="light", objects=["light", "dark"], doc="Colours of the page.")
    notice = param.String(default="", doc="A sentence to show for a moment.")

    def __init__(self, census: Census, rulebook: RuleBook, **params: Any) -> None:
        self.census = census
        self.rulebook = rulebook
        self._lassos = 0
        self._order: tuple[Any, np.ndarray] | None = None
        self.is_saved: Callable[[str, Sequence[str]], bool] = lambda name, records: False
        self.day_page = ""
        super().__init__(**params)
        self._begin()
        self.beginning = {name: getattr(self, name) for name in BEGINNING}

    def _begin(self) -> None:
        census = self.census
        encoders = getattr(census.cohort, "encoders", ())
        colour = "label" if census.label_counts else next(iter(census.biomarker_columns), "age")
        # the richest map first: a trained encoder before the hand-made one
        shown = sorted((name for name in encoders if census.has_map(name)), key=lambda name: name == "handmade")
        self.param.update(encoder=shown[0] if shown else "", colour=colour)
        if len(census):
            self.record = str(census.ids[self.order()[0]])
            met = self.rulebook.met(self.record)
            if met:
                self.why = ("rule", met[0])

    # which records, in which order

    def order(self) -> np.ndarray:
        """Positions (int, in the census) of the records that pass the filters and lie in the group, as sorted."""
        key = (self.filters, self.selection, self.sort, self.descending)
        if self._order is None or self._order[0] != key:
            keep = combined(self.filters, self.census)
            # records picked one by one are picked from a list that stays
            if self.selection.records and self.selection.origin != PICKED:
                keep &= self.members()
            places = np.flatnonzero(keep)
            self._order = (key, places[self._sorted(places)])
        return self._order[1]

    def passing(self) -> np.ndarray:
        """Which records pass the filters: boolean, one a record."""
        return combined(self.filters, self.census)

    def members(self) -> np.ndarray:
        """Which records are in the group: boolean, one a record."""
        inside = np.zeros(len(self.census), dtype=bool)
        inside[self.census.positions(self.selection.records)] = True
        return inside

    def _sorted(self, places: np.ndarray) -> np.ndarray:
        category = self.census.column(self.sort).kind == "category"
        values = (self.census.ranks(self.sort) if category else self.census.numbers(self.sort))[places]
        # unknown values come last in either direction
        return np.argsort(np.where(np.isfinite(values), -values if self.descending else values, np.inf), kind="stable")

    # what a person can do

    def open(self, record: str) -> None:
        """Show a record. Raises VocabularyError when the cohort has none of that id."""
        self.census.at(record)
        if record != self.record:
            self.param.update(record=record, span=None)

    def step(self, by: int) -> None:
        """Go on or back by so many records in the list; stays at its ends."""
        order = self.order()
        if not len(order):
            return
        found = np.flatnonzero(order == self.census.at(self.record)) if self.record else np.array([], dtype=int)
        place = int(found[0]) + by if len(found) else 0
        self.open(str(self.census.ids[order[min(max(place, 0), len(order) - 1)]]))

    def sort_by(self, name: str, *, descending: bool | None = None) -> None:
        """Sort records by a column. Raises VocabularyError for an unknown one."""
        column = self.census.column(name)
        down = column.kind == "number" if descending is None else descending
        self.param.update(sort=name, descending=down)

    def colour_by(self, name: str) -> None:
        """Colour the map by a column. Raises VocabularyError for an unknown one."""
        self.census.column(name)
        self.param.update(colour=name, paint="column")

    def add_filters(self, filters: Iterable[Filter]) -> None:
        """Add filters; one step to undo."""
        now = self.filters
        for chip in filters:
            now = with_filter(now, chip)
        title = ", ".join(chip.text(self.census) for chip in now if chip not in self.filters)
        self._change(title or "filter", filters=now)

    def drop_filter(self, place: int) -> None:
        """Take away the filter at a place."""
        gone = self.filters[place]
        self._change(f"without {gone.text(self.census)}", filters=tuple(c for c in self.filters if c is not gone))

    def select(
        self,
        records: Iterable[str],
        *,
        origin: str = "python",
        drawn_on: Origin = "table",
        lasso: Iterable[tuple[float, float]] = (),
    ) -> None:
        """Make records the group that is compared.

        Raises
        ------
        VocabularyError
            When an id is not in the cohort; nothing is selected then.
        """
        chosen = Selection.of(records, origin=origin, drawn_on=drawn_on)
        unknown = len(chosen) - len(self.census.positions(chosen.records))
        if unknown:
            raise VocabularyError(
                f"{unknown} of {len(chosen)} record ids are not in the cohort", expected="ids of cohort.records"
            )
        corners: Corners = tuple((float(x), float(y)) for x, y in lasso)
        self.drawing = None
        self._change(chosen.origin or "selection", selection=chosen, lasso=corners, paint="group")

    def draw(self, positions: Iterable[int], *, lasso: Iterable[tuple[float, float]]) -> None:
        """Finish a shape on the map: the records inside become the group."""
        places = [int(place) for place in positions if 0 <= int(place) < len(self.census)]
        if not places:
            self.param.update(drawing=None, notice="There is no record inside that shape.")
            return
        name = f"lasso {LETTERS[self._lassos % len(LETTERS)]}"
        self._lassos += 1
        self.select(self.census.ids[places], origin=name, drawn_on="latent", lasso=lasso)

    def pick(self, positions: Iterable[int], *, how: Literal["turn", "add"] = "turn") -> None:
        """Choose records of the list one by one.

        Parameters
        ----------
        positions
            In the census.
        how
            ``"turn"`` puts each into the group or takes it out, ``"add"`` puts all in.
        """
        chosen = [str(self.census.ids[place]) for place in positions if 0 <= place < len(self.census)]
        now = dict.fromkeys(self.selection.records if self.selection.origin == PICKED else ())
        for record in chosen:
            if how == "turn" and record in now:
                del now[record]
            else:
                now[record] = None
        if now:
            self.select(now, origin=PICKED)
        else:
            self.clear_group()

    def compare_filtered(self) -> None:
        """Make the records that pass the filters the group, and lift the filters."""
        kinds = {chip.kind for chip in self.filters}
        drawn_on: Origin = "labels" if kinds == {"label"} else "rules" if kinds == {"rule"} else "table"
        words = ", ".join(chip.text(self.census) for chip in self.filters)
        chosen = Selection.of(self.census.ids[self.order()], origin=words or "all records", drawn_on=drawn_on)
        self._change(words or "group", selection=chosen, filters=(), lasso=(), paint="group")

    def clear_group(self) -> None:
        """Compare nothing."""
        if self.selection.records:
            self.drawing = None
            self._change(f"without {self.selection.origin}", selection=NOTHING, lasso=())

    def toggle(self, rules: Iterable[str], *, on: bool) -> None:
        """Draw rules' evidence on the strip, or no longer."""
        wanted = [rule for rule in rules if rule in self.rulebook]
        kept = tuple(rule for rule in self.toggled if rule not in wanted)
        now = (*kept, *wanted) if on else kept
        title = self.rulebook.title(wanted[0]) if len(wanted) == 1 else f"{len(wanted)} rules"
        self._change(f"{title} {'on' if on else 'off'}", toggled=now)
        if on and len(wanted) == 1:
            self.why = ("rule", wanted[0])

    def set_limit(self, clause: str, *, place: int = 0, value: float) -> None:
        """Judge with another limit.

        Parameters
        ----------
        clause
            Id under which the clause's limit is edited, ``rule.clause``.
        place
            Which of its limits, where it has one for women and one for men, or two.
        value
            In the clause's unit.

        Raises
        ------
        RuleError
            For a clause or place that does not exist.
        """
        edited: Limits = self.rulebook.with_limit(self.limits, clause, place=place, value=value)
        self._change(f"limit of {self.rulebook.title(clause.split('.')[0])}", limits=edited)

    def reset_limits(self, rule: str) -> None:
        """Judge a rule with its published limits again."""
        kept = {name: values for name, values in self.limits.items() if name.split(".")[0] != rule}
        self._change(f"published limits of {self.rulebook.title(rule)}", limits=kept)

    def explain(self, kind: str, name: str) -> None:
        """Show why: of a rule or of a biomarker, or what is known of a record."""
        homes = {"rule": self.rulebook, "biomarker": self.census.biomarker_columns, "record": self.census.index}
        if name in homes[kind]:
            self.param.update(why=(kind, name), drawer=True, asked=self.asked + 1)

    def show(self, title: str, values: Mapping[str, Any]) -> None:
        """Show a saved view; one step to undo. `values` as `view.values_of` gives them."""
        self.drawing = None
        self._change(title, **values)
