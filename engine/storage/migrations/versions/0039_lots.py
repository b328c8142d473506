"""Lots of points with their ends, and what purchases earned and returns took back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

_ROWID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_GUARDED = ("loyalty_purchase", "loyalty_return")


def upgrade() -> None:
    """Points earned so far are in no lot and have no end: they are spent last."""
    op.add_column("ledger_entry", sa.Column("expires_at", sa.Double(), nullable=True))
    op.create_index("ix_ledger_entry_expires", "ledger_entry", ["expires_at"])
    op.add_column("ledger_posting", sa.Column("lot", sa.String(), nullable=False, server_default=""))
    op.create_index("ix_ledger_posting_lot", "ledger_posting", ["programme", "lot", "account", "amount"])
    op.create_table(
        "loyalty_purchase",
        sa.Column("id", _ROWID, primary_key=True, autoincrement=True),
        sa.Column("purchase_id", sa.String(), nullable=False),
        sa.Column("programme", sa.String(), nullable=False),
        sa.Column("member", sa.String(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("earned_key", sa.String(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.UniqueConstraint("purchase_id", name="uq_loyalty_purchase"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_loyalty_purchase_member", "loyalty_purchase", ["member", "at"])
    op.create_table(
        "loyalty_return",
        sa.Column("id", _ROWID, primary_key=True, autoincrement=True),
        sa.Column("return_id", sa.String(), nullable=False),
        sa.Column("purchase_id", sa.String(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.UniqueConstraint("return_id", name="uq_loyalty_return"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_loyalty_return_purchase", "loyalty_return", ["purchase_id"])
    for table in _GUARDED:
        _guard(table)


def downgrade() -> None:
    """Points stay, and nobody knows their lots any more."""
    for table in reversed(_GUARDED):
        op.drop_table(table)
    op.drop_index("ix_ledger_posting_lot", "ledger_posting")
    op.drop_index("ix_ledger_entry_expires", "ledger_entry")
    op.drop_column("ledger_posting", "lot")
    op.drop_column("ledger_entry", "expires_at")


def _guard(table: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION rayon_append_only()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
