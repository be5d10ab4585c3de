"""`ClassState`: a teacher's classes: students × questions, the most missed, assignments, export."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import param

from ecgomics.dashboards.learn_desk import CASE, QUIZ, LearnDesk
from ecgomics.errors import AccessError
from ecgomics.learn import TOPICS, Case
from ecgomics.learn.form import form
from ecgomics.learn.scoring import QUESTION

if TYPE_CHECKING:
    import pandas as pd

    from ecgomics.service.classroom import Class, Task

MISSED_BELOW = 0.7
MOST_MISSED = 8


class ClassState(param.Parameterized):
    """What a teacher sees and does."""

    course = param.Integer(0, doc="Number of the class shown.")
    task = param.Integer(0, doc="Number of the assignment shown; 0: all answers.")
    changed = param.Integer(0, doc="Rises when something was made.")
    trouble = param.String("", doc="What did not work.")

    def __init__(self, desk: LearnDesk) -> None:
        super().__init__()
        if not desk.teaches:
            raise AccessError("somebody who does not teach", expected="a teacher", remedy="sign in as one")
        self.desk = desk
        courses = self.courses()
        self.course = courses[0].id if courses else 0

    def courses(self) -> list[Class]:
        """Classes of this teacher, the newest first."""
        mine = self.desk.classroom.classes(of=self.desk.person)
        return sorted((item for item in mine if item.teacher_id == self.desk.person.id), key=lambda item: -item.id)

    def tasks(self) -> list[Task]:
        """Assignments of the class shown."""
        return [task for task in self.desk.tasks() if task.course_id == self.course]

    def open_class(self, title: str) -> None:
        """Make a class and show it."""
        made = self.desk.classroom.open_class(title, by=self.desk.person)
        self.param.update(course=made.id, task=0, changed=self.changed + 1)

    def assign(self, title: str, cases: list[str]) -> None:
        """Ask the class to read cases. Raises ServiceError without a case."""
        known = {case.id for case in self.desk.casebook.cases}
        chosen = [case for case in cases if case in known]
        made = self.desk.classroom.assign(self.course, title, chosen, by=self.desk.person)
        self.param.update(task=made.id, changed=self.changed + 1)

    def answers(self) -> pd.DataFrame:
        """Answers of the class, or to the assignment shown."""
        return self.desk.classroom.answers_of_class(self.course, by=self.desk.person, assignment=self.task or None)

    def matrix(self) -> dict[str, Any]:
        """Students × questions, each with the first answer; a second try after the explanation says less."""
        if not self.course:
            return {}
        table = self.answers()
        students = self.desk.classroom.students(self.course, by=self.desk.person)
        if not len(table):
            return {"columns": [], "rows": []}
        first = self._first(table)
        places = {f"{CASE}{case.id}": place for place, case in enumerate(self.in_order())}
        keys = sorted({(case, line) for _, case, line in first}, key=lambda key: _order(key, places))
        columns = [
            self._column(case, line, [first.get((name, case, line)) for name in students]) for case, line in keys
        ]
        shown = self.names(students)
        rows = []
        for name in students:
            cells = [first.get((name, case, line)) for case, line in keys]
            rows.append({"name": shown[name], "cells": cells, "mean": _mean(cells)})
        return {"columns": columns, "rows": sorted(rows, key=lambda row: str(row["name"]).casefold())}

    def in_order(self) -> list[Case]:
        """Every case, by topic and level as the cases' page has them."""
        topics = list(TOPICS)
        return sorted(self.desk.casebook.cases, key=lambda case: (topics.index(case.topic), case.level))

    def names(self, students: list[str]) -> dict[str, str]:
        """Account → the name its owner gave; two of one name are told apart by the account."""
        from ecgomics.service import Accounts

        given = {person.name: person.shown_as for person in Accounts(self.desk.desk.database).people()}
        shown = [given.get(name, name) for name in students]
        return {
            name: f"{said} ({name})" if shown.count(said) > 1 else said
            for name, said in zip(students, shown, strict=True)
        }

    def _first(self, table: pd.DataFrame) -> dict[tuple[str, str, str], float]:
        found: dict[tuple[str, str, str], float] = {}
        sums: dict[tuple[str, str, str], list[float]] = {}
        for row in table.to_dict("records"):
            student, case, line = str(row["student"]), str(row["case_id"]), str(row["question_id"])
            if case.startswith(QUIZ):
                # every question of the quiz is another: a topic is a column
                sums.setdefault((student, QUIZ, case.removeprefix(QUIZ)), []).append(float(row["score"]))
            else:
                found.setdefault((student, case, line), float(row["score"]))
        return found | {key: sum(scores) / len(scores) for key, scores in sums.items()}

    def _column(self, case: str, line: str, cells: list[float | None]) -> dict[str, Any]:
        words = self.desk.words
        titles = {item.id: item.title for item in self.desk.casebook.cases}
        if case == QUIZ:
            group, title = words("Quiz"), words(TOPICS.get(line, line))
        else:
            known = self.desk.casebook.case(case.removeprefix(CASE))
            asked = {f"{QUESTION}{item.id}": item.text for item in known.choices} if known else {}
            group, title = titles.get(case.removeprefix(CASE), case), asked.get(line) or words(_LINES.get(line, line))
        name = case.removeprefix(CASE)
        return {
            "id": f"{name}/{line}",
            "title": title,
            "group": group,
            "mean": _mean(cells),
            "case": name,
            "n": _count(cells),
        }

    def missed(self, matrix: dict[str, Any]) -> list[dict[str, Any]]:
        """Questions answered worst, with how many answered."""
        columns = [
            item for item in matrix.get("columns", []) if item["mean"] is not None and item["mean"] < MISSED_BELOW
        ]
        words = self.desk.words
        return [
            {
                "case": item["case"] if item["case"] != QUIZ else "",
                "title": item["group"],
                "line": item["title"],
                "share": item["mean"],
                "n": item["n"],
                "text": words("{n} answered", n=item["n"]),
            }
            for item in sorted(columns, key=lambda item: (item["mean"], -item["n"]))[:MOST_MISSED]
        ]

    def csv(self) -> str:
        """Every answer of the class as CSV; texts that a spreadsheet would run are made harmless."""
        table = self.answers().copy()
        shown = self.names(sorted(set(table["student"])))
        table.insert(1, "name", [shown[name] for name in table["student"]])
        table["at"] = [moment.isoformat(timespec="seconds") for moment in table["at"]]
        table["given"] = [str(given.get("value", "")) for given in table["given"]]
        for column in ("student", "name", "given"):
            table[column] = [f"'{text}" if str(text)[:1] in "=+-@\t\r" else text for text in table[column]]
        text: str = table.to_csv(index=False)
        return text


_LINES = {line.id: line.title for line in form()}


def _order(key: tuple[str, str], places: Mapping[str, int]) -> tuple[bool, int, str, int]:
    """Cases in their order, those that are gone after them, the quiz last; lines as the form has them."""
    case, line = key
    lines = list(_LINES)
    return case == QUIZ, places.get(case, len(places)), case, lines.index(line) if line in lines else 99


def _mean(cells: list[float | None]) -> float | None:
    known = [cell for cell in cells if cell is not None and math.isfinite(cell)]
    return sum(known) / len(known) if known else None


def _count(cells: list[float | None]) -> int:
    return sum(cell is not None for cell in cells)
