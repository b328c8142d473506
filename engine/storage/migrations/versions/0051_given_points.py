"""Points that other programmes' balances and partners bring, until their owner is known."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds an empty table."""
    op.create_table(
        "given_points",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=True),
        sa.Column("given_at", sa.Double(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("source", "ref"),
    )
    op.create_index("ix_given_points_digest", "given_points", ["digest"])
    op.create_index("ix_given_points_state", "given_points", ["state", "given_at"])


def downgrade() -> None:
    """What was posted stays posted; what waited for its owner is lost."""
    op.drop_table("given_points")
