"""Released points know the redemption that released them sooner, so that its return takes them back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds both columns: what was released before stays released."""
    op.add_column("ledger_hold", sa.Column("released_by", sa.String(), nullable=True))
    op.add_column("ledger_hold", sa.Column("taken_back", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_ledger_hold_released_by", "ledger_hold", ["released_by"])


def downgrade() -> None:
    """Returns leave points as they are again."""
    op.drop_index("ix_ledger_hold_released_by", "ledger_hold")
    op.drop_column("ledger_hold", "taken_back")
    op.drop_column("ledger_hold", "released_by")
