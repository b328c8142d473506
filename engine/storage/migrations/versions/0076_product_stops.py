"""Where shoppers stopped who agreed that their visits and their shopping online are put together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0076"
down_revision = "0073"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Adds an empty table: what was before cannot be told any more."""
    op.create_table(
        "product_stop",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("shopper_id", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("chance", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_product_stop_shopper", "product_stop", ["shopper_id", "at"])
    op.create_index("ix_product_stop_at", "product_stop", ["store", "at"])


def downgrade() -> None:
    """Stops are forgotten."""
    op.drop_table("product_stop")
