"""Purchases whose points moved to another buyer, as a later version of the receipt named them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0062"
down_revision = "0059"
branch_labels = None
depends_on = None

_ROWID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Adds an empty table. Of purchases known so far the version that named the buyer is taken for the first: any that
    is told from now on may name another."""
    op.add_column("loyalty_purchase", sa.Column("version", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_table(
        "loyalty_move",
        sa.Column("id", _ROWID, primary_key=True, autoincrement=True),
        sa.Column("purchase_id", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("member", sa.String(), nullable=False),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("earned_key", sa.String(), nullable=False),
        sa.UniqueConstraint("purchase_id", "version", name="uq_loyalty_move"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_loyalty_move_member", "loyalty_move", ["member"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER loyalty_move_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON loyalty_move "
            "FOR EACH STATEMENT EXECUTE FUNCTION rayon_append_only()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER loyalty_move_no_{verb.lower()} BEFORE {verb} ON loyalty_move "
            f"BEGIN SELECT RAISE(ABORT, 'loyalty_move is append-only'); END"
        )


def downgrade() -> None:
    """What moved stays where it is; later versions go by the first buyer."""
    op.drop_table("loyalty_move")
    op.drop_column("loyalty_purchase", "version")
