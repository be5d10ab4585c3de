"""`Investigator`: works a question out piece by piece, off the page's thread, and can be told to stop."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import xarray as xr

from ecgomics.dashboards.analyst import Run
from ecgomics.dashboards.census import Census
from ecgomics.dashboards.discover_state import Answer, DiscoverState
from ecgomics.dashboards.ranking import FEW_CELLS
from ecgomics.discovery import (
    Dossier,
    Ledger,
    Panel,
    contrast,
    dossier,
    families,
    lost,
    null_cloud,
    panel,
    replicate,
    stability,
    validate,
    with_replicated,
)
from ecgomics.errors import DiscoveryError, EcgomicsError
from ecgomics.settings import ContrastSettings, FamilySettings, PanelSettings, StabilitySettings

NULL_DRAWS = 100
STABILITY = StabilitySettings(resamples=50)
PANEL = PanelSettings(repeats=1)
PANEL_CELLS = 3_000_000
"""Patients × biomarkers up to which a panel is made unasked."""

Step = tuple[str, Callable[[Answer], Answer]]


class Held:
    """A cohort whose biomarkers and subjects lie in memory; everything else is the cohort's own."""

    def __init__(self, cohort: Any) -> None:
        self._cohort = cohort
        self.biomarkers: xr.Dataset = cohort.biomarkers.load()
        self.subjects: xr.Dataset = cohort.subjects.load()
        self.records: pd.DataFrame = cohort.records

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cohort, name)

    def looks(self) -> tuple[dict[str, Any], ...]:
        """As `Cohort.looks`."""
        kept: tuple[dict[str, Any], ...] = self._cohort.looks()
        return kept

    def note_look(self, look: Any) -> dict[str, Any]:
        """As `Cohort.note_look`."""
        noted: dict[str, Any] = self._cohort.note_look(look)
        return noted


_held: weakref.WeakKeyDictionary[Census, Held] = weakref.WeakKeyDictionary()


def held(census: Census) -> Held:
    """The cohort of a census in memory, read once for all sessions."""
    if census not in _held:
        _held[census] = Held(census.cohort)
    return _held[census]


class Investigator:
    """Watches a state's question and works its answer out.

    Parameters
    ----------
    state
        Its `group`, `against` and `adjust` are watched; `answer`, `stale`, `task`, `progress`, `trouble` and `ledger`
        are set.
    run
        Does a job away from the page and hands its result over on the page.
    """

    def __init__(self, state: DiscoverState, *, run: Run) -> None:
        self.state = state
        self._run = run
        self._turn = 0
        state.param.watch(lambda *changes: self.ask(), ["group", "against", "adjust"])

    def ask(self) -> None:
        """Work the question out; whatever was under way is forgotten."""
        self._turn += 1
        state = self.state
        if state.group is None:
            state.param.update(answer=Answer(), stale=False, task="", trouble="")
            return
        state.param.update(stale=state.answer.found is not None, trouble="", asking=False)
        self._go_on(self._turn, self._steps(), 0, Answer())

    def cancel(self) -> None:
        """Stop after the piece under way; what is there stays."""
        self._turn += 1
        self.state.param.update(task="", notice="Stopped. What was worked out stays; change the question to go on.")

    def make_panel(self) -> None:
        """Make the panel, where it was not made unasked."""
        answer = self.state.answer
        if answer.found is not None and answer.final:
            self._turn += 1
            self._go_on(self._turn, [("panel", self._panel)], 0, answer)

    def _go_on(self, turn: int, steps: list[Step], place: int, answer: Answer) -> None:
        if turn != self._turn:
            return
        if place == len(steps):
            self.state.param.update(task="", progress=1.0)
            return
        title, step = steps[place]
        self.state.param.update(task=title, progress=place / len(steps))
        self._run(lambda: _tried(step, answer), lambda result: self._take(turn, steps, place, result))

    def _take(self, turn: int, steps: list[Step], place: int, result: Answer | EcgomicsError) -> None:
        if turn != self._turn:
            return
        if isinstance(result, EcgomicsError):
            self.state.param.update(task="", trouble=str(result))
            return
        values: dict[str, Any] = {"answer": result, "stale": False}
        if result.final and not self.state.answer.final:
            values |= {"ledger": Ledger.of(self.state.cohort)}
        if result.found is not None and not self.state.opened and len(result.found.results):
            names = result.found.candidates()["biomarker"]
            values |= {"opened": str(names.iloc[0]) if len(names) else ""}
        self.state.param.update(**values)
        self._go_on(turn, steps, place + 1, result)

    def _steps(self) -> list[Step]:
        return [
            ("effects", self._first),
            ("intervals and halves", self._whole),
            ("null cloud", self._cloud),
            ("families", self._families),
            ("stability", self._stability),
            ("panel", self._panel_unasked),
        ]

    # the pieces; none of them touches the state's values but by reading the question

    @property
    def _values(self) -> Held:
        return held(self.state.census)

    def _asked(self) -> dict[str, Any]:
        return {"against": self.state.against, "adjust": list(self.state.adjust)}

    def _settings(self) -> ContrastSettings:
        cells = self.state.census.n_patients * len(self.state.census.biomarker_columns)
        return ContrastSettings(interval="bootstrap" if cells <= 4 * FEW_CELLS else "formula")

    def _first(self, answer: Answer) -> Answer:
        quick = ContrastSettings(interval="formula")
        # the same question is noted when it is worked out in full
        found = contrast(self._values, self.state.group, **self._asked(), settings=quick, note="no")  # type: ignore[arg-type]
        return replace(answer, found=found)

    def _whole(self, answer: Answer) -> Answer:
        assert answer.found is not None
        settings, group = self._settings(), self.state.group
        if answer.found.badge == "exploratory":
            found = contrast(self._values, group, **self._asked(), settings=settings)  # type: ignore[arg-type]
        else:
            try:
                found = validate(self._values, group, **self._asked(), settings=settings)  # type: ignore[arg-type]
            except DiscoveryError as error:
                found = contrast(self._values, group, **self._asked(), settings=settings)  # type: ignore[arg-type]
                found = replace(found, notes=(*found.notes, f"The halves were not asked: {error}"))
        return replace(answer, found=with_replicated(found, self.state.cohort), final=True)

    def _cloud(self, answer: Answer) -> Answer:
        assert answer.found is not None
        return replace(answer, cloud=null_cloud(answer.found, self._values, draws=NULL_DRAWS).table())

    def _families(self, answer: Answer) -> Answer:
        assert answer.found is not None
        return replace(answer, families=families(answer.found, self._values), lost=lost(answer.found))

    def _stability(self, answer: Answer) -> Answer:
        assert answer.found is not None
        adjust = list(answer.found.recipe["adjust"])
        return replace(answer, stability=stability(answer.found, self._values, adjust=adjust, settings=STABILITY))

    def _panel_unasked(self, answer: Answer) -> Answer:
        assert answer.found is not None
        if answer.found.candidates().empty:
            return replace(answer, no_panel="No candidate, no panel.")
        n = answer.found.n
        if (n.patients_group + n.patients_rest) * len(answer.found.results) > PANEL_CELLS:
            return replace(answer, no_panel="ask")
        return self._panel(answer)

    def _panel(self, answer: Answer) -> Answer:
        assert answer.found is not None
        adjust = list(answer.found.recipe["adjust"])
        try:
            made: Panel = panel(answer.found, self._values, adjust=adjust, latent=self._latent(), settings=PANEL)
        except DiscoveryError as error:
            return replace(answer, no_panel=str(error))
        return replace(answer, panel=made, no_panel="")

    def _latent(self) -> pd.DataFrame | None:
        encoders = tuple(getattr(self.state.cohort, "encoders", ()))
        if not encoders:
            return None
        name = sorted(encoders, key=lambda each: each == "handmade")[0]
        table = self.state.cohort.latent(name)["vectors"].transpose("record", ...).to_pandas()
        found: pd.DataFrame = table.reindex(self._values.biomarkers["record"].values.astype(str))
        return found

    # what is done once

    def spend(self) -> None:
        """Put the ticked candidates to the lock-box."""
        state, found = self.state, self.state.answer.found
        reason = state.cannot_spend()
        if reason or found is None or state.group is None:
            state.param.update(asking=False, notice=reason)
            return
        group, ticked, asked = state.group, list(state.ticked), self._asked()
        state.param.update(asking=False, task="the lock-box", progress=0.5)

        def job() -> Any:
            try:
                return replicate(found, self._values, group=group, biomarkers=ticked, **asked)
            except EcgomicsError as error:
                return error

        def then(result: Any) -> None:
            if isinstance(result, EcgomicsError):
                state.param.update(task="", notice=str(result))
                return
            held_up = int(result.results["replicated"].sum())
            state.param.update(
                task="",
                ticked=(),
                ledger=result.ledger,
                answer=replace(state.answer, found=result.found, spent=result),
                notice=f"{held_up} of {len(result.results)} replicated in the patients set aside.",
            )

        self._run(job, then)

    def dossier(self) -> Dossier:
        """The dossier of the contrast at hand. Raises DiscoveryError without one."""
        answer = self.state.answer
        if answer.found is None or not answer.final or self.state.group is None:
            raise DiscoveryError("nothing worked out yet", remedy="choose a group, and wait for the intervals")
        given: dict[str, Any] = {"adjust": list(answer.found.recipe["adjust"])}
        given["by"] = [
            name for name in ("age", "sex", "device") if name in {c["name"] for c in self.state.confounders()}
        ]
        return dossier(
            answer.found,
            self._values,
            **given,
            replication=answer.spent,
            draws=NULL_DRAWS,
            title=f"{self.state.group.name} against {self.state.against.name if self.state.against else 'the rest'}",
            settings=(STABILITY, FamilySettings(), PANEL),
        )


def _tried(step: Callable[[Answer], Answer], answer: Answer) -> Answer | EcgomicsError:
    try:
        return step(answer)
    except EcgomicsError as error:
        return error
