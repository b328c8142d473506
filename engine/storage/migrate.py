"""Alembic without an ini file: the migrations travel inside the package."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from engine.errors import OperatorError, Problem

FOLDER = Path(__file__).parent / "migrations"


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's settings for this package, working on `connection` and inside its transaction."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection) -> None:
    """Brings the schema to the newest version, all in the transaction that `connection` is in.

    Raises OperatorError where a newer program than this one has made it.
    """
    found = version_of(connection)
    if found is not None and found not in known():
        reason = f"made by a newer Rayon: its version is {found}, this program knows up to {newest()}"
        fix = "start the newer program, or `rayon restore` a backup from before the upgrade"
        raise OperatorError([Problem("storage.url", "(database)", reason, fix)])
    if found is None or found != newest():
        command.upgrade(alembic_config(connection), "head")


def downgrade(connection: Connection) -> None:
    """Undoes every version: no table of ours is left."""
    command.downgrade(alembic_config(connection), "base")


def version_of(connection: Connection) -> str | None:
    """The version of the schema there; None where there is none yet."""
    return MigrationContext.configure(connection).get_current_revision()


@cache
def known() -> frozenset[str]:
    """Every version that this package can start from."""
    return frozenset(step.revision for step in _steps().walk_revisions())


@cache
def newest() -> str | None:
    """The newest version this package knows."""
    return _steps().get_current_head()


@cache
def _steps() -> ScriptDirectory:
    return ScriptDirectory.from_config(alembic_config())
