"""Alembic without an ini file: the migrations travel inside the package."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

FOLDER = Path(__file__).parent / "migrations"


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's settings for this package, working on `connection` and inside its transaction."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection) -> None:
    """Brings the schema to the newest version, all in the transaction that `connection` is in."""
    command.upgrade(alembic_config(connection), "head")


def newest() -> str | None:
    """The newest version this package knows."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head()
