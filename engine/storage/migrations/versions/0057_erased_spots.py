"""Which of their own hot spots shoppers erased, so that none comes back from the same visits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0055"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Adds an empty table."""
    op.create_table(
        "erased_spot",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("shopper_id", sa.String(), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_erased_spot_shopper", "erased_spot", ["shopper_id", "store"])


def downgrade() -> None:
    """Erased spots come back."""
    op.drop_table("erased_spot")
