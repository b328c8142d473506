"""What is told of campaigns' budgets: coupons in whole ks, and the sum of money that went with them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0087"
down_revision = "0086"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Empty: it is told at the first look."""
    op.create_table(
        "campaign_told",
        sa.Column("store", sa.String(), primary_key=True),
        sa.Column("campaign_id", sa.String(), primary_key=True),
        sa.Column("vouchers", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
    )


def downgrade() -> None:
    """What was told is forgotten; budgets are counted as before."""
    op.drop_table("campaign_told")
