"""Runs migrations on the connection it is given, in that connection's transaction. Alembic executes this file."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from engine.storage.models import metadata

connection = context.config.attributes["connection"]
if not isinstance(connection, Connection):
    raise RuntimeError("open the database with engine.storage.database.open_database, which migrates it")
context.configure(
    connection=connection,
    target_metadata=metadata,
    transactional_ddl=True,  # SQLite too: its BEGIN is ours, see database.py
    render_as_batch=connection.dialect.name == "sqlite",
)
context.run_migrations()
