"""A case: the story above, the strip with calipers, the reading form beside it."""

from __future__ import annotations

from typing import Any

from ecgomics.dashboards.learn_case import CALIPERS, CaseState
from ecgomics.dashboards.learn_panes.hearing import hear
from ecgomics.learn import LESSONS, TOPICS
from ecgomics.learn.form import Field
from ecgomics_widgets import Strip
from ecgomics_widgets.reading_form import ReadingForm
from ecgomics_widgets.remarks import feedback_of

FULL: dict[str, Any] = {"sizing_mode": "stretch_both"}
KEYS = (
    ("c", "calipers: PR, QRS, QT in turn"),
    ("n N", "next, previous mark once submitted"),
    ("← →", "a beat back, forward"),
    ("+ −  0  f", "zoom, true scale, fit"),
    ("1 … 4", "12×1, 6×2, 3×4 + rhythm, single lead"),
    ("s", "submit the reading"),
)


class CaseView:
    """Widgets around a `CaseState`."""

    def __init__(self, state: CaseState, *, frame: Any, task: str = "") -> None:
        self.state, self.frame, self.task = state, frame, task
        self.assignment = state.desk.task(task)
        words = state.desk.words
        labels = [label for label, line in CALIPERS.items() if line in state.case.asked]
        self.strip = Strip(
            state.examination.ecg,
            provenance="synthetic" if state.case.synthetic else "recorded",
            machine_marks="hidden",
            caliper_labels=labels,
            layout="3x4+R",
            title=words("12 leads"),
        )
        self.form = ReadingForm(
            title=words("Your reading"),
            texts=words.all_of(
                ("Your reading", "hint", "a hint takes a quarter of the points", "calipers", "next mark")
                + ("right", "partly", "wrong", "not answered", "Try again", "half points", "dial")
            ),
        )
        hear(
            self.form,
            {
                "answer": lambda e: state.answer(str(e["id"]), e["value"]),
                "hint": lambda e: state.hint(str(e["id"])),
                "choose": lambda e: state.choose(str(e["id"])),
                "submit": lambda e: state.submit_again() if state.trying else state.submit(),
                "again": lambda e: state.try_again(str(e["id"])),
            },
            trouble=lambda text: setattr(frame, "notice", text),
        )
        self.strip.param.watch(lambda change: state.measure(change.new), "calipers")
        self.strip.param.watch(self._from_strip, "feedback_chosen")
        state.param.watch(lambda *_: self._fill(), ["hints", "chosen"])
        state.param.watch(lambda change: self._given(), "given")
        state.param.watch(lambda *_: self.submitted(), "state")
        state.param.watch(lambda *_: self._second(), "trying")
        self._story()
        self._fill()

    def key(self, name: str) -> None:
        """A key of the page."""
        if name == "s":
            (self.state.submit_again if self.state.trying else self.state.submit)()

    def _second(self) -> None:
        """A line is read again: the machine's marks go, its caliper comes back; once marked, all is shown."""
        state = self.state
        if not state.trying:
            self.submitted()
            return
        label = next((label for label, line in CALIPERS.items() if line == state.trying), "")
        self.strip.param.update(
            machine_marks="hidden",
            feedback=[],
            calipers=[],
            caliper_labels=[label] if label else [],
            shown=[],
        )
        self._fill()

    def _given(self) -> None:
        self.form.given = dict(self.state.given)

    def _fill(self) -> None:
        state, words = self.state, self.state.desk.words
        done = state.state == "submitted"
        actions = [{"name": "submit", "title": words("Submit"), "main": True}]
        if done and not state.trying:
            actions = [
                {"name": "next", "title": words("Next case"), "main": True, "href": self._next()},
                {
                    "name": "quiz",
                    "title": words("Similar questions"),
                    "href": f"learn?view=quiz&topic={state.case.topic}",
                },
            ]
        self.form.param.update(
            lines=state.lines(),
            given=dict(state.given),
            state=state.state,
            score=state.score,
            chosen=state.chosen,
            note=state.due_text if done else "",
            why={} if state.trying else state.explanation(),
            links=self._links() if done and not state.trying else [],
            actions=actions,
        )
        if done and not state.trying:
            self._to_strip()

    def submitted(self) -> None:
        """Show what was right: on the strip and in the form."""
        state = self.state
        self._rows = state.feedback()
        self.strip.param.update(
            machine_marks="shown",
            feedback=feedback_of(self._rows),
            calipers=[],
            caliper_labels=[],
            beats=state.examination.beats.beats,
            marks=state.examination.beats.beats,
            shown=["spans"],
        )
        self._fill()
        self._story()

    _rows: list[dict[str, Any]] = []  # noqa: RUF012  (replaced, never changed)

    def _to_strip(self) -> None:
        """Bring the chosen line's place on the strip into view."""
        title = next((m.target.field for m in self.state.marks if m.target.field.id == self.state.chosen), None)
        if title is None:
            return
        for place, row in enumerate(self._rows):
            if _about(row, title):
                if self.strip.feedback_chosen != place:
                    self.strip.feedback_chosen = place
                return

    def _from_strip(self, change: Any) -> None:
        """A mark chosen on the strip chooses its line."""
        if not 0 <= change.new < len(self._rows):
            return
        row = self._rows[change.new]
        for item in self.state.marks:
            line = item.target.field
            if _about(row, line):
                self.state.choose(line.id)
                return

    def _links(self) -> list[dict[str, str]]:
        case = self.state.case
        names = self.state.examination.standings
        rules = [
            {"text": f"{self.state.desk.words('Rule')}: {names[name].rule.name} ({names[name].rule.number})"}
            for name in case.met
            if name in names
        ]
        words = self.state.desk.words
        columns = [{"text": name} for name in case.biomarkers]
        lessons = [
            {"text": f"{words('Lesson')} {number}: {words(LESSONS[number])}"}
            for number in case.lessons
            if number in LESSONS
        ]
        return [*rules, *columns, *lessons]

    def _cases(self) -> list[str]:
        if self.assignment is not None:
            return list(self.assignment.cases)
        return [case.id for case in self.state.desk.casebook.cases if case.topic == self.state.case.topic]

    def _next(self) -> str:
        names = self._cases()
        here = names.index(self.state.case.id) if self.state.case.id in names else -1
        if here + 1 >= len(names):
            return "learn"
        task = f"&task={self.task}" if self.task else ""
        return f"learn?case={names[here + 1]}{task}"

    def _story(self) -> None:
        state, words = self.state, self.state.desk.words
        case, names = state.case, self._cases()
        answers = state.desk.answers()
        read = {str(name).removeprefix("case:") for name in answers["case_id"]} if len(answers) else set()
        done = len(read & set(names))
        group = self.assignment.title if self.assignment else words(TOPICS[case.topic])
        kind = words("synthetic") if case.synthetic else words("real record")
        intervals = [words(line) for line in ("PR", "QRS", "QT", "ST") if line.lower() in case.asked]
        aim = (
            words("Measure {intervals} with the calipers; read on.", intervals=", ".join(intervals))
            if intervals
            else words("Read it.")
        )
        self.frame.matter = {
            "title": case.title,
            "chips": [words(TOPICS[case.topic]), words("level {n} of 4", n=case.level), kind, *case.tags],
            "text": case.vignette,
            "aim": aim,
            "progress": f"{group}: {done} / {len(names)}",
            "done": done,
            "of": len(names),
        }


def _about(row: dict[str, Any], line: Field) -> bool:
    """Whether a row of feedback is about a line."""
    same = bool(line.caliper) and row.get("label") == line.caliper
    return same or str(row.get("text", "")).startswith(f"{line.title}:")


def case_view(state: CaseState, *, frame: Any, task: str = "") -> CaseView:
    """Put a case into the frame of the page."""
    view = CaseView(state, frame=frame, task=task)
    frame.strip = view.strip.panel(**FULL)
    frame.side = view.form.panel(**FULL)
    return view
