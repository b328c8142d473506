"""What labels taught a radio map outlives the day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Engines fill it with their next lesson."""
    op.create_table(
        "taught",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("layout", sa.String(), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=False),
        sa.Column("saved_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("store"),
    )


def downgrade() -> None:
    """Stores learn from new labels."""
    op.drop_table("taught")
