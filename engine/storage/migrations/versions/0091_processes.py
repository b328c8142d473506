"""Whose turn a job is, and which pages are open where, for several processes on one database."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0091"
down_revision = "0090"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Empty: processes say within seconds of their start what they have open."""
    op.create_table(
        "job_turn",
        sa.Column("job", sa.String(), primary_key=True),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
    )
    op.create_table(
        "open_page",
        sa.Column("shopper_id", sa.String(), primary_key=True),
        sa.Column("process", sa.String(), primary_key=True),
        sa.Column("until", sa.Double(), nullable=False),
    )
    op.create_index("ix_open_page_until", "open_page", ["until"])


def downgrade() -> None:
    """Nothing of a person's is lost: who has a page open is known anew in a moment."""
    op.drop_table("open_page")
    op.drop_table("job_turn")
