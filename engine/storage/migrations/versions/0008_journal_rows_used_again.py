"""Journal rows are numbered by their store and written over once a checkpoint holds them: one page a batch."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None
_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Moves what is there into rows whose place is no longer their order; the order is `seq`, without an index."""
    op.create_table(
        "journal_rows",
        sa.Column("slot", _ROW_ID, nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("now", sa.Double(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("slot"),
    )
    op.execute("INSERT INTO journal_rows (store, seq, now, payload) SELECT store, id, now, payload FROM journal")
    op.drop_table("journal")
    op.rename_table("journal_rows", "journal")


def downgrade() -> None:
    """Rows are numbered by the table again. Not yet worked off are only those that no checkpoint holds."""
    op.rename_table("journal", "journal_rows")
    op.create_table(
        "journal",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("now", sa.Double(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.execute("INSERT INTO journal (id, store, now, payload) SELECT seq, store, now, payload FROM journal_rows")
    op.create_index("ix_journal_store_id", "journal", ["store", "id"])
    op.drop_table("journal_rows")
