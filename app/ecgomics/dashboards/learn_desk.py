"""`LearnDesk`: who is learning, and what is kept of them: answers, classes, what is due again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ecgomics.errors import AccessError, ConflictError, EcgomicsError, ServiceError
from ecgomics.learn import Answered, Casebook, Catalogue, Memory, casebook, catalogue_of, reviewed
from ecgomics.learn.topics import TOPICS

if TYPE_CHECKING:
    import pandas as pd

    from ecgomics.dashboards.desk import Desk
    from ecgomics.service import Classroom
    from ecgomics.service.accounts import Person
    from ecgomics.service.classroom import Task

COOKIE = "ecgomics_student"
LANGUAGE_COOKIE = "ecgomics_language"
STAY_DAYS = 7
"""How long a browser stays joined; a session of the accounts lasts as long."""

QUIZ = "quiz:"
CASE = "case:"


@dataclass
class LearnDesk:
    """One person's place in Learn.

    Parameters
    ----------
    desk
        Where the server keeps things, and who it says is asking.
    cookies
        Of the browser: a student who joined a class by its code carries one.
    headers
        Of its request; none in a notebook.
    """

    desk: Desk
    cookies: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def classroom(self) -> Classroom:
        """Classes, assignments, answers and reviews."""
        from ecgomics.service import Classroom

        return Classroom(self.desk.database)

    @cached_property
    def joined(self) -> Person | None:
        """The student this browser joined as."""
        from ecgomics.service import Accounts

        secret = self.cookies.get(COOKIE, "")
        if not secret:
            return None
        try:
            return Accounts(self.desk.database).of_session(secret)
        except AccessError:
            return None

    @cached_property
    def person(self) -> Person:
        """Who is learning or teaching."""
        return self.joined or self.desk.person

    @property
    def signed_in(self) -> bool:
        """Whether the server knows the person by an account; else whoever sits here may join a class."""
        from ecgomics.service.accounts import LOCAL

        return self.joined is not None or self.person.name != LOCAL

    @property
    def teaches(self) -> bool:
        """Whether the class view is theirs to see.

        With an account: when it is a teacher's. On a server without sign-in the computer's owner teaches: a browser
        of the same computer (`of_this_computer`) that never joined a class. A browser that joined one stays a student's
        after it left, and after its session is over, as long as it keeps the cookie.
        """
        if self.joined is None and not self.signed_in and (self.cookies.get(COOKIE) or not self.here):
            return False
        return self.person.may("teacher")

    @property
    def here(self) -> bool:
        """Whether the browser runs on the computer that serves."""
        return of_this_computer(self.headers)

    @property
    def casebook(self) -> Casebook:
        """The cases there are, the folder's among them."""
        return casebook()

    @cached_property
    def words(self) -> Catalogue:
        """Texts in the language the browser asked for, else the person's."""
        return catalogue_of(self.cookies.get(LANGUAGE_COOKIE) or self.person.language)

    # joining

    def join(self, code: str, name: str) -> str:
        """Join a class under a name of one's own; the session's secret, for a cookie.

        Raises
        ------
        ServiceError
            For an unknown code, or a name that will not do.
        """
        from ecgomics.service import Accounts

        shown = " ".join(name.split())[:40]
        if not shown or not code.strip():
            raise ServiceError("no code or no name", expected="the class code and your name", remedy="fill in both")
        accounts = Accounts(self.desk.database)
        if code.strip().upper() not in {course.code for course in self._courses()}:
            raise ServiceError("a code of no class", expected="six letters and digits", remedy="ask your teacher")
        student = _added(accounts, shown)
        self.classroom.join(code, by=student)
        return accounts.begin(student.id)

    def _courses(self) -> list[Any]:
        from sqlalchemy import select

        from ecgomics.service.models import Course

        with self.desk.database.reading() as session:
            return list(session.scalars(select(Course).where(Course.closed.is_(None))))

    # answers

    def answered(self, case: str, line: str, *, given: Any, score: float, topic: str, **more: Any) -> None:
        """Keep an answer for good."""
        self.classroom.answer(case, line, by=self.person, given={"value": given}, score=score, topic=topic, **more)

    def answers(self) -> pd.DataFrame:
        """One's own answers, oldest first."""
        return self.classroom.answers(of=self.person)

    def history(self) -> list[Answered]:
        """One's quiz answers as abilities are made of them."""
        return [
            Answered(str(row["topic"]), int(str(row["question_id"]).split(".")[2]), float(row["score"]))
            for row in self.answers().to_dict("records")
            if str(row["case_id"]).startswith(QUIZ) and row["topic"] in TOPICS
        ]

    def remember(self, item: str, share: float) -> datetime:
        """Tell the scheduler how an item went; when it is due again."""
        from ecgomics.service.models import now

        memory = reviewed(Memory.from_dict(self.classroom.review(item, of=self.person)), share)
        due = memory.due(now())
        self.classroom.schedule(item, of=self.person, due=due, state=memory.as_dict())
        return due

    def due_items(self) -> list[str]:
        """What is due again, the longest overdue first."""
        return [item for item, _ in self.classroom.due(of=self.person)]

    def task(self, link: str) -> Task | None:
        """The assignment a link leads to; whoever follows it joins the class. None for no link."""
        return self.classroom.follow(link, by=self.person) if link else None

    def tasks(self) -> list[Task]:
        """One's assignments, the newest first."""
        return self.classroom.tasks(of=self.person)


def _added(accounts: Any, shown: str) -> Person:
    """A new student; names of accounts are unique, what others see need not be."""
    import re
    import secrets
    import unicodedata

    plain = unicodedata.normalize("NFKD", shown).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:40] or "student"
    for suffix in ("", *(f"-{secrets.token_hex(2)}" for _ in range(4))):
        try:
            return accounts.add(f"{stem}{suffix}" if len(stem) > 1 else f"student-{stem}{suffix}", shown_as=shown)
        except ConflictError:
            continue
    raise ConflictError("a name that is taken", expected="a free one", remedy="choose another name")


def cookies_of_visit() -> dict[str, str]:
    """Cookies of the browser that asks; empty in a notebook."""
    import panel as pn

    return dict(pn.state.cookies) if pn.state.curdoc is not None else {}


def headers_of_visit() -> dict[str, str]:
    """Headers of the browser's request; empty in a notebook."""
    import panel as pn

    return dict(pn.state.headers) if pn.state.curdoc is not None else {}


_FORWARDED = ("x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded", "via")


def of_this_computer(headers: Mapping[str, str]) -> bool:
    """Whether a request was made to a loopback name and not handed on by a proxy or tunnel that says so."""
    known = {name.lower(): value for name, value in headers.items()}
    if any(name in known for name in _FORWARDED):
        return False
    host = known.get("host", "localhost").rsplit(":", 1)[0].strip("[]")
    return host in ("localhost", "127.0.0.1", "::1")


def when(due: datetime, words: Catalogue) -> str:
    """How long until something is due, in words."""
    from ecgomics.service.models import now

    hours = (due - now()).total_seconds() / 3600
    if hours <= 0:
        return words("due now")
    return words("due in {n} h", n=round(hours)) if hours < 36 else words("due in {n} days", n=round(hours / 24))


__all__ = [
    "CASE",
    "COOKIE",
    "QUIZ",
    "STAY_DAYS",
    "EcgomicsError",
    "LearnDesk",
    "cookies_of_visit",
    "headers_of_visit",
    "when",
]
