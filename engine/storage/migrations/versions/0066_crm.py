"""What customer files are told, in one order, and what waits for which of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0066"
down_revision = "0064"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Adds empty tables: customer files are told what happens from now on."""
    _add_log()
    _add_receivers()


def _add_log() -> None:
    """What happened to whom, in one order, told by a counter."""
    op.create_table(
        "crm_subject",
        sa.Column("shopper_id", sa.String(), nullable=False),
        sa.Column("crm_ref", sa.String(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("shopper_id"),
        sa.UniqueConstraint("crm_ref"),
    )
    op.create_table(
        "crm_event",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("crm_ref", sa.String(), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_crm_event_number", "crm_event", ["number"], unique=True)
    op.create_index("ix_crm_event_ref", "crm_event", ["crm_ref"])
    op.create_table(
        "crm_counter",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def _add_receivers() -> None:
    """Who is told, whom each is being told about just now, and what failed and waits."""
    op.create_table(
        "crm_receiver",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("kinds", sa.String(), nullable=False),
        sa.Column("stores", sa.String(), nullable=False),
        sa.Column("declared", sa.Boolean(), nullable=False),
        sa.Column("declared_at", sa.Double(), nullable=False),
        sa.Column("acked", sa.BigInteger(), nullable=False),
        sa.Column("hold_until", sa.Double(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.Double(), nullable=True),
        sa.Column("taken_at", sa.Double(), nullable=True),
        sa.Column("trouble", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "crm_told",
        sa.Column("receiver", sa.String(), nullable=False),
        sa.Column("crm_ref", sa.String(), nullable=False),
        sa.Column("busy_until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("receiver", "crm_ref"),
    )
    op.create_index("ix_crm_told_ref", "crm_told", ["crm_ref"])
    op.create_table(
        "crm_sending",
        sa.Column("receiver", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("crm_ref", sa.String(), nullable=False),
        sa.Column("first", sa.Boolean(), nullable=False),
        sa.Column("queued_at", sa.Double(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("retry_at", sa.Double(), nullable=False),
        sa.Column("failing_since", sa.Double(), nullable=True),
        sa.Column("dead_at", sa.Double(), nullable=True),
        sa.Column("trouble", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("receiver", "number"),
    )
    op.create_index("ix_crm_sending_due", "crm_sending", ["receiver", "first", "retry_at"])
    op.create_index("ix_crm_sending_line", "crm_sending", ["crm_ref", "receiver", "number"])


def downgrade() -> None:
    """What was not sent is lost, and erasures that were to be told are not."""
    for table in ("crm_sending", "crm_told", "crm_receiver", "crm_counter", "crm_event", "crm_subject"):
        op.drop_table(table)
