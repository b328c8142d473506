"""Codes that shoppers' cards show at the till."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds an empty table."""
    op.create_table(
        "card_code",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("shopper_id", sa.String(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("till", sa.String(), nullable=False),
        sa.Column("bought", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("ix_card_code_shopper", "card_code", ["shopper_id"])
    op.create_index("ix_card_code_step", "card_code", ["step"])


def downgrade() -> None:
    """Codes that are shown are good no more: phones show others in a moment."""
    op.drop_table("card_code")
