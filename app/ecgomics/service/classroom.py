"""Classes, assignments, answers and what is due again: what Learn keeps of its students.

Every answer is its own short transaction on a database that flushes at commit: an answer that was acknowledged survives
a killed server.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from ecgomics.errors import AccessError, ServiceError
from ecgomics.service.accounts import Person
from ecgomics.service.database import Database
from ecgomics.service.models import Answer, Assignment, Course, Enrolment, Review, User, now

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""A class code is read aloud and copied from a board: no 0, O, 1 or I."""

ANSWER_COLUMNS = (
    "at",
    "student",
    "assignment_id",
    "case_id",
    "question_id",
    "topic",
    "score",
    "hints",
    "took_s",
    "given",
)


@dataclass(frozen=True)
class Class:
    """A class of students.

    Attributes
    ----------
    id, code, title
        Its number, the code students join with, and its name.
    teacher_id
        Whose it is.
    """

    id: int
    code: str
    title: str
    teacher_id: int


@dataclass(frozen=True)
class Task:
    """An assignment.

    Attributes
    ----------
    id, link, title
        Its number, the word its link ends in, and its name.
    course_id
        Whose it is.
    cases
        Case ids, in order.
    due
        UTC; none for no date.
    """

    id: int
    link: str
    title: str
    course_id: int
    cases: tuple[str, ...]
    due: datetime | None


class Classroom:
    """What Learn keeps in a database.

    Parameters
    ----------
    database
        Where it is kept.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    # classes

    def open_class(self, title: str, *, by: Person) -> Class:
        """A new class with a code of six letters to join it. Raises AccessError for anybody below a teacher."""
        by.require("teacher")
        code = "".join(secrets.choice(_LETTERS) for _ in range(6))
        with self.database.session() as session:
            course = Course(code=code, title=title.strip()[:120] or "Class", teacher_id=by.id)
            session.add(course)
            session.flush()
            return _class(course)

    def classes(self, *, of: Person) -> list[Class]:
        """The classes a person teaches or is in."""
        with self.database.reading() as session:
            mine = select(Enrolment.course_id).where(Enrolment.user_id == of.id)
            query = select(Course).where((Course.teacher_id == of.id) | Course.id.in_(mine), Course.closed.is_(None))
            return [_class(course) for course in session.scalars(query.order_by(Course.id))]

    def join(self, code: str, *, by: Person) -> Class:
        """Join a class by its code; joining twice is joining once. Raises ServiceError for an unknown code."""
        with self.database.session() as session:
            course = session.scalar(select(Course).where(Course.code == code.strip().upper(), Course.closed.is_(None)))
            if course is None:
                raise ServiceError("a code of no class", expected="six letters and digits", remedy="ask your teacher")
            if session.get(Enrolment, (course.id, by.id)) is None:
                session.add(Enrolment(course_id=course.id, user_id=by.id))
            return _class(course)

    def students(self, course: int, *, by: Person) -> list[str]:
        """Names of a class's students. Raises AccessError for anybody but its teacher."""
        with self.database.reading() as session:
            self._taught(session, course, by=by)
            query = select(User.name).join(Enrolment, Enrolment.user_id == User.id)
            return list(session.scalars(query.where(Enrolment.course_id == course).order_by(User.name)))

    # assignments

    def assign(self, course: int, title: str, cases: Sequence[str], *, by: Person, due: datetime | None = None) -> Task:
        """Ask a class to read cases. Raises AccessError for anybody but its teacher, ServiceError without a case."""
        if not cases:
            raise ServiceError("an assignment without a case", expected="at least one", remedy="choose some")
        with self.database.session() as session:
            self._taught(session, course, by=by)
            given = Assignment(
                course_id=course,
                link=secrets.token_urlsafe(9),
                title=title.strip()[:120] or "Assignment",
                cases=list(cases),
                due=due,
            )
            session.add(given)
            session.flush()
            return _task(given)

    def tasks(self, *, of: Person) -> list[Task]:
        """Assignments of the classes a person teaches or is in, the newest first."""
        courses = [course.id for course in self.classes(of=of)]
        with self.database.reading() as session:
            query = select(Assignment).where(Assignment.course_id.in_(courses)).order_by(Assignment.id.desc())
            return [_task(given) for given in session.scalars(query)]

    def follow(self, link: str, *, by: Person) -> Task:
        """The assignment a link leads to; whoever follows it joins the class.

        Raises
        ------
        ServiceError
            For a link that leads nowhere.
        """
        with self.database.session() as session:
            given = session.scalar(select(Assignment).where(Assignment.link == link))
            course = session.get(Course, given.course_id) if given else None
            if given is None or course is None or course.closed:
                raise ServiceError("a link that leads nowhere", expected="a teacher's link", remedy="ask for a new one")
            if course.teacher_id != by.id and session.get(Enrolment, (course.id, by.id)) is None:
                session.add(Enrolment(course_id=course.id, user_id=by.id))
            return _task(given)

    # answers

    def answer(
        self,
        case: str,
        question: str,
        *,
        by: Person,
        given: Mapping[str, Any],
        score: float,
        topic: str = "",
        hints: int = 0,
        took_s: float = 0.0,
        assignment: int | None = None,
    ) -> int:
        """Keep an answer for good; its number.

        Parameters
        ----------
        case, question
            Ids.
        by
            Whose.
        given
            What was answered, as JSON can hold it.
        score
            0 to 1.
        topic, hints, took_s
            What it was about, hints taken, seconds used.
        assignment
            Number of the assignment it was for.

        Raises
        ------
        ServiceError
            For a score outside 0 to 1.
        """
        if not 0 <= score <= 1:
            raise ServiceError(f"a score of {score:g}", expected="0 to 1")
        row = Answer(
            user_id=by.id,
            assignment_id=assignment,
            case_id=case,
            question_id=question,
            topic=topic[:48],
            given=dict(given),
            score=float(score),
            hints=hints,
            took_s=float(took_s),
        )
        with self.database.session() as session:
            session.add(row)
            session.flush()
            return row.id

    def answers(self, *, of: Person, case: str | None = None) -> pd.DataFrame:
        """One's own answers, oldest first: the columns `ANSWER_COLUMNS`."""
        query = select(Answer, User.name).join(User, User.id == Answer.user_id).where(Answer.user_id == of.id)
        if case is not None:
            query = query.where(Answer.case_id == case)
        return self._table(query)

    def answers_of_class(self, course: int, *, by: Person, assignment: int | None = None) -> pd.DataFrame:
        """A class's answers, oldest first: the columns `ANSWER_COLUMNS`. Raises AccessError but for its teacher."""
        with self.database.reading() as session:
            self._taught(session, course, by=by)
        members = select(Enrolment.user_id).where(Enrolment.course_id == course)
        query = select(Answer, User.name).join(User, User.id == Answer.user_id).where(Answer.user_id.in_(members))
        if assignment is not None:
            query = query.where(Answer.assignment_id == assignment)
        return self._table(query)

    # spaced repetition

    def review(self, item: str, *, of: Person) -> dict[str, Any] | None:
        """What the scheduler kept about an item; none for one never seen."""
        with self.database.reading() as session:
            row = session.get(Review, (of.id, item))
            return None if row is None else dict(row.state)

    def schedule(self, item: str, *, of: Person, due: datetime, state: Mapping[str, Any]) -> None:
        """Keep when an item is due again (UTC), and what the scheduler knows of it."""
        with self.database.session() as session:
            row = session.get(Review, (of.id, item))
            if row is None:
                session.add(Review(user_id=of.id, item=item, due=due, state=dict(state)))
            else:
                row.due, row.state, row.edited = due, dict(state), now()

    def due(self, *, of: Person, at: datetime | None = None) -> list[tuple[str, datetime]]:
        """Items due by a moment (now), the longest overdue first."""
        query = select(Review).where(Review.user_id == of.id, Review.due <= (at or now())).order_by(Review.due)
        with self.database.reading() as session:
            return [(row.item, row.due) for row in session.scalars(query)]

    def next_due(self, *, of: Person) -> datetime | None:
        """When the next item is due; none when nothing was ever scheduled."""
        with self.database.reading() as session:
            return session.scalar(select(Review.due).where(Review.user_id == of.id).order_by(Review.due).limit(1))

    def _taught(self, session: Session, course: int, *, by: Person) -> Course:
        found = session.get(Course, course)
        if found is None or (found.teacher_id != by.id and not by.may("admin")):
            raise AccessError("a class of somebody else", expected="one's own class", remedy="ask its teacher")
        return found

    def _table(self, query: Any) -> pd.DataFrame:
        rows = []
        with self.database.reading() as session:
            for answer, name in session.execute(query.order_by(Answer.id)):
                rows.append([name if column == "student" else getattr(answer, column) for column in ANSWER_COLUMNS])
        return pd.DataFrame(rows, columns=list(ANSWER_COLUMNS))


def _class(course: Course) -> Class:
    return Class(course.id, course.code, course.title, course.teacher_id)


def _task(given: Assignment) -> Task:
    return Task(given.id, given.link, given.title, given.course_id, tuple(given.cases), given.due)
