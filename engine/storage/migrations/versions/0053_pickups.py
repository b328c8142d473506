"""Readers of shop events, each with its own position; orders that wait in a store."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0051"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds two empty tables: orders that are ready by now are read from the start."""
    op.create_index("ix_shop_event_received", "shop_event", ["kind", "received_at"])
    op.create_table(
        "shop_reading",
        sa.Column("reader", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("reader", "source", "kind", "id"),
    )
    op.create_index("ix_shop_reading_received", "shop_reading", ["reader", "received_at"])
    op.create_table(
        "pickup",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("code_hmac", sa.String(), nullable=False),
        sa.Column("ready_at", sa.Double(), nullable=False),
        sa.Column("shopper_id", sa.String(), nullable=False),
        sa.Column("arrived_at", sa.Double(), nullable=True),
        sa.Column("told_at", sa.Double(), nullable=True),
        sa.Column("handed_at", sa.Double(), nullable=True),
        sa.Column("handed_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("source", "order_id"),
        sa.UniqueConstraint("code_hmac"),
    )
    op.create_index("ix_pickup_store", "pickup", ["store", "state"])
    op.create_index("ix_pickup_untold", "pickup", ["state", "told_at"])
    op.create_index("ix_pickup_shopper", "pickup", ["shopper_id"])


def downgrade() -> None:
    """Who handed what over is lost; the orders' events stay."""
    op.drop_table("pickup")
    op.drop_table("shop_reading")
    op.drop_index("ix_shop_event_received", "shop_event")
