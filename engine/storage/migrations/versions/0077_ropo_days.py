"""What was told of ways between web and store by day, in whole ks, and what waits of each figure."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0077"
down_revision = "0076"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled at the first look, out of the rows that are there."""
    op.create_table(
        "ropo_day",
        sa.Column("store", sa.String(), primary_key=True),
        sa.Column("day_start", sa.Double(), primary_key=True),
        sa.Column("of", sa.String(), primary_key=True),
        sa.Column("figure", sa.String(), primary_key=True),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("ambiguous", sa.Double(), nullable=False),
    )
    op.create_table(
        "ropo_wait",
        sa.Column("store", sa.String(), primary_key=True),
        sa.Column("of", sa.String(), primary_key=True),
        sa.Column("figure", sa.String(), primary_key=True),
        sa.Column("since", sa.Double(), nullable=False),
        sa.Column("n", sa.Double(), nullable=False),
        sa.Column("ambiguous", sa.Double(), nullable=False),
        sa.Column("before", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    """What was told can be told again."""
    op.drop_table("ropo_wait")
    op.drop_table("ropo_day")
