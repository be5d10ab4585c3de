"""How Alembic runs our migrations: on the engine it is handed, in one transaction, one process at a time."""

from __future__ import annotations

from alembic import context
from sqlalchemy import text

from ecgomics.service.models import Base

LOCK = 7_361_209
"""PostgreSQL's advisory lock that stands for "I am migrating"; any number does, as long as it is ours."""

engine = context.config.attributes["engine"]
with engine.connect() as connection:
    if engine.dialect.name == "sqlite":
        connection.execute(text("BEGIN IMMEDIATE"))
    else:
        connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=engine.dialect.name == "sqlite",
        transactional_ddl=False,
    )
    context.run_migrations()
    connection.commit()
