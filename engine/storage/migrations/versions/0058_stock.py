"""Stock by store, product and variant with its time, and what shop systems call products in their stock."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds two empty tables, and a counter to each store."""
    op.create_table(
        "stock_level",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("variant", sa.String(), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("quantity_milli", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "item", "variant", "store"),
    )
    op.create_index("ix_stock_level_item", "stock_level", ["item"])
    op.create_table(
        "stock_item",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("entry", sa.String(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("variant", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("source", "entry"),
    )
    op.create_index("ix_stock_item_sku", "stock_item", ["sku"])
    op.create_index("ix_stock_item_product", "stock_item", ["product"])
    op.create_index("ix_stock_item_item", "stock_item", ["source", "item"])
    with op.batch_alter_table("store_version") as batch:
        batch.add_column(sa.Column("stock", sa.BigInteger(), nullable=False, server_default="0"))


def downgrade() -> None:
    """Stock is forgotten; what shop systems told of it stays among their events."""
    with op.batch_alter_table("store_version") as batch:
        batch.drop_column("stock")
    op.drop_table("stock_item")
    op.drop_table("stock_level")
