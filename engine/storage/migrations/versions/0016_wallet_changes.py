"""News of coupons for the pages that show them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.storage.models.rowid import RowId

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds an empty table."""
    op.create_table(
        "wallet_change",
        sa.Column("change_id", RowId, nullable=False),
        sa.Column("shopper_id", sa.String(), nullable=False),
        sa.Column("voucher_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("change_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_wallet_change_shopper", "wallet_change", ["shopper_id"])
    op.create_index("ix_wallet_change_at", "wallet_change", ["at"])


def downgrade() -> None:
    """Open pages learn of nothing any more before they ask."""
    op.drop_table("wallet_change")
