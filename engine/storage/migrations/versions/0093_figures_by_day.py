"""Figures by the day of the store's calendar, beside those by the hour: a year is read in hundreds of rows a zone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0093"
down_revision = "0092"
branch_labels = None
depends_on = None

EXPECTED = (
    *("person_s", "visits", "dwell_s", "ambiguous_s", "visits_var", "dwell_var", "cross_var"),
    *("visits_sq", "dwell_sq", "cross_sq"),
)


def upgrade() -> None:
    """Empty: housekeeping adds up the days that are there within its first hour, and until then hours are read."""
    op.create_table(
        "figures_day",
        *_key("day_start"),
        sa.Column("day_end", sa.Double(), nullable=False),
    )
    op.create_table("heat_day", *_key("day_start", "level"), sa.Column("squares", sa.LargeBinary(), nullable=False))
    op.create_table(
        "zone_day",
        *_key("day_start", "zone"),
        sa.Column("person_s", sa.Double(), nullable=False),
        sa.Column("visits", sa.BigInteger(), nullable=False),
        sa.Column("dwell_s_sum", sa.Double(), nullable=False),
        sa.Column("persons_peak", sa.Double(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "zone_expected_day",
        *_key("day_start", "zone"),
        *(sa.Column(name, sa.Double(), nullable=False) for name in EXPECTED),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "zone_flow_day",
        *_key("day_start", "from_zone", "to_zone"),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )


def _key(*names: str) -> list[sa.Column[object]]:
    return [
        sa.Column(name, sa.Double() if name == "day_start" else sa.String(), primary_key=True)
        for name in ("store", *names)
    ]


def downgrade() -> None:
    """Nothing is lost: the hours are all there."""
    for table in ("zone_flow_day", "zone_expected_day", "zone_day", "heat_day", "figures_day"):
        op.drop_table(table)
