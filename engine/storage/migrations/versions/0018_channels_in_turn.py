"""A message goes from channel to channel; phones may be pushed to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Messages that wait have no other channel to go to."""
    op.add_column("delivery", sa.Column("route", sa.String(), nullable=False, server_default=""))
    op.add_column("delivery", sa.Column("until", sa.Double(), nullable=False, server_default="0"))
    op.add_column("delivery", sa.Column("sent_at", sa.Double(), nullable=True))
    op.add_column("delivery", sa.Column("held", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("delivery", sa.Column("retract", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("delivery", sa.Column("reason", sa.String(), nullable=False, server_default=""))
    op.create_index("ix_delivery_retract", "delivery", ["retract"])
    op.create_table(
        "push_subscription",
        sa.Column("subscription_id", sa.String(), nullable=False),
        sa.Column("shopper_id", sa.String(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("p256dh", sa.String(), nullable=False),
        sa.Column("auth", sa.String(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("subscription_id"),
    )
    op.create_index("ix_push_subscription_shopper", "push_subscription", ["shopper_id", "seen_at"])
    op.create_table(
        "push_key",
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("public", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key_id"),
    )


def downgrade() -> None:
    """Nobody is pushed to; what waits for another channel than the page ends by itself."""
    op.drop_table("push_key")
    op.drop_table("push_subscription")
    op.drop_index("ix_delivery_retract", "delivery")
    for name in ("reason", "retract", "held", "sent_at", "until", "route"):
        op.drop_column("delivery", name)
