"""On PostgreSQL, tables that grow with every hour are kept month by month; on SQLite nothing changes.

What is there stays where it is: the table as it was becomes the part for all months that have none of their own, and no
row is copied. `engine.storage.retention.months` makes a part for each month to come.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0092"
down_revision = "0091"
branch_labels = None
depends_on = None

BY = {
    "visit": "started_at",
    "product_stop": "at",
    "heat": "hour_start",
    "zone_hour": "hour_start",
    "zone_expected": "hour_start",
    "zone_flow": "hour_start",
}
"""Tables and the column (s UTC) by which they are parted."""


def upgrade() -> None:
    """Renames each table and hangs it below a parted one of its old name, with the same keys and indexes."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, by in BY.items():
        shape = _Shape(table)
        rest = f"{table}_rest"
        for name in shape.index_names:
            op.execute(f'ALTER INDEX "{name}" RENAME TO "{rest}_{name}"')
        op.execute(f'ALTER TABLE "{table}" RENAME TO "{rest}"')
        op.execute(f'CREATE TABLE "{table}" (LIKE "{rest}" INCLUDING DEFAULTS) PARTITION BY RANGE ("{by}")')
        if by not in shape.key:  # a parted table's keys hold what it is parted by
            op.execute(f'ALTER TABLE "{rest}" DROP CONSTRAINT "{rest}_{shape.key_name}"')
        shape.build(table, [*shape.key, *([] if by in shape.key else [by])])
        op.execute(f'ALTER TABLE "{table}" ATTACH PARTITION "{rest}" DEFAULT')
        _own_sequence(table, shape)


def downgrade() -> None:
    """One table again, with all rows."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, by in BY.items():
        shape = _Shape(table)
        for name in shape.index_names:
            op.execute(f'ALTER INDEX "{name}" RENAME TO "parted_{name}"')
        op.execute(f'ALTER TABLE "{table}" RENAME TO "parted"')
        op.execute(f'CREATE TABLE "{table}" (LIKE "parted" INCLUDING DEFAULTS)')
        op.execute(f'INSERT INTO "{table}" SELECT * FROM "parted"')
        _own_sequence(table, shape)
        op.execute('DROP TABLE "parted"')
        shape.build(table, [name for name in shape.key if name != by or table not in ("visit", "product_stop")])


class _Shape:
    """Keys and indexes of a table, as they were before."""

    def __init__(self, table: str) -> None:
        looked = sa.inspect(op.get_bind())
        key: Any = looked.get_pk_constraint(table)
        self.key_name, self.key = str(key["name"]), [str(name) for name in key["constrained_columns"]]
        self._unique: list[tuple[Any, Any]] = [
            (one["name"], one["column_names"]) for one in looked.get_unique_constraints(table)
        ]
        named = {name for name, _ in self._unique}
        self._indexes: list[tuple[Any, Any]] = [
            (i["name"], i["column_names"]) for i in looked.get_indexes(table) if i["name"] not in named
        ]
        self.index_names = [self.key_name, *(n for n, _ in self._unique), *(n for n, _ in self._indexes)]

    def build(self, table: str, key: list[str]) -> None:
        """The same on another table; names are free again by then."""
        op.execute(f'ALTER TABLE "{table}" ADD CONSTRAINT "{table}_pkey" PRIMARY KEY ({_listed(key)})')
        for name, columns in self._unique:
            op.execute(f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" UNIQUE ({_listed(columns)})')
        for name, columns in self._indexes:
            op.execute(f'CREATE INDEX "{name}" ON "{table}" ({_listed(columns)})')


def _own_sequence(table: str, shape: _Shape) -> None:
    """Rows that the database numbers go on being numbered when the old table goes."""
    if shape.key[0] == "id":
        op.execute(f'ALTER SEQUENCE "{table}_id_seq" OWNED BY "{table}"."id"')


def _listed(columns: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)
