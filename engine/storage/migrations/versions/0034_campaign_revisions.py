"""Every version of a campaign is kept, with who wrote it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What runs today is the first version that is known of each; nobody knows who wrote it."""
    op.create_table(
        "campaign_revision",
        sa.Column("store", sa.String(), primary_key=True),
        sa.Column("campaign_id", sa.String(), primary_key=True),
        sa.Column("version", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
    )
    op.execute(
        'INSERT INTO campaign_revision (store, campaign_id, version, state, spec, "by", at) '
        "SELECT store, campaign_id, version, state, spec, '', updated_at FROM campaign"
    )


def downgrade() -> None:
    """The newest version stands in the campaign's own row."""
    op.drop_table("campaign_revision")
