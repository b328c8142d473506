"""Where linked shoppers were a moment ago."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds an empty table."""
    op.create_table(
        "last_place",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("shopper_id", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("x_m", sa.Double(), nullable=False),
        sa.Column("y_m", sa.Double(), nullable=False),
        sa.Column("sigma_m", sa.Double(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("store", "shopper_id"),
    )
    op.create_index("ix_last_place_at", "last_place", ["at"])
    op.create_index("ix_last_place_shopper", "last_place", ["shopper_id"])


def downgrade() -> None:
    """Pages show the product without the way."""
    op.drop_table("last_place")
