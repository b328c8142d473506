"""Alembic without an ini file: the migrations travel inside the package.

**Two versions on one database.** While a cluster is upgraded node by node, older programs go on beside the newer one
that has brought the schema up to date. Whether they may is stated by each migration (`OLDER_GO_ON`), as of its own
version they cannot know: the newer program writes into the database which versions a program has to know to go on, and
older ones read that (`newer_than_us`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, column, delete, insert, inspect, select, table

from engine.errors import OperatorError, Problem

FOLDER = Path(__file__).parent / "migrations"
_VERSION = table("alembic_version", column("version_num"))
_HERE = select(_VERSION.c.version_num)
_REACH = table("schema_reach", column("version"), column("least"))


@dataclass(frozen=True, slots=True)
class NewerSchema:
    """To which `version` a program newer than this one brought the schema, and whether it states that we may go on."""

    version: str
    goes_on: bool


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's settings for this package, working on `connection` and inside its transaction."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection) -> None:
    """Brings the schema to the newest version, all in the transaction that `connection` is in.

    Raises OperatorError where a newer program than this one has made it, unless that states that this one may go on.
    """
    found = version_of(connection)
    if found is not None and found not in list_versions():
        if _goes_on(connection, found):
            return
        reason = f"made by a newer Rayon: its version is {found}, this program knows up to {newest()}"
        fix = "start the newer program, or `rayon restore` a backup from before the upgrade"
        raise OperatorError([Problem("storage.url", "(database)", reason, fix)])
    if found is None or found != newest():
        command.upgrade(alembic_config(connection), "head")
        _state_reach(connection)


def newer_than_us(connection: Connection) -> NewerSchema | None:
    """Where a newer program has meanwhile brought the schema up to date: to which version, and whether we may go on."""
    found = version_of(connection)
    if found is None or found in list_versions():
        return None
    return NewerSchema(found, _goes_on(connection, found))


def reach_of(steps: Iterable[tuple[str, bool]]) -> str:
    """Of migrations, the newest first, each with whether older programs go on beside it: the version that a program has
    to know at least."""
    versions = list(steps)
    return next((version for version, older_go_on in versions if not older_go_on), versions[-1][0])


def downgrade(connection: Connection) -> None:
    """Undoes every version: no table of ours is left."""
    command.downgrade(alembic_config(connection), "base")


def version_of(connection: Connection) -> str | None:
    """The version of the schema there; None where there is none yet. What Alembic would say, by a statement that is put
    together and compiled once: whoever writes looks every few seconds."""
    if not connection.dialect.has_table(connection, _VERSION.name):
        return None
    return connection.execute(_HERE).scalar_one_or_none()


@cache
def list_versions() -> frozenset[str]:
    """Every version that this package can start from: the files of migrations go by their numbers. To read all of them
    takes a third of a second of each process that opens a database, most of which are up to date."""
    return frozenset(path.name.partition("_")[0] for path in FOLDER.glob("versions/[0-9]*.py"))


@cache
def newest() -> str:
    """The newest version this package knows."""
    return max(list_versions())


def _goes_on(connection: Connection, version: str) -> bool:
    """Whether who brought the schema to `version` has stated that a program that knows our versions may go on."""
    if not inspect(connection).has_table(_REACH.name):
        return False
    least = connection.execute(select(_REACH.c.least).where(_REACH.c.version == version)).scalar_one_or_none()
    return least in list_versions()


def _state_reach(connection: Connection) -> None:
    steps = _steps().walk_revisions()
    least = reach_of((step.revision, getattr(step.module, "OLDER_GO_ON", False)) for step in steps)
    connection.execute(delete(_REACH))
    connection.execute(insert(_REACH).values(version=newest(), least=least))


@cache
def _steps() -> ScriptDirectory:
    return ScriptDirectory.from_config(alembic_config())
