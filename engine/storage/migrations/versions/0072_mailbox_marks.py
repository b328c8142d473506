"""Mailboxes to which nothing goes any more: mail came back, or its reader complained."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0072"
down_revision = "0071"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds an empty table."""
    op.create_table(
        "mailbox_mark",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("digest", "kind"),
    )
    op.create_index("ix_mailbox_mark_at", "mailbox_mark", ["at"])


def downgrade() -> None:
    """Mail goes to these mailboxes again."""
    op.drop_table("mailbox_mark")
