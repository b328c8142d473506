"""Which segments a shopper belongs to, from when to when; when that is worked out again; how many people are told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds three empty tables. Shoppers who are there already are looked at once the site declares a segment."""
    op.create_table(
        "segment_span",
        sa.Column("shopper_id", sa.String(), nullable=False),
        sa.Column("segment", sa.String(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("shopper_id", "segment", "since"),
    )
    op.create_index("ix_segment_span_segment", "segment_span", ["segment", "until"])
    op.create_table(
        "segment_look",
        sa.Column("shopper_id", sa.String(), nullable=False),
        sa.Column("next_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("shopper_id"),
    )
    op.create_index("ix_segment_look_next", "segment_look", ["next_at"])
    op.create_table(
        "segment_count",
        sa.Column("segment", sa.String(), nullable=False),
        sa.Column("shown", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("segment"),
    )


def downgrade() -> None:
    """They are worked out anew, and told from nought."""
    op.drop_table("segment_count")
    op.drop_table("segment_look")
    op.drop_table("segment_span")
