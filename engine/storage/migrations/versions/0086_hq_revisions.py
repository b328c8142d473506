"""The versions of HQ's campaigns, who approved them, and which wait for a second person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0086"
down_revision = "0084"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What stands is the first version that is kept, and waits for nobody."""
    op.create_table(
        "hq_revision",
        sa.Column("campaign_id", sa.String(), primary_key=True),
        sa.Column("version", sa.BigInteger(), primary_key=True),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=False, server_default=""),
        sa.Column("approved_at", sa.Double(), nullable=True),
    )
    columns = 'campaign_id, version, spec, "by", at'
    op.execute(sa.text(f"INSERT INTO hq_revision ({columns}) SELECT {columns} FROM hq_campaign"))
    op.add_column("hq_campaign", sa.Column("waits", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Older versions are forgotten."""
    op.drop_column("hq_campaign", "waits")
    op.drop_table("hq_revision")
