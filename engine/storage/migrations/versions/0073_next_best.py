"""What each store has learnt of which product fits whom."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0073"
down_revision = "0072"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds an empty table."""
    op.create_table(
        "next_best",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("learnt_at", sa.Double(), nullable=False),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("store"),
    )


def downgrade() -> None:
    """Models are learnt anew."""
    op.drop_table("next_best")
