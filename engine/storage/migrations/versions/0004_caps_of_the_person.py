"""What was given to a phone is remembered under a keyed digest, for as long as a cap looks: a week."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the table, empty: what was given before counts for its profile only, as it did."""
    op.create_table(
        "cap_count",
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("slot", sa.String(), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("visit", sa.String(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("person", "slot"),
    )
    op.create_index("ix_cap_count_slot", "cap_count", ["slot"])
    op.create_index("ix_cap_count_at", "cap_count", ["at"])


def downgrade() -> None:
    """Caps count profiles again."""
    op.drop_table("cap_count")
