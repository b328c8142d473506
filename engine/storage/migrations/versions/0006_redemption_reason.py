"""A redemption says whether the law allowed less than its voucher promised."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the reason; what was redeemed before was given as promised."""
    op.add_column("redemption", sa.Column("reason", sa.String(), nullable=False, server_default="ok"))


def downgrade() -> None:
    """Reasons are lost."""
    op.drop_column("redemption", "reason")
