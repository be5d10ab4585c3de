"""A rule's limit tried at other numbers: the share met and, beside a label, what is gained and lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from ecgomics.dashboards.explore_state import ExploreState
from ecgomics.errors import EcgomicsError
from ecgomics.rules import Study, labelled

CURVES = (
    ("prevalence", "share met", "rest"),
    ("sensitivity", "sensitivity", "structural"),
    ("specificity", "specificity", "intensity"),
    ("ppv", "PPV", "comparative"),
)
"""What is drawn by limit: column of `Study.sweep`, its name, and the colour it has on the page."""

Key = tuple[Any, ...]
Run = Callable[[Callable[[], Any], Callable[[Any], None]], None]


class Sweeper:
    """Tries a rule's limit where that is asked for, away from the page: forty numbers in a large cohort take a second.

    Parameters
    ----------
    state
        Its `sweeping` says whether one is asked for, its `sweep` gets the outcome.
    run
        Does a job away from the page and hands its result over on it (`beside.run_beside`).
    """

    def __init__(self, state: ExploreState, *, run: Run) -> None:
        self.state = state
        self._run = run
        self._asked: Key = ()
        state.param.watch(lambda *changes: self.follow(), ["sweeping", "why", "limits", "against"])

    def follow(self) -> None:
        """Try the limit of the rule that is explained, unless that was done."""
        state, key = self.state, key_of(self.state)
        if not state.sweeping or not key or key in (self._asked, state.sweep.get("key")):
            return
        self._asked = key
        self._run(job_of(state, key), lambda found: self._take(key, found))

    def _take(self, key: Key, found: Mapping[str, Any]) -> None:
        # what was asked for meanwhile comes after it
        if key == self._asked:
            self._asked = ()
            self.state.sweep = {"key": key, **found}


def key_of(state: ExploreState) -> Key:
    """What a sweep depends on; empty where no rule is explained."""
    kind, rule = state.why
    if kind != "rule" or rule not in state.rulebook or not state.rulebook.judged:
        return ()
    return rule, state.against, tuple(sorted(state.limits.items()))


def job_of(state: ExploreState, key: Key) -> Callable[[], dict[str, Any]]:
    """A job that makes the sweep of a key, of values as they stand now."""
    rule, against, limits = str(key[0]), str(key[1]), dict(state.limits)

    def job() -> dict[str, Any]:
        census = state.census
        patient = pd.Series(census.patient, index=census.ids)
        try:
            truth = labelled(census.cohort.labels, records=census.ids.tolist(), codes=[against]) if against else None
            return drawn(state.rulebook.study(rule, limits=limits, label=truth, patient=patient))
        except EcgomicsError as error:
            return {"message": str(error)}

    return job


def drawn(found: Study) -> dict[str, Any]:
    """A sweep as the card draws it.

    Returns
    -------
    dict
        `clause`, `text`, `unit`, `limit` (as it stands), `step`, `limits`, `curves` (`name`, `colour`, `values`, one a
        limit, None where not known) and `note`; or `message` where no clause of the rule has one number to move.
    """
    if not len(found.sweep):
        return {"message": "No clause of this rule has a single number that could be moved."}
    clause = next(one for one in found.rule.clauses if one.edited_as == found.swept)
    table = found.sweep
    unit = "" if clause.unit in ("1", "code") else clause.unit
    alone = int(found.clauses["alone"].to_dict()[clause.id])
    return {
        "clause": found.swept,
        "text": clause.biomarker.removesuffix("_Global"),
        "unit": unit,
        "limit": float(table.loc[table["chosen"], "limit"].iloc[0]),
        "step": {"ms": 1.0, "mV": 0.01, "°": 1.0, "/min": 1.0}.get(clause.unit, 0.01),
        "limits": table["limit"].astype(float).tolist(),
        "curves": [
            {"name": title, "colour": colour, "values": _known(table[column])}
            for column, title, colour in CURVES
            if np.isfinite(table[column].to_numpy(dtype=float)).any()
        ],
        "note": f"It alone stands in the way in {alone} of {found.records} records." if alone else "",
    }


def _known(values: pd.Series) -> list[float | None]:
    return [round(float(value), 4) if np.isfinite(value) else None for value in values.astype(float)]
