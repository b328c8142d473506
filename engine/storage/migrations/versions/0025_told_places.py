"""Places that shoppers tell wait for the engine."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has told any."""
    op.create_table(
        "told_place",
        sa.Column("label_id", sa.String(), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("shopper_id", sa.String(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("x_m", sa.Double(), nullable=True),
        sa.Column("y_m", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("label_id"),
    )
    op.create_index("ix_told_place_store", "told_place", ["store"])
    op.create_index("ix_told_place_shopper_id", "told_place", ["shopper_id"])


def downgrade() -> None:
    """What was told and not taken is lost."""
    op.drop_table("told_place")
