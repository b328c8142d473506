"""Accounts of e-shops as identifiers: beside which mailbox or card each was named."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds a column, empty for the mailboxes and cards that are there. Accounts come with the next events."""
    op.add_column("identifier", sa.Column("via", sa.String(), nullable=False, server_default=""))
    op.create_index("ix_identifier_via", "identifier", ["via"])


def downgrade() -> None:
    """Accounts are known no more."""
    op.execute("DELETE FROM identifier WHERE kind = 'account'")
    op.drop_index("ix_identifier_via", "identifier")
    op.drop_column("identifier", "via")
