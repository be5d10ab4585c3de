"""`CaseState`: one case being read: answers, hints, calipers, marks, and what is shown on the strip afterwards."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import param

from ecgomics.dashboards.learn_desk import CASE, LearnDesk
from ecgomics.errors import LearnError
from ecgomics.learn import (
    Case,
    Examination,
    Mark,
    Target,
    examine_recording,
    mark_again,
    mark_all,
    mark_choice,
    total,
)
from ecgomics.learn.form import field_of
from ecgomics.learn.scoring import QUESTION, SECOND_TRY
from ecgomics.simulate import CONDITIONS

CALIPERS = {"PR": "pr", "QRS": "qrs", "QT": "qt", "RR": "rate", "ST": "st"}
"""Label of a caliper → the line it measures."""

EDGES = {"pr": ("p_on", "qrs_on"), "qrs": ("qrs_on", "qrs_off"), "qt": ("qrs_on", "t_off")}
"""Marks between which an interval lies."""


class CaseState(param.Parameterized):
    """A case and its reader.

    `state` is ``"open"`` until the reading is submitted; nothing of the machine is told before.
    """

    state = param.Selector(default="open", objects=["open", "submitted"], doc="Whether it is still being read.")
    given = param.Dict({}, doc="Answers by line.")
    hints = param.Dict({}, doc="Hints taken by line.")
    chosen = param.String("", doc="The line looked at.")
    calipers = param.List([], doc="Calipers on the strip, as `Strip.calipers` has them.")
    due_text = param.String("", doc="When the case is due again, once submitted.")
    trying = param.String("", doc="The line that is read a second time.")

    def __init__(self, case: Case, desk: LearnDesk, *, assignment: int | None = None, census: Any = None) -> None:
        super().__init__()
        self.case = case
        self.desk = desk
        self.assignment = assignment
        self._census = census
        self._began = time.monotonic()
        self.marks: list[Mark] = []
        self.tried: set[str] = set()

    @cached_property
    def examination(self) -> Examination:
        """The ECG, by true marks for a virtual patient, by the engine's for a record of the cohort."""
        if self.case.synthetic:
            return self.case.examination()
        census = self._census
        if census is None or self.case.record not in set(census.ids):
            raise LearnError("a record that is not in this cohort", expected="a case about a record of the cohort")
        at = census.at(self.case.record)
        return examine_recording(
            census.cohort.ecg(self.case.record), age=float(census.age[at]), sex=str(census.sex[at])
        )

    @cached_property
    def targets(self) -> dict[str, Target]:
        """What is right in every line."""
        return self.case.targets(self.examination)

    # reading

    def answer(self, line: str, value: Any) -> None:
        """Write an answer; nothing can be changed once submitted."""
        if (self.state == "open" and line in self.asked) or (line and line == self.trying):
            self.given = {**self.given, line: value}

    @cached_property
    def asked(self) -> tuple[str, ...]:
        """Lines of the form, then questions beside it."""
        return (*self.case.asked, *(f"{QUESTION}{choice.id}" for choice in self.case.choices))

    def hint(self, line: str) -> None:
        """Take the next hint of a line; it costs a quarter of its points."""
        taken = self.hints.get(line, 0)
        if self.state == "open" and taken < len((self.case.hints or {}).get(line, ())):
            self.hints = {**self.hints, line: taken + 1}

    def measure(self, calipers: list[Mapping[str, Any]]) -> None:
        """Take over what labelled calipers measure."""
        if self.state != "open" and not self.trying:
            return
        self.calipers = [dict(row) for row in calipers]
        for row in calipers:
            line = CALIPERS.get(str(row.get("label", "")))
            length = abs(float(row["stop_s"]) - float(row["start_s"]))
            if line is None or line not in self.case.asked or length <= 0:
                continue
            if line == "st":
                self._measure_st(row)
            else:
                self.answer(line, round(60 / length) if line == "rate" else round(1000 * length))

    def _measure_st(self, row: Mapping[str, Any]) -> None:
        """The ST level: from the baseline, where the caliper begins, to J, where it ends; in the lead asked for."""
        levels = [row.get("start_mv"), row.get("stop_mv")]
        if row.get("lead") != self.targets["st"].lead or None in levels:
            return
        first, last = (float(str(level)) for level in levels)
        rise = last - first if float(row["stop_s"]) >= float(row["start_s"]) else first - last
        self.answer("st", round(rise, 2))

    def submit(self) -> None:
        """Mark the reading and keep every answer; only the first time counts."""
        if self.state == "submitted":
            return
        asked = self.asked
        self.marks = mark_all(self.targets, self.given, asked=self.case.asked, hints=self.hints)
        for choice in self.case.choices:
            given = self.given.get(f"{QUESTION}{choice.id}")
            self.marks.append(mark_choice(choice, None if given is None else int(given)))
        took = (time.monotonic() - self._began) / max(1, len(asked))
        for item in self.marks:
            self._keep(item, took_s=took)
        earned, possible = total(self.marks)
        due = self.desk.remember(f"{CASE}{self.case.id}", earned / possible)
        from ecgomics.dashboards.learn_desk import when

        self.due_text = when(due, self.desk.words)
        self.state = "submitted"
        worst = min(self.marks, key=lambda item: item.share)
        self.chosen = worst.target.field.id

    def _keep(self, item: Mark, *, took_s: float = 0.0) -> None:
        self.desk.answered(
            f"{CASE}{self.case.id}",
            item.target.field.id,
            given=item.given,
            score=item.share,
            topic=self.case.topic,
            hints=item.hints,
            took_s=took_s,
            assignment=self.assignment,
        )

    def may_try(self, line: str) -> bool:
        """Whether a line may be measured again: once, for half of its points, if the first try left that much."""
        found = next((item for item in self.marks if item.target.field.id == line), None)
        if found is None or line in self.tried or not math.isfinite(found.target.value):
            return False
        return found.share < SECOND_TRY

    def try_again(self, line: str) -> None:
        """Open one measured line again; the other answers stand, and words are not guessed twice."""
        if self.may_try(line):
            self.given = {**self.given, line: None}
            self.param.update(trying=line, chosen=line)

    def submit_again(self) -> None:
        """Mark the line that was read again, and keep the answer beside the first."""
        line = self.trying
        if not line:
            return
        place = next(k for k, item in enumerate(self.marks) if item.target.field.id == line)
        self.marks[place] = mark_again(self.marks[place], self.given.get(line))
        self.tried.add(line)
        self._keep(self.marks[place])
        self.trying = ""

    def choose(self, line: str) -> None:
        """Look at a line and its place on the strip."""
        self.chosen = line

    # what is shown

    def lines(self) -> list[dict[str, Any]]:
        """Lines for `ReadingForm`."""
        words = self.desk.words
        marks = {item.target.field.id: item for item in self.marks}
        rows = []
        for name in self.case.asked:
            line = field_of(name)
            known = (self.case.hints or {}).get(name, ())
            taken = self.hints.get(name, 0)
            lead = self.targets[name].lead if line.extra else ""
            row: dict[str, Any] = {
                "id": name,
                "title": f"{words(line.title)} {lead}".strip(),
                "kind": line.kind,
                "unit": line.unit,
                "points": line.points,
                "options": [[key, words(text)] for key, text in self._options(name)],
                "hints": list(known[:taken]),
                "hints_left": len(known) - taken,
            }
            marked = name in marks and name != self.trying
            if line.unit == "°":
                row["dial"] = _hands(marks[name]) if marked else {}
            if marked:
                row |= self._marked(marks[name]) | {"again": self.may_try(name)}
            rows.append(row)
        return rows + self._questions(marks)

    def _questions(self, marks: Mapping[str, Mark]) -> list[dict[str, Any]]:
        rows = []
        for choice in self.case.choices:
            name = f"{QUESTION}{choice.id}"
            row: dict[str, Any] = {
                "id": name,
                "title": choice.text,
                "kind": "question",
                "unit": "",
                "points": 1,
                "options": [[str(place), text] for place, text in enumerate(choice.options)],
                "hints": [],
                "hints_left": 0,
            }
            if name in marks:
                row |= self._marked(marks[name])
                row["feedback"] = " · ".join(filter(None, (str(row["feedback"]), choice.because)))
            rows.append(row)
        return rows

    def _options(self, name: str) -> list[tuple[str, str]]:
        options = field_of(name).options
        return sorted(options.items(), key=lambda item: item[1]) if name == "conclusion" else list(options.items())

    def _marked(self, item: Mark) -> dict[str, Any]:
        words, line = self.desk.words, item.target.field
        if item.given in (None, "", [], ()):
            said = "–"
        elif line.kind == "number":
            said = f"{float(item.given):g}{'' if line.unit == '°' else ' '}{line.unit}".replace("-", "−")
        else:
            named = [item.given] if isinstance(item.given, str) else list(item.given)
            said = ", ".join(words(line.options.get(word, word)) for word in named)
        return {
            "said": said,
            "verdict": item.verdict,
            "earned": f"{item.points:g} / {line.points:g}",
            "feedback": item.told(words),
        }

    @property
    def score(self) -> str:
        """Points of points."""
        if not self.marks:
            return ""
        earned, possible = total(self.marks)
        return f"{earned:g} / {possible:g}"

    def feedback(self) -> list[dict[str, Any]]:
        """Rows of feedback for the strip: intervals beside the reference, words on leads."""
        rows = []
        for item in self.marks:
            name = item.target.field.id
            verdict = "wrong" if item.verdict == "none" else item.verdict
            if name in EDGES:
                rows += self._interval(name, item, verdict)
            elif item.given not in (None, "", [], ()) and item.verdict != "right" and name in _LEAD:
                text = f"{item.target.field.title}: {item.target.told(self.desk.words)}"
                rows.append({"lead": _LEAD[name], "verdict": verdict, "text": text})
        return rows

    def _interval(self, name: str, item: Mark, verdict: str) -> list[dict[str, Any]]:
        if not math.isfinite(item.target.value):
            return []
        label = item.target.field.caliper
        mine = next((row for row in self.calipers if row.get("label") == label), None)
        start, stop = self._reference(name, near=float(mine["start_s"]) if mine else None)
        if not math.isfinite(start + stop):
            return []
        row = {"lead": mine.get("lead") or "II" if mine else "II", "label": label, "verdict": verdict}
        row |= {"reference_start_s": start, "reference_stop_s": stop, "uncertainty_ms": item.target.uncertainty}
        if mine:
            a, b = sorted((float(mine["start_s"]), float(mine["stop_s"])))
            row |= {"given_start_s": a, "given_stop_s": b}
        return [row]

    def _reference(self, name: str, *, near: float | None) -> tuple[float, float]:
        """Onset and end of an interval in the beat nearest to where it was measured."""
        beats = self.examination.beats.beats
        marks = [str(mark) for mark in beats["mark"].values]
        table = beats["marks"].values
        on, off = (table[:, marks.index(edge)] for edge in EDGES[name])
        normal = (beats["beat_class"].values == beats["beat_class"].values[len(on) // 2]) & (on > 0.2)
        usable = [k for k in range(len(on)) if math.isfinite(on[k] + off[k]) and normal[k]]
        # a beat that has them all shows PR, QRS and QT beside one another
        wanted_edges = [marks.index(edge) for asked in EDGES if asked in self.case.asked for edge in EDGES[asked]]
        whole = [k for k in usable if all(math.isfinite(table[k, place]) for place in wanted_edges)]
        usable = whole if whole and near is None else usable
        if not usable:
            return math.nan, math.nan
        wanted = near if near is not None else float(on[usable[len(usable) // 2]])
        best = min(usable, key=lambda k: abs(float(on[k]) - wanted))
        return float(on[best]), float(off[best])

    def explanation(self) -> dict[str, str]:
        """What is told once submitted."""
        if self.state == "open":
            return {}
        return {"title": self.desk.words(CONDITIONS[self.case.condition].title), "text": self.case.why}


def _hands(item: Mark) -> dict[str, float | None]:
    """Where the dial points once an angle is marked: what was read, and the reference."""
    value = item.target.value
    given = None if item.given in (None, "") else float(item.given)
    return {"given": given, "reference": value if math.isfinite(value) else None}


_LEAD = {"axis": "aVF", "rhythm": "II", "p_wave": "II", "qrs_form": "V1", "st_t": "V2"}
