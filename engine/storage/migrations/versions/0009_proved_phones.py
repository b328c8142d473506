"""A phone is a profile's only after a proof: claims that wait for one, what was used once, and which proof it was."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the tables. Links made so far rest on a claim alone: they are dropped, and each phone is proved anew."""
    op.create_table(
        "device_claim",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("shopper_id", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("claimed_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("code_place", sa.String(), nullable=False),
        sa.Column("code_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("store", "shopper_id", "address"),
    )
    op.create_index("ix_device_claim_shopper", "device_claim", ["shopper_id"])
    op.create_index("ix_device_claim_expires", "device_claim", ["expires_at"])
    op.create_table(
        "used_proof",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("ix_used_proof_until", "used_proof", ["until"])
    op.execute("DELETE FROM device_link")
    op.execute("UPDATE store_version SET links = links + 1")
    with op.batch_alter_table("device_link") as links:
        links.add_column(sa.Column("proof", sa.String(), nullable=False))
    with op.batch_alter_table("store_version") as versions:
        versions.add_column(sa.Column("claims", sa.BigInteger(), nullable=False, server_default="0"))
    with op.batch_alter_table("store_version") as versions:
        versions.alter_column("claims", server_default=None)


def downgrade() -> None:
    """Claims that wait are lost; phones that were proved stay linked."""
    with op.batch_alter_table("store_version") as versions:
        versions.drop_column("claims")
    with op.batch_alter_table("device_link") as links:
        links.drop_column("proof")
    op.drop_table("used_proof")
    op.drop_table("device_claim")
