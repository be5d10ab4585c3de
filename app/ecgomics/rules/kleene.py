"""Three-valued logic with margins: a statement is met, not met, or unknown, and by how much.

Strong Kleene logic (S. C. Kleene, Introduction to Metamathematics, 1952, §64): unknown stands for "could be either", so
`all` of something not met is not met whatever else is unknown, and `any` of something met is met.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ecgomics.vocabulary import STATES

States = npt.NDArray[np.uint8]
Margins = npt.NDArray[np.float32]

NOT_MET, MET, UNKNOWN = (np.uint8(STATES.index(word)) for word in ("not_met", "met", "unknown"))

RANKED: States = np.array([{NOT_MET: 0, UNKNOWN: 1, MET: 2}[np.uint8(code)] for code in range(3)], dtype=np.uint8)
"""State to its place in the order not met, unknown, met, in which `all` is the least and `any` the greatest."""


@dataclass(frozen=True)
class Outcome:
    """Truth of one statement over records.

    Parameters
    ----------
    state
        Dims ``(record,)``, uint8, index into `vocabulary.STATES`.
    margin
        Dims ``(record,)``, float32, in fractions of the limit: how far from changing; ≥ 0 when met, ≤ 0 when not,
        NaN when unknown.
    """

    state: States
    margin: Margins


def negate(outcome: Outcome) -> Outcome:
    """Not: met and not met change places."""
    state = np.where(outcome.state == UNKNOWN, UNKNOWN, 1 - outcome.state).astype(np.uint8)
    return Outcome(state, -outcome.margin)


def at_least(needed: int, outcomes: Sequence[Outcome]) -> Outcome:
    """At least `needed` of several hold; `all` and `any` are its ends."""
    states = np.stack([outcome.state for outcome in outcomes])
    margins = np.stack([outcome.margin for outcome in outcomes])
    met = (states == MET).sum(axis=0)
    unknown = (states == UNKNOWN).sum(axis=0)
    state = np.where(met >= needed, MET, np.where(met + unknown < needed, NOT_MET, UNKNOWN)).astype(np.uint8)
    # an unknown part can only raise what is met, and cannot save what is not
    filled = np.where(states == UNKNOWN, np.where(state == MET, -np.inf, np.inf), margins)
    ranked = np.partition(filled, len(outcomes) - needed, axis=0)[len(outcomes) - needed]
    return Outcome(state, np.where(state == UNKNOWN, np.nan, ranked).astype(np.float32))


def conjunction(outcomes: Sequence[Outcome]) -> Outcome:
    """All hold."""
    return at_least(len(outcomes), outcomes)


def disjunction(outcomes: Sequence[Outcome]) -> Outcome:
    """Any holds."""
    return at_least(1, outcomes)


def points(needed: float, outcomes: Sequence[Outcome], weights: Sequence[float]) -> Outcome:
    """The weights of those that hold add up to `needed`; weights are positive."""
    worth = np.asarray(weights, dtype=np.float32)[:, None]
    states = np.stack([outcome.state for outcome in outcomes])
    sure = (worth * (states == MET)).sum(axis=0)
    possible = sure + (worth * (states == UNKNOWN)).sum(axis=0)
    state = np.where(sure >= needed, MET, np.where(possible < needed, NOT_MET, UNKNOWN)).astype(np.uint8)
    margin = np.where(state == MET, sure - needed, possible - needed) / np.float32(needed)
    return Outcome(state, np.where(state == UNKNOWN, np.nan, margin).astype(np.float32))


def neighbours(needed: int, outcomes: Sequence[Outcome], chains: Sequence[Sequence[int]]) -> Outcome:
    """At least `needed` neighbours in one of the chains hold; a chain is a run of positions in `outcomes`."""
    runs = [chain[k : k + needed] for chain in chains for k in range(len(chain) - needed + 1)]
    return disjunction([conjunction([outcomes[position] for position in run]) for run in runs])
