"""Orders that shoppers asked the e-shop for, from the shelf or with a clerk."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds an empty table."""
    op.create_table(
        "asked_order",
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("shopper_id", sa.String(), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("variant", sa.String(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("to_store", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("asked_at", sa.Double(), nullable=False),
        sa.Column("changed_at", sa.Double(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("request_id"),
    )
    op.create_index("ix_asked_order_shopper", "asked_order", ["shopper_id"])
    op.create_index("ix_asked_order_due", "asked_order", ["state", "not_before"])
    op.create_index("ix_asked_order_store", "asked_order", ["store", "asked_at"])
    op.create_index("ix_asked_order_at", "asked_order", ["asked_at"])


def downgrade() -> None:
    """Requests are forgotten; the e-shop's orders stay."""
    op.drop_table("asked_order")
