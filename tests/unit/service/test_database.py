"""A database is opened, migrated once, shared by processes, and refused with reasons."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import StatementError

from ecgomics.errors import ServiceError
from ecgomics.service.database import VARIABLE, Database, database_of, url_for
from ecgomics.service.models import AuditEntry, Base, SignIn


def test_the_migrations_make_the_tables_of_the_models(database):
    found = inspect(database.engine)
    assert set(found.get_table_names()) == set(Base.metadata.tables) | {"alembic_version"}
    for name, table in Base.metadata.tables.items():
        assert {column["name"] for column in found.get_columns(name)} == {column.name for column in table.columns}
        wanted = {column.name: column.nullable for column in table.columns}
        assert {column["name"]: column["nullable"] for column in found.get_columns(name)} == wanted


def test_no_migration_is_missing(database):
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, Base.metadata) == []


def test_opening_twice_keeps_what_is_there(url):
    first = Database(url)
    with first.session() as session:
        session.add(SignIn(name="x", address="", outcome="in"))
    second = Database(url)
    with second.reading() as session:
        assert session.scalar(select(SignIn.name)) == "x"
    first.close()
    second.close()


def test_processes_that_start_at_once_migrate_once(url):
    code = "import sys; from ecgomics.service.database import Database; print(Database(sys.argv[1]).healthy())"
    started = [subprocess.Popen([sys.executable, "-c", code, url], stdout=subprocess.PIPE) for _ in range(3)]
    assert [process.communicate(timeout=120)[0].split() for process in started] == [[b"True"]] * 3


def test_a_block_that_raises_writes_nothing(database):
    def fails() -> None:
        with database.session() as session:
            session.add(SignIn(name="x", address="", outcome="in"))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    with database.reading() as session:
        assert session.scalar(select(SignIn.id)) is None


def test_many_writers_lose_nothing(database):
    def write(worker: int) -> None:
        for line in range(25):
            with database.session() as session:
                session.add(AuditEntry(action="test", object=f"{worker}/{line}", details={}))

    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as session:
        assert len(set(session.scalars(select(AuditEntry.object)))) == 100


def test_times_come_back_aware_and_in_utc(database):
    berlin = datetime(2026, 7, 1, 12, 0, tzinfo=timezone(timedelta(hours=2)))
    with database.session() as session:
        session.add(SignIn(name="x", address="", outcome="in", at=berlin))
    with database.reading() as session:
        found = session.scalar(select(SignIn.at))
    assert found == berlin
    assert found.tzinfo is UTC


def test_a_time_without_a_zone_is_refused(database):
    def fails() -> None:
        with database.session() as session:
            session.add(SignIn(name="x", address="", outcome="in", at=datetime(2026, 7, 1)))

    with pytest.raises(StatementError, match="zone"):
        fails()


def test_a_database_from_the_future_is_refused(url):
    database = Database(url)
    with database.engine.connect() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
        connection.commit()
    database.close()
    with pytest.raises(ServiceError, match="another version"):
        Database(url)


@pytest.mark.parametrize("given", ["mysql://a:b@c/d", "oracle://x", "://"])
def test_other_urls_are_refused_without_being_shown(given):
    with pytest.raises(ServiceError, match="another kind") as caught:
        Database(given)
    assert "a:b" not in str(caught.value)


def test_a_server_that_does_not_answer_says_so():
    with pytest.raises(ServiceError, match="does not answer") as caught:
        Database("postgresql://someone:secret@127.0.0.1:9/none")
    assert "secret" not in str(caught.value)


def test_its_picture_says_where_it_is(url):
    database = Database(url)
    assert "tester" in repr(database) or "test.db" in repr(database)
    database.close()
    assert database_of("sqlite://") is database_of("sqlite://")


def test_the_place_of_a_database(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert url_for(tmp_path / "demo.zarr") == f"sqlite:///{tmp_path / 'demo.db'}"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert url_for() == f"sqlite:///{tmp_path / 'data' / 'ecgomics' / 'ecgomics.db'}"
    assert os.path.isdir(tmp_path / "data" / "ecgomics")
    monkeypatch.setenv(VARIABLE, "postgresql://h/n")
    assert url_for(tmp_path / "demo.zarr") == "postgresql://h/n"
