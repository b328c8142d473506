"""The first tables, and the triggers that keep ledger and consent log append-only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


APPEND_ONLY = ("consent_log", "ledger_entry", "ledger_posting")


def upgrade() -> None:
    """Creates all tables, then makes three of them append-only."""
    _create_tables()
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def _guard_sqlite() -> None:
    for table in APPEND_ONLY:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION rayon_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; "
        "END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION rayon_append_only()"
        )


def _create_tables() -> None:
    op.create_table(
        "campaign",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("seeded", sa.Boolean(), nullable=False),
        sa.Column("vouchers_used", sa.BigInteger(), nullable=False),
        sa.Column("amount_used_minor", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.CheckConstraint("vouchers_used >= 0 AND amount_used_minor >= 0", name="ck_campaign_used"),
        sa.PrimaryKeyConstraint("store", "campaign_id"),
    )
    op.create_table(
        "checkpoint",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("upto_id", sa.BigInteger(), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=False),
        sa.Column("saved_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("store"),
    )
    op.create_table(
        "consent",
        sa.Column("shopper_id", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("shopper_id", "purpose", "channel"),
    )
    op.create_table(
        "consent_log",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("shopper_id", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("text_version", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_consent_log_shopper", "consent_log", ["shopper_id", "id"], unique=False)

    op.create_table(
        "decision",
        sa.Column("decision_id", sa.String(), nullable=False),
        sa.Column("trigger_id", sa.String(), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("shopper_id", sa.String(), nullable=False),
        sa.Column("visit_id", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.Column("caused_by_t", sa.Double(), nullable=False),
        sa.Column("inputs", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("decision_id"),
    )
    op.create_index("ix_decision_shopper", "decision", ["shopper_id"], unique=False)
    op.create_index("ix_decision_store", "decision", ["store", "at", "decision_id"], unique=False)

    op.create_table(
        "device_link",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("shopper_id", sa.String(), nullable=False),
        sa.Column("linked_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("store", "device"),
    )
    op.create_index("ix_device_link_device", "device_link", ["device"], unique=False)
    op.create_index("ix_device_link_shopper", "device_link", ["shopper_id"], unique=False)

    op.create_table(
        "heat",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("hour_start", sa.Double(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("col", sa.Integer(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("person_s", sa.Double(), nullable=False),
        sa.Column("fixes", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("store", "hour_start", "level", "col", "row"),
    )
    op.create_table(
        "idempotency",
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("body_hash", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("media_type", sa.String(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key"),
    )
    op.create_index("ix_idempotency_at", "idempotency", ["at"], unique=False)

    op.create_table(
        "journal",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("now", sa.Double(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_journal_store_id", "journal", ["store", "id"], unique=False)

    op.create_table(
        "ledger_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("programme", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("reverses", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("programme", "key", name="uq_ledger_entry_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("uq_ledger_entry_reverses", "ledger_entry", ["programme", "reverses"], unique=True)

    op.create_table(
        "ledger_hold",
        sa.Column("programme", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("member", sa.String(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("release_at", sa.Double(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("programme", "key"),
    )
    op.create_index("ix_ledger_hold_due", "ledger_hold", ["state", "release_at"], unique=False)

    op.create_table(
        "share",
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("shopper_id", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("voucher_id", sa.String(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("token"),
        sa.UniqueConstraint("shopper_id", "store", "campaign_id", name="uq_share_campaign"),
    )
    op.create_index("ix_share_member", "share", ["member_id"], unique=False)

    op.create_table(
        "shopper",
        sa.Column("shopper_id", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("last_seen_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("shopper_id"),
        sa.UniqueConstraint("member_id"),
    )
    op.create_table(
        "status",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("component", sa.String(), nullable=False),
        sa.Column("values_json", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("store", "component"),
    )
    op.create_table(
        "store_version",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("campaigns", sa.BigInteger(), nullable=False),
        sa.Column("links", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("store"),
    )
    op.create_table(
        "visit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("shopper_id", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("store_visit_id", sa.String(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double(), nullable=False),
        sa.Column("dwell_s", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("store", "shopper_id", "store_visit_id", "zone", "started_at", name="uq_visit_stay"),
    )
    op.create_index("ix_visit_shopper", "visit", ["shopper_id", "started_at"], unique=False)

    op.create_table(
        "voucher",
        sa.Column("voucher_id", sa.String(), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("shopper_id", sa.String(), nullable=False),
        sa.Column("visit_id", sa.String(), nullable=False),
        sa.Column("decision_id", sa.String(), nullable=False),
        sa.Column("code_hmac", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("issued_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("holds_slot", sa.Boolean(), nullable=False),
        sa.Column("reserved_minor", sa.BigInteger(), nullable=False),
        sa.Column("worth_minor", sa.BigInteger(), nullable=False),
        sa.Column("most_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("max_uses", sa.Integer(), nullable=False),
        sa.Column("offer", sa.Text(), nullable=False),
        sa.Column("texts", sa.Text(), nullable=False),
        sa.CheckConstraint("uses >= 0 AND uses <= max_uses", name="ck_voucher_uses"),
        sa.PrimaryKeyConstraint("voucher_id"),
        sa.UniqueConstraint("code_hmac"),
        sa.UniqueConstraint("decision_id"),
        sa.UniqueConstraint("store", "campaign_id", "shopper_id", "visit_id", name="uq_voucher_visit"),
    )
    op.create_index("ix_voucher_live", "voucher", ["state", "expires_at"], unique=False)
    op.create_index("ix_voucher_shopper", "voucher", ["shopper_id", "issued_at"], unique=False)

    op.create_table(
        "zone_hour",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("hour_start", sa.Double(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("person_s", sa.Double(), nullable=False),
        sa.Column("visits", sa.BigInteger(), nullable=False),
        sa.Column("dwell_s_sum", sa.Double(), nullable=False),
        sa.Column("persons_peak", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("store", "hour_start", "zone"),
    )
    op.create_table(
        "delivery",
        sa.Column("delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("voucher_id", sa.String(), nullable=False),
        sa.Column("shopper_id", sa.String(), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("acknowledged_at", sa.Double(), nullable=True),
        sa.Column("caused_by_t", sa.Double(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["voucher_id"],
            ["voucher.voucher_id"],
        ),
        sa.PrimaryKeyConstraint("delivery_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_delivery_pending", "delivery", ["channel", "state", "delivery_id"], unique=False)
    op.create_index("ix_delivery_shopper", "delivery", ["shopper_id"], unique=False)

    op.create_table(
        "ledger_posting",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("programme", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("member", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount <> 0", name="ck_ledger_posting_amount"),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["ledger_entry.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_ledger_posting_balance", "ledger_posting", ["programme", "member", "account", "amount"], unique=False
    )
    op.create_index("ix_ledger_posting_entry", "ledger_posting", ["entry_id"], unique=False)

    op.create_table(
        "redemption",
        sa.Column("redemption_id", sa.String(), nullable=False),
        sa.Column("voucher_id", sa.String(), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("till", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("discount_minor", sa.BigInteger(), nullable=False),
        sa.Column("line_minor", sa.Text(), nullable=False),
        sa.Column("basket_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("redeemed_at", sa.Double(), nullable=False),
        sa.Column("voided_at", sa.Double(), nullable=True),
        sa.Column("state_before", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["voucher_id"],
            ["voucher.voucher_id"],
        ),
        sa.PrimaryKeyConstraint("redemption_id"),
        sa.UniqueConstraint("store", "till", "key", name="uq_redemption_key"),
    )
    op.create_index("ix_redemption_voucher", "redemption", ["voucher_id"], unique=False)

    op.create_table(
        "share_visit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("member_id", sa.String(), nullable=False),
        sa.Column("cookie_digest", sa.String(), nullable=True),
        sa.Column("device_digest", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["token"],
            ["share.token"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_share_visit_rewarded", "share_visit", ["member_id", "outcome", "at"], unique=False)
    op.create_index("ix_share_visit_token", "share_visit", ["token"], unique=False)


def downgrade() -> None:
    """Back to an empty database: everything is lost."""
    if op.get_bind().dialect.name == "postgresql":
        for table in APPEND_ONLY:
            op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
        op.execute("DROP FUNCTION rayon_append_only()")
    op.drop_index("ix_share_visit_token", table_name="share_visit")
    op.drop_index("ix_share_visit_rewarded", table_name="share_visit")

    op.drop_table("share_visit")
    op.drop_index("ix_redemption_voucher", table_name="redemption")

    op.drop_table("redemption")
    op.drop_index("ix_ledger_posting_entry", table_name="ledger_posting")
    op.drop_index("ix_ledger_posting_balance", table_name="ledger_posting")

    op.drop_table("ledger_posting")
    op.drop_index("ix_delivery_shopper", table_name="delivery")
    op.drop_index("ix_delivery_pending", table_name="delivery")

    op.drop_table("delivery")
    op.drop_table("zone_hour")
    op.drop_index("ix_voucher_shopper", table_name="voucher")
    op.drop_index("ix_voucher_live", table_name="voucher")

    op.drop_table("voucher")
    op.drop_index("ix_visit_shopper", table_name="visit")

    op.drop_table("visit")
    op.drop_table("store_version")
    op.drop_table("status")
    op.drop_table("shopper")
    op.drop_index("ix_share_member", table_name="share")

    op.drop_table("share")
    op.drop_index("ix_ledger_hold_due", table_name="ledger_hold")

    op.drop_table("ledger_hold")
    op.drop_index("uq_ledger_entry_reverses", table_name="ledger_entry")

    op.drop_table("ledger_entry")
    op.drop_index("ix_journal_store_id", table_name="journal")

    op.drop_table("journal")
    op.drop_index("ix_idempotency_at", table_name="idempotency")

    op.drop_table("idempotency")
    op.drop_table("heat")
    op.drop_index("ix_device_link_shopper", table_name="device_link")
    op.drop_index("ix_device_link_device", table_name="device_link")

    op.drop_table("device_link")
    op.drop_index("ix_decision_store", table_name="decision")
    op.drop_index("ix_decision_shopper", table_name="decision")

    op.drop_table("decision")
    op.drop_index("ix_consent_log_shopper", table_name="consent_log")

    op.drop_table("consent_log")
    op.drop_table("consent")
    op.drop_table("checkpoint")
    op.drop_table("campaign")
