"""From when on a store's figures are of which zones."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds an empty table: what was before is of a plan that nobody noted."""
    op.create_table(
        "plan_version",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("zones", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("store", "since"),
    )


def downgrade() -> None:
    """The dates are gone."""
    op.drop_table("plan_version")
