"""Openings of shared links are judged: what they showed, their score, and what was said of those put aside."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_ROWID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Openings so far showed nothing and are judged by nothing. The hold of each is found by its key as before."""
    for column in (
        sa.Column("address_digest", sa.String(), nullable=True),
        sa.Column("own_signals", sa.Text(), nullable=False, server_default="[]"),
        sa.Column("signals", sa.Text(), nullable=False, server_default="{}"),
        sa.Column("score", sa.Double(), nullable=False, server_default="0"),
        sa.Column("tapped_at", sa.Double(), nullable=True),
        sa.Column("reviewed_at", sa.Double(), nullable=True),
        sa.Column("hold_key", sa.String(), nullable=True),
    ):
        op.add_column("share_visit", column)
    op.create_index("ix_share_visit_address", "share_visit", ["member_id", "address_digest"])
    op.create_index("ix_share_visit_hold", "share_visit", ["hold_key"])
    op.create_table(
        "share_review",
        sa.Column("id", _ROWID, primary_key=True, autoincrement=True),
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("signals", sa.Text(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_share_review_visit", "share_review", ["visit_id"])
    guard("share_review")


def downgrade() -> None:
    """Points that wait for a review become available at their time."""
    op.execute("UPDATE ledger_hold SET state = 'held' WHERE state = 'review'")
    op.execute("UPDATE share_visit SET outcome = 'rewarded' WHERE outcome = 'review'")
    op.drop_table("share_review")
    op.drop_index("ix_share_visit_hold", "share_visit")
    op.drop_index("ix_share_visit_address", "share_visit")
    for name in ("hold_key", "reviewed_at", "tapped_at", "score", "signals", "own_signals", "address_digest"):
        op.drop_column("share_visit", name)


def guard(table: str) -> None:
    """Triggers that refuse change, as on the ledger."""
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
