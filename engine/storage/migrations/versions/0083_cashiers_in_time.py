"""Uses of coupons that still say who was at the till are found by their age."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0083"
down_revision = "0082"
branch_labels = None
depends_on = None
NAMED = sa.text("cashier <> ''")


def upgrade() -> None:
    """Names that are older than `retention.cashiers_days` go at the next run of the retention."""
    op.create_index("ix_redemption_cashier", "redemption", ["redeemed_at"], sqlite_where=NAMED, postgresql_where=NAMED)


def downgrade() -> None:
    """What was forgotten stays forgotten."""
    op.drop_index("ix_redemption_cashier", "redemption")
