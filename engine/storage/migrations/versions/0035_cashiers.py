"""A redemption says who was at the till."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of what was redeemed before nobody knows."""
    op.add_column("redemption", sa.Column("cashier", sa.String(), nullable=False, server_default=""))
    op.create_index("ix_redemption_store", "redemption", ["store", "redeemed_at"])


def downgrade() -> None:
    """Names are lost."""
    op.drop_index("ix_redemption_store", "redemption")
    op.drop_column("redemption", "cashier")
