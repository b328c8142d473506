"""What coupons that were told already were worth, so that money of what comes late is told with the next block."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0080"
down_revision = "0077"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Unknown of what was told before."""
    op.add_column("coupon_wait", sa.Column("counted_amount", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """It is counted anew."""
    with op.batch_alter_table("coupon_wait") as table:
        table.drop_column("counted_amount")
