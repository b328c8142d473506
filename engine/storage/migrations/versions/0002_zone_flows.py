"""Transitions from zone to zone by hour."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds an empty table: of the time before, no transitions are known."""
    op.create_table(
        "zone_flow",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("hour_start", sa.Double(), nullable=False),
        sa.Column("from_zone", sa.String(), nullable=False),
        sa.Column("to_zone", sa.String(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("store", "hour_start", "from_zone", "to_zone"),
    )


def downgrade() -> None:
    """Transitions are lost."""
    op.drop_table("zone_flow")
