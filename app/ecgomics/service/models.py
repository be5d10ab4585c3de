"""The tables: one class each.

Times are UTC. What could name a patient is never a column: records are named by their content hash, and an audit entry
says who did what to which id.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

ROLES = ("viewer", "annotator", "teacher", "admin")
"""Each may do all that the ones before it may; a student is a viewer who joined a class."""


class Instant(TypeDecorator[datetime]):
    """A moment in UTC, aware in Python whatever the database keeps (SQLite drops the zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Into the database. Raises ValueError for a time without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone; expected UTC")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Out of the database."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def now() -> datetime:
    """This moment, UTC."""
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """Root of the tables."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: Instant, dict[str, Any]: JSON, list[Any]: JSON}


class User(Base):
    """Somebody who can sign in, or the one person of a server that asks for no sign-in (``local``)."""

    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    shown_as: Mapped[str] = mapped_column(String(120), default="")
    role: Mapped[str] = mapped_column(String(16), default="viewer")
    password_hash: Mapped[str | None] = mapped_column(String(255))
    subject: Mapped[str | None] = mapped_column(String(255), unique=True)
    """Who this is to an OpenID provider: ``issuer|sub``; a person has a password or a subject."""
    language: Mapped[str] = mapped_column(String(12), default="en")
    created: Mapped[datetime] = mapped_column(default=now)
    closed: Mapped[datetime | None]


class SignIn(Base):
    """An attempt to sign in; what throttling counts."""

    __tablename__ = "sign_ins"
    __table_args__ = (Index("sign_ins_by_name", "name", "at"), Index("sign_ins_by_address", "address", "at"))
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(default=now)
    outcome: Mapped[str] = mapped_column(String(12))


class Session(Base):
    """A signed-in browser. Only the hash of its secret is kept."""

    __tablename__ = "sessions"
    secret_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created: Mapped[datetime] = mapped_column(default=now)
    seen: Mapped[datetime] = mapped_column(default=now)
    expires: Mapped[datetime]
    user: Mapped[User] = relationship(lazy="joined")


class Token(Base):
    """A key to the programming interface. Only its hash is kept."""

    __tablename__ = "tokens"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    label: Mapped[str] = mapped_column(String(120))
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[Any]]
    created: Mapped[datetime] = mapped_column(default=now)
    used: Mapped[datetime | None]
    expires: Mapped[datetime | None]
    revoked: Mapped[datetime | None]
    user: Mapped[User] = relationship(lazy="joined")


class Note(Base):
    """What a person wrote about a moment or a span of a record."""

    __tablename__ = "notes"
    __table_args__ = (Index("notes_by_record", "cohort", "record"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    cohort: Mapped[str] = mapped_column(String(64))
    record: Mapped[str] = mapped_column(String(64))
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    lead: Mapped[str] = mapped_column(String(24), default="")
    start_s: Mapped[float]
    stop_s: Mapped[float]
    text: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(default=1)
    created: Mapped[datetime] = mapped_column(default=now)
    edited: Mapped[datetime] = mapped_column(default=now)
    removed: Mapped[datetime | None]
    author: Mapped[User] = relationship(lazy="joined")


class MarkEdit(Base):
    """A person's place for a mark of a beat; the machine's is kept beside it. One row for each annotator and mark."""

    __tablename__ = "mark_edits"
    __table_args__ = (UniqueConstraint("cohort", "record", "lead", "beat", "mark", "author_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    cohort: Mapped[str] = mapped_column(String(64))
    record: Mapped[str] = mapped_column(String(64))
    lead: Mapped[str] = mapped_column(String(24))
    beat: Mapped[int]
    mark: Mapped[str] = mapped_column(String(16))
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    machine_s: Mapped[float | None]
    """Where the machine put it; none when it found no such wave."""
    placed_s: Mapped[float | None]
    """Where the person put it; none when the person says there is no such wave."""
    version: Mapped[int] = mapped_column(default=1)
    edited: Mapped[datetime] = mapped_column(default=now)
    author: Mapped[User] = relationship(lazy="joined")


class Verdict(Base):
    """What a person says of a statement of the machine: an event of a Holter recording, a finding, a whole report."""

    __tablename__ = "verdicts"
    __table_args__ = (UniqueConstraint("cohort", "record", "subject", "author_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    cohort: Mapped[str] = mapped_column(String(64))
    record: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(120))
    """What is judged, such as ``event:ventricular:18234`` or ``report``."""
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    says: Mapped[str] = mapped_column(String(24))
    comment: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(default=1)
    edited: Mapped[datetime] = mapped_column(default=now)
    author: Mapped[User] = relationship(lazy="joined")


class Saved(Base):
    """A selection or a view, saved by name with its definition."""

    __tablename__ = "saved"
    __table_args__ = (UniqueConstraint("cohort", "kind", "owner_id", "name"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    cohort: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(String(120))
    definition: Mapped[dict[str, Any]]
    version: Mapped[int] = mapped_column(default=1)
    created: Mapped[datetime] = mapped_column(default=now)
    edited: Mapped[datetime] = mapped_column(default=now)
    owner: Mapped[User] = relationship(lazy="joined")


class Course(Base):
    """A class of students, joined by its code."""

    __tablename__ = "courses"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(12), unique=True)
    title: Mapped[str] = mapped_column(String(120))
    teacher_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created: Mapped[datetime] = mapped_column(default=now)
    closed: Mapped[datetime | None]


class Enrolment(Base):
    """A student in a class."""

    __tablename__ = "enrolments"
    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    joined: Mapped[datetime] = mapped_column(default=now)


class Assignment(Base):
    """Cases a class is asked to read, opened by a link."""

    __tablename__ = "assignments"
    id: Mapped[int] = mapped_column(primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"), index=True)
    link: Mapped[str] = mapped_column(String(24), unique=True)
    title: Mapped[str] = mapped_column(String(120))
    cases: Mapped[list[Any]]
    due: Mapped[datetime | None]
    created: Mapped[datetime] = mapped_column(default=now)


class Answer(Base):
    """One answer of one student; never changed, a second try is another row."""

    __tablename__ = "answers"
    __table_args__ = (Index("answers_by_user", "user_id", "case_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    assignment_id: Mapped[int | None] = mapped_column(ForeignKey("assignments.id", ondelete="SET NULL"), index=True)
    case_id: Mapped[str] = mapped_column(String(120))
    question_id: Mapped[str] = mapped_column(String(120))
    topic: Mapped[str] = mapped_column(String(48), default="")
    given: Mapped[dict[str, Any]]
    score: Mapped[float]
    """0 to 1, hints already taken off."""
    hints: Mapped[int] = mapped_column(Integer, default=0)
    took_s: Mapped[float] = mapped_column(default=0.0)
    at: Mapped[datetime] = mapped_column(default=now)


class Review(Base):
    """When a student should see an item again, and what the scheduler knows of it."""

    __tablename__ = "reviews"
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    item: Mapped[str] = mapped_column(String(120), primary_key=True)
    due: Mapped[datetime] = mapped_column(index=True)
    state: Mapped[dict[str, Any]]
    edited: Mapped[datetime] = mapped_column(default=now)


class AuditEntry(Base):
    """Who did what to which id; rows are only ever added."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=now, index=True)
    user_id: Mapped[int | None]
    user_name: Mapped[str] = mapped_column(String(64), default="")
    address: Mapped[str] = mapped_column(String(64), default="")
    action: Mapped[str] = mapped_column(String(48))
    object: Mapped[str] = mapped_column(String(160), default="")
    details: Mapped[dict[str, Any]]


class Job(Base):
    """Work that outlasts the request which asked for it."""

    __tablename__ = "jobs"
    __table_args__ = (UniqueConstraint("user_id", "idempotency_key"),)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(12), default="queued")
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    asked: Mapped[dict[str, Any]]
    result: Mapped[dict[str, Any] | None]
    error: Mapped[str] = mapped_column(Text, default="")
    idempotency_key: Mapped[str | None] = mapped_column(String(80))
    created: Mapped[datetime] = mapped_column(default=now)
    ended: Mapped[datetime | None]


class Reply(Base):
    """The answer given to a request with an idempotency key, given again when the request is repeated."""

    __tablename__ = "replies"
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(String(80), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    body: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(default=now, index=True)
