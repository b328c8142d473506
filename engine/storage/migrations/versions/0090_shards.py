"""A cluster's head, nodes and shards, and which store is whose."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0090"
down_revision = "0087"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Empty: one process runs every store until `cluster` is set."""
    op.create_table(
        "cluster_head",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("key_check", sa.String(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
    )
    op.create_table(
        "cluster_node",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("beats", sa.BigInteger(), nullable=False),
        sa.Column("draining", sa.Boolean(), nullable=False),
        sa.Column("trouble", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("cpus", sa.Integer(), nullable=False),
        sa.Column("clock_off_s", sa.Double(), nullable=False),
        sa.Column("disk_free_mib", sa.Double(), nullable=False),
        sa.Column("plans", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
    )
    op.create_table(
        "shard",
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("runs_on", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("beats", sa.BigInteger(), nullable=False),
        sa.Column("lag_s", sa.Double(), nullable=False),
        sa.Column("memory_mib", sa.Double(), nullable=False),
        sa.Column("busy_share", sa.Double(), nullable=False),
        sa.Column("readings", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
    )
    op.create_table(
        "shard_store",
        sa.Column("store", sa.String(), primary_key=True),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("coming_to", sa.Integer(), nullable=True),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("load", sa.Double(), nullable=False),
    )
    op.create_index("ix_shard_store_shard", "shard_store", ["shard"])
    op.create_index("ix_shard_store_coming_to", "shard_store", ["coming_to"])


def downgrade() -> None:
    """The stores' leases and checkpoints stay: one process takes them over."""
    op.drop_table("shard_store")
    op.drop_table("shard")
    op.drop_table("cluster_node")
    op.drop_table("cluster_head")
