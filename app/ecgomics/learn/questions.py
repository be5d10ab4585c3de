"""Questions without end, drawn from the simulator by topic and difficulty, with distractors that are plausible.

A question is its id: equal ids give equal questions, so that an answer can be looked at again years later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ecgomics.errors import LearnError
from ecgomics.learn.examination import Examination, examine
from ecgomics.learn.form import Target, field_of, targets_of
from ecgomics.learn.topics import TOPICS, Teaching, teachings
from ecgomics.simulate import CONDITIONS, VirtualPatient, draw_patient

Kind = Literal["name", "measure", "rule", "look"]
KINDS: tuple[Kind, ...] = ("name", "measure", "rule", "look")
"""Name the condition; measure an interval; which criterion is met; what is to be seen."""

LEVELS = (1, 2, 3, 4)
OPTIONS = 4
_MEASURED = {
    "rhythm": ("rate", "pr"),
    "av_block": ("pr", "rate"),
    "axis": ("axis", "qrs"),
    "conduction": ("qrs", "axis"),
}
_LOOKS = ("st_t", "qrs_form", "p_wave", "rhythm")


@dataclass(frozen=True)
class Question:
    """A question about an ECG.

    Attributes
    ----------
    id
        ``kind.condition.level.seed``.
    kind, condition, level
        What it asks, about what, how hard (1 to 4).
    topic
        Key of `topics.TOPICS`.
    text
        What is asked.
    options
        Words to choose from, in the order shown; empty for a measurement.
    right
        Index of the right option; −1 for a measurement.
    target
        What a measurement is scored against.
    because
        Why, shown after the answer.
    patient, seed
        Whose ECG it is.
    """

    id: str
    kind: Kind
    condition: str
    level: int
    topic: str
    text: str
    options: tuple[str, ...]
    right: int
    target: Target | None
    because: str
    patient: VirtualPatient
    seed: int


def topics_at(level: int) -> tuple[str, ...]:
    """Topics with a condition of this level or below."""
    return tuple(topic for topic in TOPICS if any(t.topic == topic and t.level <= level for t in teachings().values()))


def draw_question(topic: str, *, level: int, seed: int) -> Question:
    """A question of a topic.

    Parameters
    ----------
    topic
        Key of `topics.TOPICS`.
    level
        1 to 4: harder ones take rarer conditions, distractors that lie closer, and noisier recordings.
    seed
        Equal arguments give equal questions.

    Raises
    ------
    LearnError
        For an unknown topic or level.
    """
    if topic not in TOPICS or level not in LEVELS:
        raise LearnError(f"topic {topic!r} at level {level}", expected=f"one of {', '.join(TOPICS)}, level 1 to 4")
    rng = np.random.default_rng([seed, level, list(TOPICS).index(topic)])
    known = [item for item in teachings().values() if item.topic == topic]
    reachable = [item for item in known if item.level <= level] or known
    # the level asked for comes most often
    weights = np.array([3.0 if item.level == level else 1.0 for item in reachable])
    chosen = reachable[int(rng.choice(len(reachable), p=weights / weights.sum()))]
    kinds: list[Kind] = [*(("name",) * 3), "look"]
    if topic in _MEASURED or topic == "repolarisation":
        kinds.append("measure")
    if chosen.met:
        kinds.append("rule")
    kind = kinds[int(rng.integers(len(kinds)))]
    return question_of(f"{kind}.{chosen.condition}.{level}.{int(rng.integers(2**31))}")


def question_of(name: str) -> Question:
    """The question of an id. Raises LearnError for an id that is none."""
    parts = name.split(".")
    if len(parts) != 4 or parts[0] not in KINDS or parts[1] not in CONDITIONS or not (parts[2] + parts[3]).isdigit():
        raise LearnError("an id of no question", expected="kind.condition.level.seed")
    kind: Kind = parts[0]  # type: ignore[assignment]
    condition, level, seed = parts[1], int(parts[2]), int(parts[3])
    rng = np.random.default_rng([seed, 11])
    patient = _patient(condition, level=level, seed=seed)
    teaching = teachings()[condition]
    made = {"name": _name, "measure": _measure, "rule": _rule, "look": _look}[kind](teaching, patient, seed, level, rng)
    text, options, right, target, because = made
    return Question(name, kind, condition, level, teaching.topic, text, options, right, target, because, patient, seed)


Made = tuple[str, tuple[str, ...], int, Target | None, str]


def _patient(condition: str, *, level: int, seed: int) -> VirtualPatient:
    patient = draw_patient(condition, seed=seed)
    if level >= 3 and condition != "noisy":
        patient.noise_mv = max(patient.noise_mv, 0.012 * level)
        patient.wander_mv = max(patient.wander_mv, 0.03 * level)
    return patient


def _seen(patient: VirtualPatient, seed: int) -> Examination:
    return examine(patient, seed=seed, marks="truth")


def _name(teaching: Teaching, patient: VirtualPatient, seed: int, level: int, rng: np.random.Generator) -> Made:
    near = [name for name in teaching.like if name in CONDITIONS]
    same = [item.condition for item in teachings().values() if item.topic == teaching.topic]
    others = [item.condition for item in teachings().values() if item.topic != teaching.topic and item.level <= 2]
    # an easy question takes one near miss and others from elsewhere, a hard one only near misses
    pool = near[: level - 1 or 1] + _shuffled(others if level == 1 else same, rng) + near + _shuffled(others, rng)
    met = set(_seen(patient, seed).met())
    wrong = [name for name in dict.fromkeys(pool) if name != teaching.condition and not _holds(name, met)]
    wrong = wrong[: OPTIONS - 1]
    options, right = _mixed([CONDITIONS[name].title for name in wrong], CONDITIONS[teaching.condition].title, rng)
    return "What is it?", options, right, None, teaching.sign


def _holds(condition: str, met: set[str]) -> bool:
    """Whether all that defines a condition is met: it would be no wrong answer."""
    defining = teachings()[condition].met
    return bool(defining) and set(defining) <= met


def _measure(teaching: Teaching, patient: VirtualPatient, seed: int, level: int, rng: np.random.Generator) -> Made:
    seen = _seen(patient, seed)
    targets = targets_of(seen, teaching.condition)
    wanted = [*_MEASURED.get(teaching.topic, ("qt",)), "qt", "qrs", "rate"]
    finite = [name for name in dict.fromkeys(wanted) if np.isfinite(targets[name].value)]
    name = finite[0] if level < 3 else finite[int(rng.integers(min(2, len(finite))))]
    target = targets[name]
    text = f"Measure the {field_of(name).title.lower() if name in ('rate', 'axis') else field_of(name).title}."
    return text, (), -1, target, f"It is {target.words}. {teaching.sign}"


def _rule(teaching: Teaching, patient: VirtualPatient, seed: int, level: int, rng: np.random.Generator) -> Made:
    seen = _seen(patient, seed)
    met = [name for name in teaching.met if name in seen.standings and seen.standings[name].state == "met"]
    if not met:
        return _name(teaching, patient, seed, level, rng)
    right = met[int(rng.integers(len(met)))]
    missed = [item for item in seen.standings.values() if item.state == "not_met" and np.isfinite(item.margin)]
    # of the criteria that are not met, the nearest ones deceive best
    near = sorted(missed, key=lambda item: -item.margin)[: 8 if level < 3 else 5]
    wrong = [near[int(k)].rule.name for k in rng.permutation(len(near))[: OPTIONS - 1]]
    rule = seen.standings[right].rule
    options, place = _mixed(wrong, rule.name, rng)
    clauses = "; ".join(clause.text for clause in seen.finding(right).clauses if clause.state == "met")
    return "Which criterion does it meet?", options, place, None, f"{rule.statement}. {clauses}."


def _look(teaching: Teaching, patient: VirtualPatient, seed: int, level: int, rng: np.random.Generator) -> Made:
    targets = targets_of(_seen(patient, seed), teaching.condition)
    lines = [name for name in _LOOKS if targets[name].right not in (("normal",), ("sinus",))]
    if not lines:
        return _name(teaching, patient, seed, level, rng)
    line = field_of(lines[int(rng.integers(len(lines)))])
    target = targets[line.id]
    allowed = {*target.right, *target.also}
    wrong = [words for key, words in line.options.items() if key not in allowed]
    options, right = _mixed(_shuffled(wrong, rng)[: OPTIONS - 1], line.options[target.right[0]], rng)
    return f"{line.title}: what is to be seen?", options, right, None, teaching.sign


def _shuffled(items: Sequence[str], rng: np.random.Generator) -> list[str]:
    return [items[int(k)] for k in rng.permutation(len(items))]


def _mixed(wrong: Sequence[str], right: str, rng: np.random.Generator) -> tuple[tuple[str, ...], int]:
    options = _shuffled([*dict.fromkeys(name for name in wrong if name != right), right], rng)
    return tuple(options), options.index(right)
