"""`Analyst`: keeps the ranking of a state up to date, at once or off the page's thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ecgomics.dashboards.explore_state import ExploreState
from ecgomics.dashboards.ranking import Ranker, Ranking

Run = Callable[[Callable[[], Any], Callable[[Any], None]], None]
"""Does a job away from the page and hands its result to a second function back on the page."""


class Analyst:
    """Watches a state's group and ranks biomarkers for it.

    Parameters
    ----------
    state
        Its `selection` and `drawing` are watched, its `ranking` and `ranking_stale` are set.
    ranker
        Shared by all sessions of a cohort.
    run
        See `Run`.
    """

    def __init__(self, state: ExploreState, ranker: Ranker, *, run: Run) -> None:
        self.state = state
        self.ranker = ranker
        self._run = run
        self._turn = 0
        state.param.watch(lambda change: self.rank(), "selection")
        state.param.watch(lambda change: self.sketch(), "drawing")

    def sketch(self) -> None:
        """Rank for a shape still being drawn, where that costs no time."""
        positions = self.state.drawing
        if positions is None or not self.ranker.ready:
            return
        mask = np.zeros(len(self.state.census), dtype=bool)
        mask[[position for position in positions if 0 <= position < len(mask)]] = True
        if mask.any():
            self.state.param.update(ranking=self.ranker.preview(mask, origin="shape"), ranking_stale=False)

    def rank(self) -> None:
        """Rank for the group: a preview at once, the full contrast when it is there."""
        self._turn += 1
        selection = self.state.selection
        if not selection.records:
            self.state.param.update(ranking=Ranking(), ranking_stale=False)
            return
        turn = self._turn
        if self.ranker.ready:
            self._preview()
        else:
            self.state.ranking_stale = True
        if self.state.ranking.state == "failed" and self.ranker.ready:
            return
        self._run(lambda: self._ranked(turn), lambda result: self._take(turn, result))

    def _preview(self) -> None:
        selection = self.state.selection
        ranking = self.ranker.preview(self.state.members(), origin=selection.origin, drawn_on=selection.drawn_on)
        self.state.param.update(ranking=ranking, ranking_stale=False)

    def _ranked(self, turn: int) -> Ranking | None:
        # a job that waited behind others may be out of date before it starts
        if turn != self._turn:
            return None
        self.ranker.prepare()
        return self.ranker.full(self.state.selection)

    def _take(self, turn: int, result: Ranking | None) -> None:
        if turn != self._turn or result is None:
            return
        if result.state == "failed" and not result.about:
            result = replace(result, about=self.state.ranking.about)
        self.state.param.update(ranking=result, ranking_stale=False)
