"""How often the broker had forgotten a shard's session, and when last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0115"
down_revision = "0093"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """None is known of. A node of the version before goes on: it names neither column."""
    op.add_column("shard", sa.Column("sessions_lost", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("shard", sa.Column("session_lost_at", sa.Double(), nullable=True))


def downgrade() -> None:
    """The counts are gone."""
    op.drop_column("shard", "session_lost_at")
    op.drop_column("shard", "sessions_lost")
