"""`QuizState`: questions one after another, chosen by what is due and by what is weakest."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import param

from ecgomics.dashboards.learn_desk import QUIZ, LearnDesk, when
from ecgomics.learn import TOPICS, Ability, Question, abilities, draw_question, mark, next_topic, question_of
from ecgomics.learn.examination import Examination, examine
from ecgomics.learn.form import form

CALIPER_OF = {line.id: line.caliper for line in form() if line.caliper}


class QuizState(param.Parameterized):
    """A quiz without end.

    `number` rises with every question; `result` is empty until it is answered.
    """

    number = param.Integer(0, doc="Counts the questions.")
    result = param.Dict({}, doc="What became of the answer.")
    topic = param.String("", doc="The topic asked about; empty: chosen for the person.")
    measured = param.Number(None, allow_None=True, doc="A number measured on the strip.")

    def __init__(self, desk: LearnDesk, *, topic: str = "", question: str = "") -> None:
        super().__init__()
        self.desk = desk
        self.topic = topic if topic in TOPICS else ""
        self.history = desk.history()
        self.question = question_of(question) if question else self._drawn()
        self._seen()

    def _seen(self) -> None:
        self.examination: Examination = examine(self.question.patient, seed=self.question.seed, marks="truth")

    @property
    def known(self) -> Mapping[str, Ability]:
        """Abilities by topic."""
        return abilities(self.history)

    def _drawn(self) -> Question:
        seed = secrets.randbelow(2**31)
        known = self.known
        due = [item.removeprefix(QUIZ) for item in self.desk.due_items() if item.startswith(QUIZ)]
        topic = self.topic or next_topic(known, due=due, seed=seed)
        return draw_question(topic, level=known[topic].level(), seed=seed)

    def ask(self) -> None:
        """The next question."""
        self.question = self._drawn()
        self._seen()
        self.param.update(result={}, measured=None, number=self.number + 1)

    def choose_topic(self, topic: str) -> None:
        """Ask about one topic, or, chosen again, about what suits."""
        self.topic = "" if topic == self.topic or topic not in TOPICS else topic
        self.ask()

    def measure(self, calipers: list[Mapping[str, Any]]) -> None:
        """Take over what a caliper measures."""
        target = self.question.target
        if self.result or target is None or not calipers:
            return
        length = abs(float(calipers[-1]["stop_s"]) - float(calipers[-1]["start_s"]))
        if length > 0 and target.field.id in CALIPER_OF:
            self.measured = round(60 / length) if target.field.id == "rate" else round(1000 * length)

    def answer(self, name: str, value: Any) -> None:
        """Answer the question once; it is kept before anything is said."""
        if self.result or name != self.question.id or value is None:
            return
        question, words = self.question, self.desk.words
        share = self._share(value)
        self.desk.answered(f"{QUIZ}{question.topic}", question.id, given=value, score=share, topic=question.topic)
        due = self.desk.remember(f"{QUIZ}{question.topic}", share)
        self.history = self.desk.history()
        verdict = "right" if share >= 0.999 else "partly" if share > 0 else "wrong"
        said = {"right": words("Right."), "partly": words("Close."), "wrong": words("No.")}[verdict]
        given = int(value) if question.target is None else -1
        text = said if question.target is None or verdict == "right" else f"{said} {question.target.words}"
        self.result = {
            "verdict": verdict,
            "right": question.right,
            "given": given,
            "text": text,
            "because": question.because,
            "due": f"{words(TOPICS[question.topic])}: {when(due, words)}",
        }

    def _share(self, value: Any) -> float:
        question = self.question
        if question.target is not None:
            return mark(question.target, value).share
        return 1.0 if int(value) == question.right else 0.0

    # what is shown

    def shown(self) -> dict[str, Any]:
        """The question for `QuizCard`."""
        question, words = self.question, self.desk.words
        return {
            "id": question.id,
            "text": words(question.text),
            "options": [words(option) for option in question.options],
            "unit": question.target.field.unit if question.target else "",
            "level": question.level,
            "topic": words(TOPICS[question.topic]),
        }

    def topics(self) -> list[dict[str, Any]]:
        """Every topic with the share of right answers."""
        words = self.desk.words
        return [
            {"id": name, "title": words(title), "share": known.share, "count": known.answers, "on": name == self.topic}
            for (name, title), known in zip(TOPICS.items(), self.known.values(), strict=True)
        ]

    def progress(self) -> str:
        """A quiet line: level, and how many right in a row once it is worth saying."""
        known, words = self.known[self.question.topic], self.desk.words
        parts = [words(TOPICS[self.question.topic]), words("level {n} of 4", n=self.question.level)]
        if known.right_in_a_row >= 3:
            parts.append(words("{n} right in a row", n=known.right_in_a_row))
        return " · ".join(parts)
