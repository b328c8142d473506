"""Which shard has still to let a store go that is another's already: what its session holds for it is nowhere else."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0125"
down_revision = "0120"
branch_labels = None
depends_on = None

OLDER_GO_ON = True
"""A shard of before names nobody and does not say that it let go: that is seen by its lease (`LeaverWatch`)."""


def upgrade() -> None:
    """Stores that move just now name nobody either."""
    op.add_column("shard_store", sa.Column("left_by", sa.Integer(), nullable=True))
    op.create_index("ix_shard_store_left_by", "shard_store", ["left_by"])


def downgrade() -> None:
    """Whoever waits is waited for no more."""
    op.drop_index("ix_shard_store_left_by", "shard_store")
    op.drop_column("shard_store", "left_by")
