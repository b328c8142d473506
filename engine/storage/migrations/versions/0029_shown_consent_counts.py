"""What was let out of the counts of answers, which moves by k people and no fewer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing was let out yet."""
    with op.batch_alter_table("consent_count") as table:
        table.add_column(sa.Column("shown", sa.BigInteger(), nullable=False, server_default="0"))


def downgrade() -> None:
    """The counts themselves stay."""
    with op.batch_alter_table("consent_count") as table:
        table.drop_column("shown")
