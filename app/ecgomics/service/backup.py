"""Copies of a cohort and its database, made while both are in use, and brought back."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

import ecgomics
from ecgomics.cohort import check, open_cohort, repair
from ecgomics.errors import ServiceError
from ecgomics.service.database import Database
from ecgomics.service.models import Base

ABOUT, STORE, FILE, ROWS = "backup.json", "cohort.zarr", "database.db", "database.jsonl"


def back_up(cohort: str | os.PathLike[str], folder: str | os.PathLike[str], *, database: str) -> str:
    """Copy a cohort at its last commit, and its database at one moment.

    Parameters
    ----------
    cohort
        Its directory.
    folder
        To be made; it must not exist, so that no copy is ever written over another.
    database
        URL. SQLite is copied by its own online backup, PostgreSQL row by row in one snapshot.

    Returns
    -------
    str
        What was copied, in words.

    Raises
    ------
    ServiceError
        When the folder exists, or the copy does not pass `check`.
    """
    into = Path(folder)
    if into.exists():
        raise ServiceError("a folder that exists", expected="a new one", remedy="name another")
    opened = open_cohort(cohort)
    part = into.with_name(f".{into.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    shutil.copytree(opened.path, part / STORE)
    # a stage that was being written meanwhile is left out: the copy goes back to its last commit
    repair(part / STORE)
    problems = check(part / STORE)
    if problems:
        shutil.rmtree(part)
        raise ServiceError(
            f"a copy with {len(problems)} faults", expected="a whole one", remedy="try again when nothing is written"
        )
    source = Database(database)
    rows = _copy_file(source, part / FILE) if source.kind == "sqlite" else _copy_rows(source, part / ROWS)
    source.close()
    about = {"ecgomics": ecgomics.__version__, "made": datetime.now(UTC).isoformat(), "kind": source.kind}
    (part / ABOUT).write_text(json.dumps(about), encoding="utf-8")
    os.replace(part, into)
    return f"{len(opened)} records and {rows} rows"


def restore_from(folder: str | os.PathLike[str], cohort: str | os.PathLike[str], *, database: str) -> str:
    """Bring a backup back.

    Parameters
    ----------
    folder
        What `back_up` made.
    cohort
        Where the cohort shall be; it must not exist.
    database
        URL of an empty database: nothing is written over.

    Raises
    ------
    ServiceError
        When the folder is no backup, the cohort exists, or the database has rows.
    """
    source, into = Path(folder), Path(cohort)
    if not (source / ABOUT).exists():
        raise ServiceError("a folder that is no backup", expected="what `ecgomics backup` made")
    if into.exists():
        raise ServiceError(
            "a cohort that exists", expected="a new place", remedy="name another, or move the old one away"
        )
    target = Database(database)
    if any(_count(target, table) for table in Base.metadata.sorted_tables):
        target.close()
        raise ServiceError("a database that has rows", expected="an empty one", remedy="name another")
    rows = _read(source)
    with target.session() as session:
        for table in Base.metadata.sorted_tables:
            lines = [_typed(table, row) for row in rows.get(table.name, [])]
            if lines:
                session.execute(insert(table), lines)
    _restart_numbers(target)
    target.close()
    part = into.with_name(f".{into.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(source / STORE, part)
    os.replace(part, into)
    return f"{len(open_cohort(into))} records and {sum(len(lines) for lines in rows.values())} rows"


def _copy_file(source: Database, path: Path) -> int:
    held, copy = sqlite3.connect(str(source.url.database)), sqlite3.connect(path)
    try:
        held.backup(copy)
    finally:
        held.close()
        copy.close()
    kept = Database(path)
    rows = sum(_count(kept, table) for table in Base.metadata.sorted_tables)
    kept.close()
    return rows


def _copy_rows(source: Database, path: Path) -> int:
    count = 0
    with (
        source.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection,
        path.open("w", encoding="utf-8") as out,
    ):
        for table in Base.metadata.sorted_tables:
            for row in connection.execute(select(table)).mappings():
                out.write(json.dumps({"table": table.name, "row": dict(row)}, default=_plain) + "\n")
                count += 1
    return count


def _read(source: Path) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = {}
    if (source / FILE).exists():
        kept = Database(source / FILE)
        with kept.reading() as session:
            for table in Base.metadata.sorted_tables:
                rows[table.name] = [dict(row) for row in session.execute(select(table)).mappings()]
        kept.close()
        return rows
    with (source / ROWS).open(encoding="utf-8") as lines:
        for line in lines:
            one = json.loads(line)
            rows.setdefault(one["table"], []).append(one["row"])
    return rows


def _typed(table: Any, row: dict[str, Any]) -> dict[str, Any]:
    """Times come out of JSON as text."""
    from ecgomics.service.models import Instant

    timed = {column.name for column in table.columns if isinstance(column.type, Instant)}
    return {
        name: datetime.fromisoformat(value) if name in timed and isinstance(value, str) else value
        for name, value in row.items()
    }


def _restart_numbers(target: Database) -> None:
    """PostgreSQL counts on from the rows that were put in with their numbers."""
    from sqlalchemy import Integer, text

    if target.kind != "postgresql":
        return
    with target.session() as session:
        for table in Base.metadata.sorted_tables:
            column = table.columns.get("id")
            if column is not None and isinstance(column.type, Integer):
                session.execute(
                    text(
                        f"select setval(pg_get_serial_sequence('{table.name}', 'id'), "
                        f"coalesce((select max(id) from {table.name}), 0) + 1, false)"
                    )
                )


def _count(database: Database, table: Any) -> int:
    from sqlalchemy import func

    with database.reading() as session:
        return int(session.scalar(select(func.count()).select_from(table)) or 0)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)
