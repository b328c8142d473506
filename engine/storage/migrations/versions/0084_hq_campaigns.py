"""Campaigns that HQ writes for several stores, and which of the stores' own came of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0084"
down_revision = "0083"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Empty: what runs today is the stores' own."""
    op.create_table(
        "hq_campaign",
        sa.Column("campaign_id", sa.String(), primary_key=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("budgeted", sa.Boolean(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
    )
    op.create_table(
        "hq_instance",
        sa.Column("store", sa.String(), primary_key=True),
        sa.Column("campaign_id", sa.String(), primary_key=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("given", sa.Text(), nullable=False),
    )
    op.create_index("ix_hq_instance_campaign", "hq_instance", ["campaign_id"])


def downgrade() -> None:
    """The stores' campaigns stay, as their own; nothing holds what they spend together any more."""
    op.drop_table("hq_instance")
    op.drop_table("hq_campaign")
