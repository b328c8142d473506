"""On which channels a voucher may be used, until when it is kept for the web, and on which it was used."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """All that was issued and used so far was so in stores."""
    op.add_column("voucher", sa.Column("channels", sa.String(), nullable=False, server_default="store"))
    op.add_column("voucher", sa.Column("web_until", sa.Double(), nullable=True))
    op.add_column("redemption", sa.Column("channel", sa.String(), nullable=False, server_default="store"))


def downgrade() -> None:
    """Where something was used is lost."""
    op.drop_column("redemption", "channel")
    op.drop_column("voucher", "web_until")
    op.drop_column("voucher", "channels")
