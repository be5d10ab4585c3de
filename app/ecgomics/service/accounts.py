"""People of a server: their passwords, roles, sessions and keys.

Passwords are hashed with argon2id (RFC 9106, the library's second recommended profile); sessions and keys are random,
and only their SHA-256 is kept, so a stolen database opens nothing.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import func, select

from ecgomics.errors import AccessError, ConflictError, ServiceError
from ecgomics.service.database import Database
from ecgomics.service.models import ROLES, SignIn, Token, User, now
from ecgomics.service.models import Session as SignedIn

Role = Literal["viewer", "annotator", "teacher", "admin"]

SCOPES = ("read", "analyse", "write", "stream", "admin")
"""What a key may do: read a cohort; have a recording analysed; write notes and records; stream samples; all."""

SHORTEST_PASSWORD = 10
"""Characters (NIST SP 800-63B asks for at least 8 and no rules of composition)."""
SESSION_LIFE = timedelta(days=7)
SESSION_REST = timedelta(hours=12)
"""A session ends after its life, or when it was not used for its rest."""
TRIES, WINDOW = 5, timedelta(minutes=15)
"""Wrong passwords in a row for one name before it has to wait; an address may fail four times as often."""
COST: dict[str, Any] = {"time_cost": 3, "memory_cost": 65536, "parallelism": 4}
"""Of a password's hash: passes, KiB, lanes (RFC 9106, section 4, second recommendation)."""
LOCAL = "local"
"""The one person of a server that asks for no sign-in."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")


@dataclass(frozen=True)
class Person:
    """Who is asking.

    Attributes
    ----------
    id
        Number in the database.
    name
        What they sign in with.
    shown_as
        What others see.
    role
        One of `ROLES`.
    language
        A language tag, such as ``"en"``.
    scopes
        What the key they came with may do; all, for a browser.
    """

    id: int
    name: str
    shown_as: str
    role: Role
    language: str = "en"
    scopes: tuple[str, ...] = SCOPES

    def may(self, role: Role) -> bool:
        """Whether their role reaches this one."""
        return ROLES.index(self.role) >= ROLES.index(role)

    def require(self, role: Role) -> None:
        """Raise AccessError when their role does not reach this one."""
        if not self.may(role):
            raise AccessError(f"a {self.role}", expected=f"a {role}", remedy="ask an administrator of this server")

    def require_scope(self, scope: str) -> None:
        """Raise AccessError when their key does not have the scope."""
        if scope not in self.scopes and "admin" not in self.scopes:
            raise AccessError(
                f"a key without the scope {scope!r}", expected=f"one with {scope!r}", remedy="make another key"
            )


class Accounts:
    """The people of a database.

    Parameters
    ----------
    database
        Where they are kept.

    Examples
    --------
    >>> accounts = Accounts(Database("sqlite://"))
    >>> accounts.add("ada", password="correct horse battery", role="teacher").role
    'teacher'
    >>> secret = accounts.sign_in("ada", password="correct horse battery", address="127.0.0.1")
    >>> accounts.of_session(secret).name
    'ada'
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    # people

    def add(
        self, name: str, *, password: str | None = None, role: Role = "viewer", shown_as: str = "", subject: str = ""
    ) -> Person:
        """Add a person.

        Raises
        ------
        ConflictError
            When the name is taken.
        ServiceError
            For a name or a password that will not do.
        """
        name = _proper_name(name)
        if role not in ROLES:
            raise ServiceError(f"the role {role!r}", expected=f"one of {', '.join(ROLES)}")
        hashed = None if password is None else _hash(_proper_password(password, name=name))
        with self.database.session() as session:
            if session.scalar(select(User.id).where(User.name == name)) is not None:
                raise ConflictError("a name that is taken", expected="a new one", remedy="choose another name")
            user = User(
                name=name, shown_as=shown_as[:120] or name, role=role, password_hash=hashed, subject=subject or None
            )
            session.add(user)
            session.flush()
            return _person(user)

    def local(self) -> Person:
        """The one person of a server without sign-in, who may do everything on it."""
        with self.database.session() as session:
            user = session.scalar(select(User).where(User.name == LOCAL))
            if user is None:
                user = User(name=LOCAL, shown_as="this computer", role="admin")
                session.add(user)
                session.flush()
            return _person(user)

    def people(self) -> list[Person]:
        """Everybody whose account is open, by name."""
        with self.database.reading() as session:
            query = select(User).where(User.closed.is_(None)).order_by(User.name)
            return [_person(user) for user in session.scalars(query)]

    def find(self, name: str) -> Person:
        """A person by name. Raises ServiceError when there is none."""
        with self.database.reading() as session:
            return _person(_open_user(session.scalar(select(User).where(User.name == name.strip().lower()))))

    def by_subject(self, subject: str, *, name: str, shown_as: str = "", role: Role = "viewer") -> Person:
        """The person an OpenID provider speaks of, who is added at the first visit."""
        with self.database.reading() as session:
            user = session.scalar(select(User).where(User.subject == subject))
        if user is not None:
            return _person(_open_user(user))
        wanted = re.sub(r"[^a-z0-9._-]", "-", name.strip().lower()).strip("-._")[:40] or "someone"
        for suffix in ("", f"-{secrets.token_hex(3)}"):
            try:
                return self.add(f"{wanted}{suffix}", role=role, shown_as=shown_as, subject=subject)
            except ConflictError:
                continue
        raise ConflictError("a name that is taken", expected="a free one", remedy="try once more")

    def change(self, name: str, *, role: Role | None = None, password: str | None = None, language: str = "") -> Person:
        """Change a role, a password or a language; a new password or role ends every session of that person."""
        with self.database.session() as session:
            user = _open_user(session.scalar(select(User).where(User.name == name.strip().lower())))
            if role is not None:
                if role not in ROLES:
                    raise ServiceError(f"the role {role!r}", expected=f"one of {', '.join(ROLES)}")
                user.role = role
            if password is not None:
                user.password_hash = _hash(_proper_password(password, name=user.name))
            if language:
                user.language = language[:12]
            if role is not None or password is not None:
                for signed_in in session.scalars(select(SignedIn).where(SignedIn.user_id == user.id)):
                    session.delete(signed_in)
            return _person(user)

    def close(self, name: str) -> None:
        """Close an account: what the person wrote stays, sessions and keys end."""
        with self.database.session() as session:
            user = _open_user(session.scalar(select(User).where(User.name == name.strip().lower())))
            user.closed = now()
            for signed_in in session.scalars(select(SignedIn).where(SignedIn.user_id == user.id)):
                session.delete(signed_in)
            for token in session.scalars(select(Token).where(Token.user_id == user.id)):
                token.revoked = now()

    # sessions

    def sign_in(self, name: str, *, password: str, address: str) -> str:
        """Sign in with a password.

        Returns
        -------
        str
            The session's secret, for a cookie. It is not kept here.

        Raises
        ------
        AccessError
            When the name or the password is wrong (it is not said which), or after too many tries.
        """
        name = name.strip().lower()[:64]
        self._require_patience(name, address)
        with self.database.reading() as session:
            user = session.scalar(select(User).where(User.name == name, User.closed.is_(None)))
        # an unknown name takes as long as a wrong password
        right = _verify((user and user.password_hash) or _hash_of_nothing(), password)
        known = user is not None and user.password_hash is not None
        with self.database.session() as session:
            session.add(SignIn(name=name, address=address[:64], outcome="in" if right and known else "refused"))
        if not (right and known and user is not None):
            raise AccessError(
                "a name and a password that do not belong together", expected="those of an account", remedy="try again"
            )
        return self.begin(user.id)

    def begin(self, user_id: int) -> str:
        """Begin a session of somebody who has shown who they are; the secret."""
        secret = secrets.token_urlsafe(32)
        with self.database.session() as session:
            session.add(SignedIn(secret_hash=_digest(secret), user_id=user_id, expires=now() + SESSION_LIFE))
        return secret

    def of_session(self, secret: str) -> Person:
        """Who a session belongs to. Raises AccessError when it is over or never was."""
        with self.database.reading() as session:
            found = session.get(SignedIn, _digest(secret))
            if found is None or found.user.closed or found.expires < now() or found.seen + SESSION_REST < now():
                raise AccessError("a session that is over", expected="a signed-in browser", remedy="sign in again")
            person, seen = _person(found.user), found.seen
        if now() - seen > timedelta(minutes=5):
            with self.database.session() as session:
                found = session.get(SignedIn, _digest(secret))
                if found is not None:
                    found.seen = now()
        return person

    def sign_out(self, secret: str) -> None:
        """End a session."""
        with self.database.session() as session:
            found = session.get(SignedIn, _digest(secret))
            if found is not None:
                session.delete(found)

    def _require_patience(self, name: str, address: str) -> None:
        since = now() - WINDOW
        with self.database.reading() as session:
            last_in = session.scalar(select(func.max(SignIn.at)).where(SignIn.name == name, SignIn.outcome == "in"))
            start = max(since, last_in) if last_in else since
            refused = select(func.count()).select_from(SignIn).where(SignIn.outcome == "refused")
            by_name = session.scalar(refused.where(SignIn.name == name, SignIn.at > start)) or 0
            by_address = session.scalar(refused.where(SignIn.address == address[:64], SignIn.at > since)) or 0
        if by_name >= TRIES or by_address >= 4 * TRIES:
            raise AccessError(
                "too many wrong passwords",
                expected="a pause",
                remedy=f"wait {int(WINDOW.total_seconds() // 60)} minutes",
            )

    # keys to the programming interface

    def make_key(
        self, name: str, *, label: str, scopes: Iterable[str] = ("read", "analyse"), life: timedelta | None = None
    ) -> str:
        """A new key for a person; it is shown this once, and only its hash is kept.

        Raises
        ------
        ServiceError
            For an unknown scope.
        """
        wanted = list(dict.fromkeys(scopes))
        if not wanted or any(scope not in SCOPES for scope in wanted):
            raise ServiceError(f"scopes {', '.join(wanted) or 'none'}", expected=f"some of {', '.join(SCOPES)}")
        person = self.find(name)
        if "admin" in wanted:
            person.require("admin")
        secret = f"ecg_{secrets.token_urlsafe(32)}"
        with self.database.session() as session:
            ends = now() + life if life else None
            session.add(
                Token(user_id=person.id, label=label[:120], secret_hash=_digest(secret), scopes=wanted, expires=ends)
            )
        return secret

    def of_key(self, secret: str) -> Person:
        """Who a key belongs to, with its scopes. Raises AccessError when it is unknown, revoked or over."""
        with self.database.reading() as session:
            token = session.scalar(select(Token).where(Token.secret_hash == _digest(secret)))
            if token is None or token.revoked or token.user.closed or (token.expires and token.expires < now()):
                raise AccessError("a key that opens nothing", expected="one in force", remedy="make another key")
            person, used = _person(token.user, scopes=tuple(token.scopes)), token.used
        if used is None or now() - used > timedelta(minutes=5):
            with self.database.session() as session:
                token = session.scalar(select(Token).where(Token.secret_hash == _digest(secret)))
                if token is not None:
                    token.used = now()
        return person

    def keys(self, name: str) -> list[tuple[int, str, tuple[str, ...], datetime | None]]:
        """A person's keys in force: number, label, scopes, last used."""
        person = self.find(name)
        with self.database.reading() as session:
            rows = session.scalars(select(Token).where(Token.user_id == person.id, Token.revoked.is_(None)))
            return [(row.id, row.label, tuple(row.scopes), row.used) for row in rows]

    def revoke(self, name: str, *, key: int) -> None:
        """Take a person's key back. Raises ServiceError when they have no such key."""
        person = self.find(name)
        with self.database.session() as session:
            token = session.get(Token, key)
            if token is None or token.user_id != person.id:
                raise ServiceError("an unknown key", expected="the number of one of this person's keys")
            token.revoked = now()


def _person(user: User, *, scopes: tuple[str, ...] = SCOPES) -> Person:
    role: Role = user.role  # type: ignore[assignment]
    kept = scopes if user.role == "admin" else tuple(scope for scope in scopes if scope != "admin")
    return Person(user.id, user.name, user.shown_as or user.name, role, user.language, kept)


def _open_user(user: User | None) -> User:
    if user is None or user.closed:
        raise ServiceError("an unknown name", expected="somebody with an account", remedy="`ecgomics people` lists all")
    return user


def _proper_name(name: str) -> str:
    name = name.strip().lower()
    if not _NAME.fullmatch(name) or name == LOCAL:
        raise ServiceError(
            "a name that will not do", expected="2 to 64 of a–z, 0–9, dot, dash and underscore", remedy="choose another"
        )
    return name


def _proper_password(password: str, *, name: str) -> str:
    if len(password) < SHORTEST_PASSWORD or len(password) > 1024 or password.lower() == name:
        raise ServiceError(
            "a password that is too easy", expected=f"at least {SHORTEST_PASSWORD} characters", remedy="take a sentence"
        )
    return password


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def equal(one: str, other: str) -> bool:
    """Whether two secrets are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())


def _hash(password: str) -> str:
    from argon2 import PasswordHasher

    return PasswordHasher(**COST).hash(password)


def _verify(hashed: str, password: str) -> bool:
    from argon2 import PasswordHasher
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return PasswordHasher().verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


@functools.cache
def _hash_of_nothing() -> str:
    """A hash of what nobody knows, so that an unknown name costs as much as a known one."""
    return _hash(secrets.token_urlsafe(32))
