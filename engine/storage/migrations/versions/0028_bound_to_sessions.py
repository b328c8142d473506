"""What a sign-in leaves behind ends with its session: the memory of repeats, and where the browser is pushed to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None
TABLES = ("idempotency", "push_subscription")


def upgrade() -> None:
    """Adds the session. What is there already has none. Remembered sign-ins name no session, and are forgotten."""
    for table in TABLES:
        op.add_column(table, sa.Column("session_id", sa.String(), nullable=False, server_default=""))
        op.create_index(f"ix_{table}_session", table, ["session_id"])
    op.add_column("idempotency", sa.Column("salt", sa.String(), nullable=False, server_default=""))
    op.execute("DELETE FROM idempotency WHERE scope LIKE 'portal %' OR scope LIKE '%/v1/sessions'")


def downgrade() -> None:
    """Nothing is bound to a session any more."""
    op.drop_column("idempotency", "salt")
    for table in TABLES:
        op.drop_index(f"ix_{table}_session", table)
        op.drop_column(table, "session_id")
