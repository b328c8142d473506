"""Heat by hour and level in one value, hours of zones and flows in their keys' index alone, and a stamp of figures."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import numpy as np
import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0045"
branch_labels = None
depends_on = None

_BY_HOUR = ("zone_hour", "zone_flow", "zone_expected")
_AT_ONCE = 500
_STREAMED = {"yield_per": 5_000}  # a year of a supermarket is millions of rows


def upgrade() -> None:
    """Nothing of the figures changes. SQLite keeps the room of the old rows for new ones."""
    op.create_table(
        "figures_stamp",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("changes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("store"),
    )
    op.rename_table("heat", "heat_before")
    _create_heat(sa.Column("squares", sa.LargeBinary(), nullable=False), key=())
    _fill("heat", "store, hour_start, level, squares", ({**of, "squares": _pack(rows)} for of, rows in _read_rows()))
    op.drop_table("heat_before")
    _with_rowid(False)


def downgrade() -> None:
    """The same figures, a row for each square."""
    _with_rowid(True)
    op.rename_table("heat", "heat_before")
    places: list[sa.Column[Any]] = [sa.Column(name, sa.Integer(), nullable=False) for name in ("col", "row")]
    figures: list[sa.Column[Any]] = [sa.Column(name, sa.Double(), nullable=False) for name in ("person_s", "fixes")]
    _create_heat(*places, *figures, key=("col", "row"))
    _fill("heat", "store, hour_start, level, col, row, person_s, fixes", _unpacked())
    op.drop_table("heat_before")
    op.drop_table("figures_stamp")


def _create_heat(*columns: sa.Column[Any], key: tuple[str, ...]) -> None:
    op.create_table(
        "heat",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("hour_start", sa.Double(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        *columns,
        # named, as on PostgreSQL the table that is replaced still has the name it would get
        sa.PrimaryKeyConstraint("store", "hour_start", "level", *key, name="pk_heat_rows" if key else "pk_heat"),
    )


def _read_rows() -> Iterator[tuple[dict[str, Any], list[Any]]]:
    rows = op.get_bind().execute(
        sa.text(
            'SELECT store, hour_start, level, "row", col, person_s, fixes FROM heat_before '
            'ORDER BY store, hour_start, level, "row", col'
        ),
        execution_options=_STREAMED,
    )
    for (store, hour, level), of in groupby(rows, key=lambda r: tuple(r[:3])):
        yield {"store": store, "hour_start": hour, "level": level}, [r[3:] for r in of]


def _pack(rows: list[Any]) -> bytes:
    row, col, person_s, fixes = zip(*rows, strict=True)
    places = [np.diff(np.array(at, np.int64), prepend=0).astype("<i4").tobytes() for at in (row, col)]
    figures = [np.array(values, "<f8").tobytes() for values in (person_s, fixes)]
    return zlib.compress(b"".join((*places, *figures)), 1)


def _unpacked() -> Iterator[dict[str, Any]]:
    for store, hour, level, stored in op.get_bind().execute(
        sa.text("SELECT store, hour_start, level, squares FROM heat_before"), execution_options=_STREAMED
    ):
        raw = zlib.decompress(stored)
        n = len(raw) // 24
        row, col = np.frombuffer(raw, "<i4", 2 * n).reshape(2, n).cumsum(axis=1).tolist()
        person_s, fixes = np.frombuffer(raw, "<f8", 2 * n, offset=8 * n).reshape(2, n).tolist()
        for values in zip(col, row, person_s, fixes, strict=True):
            named = zip(("col", "row", "person_s", "fixes"), values, strict=True)
            yield {"store": store, "hour_start": hour, "level": level, **dict(named)}


def _fill(table: str, names: str, rows: Iterator[dict[str, Any]]) -> None:
    quoted = ", ".join(f'"{name}"' for name in names.split(", "))
    insert = sa.text(f"INSERT INTO {table} ({quoted}) VALUES ({', '.join(f':{n}' for n in names.split(', '))})")
    waiting: list[dict[str, Any]] = []
    for row in rows:
        waiting.append(row)
        if len(waiting) >= _AT_ONCE:
            op.get_bind().execute(insert, waiting)
            waiting = []
    if waiting:
        op.get_bind().execute(insert, waiting)


def _with_rowid(with_rowid: bool) -> None:
    """SQLite makes a table with or without its own number of rows; PostgreSQL knows no such thing."""
    if op.get_bind().dialect.name != "sqlite":
        return
    for table in _BY_HOUR:
        with op.batch_alter_table(table, recreate="always", table_kwargs={"sqlite_with_rowid": with_rowid}):
            pass
