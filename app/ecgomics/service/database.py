"""The database of a server: opened, brought to the newest schema, and used in short transactions.

SQLite in write-ahead mode when nobody says otherwise (one file, many readers, one writer at a time), PostgreSQL by URL.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from ecgomics.errors import ServiceError

VARIABLE = "ECGOMICS_DATABASE"
"""Environment variable with the database's URL; it may hold a password, so it is never printed."""

WAIT_S = 15.0
"""How long a writer waits for another before giving up."""


class Database:
    """A database at a URL, migrated when opened.

    Parameters
    ----------
    url
        ``sqlite:///path/to/file.db``, ``postgresql://user:password@host/name``, or the path of a SQLite file.

    Raises
    ------
    ServiceError
        When the URL is of another kind, the server does not answer, or the schema is newer than this program.

    Examples
    --------
    >>> database = Database("sqlite://")
    >>> with database.session() as session:
    ...     session.scalar(text("select 1"))
    1
    """

    def __init__(self, url: str | os.PathLike[str]) -> None:
        self.url = _url(url)
        self.kind = self.url.get_backend_name()
        self.engine = _engine(self.url)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        try:
            migrate(self)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One transaction: committed at the end of the block, rolled back when it raises."""
        with self._sessions() as session, session.begin():
            if self.kind == "sqlite":
                # take the write lock now: a reader that becomes a writer later would fail instead of waiting
                session.execute(text("BEGIN IMMEDIATE"))
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that only reads: it never waits for a writer."""
        with self._sessions() as session:
            yield session

    def healthy(self) -> bool:
        """Whether the database answers."""
        try:
            with self.reading() as session:
                return session.scalar(text("select 1")) == 1
        except SQLAlchemyError:
            return False

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()

    def __repr__(self) -> str:
        return f"Database({self.url.render_as_string(hide_password=True)!r})"


@functools.cache
def database_of(url: str) -> Database:
    """The `Database` of a URL: one for the whole process."""
    return Database(url)


def url_for(cohort: str | os.PathLike[str] | None = None) -> str:
    """The URL to use: the environment's or its file's, else a SQLite file beside the cohort, else one of the user's."""
    named = secret_of(VARIABLE)
    if named:
        return named
    if cohort is not None:
        place = Path(cohort).resolve()
        return f"sqlite:///{place.with_name(place.name.removesuffix('.zarr') + '.db')}"
    home = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "ecgomics"
    home.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{home / 'ecgomics.db'}"


def secret_of(variable: str) -> str | None:
    """A value of the environment, or of the file it names with ``_FILE`` behind: a secret stands in no process list."""
    named, file = os.environ.get(variable), os.environ.get(f"{variable}_FILE")
    if named or not file:
        return named or None
    return Path(file).read_text(encoding="utf-8").strip()


def migrate(database: Database) -> None:
    """Bring a database to the newest schema; two processes starting at once do it once."""
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", "ecgomics.service:migrations")
    config.attributes["engine"] = database.engine
    newest = ScriptDirectory.from_config(config).get_current_head()
    try:
        if _revision(database) == newest:
            return
        command.upgrade(config, "head")
    except CommandError as error:
        raise ServiceError(
            "a database of another version of ECGomics",
            expected="one made by this version or an older one",
            remedy="update ECGomics, or name another database",
        ) from error
    except (OperationalError, InterfaceError) as error:
        raise ServiceError(
            "a database that does not answer", expected="one that can be opened", remedy="check its URL and its server"
        ) from error


def _revision(database: Database) -> str | None:
    from alembic.runtime.migration import MigrationContext

    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _url(given: str | os.PathLike[str]) -> URL:
    said = os.fspath(given)
    try:
        url = make_url(said if "://" in said else f"sqlite:///{said}")
    except ArgumentError as error:
        raise _unknown() from error
    name = url.get_backend_name()
    if name not in ("sqlite", "postgresql"):
        raise _unknown()
    # pg8000: PostgreSQL's protocol in Python, under a permissive licence
    return url.set(drivername="postgresql+pg8000") if name == "postgresql" else url


def _unknown() -> ServiceError:
    return ServiceError(
        "a database URL of another kind",
        expected="sqlite:///file.db or postgresql://user:password@host/name",
        remedy=f"correct --database or {VARIABLE}",
    )


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, pool_size=8, max_overflow=8)
    options: dict[str, Any] = {"connect_args": {"timeout": WAIT_S, "check_same_thread": False}}
    if url.database in (None, "", ":memory:"):
        from sqlalchemy.pool import StaticPool

        options["poolclass"] = StaticPool
    engine = create_engine(url, **options)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        # transactions are begun by us: the driver's own would take the write lock too late
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={int(WAIT_S * 1000)}"):
            connection.execute(f"PRAGMA {pragma}")

    return engine
