"""How far a person has come: an ability for each topic, and what to ask next.

Abilities follow the Elo rating as adaptive practice uses it (Pelánek R. Applications of the Elo rating system in
adaptive educational systems. Computers & Education 2016;98:169–179): an answer moves the ability by the surprise it
is, by less the more answers there are. Questions keep the difficulty of their level.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ecgomics.learn.topics import TOPICS

DIFFICULTY: Mapping[int, float] = {1: -1.0, 2: 0.0, 3: 1.0, 4: 2.0}
"""Of a level, on the logistic scale of abilities."""

WANTED = 0.75
"""Chance of a right answer that is aimed at: hard enough to teach, easy enough to go on."""

_FIRST_STEP, _DECAY = 1.0, 0.06
_GUESS = 0.25
STRONG = 0.85


@dataclass(frozen=True)
class Answered:
    """One answer, as the ability sees it.

    Attributes
    ----------
    topic, level
        Of the question.
    share
        0 to 1.
    """

    topic: str
    level: int
    share: float


@dataclass(frozen=True)
class Ability:
    """A person in a topic.

    Attributes
    ----------
    value
        0 is somebody who answers half of the level 2 questions.
    answers
        How many it rests on.
    right_in_a_row
        Right answers since the last wrong one.
    share
        Mean score.
    """

    value: float = -1.0
    answers: int = 0
    right_in_a_row: int = 0
    share: float = 0.0

    def chance(self, level: int) -> float:
        """Expected score of a question of a level, a quarter of it by guessing."""
        return _GUESS + (1 - _GUESS) / (1 + math.exp(DIFFICULTY[level] - self.value))

    def level(self) -> int:
        """The level whose expected score is nearest to `WANTED`."""
        return min(DIFFICULTY, key=lambda level: abs(self.chance(level) - WANTED))


def abilities(answers: Iterable[Answered]) -> dict[str, Ability]:
    """Ability in every topic after answers in order of time."""
    found = {topic: Ability() for topic in TOPICS}
    for answer in answers:
        if answer.topic not in found:
            continue
        before = found[answer.topic]
        surprise = answer.share - before.chance(answer.level)
        step = _FIRST_STEP / (1 + _DECAY * before.answers)
        count = before.answers + 1
        found[answer.topic] = Ability(
            before.value + step * surprise,
            count,
            before.right_in_a_row + 1 if answer.share >= STRONG else 0,
            before.share + (answer.share - before.share) / count,
        )
    return found


def next_topic(known: Mapping[str, Ability], *, due: Sequence[str] = (), seed: int = 0) -> str:
    """What to ask about next: what is due, else mostly the weakest topic.

    Parameters
    ----------
    known
        Abilities.
    due
        Topics due for repetition, the longest overdue first.
    seed
        Varies the choice.
    """
    waiting = [topic for topic in due if topic in known]
    if waiting:
        return waiting[0]
    names = list(known)
    # the weaker and the less practised, the more often
    weights = np.array([math.exp(-0.7 * known[name].value) / (1 + 0.1 * known[name].answers) for name in names])
    return names[int(np.random.default_rng(seed).choice(len(names), p=weights / weights.sum()))]
