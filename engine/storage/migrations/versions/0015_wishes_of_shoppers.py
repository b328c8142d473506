"""What shoppers mute, and how often and when they want to hear of offers at all."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds two empty tables."""
    op.create_table(
        "mute",
        sa.Column("shopper_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("shopper_id", "kind", "store", "name"),
    )
    op.create_table(
        "wish",
        sa.Column("shopper_id", sa.String(), nullable=False),
        sa.Column("per_day", sa.Integer(), nullable=True),
        sa.Column("per_week", sa.Integer(), nullable=True),
        sa.Column("quiet_from", sa.String(), nullable=True),
        sa.Column("quiet_to", sa.String(), nullable=True),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("shopper_id"),
    )


def downgrade() -> None:
    """Everybody hears of everything again."""
    op.drop_table("wish")
    op.drop_table("mute")
