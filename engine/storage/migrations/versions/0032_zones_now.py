"""In which zones a shopper is now, beside where: what the engine holds of who is in the shop can be shown to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Rows live for ten minutes: those of before say no zones."""
    with op.batch_alter_table("last_place") as table:
        table.add_column(sa.Column("zones", sa.Text(), nullable=False, server_default="[]"))


def downgrade() -> None:
    """The places stay."""
    with op.batch_alter_table("last_place") as table:
        table.drop_column("zones")
