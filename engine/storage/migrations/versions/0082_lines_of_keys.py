"""A key says which key it was rotated from, so that its holder is the same caller under each of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0082"
down_revision = "0080"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of keys that were rotated before nobody knows whose they followed: each begins a line of its own."""
    op.add_column("access_key", sa.Column("line", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    """Lines are lost: a rotated key is somebody else again."""
    op.drop_column("access_key", "line")
