"""Pages of figures that go to an address every Monday."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Adds an empty table."""
    op.create_table(
        "weekly_report",
        sa.Column("report_id", _ROW_ID, nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("view", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("lang", sa.String(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("report_id"),
        sa.UniqueConstraint("store", "view", "recipient", name="uq_weekly_report"),
    )


def downgrade() -> None:
    """Nobody gets any more."""
    op.drop_table("weekly_report")
