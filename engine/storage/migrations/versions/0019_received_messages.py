"""Digests of messages that receivers took, shared by all processes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds an empty table: what was taken before was known to one process for a quarter of an hour."""
    op.create_table(
        "received",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("ix_received_at", "received", ["at"])


def downgrade() -> None:
    """Everything may come once more."""
    op.drop_table("received")
