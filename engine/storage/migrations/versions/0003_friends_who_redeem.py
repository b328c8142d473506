"""Held points know which friend would release them sooner, and by using which deal."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds both columns, empty: what is held already waits for its time."""
    op.add_column("ledger_hold", sa.Column("friend", sa.String(), nullable=True))
    op.add_column("ledger_hold", sa.Column("deal", sa.String(), nullable=True))
    op.create_index("ix_ledger_hold_friend", "ledger_hold", ["friend"])


def downgrade() -> None:
    """Held points wait for their time again."""
    op.drop_index("ix_ledger_hold_friend", "ledger_hold")
    op.drop_column("ledger_hold", "deal")
    op.drop_column("ledger_hold", "friend")
