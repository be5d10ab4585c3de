"""The quiz: a question beside its ECG."""

from __future__ import annotations

from typing import Any

from ecgomics.dashboards.learn_panes.hearing import hear
from ecgomics.dashboards.learn_quiz import CALIPER_OF, QuizState
from ecgomics.learn import TOPICS
from ecgomics_widgets import Strip
from ecgomics_widgets.quiz_card import QuizCard

FULL: dict[str, Any] = {"sizing_mode": "stretch_both"}
KEYS = (("1 … 4", "choose an answer"), ("Enter", "next question"), ("c", "calipers"), ("← →", "a beat back, forward"))


class QuizView:
    """Widgets around a `QuizState`."""

    def __init__(self, state: QuizState, *, frame: Any) -> None:
        self.state, self.frame = state, frame
        words = state.desk.words
        self.strip = Strip(provenance="synthetic", machine_marks="hidden", layout="3x4+R")
        self.card = QuizCard(texts=words.all_of(("Question", "Topics", "Answer", "Next question")))
        hear(
            self.card,
            {
                "answer": lambda e: state.answer(str(e["id"]), e["value"]),
                "next": lambda e: state.ask(),
                "topic": lambda e: state.choose_topic(str(e["id"])),
            },
            trouble=lambda text: setattr(frame, "notice", text),
        )
        self.strip.param.watch(lambda change: state.measure(change.new), "calipers")
        state.param.watch(lambda *_: self.ask(), "number")
        state.param.watch(lambda *_: self.tell(), ["result", "topic"])
        state.param.watch(lambda change: setattr(self.card, "measured", change.new), "measured")
        self.ask()

    def ask(self) -> None:
        """Send the question and its ECG."""
        state = self.state
        target = state.question.target
        label = CALIPER_OF.get(target.field.id) if target else None
        self.strip.param.update(
            ecg=state.examination.ecg,
            machine_marks="hidden",
            marks=None,
            caliper_labels=[label] if label else [],
            title=state.desk.words("12 leads"),
        )
        self.card.param.update(question=state.shown(), measured=None)
        self.tell()

    def tell(self) -> None:
        """Send what became of the answer."""
        state, words = self.state, self.state.desk.words
        if state.result and state.question.target is not None:
            # where the waves begin and end is what a measurement is about
            beats = state.examination.beats.beats
            self.strip.param.update(machine_marks="shown", marks=beats, beats=beats, shown=["marks"])
        self.card.param.update(result=dict(state.result), topics=state.topics(), note=state.progress())
        answered = sum(item.answers for item in state.known.values())
        self.frame.matter = {
            "title": words("Quiz"),
            "chips": [
                words(TOPICS[state.question.topic]),
                words("level {n} of 4", n=state.question.level),
                words("synthetic"),
            ],
            "text": words("Questions are drawn from the simulator, harder as you get better."),
            "progress": words("{n} answered", n=answered),
        }


def quiz_view(state: QuizState, *, frame: Any) -> QuizView:
    """Put the quiz into the frame of the page."""
    view = QuizView(state, frame=frame)
    frame.strip = view.strip.panel(**FULL)
    frame.side = view.card.panel(**FULL)
    return view
