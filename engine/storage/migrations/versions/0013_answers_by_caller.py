"""Answers kept for repeats are counted by whose they are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the caller. What is there already has none, and is forgotten within a day."""
    op.add_column("idempotency", sa.Column("caller", sa.String(), nullable=False, server_default=""))
    op.create_index("ix_idempotency_caller", "idempotency", ["caller", "at"])


def downgrade() -> None:
    """Nobody is counted any more."""
    op.drop_index("ix_idempotency_caller", "idempotency")
    op.drop_column("idempotency", "caller")
