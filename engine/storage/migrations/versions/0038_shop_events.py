"""What shop systems tell: orders, purchases, returns, views, baskets, stock, catalogue; and messages held for later."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Adds two empty tables."""
    op.create_table(
        "shop_event",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("received_at", sa.Double(), nullable=False),
        sa.Column("of", sa.String(), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("card", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", "kind", "id"),
    )
    op.create_index("ix_shop_event_email", "shop_event", ["email"])
    op.create_index("ix_shop_event_card", "shop_event", ["card"])
    op.create_index("ix_shop_event_account", "shop_event", ["account"])
    op.create_index("ix_shop_event_of", "shop_event", ["source", "kind", "of"])
    op.create_index("ix_shop_event_at", "shop_event", ["kind", "at"])
    op.create_table(
        "shop_held",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("received_at", sa.Double(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_shop_held_source", "shop_held", ["source", "received_at"])


def downgrade() -> None:
    """What shop systems told is lost."""
    op.drop_table("shop_held")
    op.drop_table("shop_event")
