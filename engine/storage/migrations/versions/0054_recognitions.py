"""Shoppers who chose to be known to a store's staff for a visit, and what clerks wrote down."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Adds two empty tables."""
    op.create_table(
        "recognition",
        sa.Column("recognition_id", sa.String(), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("shopper_id", sa.String(), nullable=False),
        sa.Column("chosen_at", sa.Double(), nullable=False),
        sa.Column("ends_at", sa.Double(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("recognition_id"),
        sa.UniqueConstraint("store", "shopper_id", name="uq_recognition"),
    )
    op.create_table(
        "staff_note",
        sa.Column("note_id", _ROW_ID, nullable=False),
        sa.Column("shopper_id", sa.String(), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("note_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_staff_note_shopper", "staff_note", ["shopper_id", "store"])


def downgrade() -> None:
    """Notes are lost, and nobody is known to the staff any more."""
    op.drop_table("staff_note")
    op.drop_table("recognition")
