"""Shoppers may have their data kept and nothing done with it, and may object to statistics."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has asked for either."""
    with op.batch_alter_table("shopper") as shopper:
        shopper.add_column(sa.Column("restricted_at", sa.Double(), nullable=True))
        shopper.add_column(sa.Column("objected_at", sa.Double(), nullable=True))


def downgrade() -> None:
    """Who had their data restricted, or objected, has to ask again."""
    with op.batch_alter_table("shopper") as shopper:
        shopper.drop_column("objected_at")
        shopper.drop_column("restricted_at")
