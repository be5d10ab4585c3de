"""Databases to test on: SQLite, and a PostgreSQL of our own (skipped where it is not installed, except under CI)."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from sqlalchemy import create_engine, text

from ecgomics.service.accounts import Accounts, Person
from ecgomics.service.database import Database

PLACES = ["/usr/lib/postgresql/*/bin", "/usr/local/bin", "/usr/bin"]


def _program(name: str) -> str | None:
    for pattern in PLACES:
        for folder in sorted(Path("/").glob(pattern.lstrip("/")), reverse=True):
            if (folder / name).exists():
                return str(folder / name)
    return shutil.which(name)


@contextmanager
def _served(app: Any) -> Iterator[str]:
    from ecgomics.service.api.stream_frames import LARGEST_BYTES

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = {"ws_max_size": LARGEST_BYTES, "timeout_graceful_shutdown": 2, "log_level": "warning"}
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, **options))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "it did not start"
        time.sleep(0.01)
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)


@pytest.fixture(scope="session")
def served() -> Callable[[Any], AbstractContextManager[str]]:
    """Serve an app for as long as a context lasts, as `ecgomics api` does; the host and port it is at."""
    return _served


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a fresh PostgreSQL server on a free loopback port, without a database in it yet."""
    initdb, server = _program("initdb"), _program("postgres")
    if initdb is None or server is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is not installed; .ci/run installs it")
        pytest.skip("PostgreSQL is not installed")
    home = tmp_path_factory.mktemp("postgres")
    as_owner: list[str] = []
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root; its own user must reach the folder through pytest's
        as_owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        home = Path("/tmp") / f"ecgomics-postgres-{os.getpid()}"
        home.mkdir(mode=0o700)
        shutil.chown(home, "postgres", "postgres")
    data = home / "data"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"}
    subprocess.run(
        [*as_owner, initdb, "-D", str(data), "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True,
        **quiet,
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["-c", "fsync=off", "-c", f"unix_socket_directories={home}", "-c", "listen_addresses=127.0.0.1"]
    running = subprocess.Popen([*as_owner, server, "-D", str(data), "-p", str(port), *options], **quiet)
    url = f"postgresql+pg8000://tester@127.0.0.1:{port}"
    try:
        _wait_for(f"{url}/postgres")
        yield url
    finally:
        running.terminate()
        running.wait(20)
        shutil.rmtree(home, ignore_errors=True)


def _wait_for(url: str) -> None:
    engine = create_engine(url)
    ends = time.monotonic() + 30
    while True:
        try:
            with engine.connect():
                break
        except Exception:
            if time.monotonic() > ends:
                raise
            time.sleep(0.1)
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'test.db'}"
        return
    server = request.getfixturevalue("postgres")
    name = f"t{abs(hash(str(tmp_path)))}"
    engine = create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"create database {name}"))
    yield f"{server.replace('+pg8000', '')}/{name}"
    with engine.connect() as connection:
        connection.execute(text(f"drop database {name} with (force)"))
    engine.dispose()


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """An open database of each kind."""
    opened = Database(url)
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def cheap_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords cost next to nothing here; one test looks at the real parameters."""
    monkeypatch.setattr("ecgomics.service.accounts.COST", {"time_cost": 1, "memory_cost": 64, "parallelism": 1})


@pytest.fixture
def accounts(database: Database) -> Accounts:
    """Its people: none yet."""
    return Accounts(database)


@pytest.fixture
def ada(accounts: Accounts) -> Person:
    """An annotator."""
    return accounts.add("ada", password="correct horse battery", role="annotator")


@pytest.fixture
def ben(accounts: Accounts) -> Person:
    """Another annotator."""
    return accounts.add("ben", password="staple of the battery", role="annotator")
