"""What was told of coupons by hour, in whole ks, and what waits of each figure."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled at the first look, out of the rows that are there."""
    op.create_table(
        "coupon_hour",
        sa.Column("store", sa.String(), primary_key=True),
        sa.Column("hour_start", sa.Double(), primary_key=True),
        sa.Column("figure", sa.String(), primary_key=True),
        sa.Column("n", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "coupon_wait",
        sa.Column("store", sa.String(), primary_key=True),
        sa.Column("figure", sa.String(), primary_key=True),
        sa.Column("since", sa.Double(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("counted", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    """What was told can be told again."""
    op.drop_table("coupon_wait")
    op.drop_table("coupon_hour")
