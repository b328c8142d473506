"""How often somebody tried: limits that protect points and money hold over all processes, and over a restart."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has tried yet."""
    op.create_table(
        "attempt_count",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("caller", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("ends_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "caller", "number"),
    )
    op.create_index("ix_attempt_count_ends", "attempt_count", ["ends_at"])


def downgrade() -> None:
    """Each process counts for itself again."""
    op.drop_table("attempt_count")
