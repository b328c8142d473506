"""What shops told and the ledger waits for, corrections of purchases and returns, and how far jobs have come."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0047"
branch_labels = None
depends_on = None

_ROWID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WAITING = sa.text("taken < version")


def upgrade() -> None:
    """Adds three empty tables. Of purchases known so far the tier is not known: corrections take it for none."""
    op.add_column("loyalty_purchase", sa.Column("tier", sa.String(), nullable=False, server_default=""))
    op.add_column("loyalty_return", sa.Column("earned_key", sa.String(), nullable=False, server_default=""))
    op.create_table(
        "loyalty_correction",
        sa.Column("id", _ROWID, primary_key=True, autoincrement=True),
        sa.Column("purchase_id", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("earned_key", sa.String(), nullable=False),
        sa.UniqueConstraint("purchase_id", "version", name="uq_loyalty_correction"),
        sqlite_autoincrement=True,
    )
    _guard("loyalty_correction")
    op.create_table(
        "loyalty_wait",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("retry_at", sa.Double(), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("source", "kind", "id"),
    )
    op.create_index("ix_loyalty_wait_retry", "loyalty_wait", ["retry_at"])
    op.create_table(
        "loyalty_cursor",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_index(
        "ix_shop_event_waiting", "shop_event", ["kind", "at"], sqlite_where=_WAITING, postgresql_where=_WAITING
    )


def downgrade() -> None:
    """What was posted stays posted; what waited is forgotten."""
    op.drop_index("ix_shop_event_waiting", "shop_event")
    op.drop_table("loyalty_cursor")
    op.drop_table("loyalty_wait")
    op.drop_table("loyalty_correction")
    op.drop_column("loyalty_return", "earned_key")
    op.drop_column("loyalty_purchase", "tier")


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
