"""The first tables, and the triggers that keep ledger and consent log append-only.

Columns are written as `name type`, a `?` behind the type where the column may be empty. Types: text (short), long (a
document), real (double), int, big (64 bits), flag, blob, number (a row number the database counts).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = ("consent_log", "ledger_entry", "ledger_posting")
TYPES: dict[str, Any] = {
    "text": sa.String(),
    "long": sa.Text(),
    "real": sa.Double(),
    "int": sa.Integer(),
    "big": sa.BigInteger(),
    "flag": sa.Boolean(),
    "blob": sa.LargeBinary(),
    "number": sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
}


def upgrade() -> None:
    """Creates all tables, then makes three of them append-only."""
    _measurements()
    _campaigns_and_shoppers()
    _vouchers()
    _shares()
    _ledger()
    _housekeeping()
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def _table(name: str, key: str, columns: str, *constraints: sa.Constraint, counted: bool = False) -> None:
    """`counted`: SQLite never gives a number out twice, as PostgreSQL never does."""
    made = []
    for column in columns.split(","):
        title, kind = column.split()
        made.append(sa.Column(title, TYPES[kind.rstrip("?")], nullable=kind.endswith("?")))
    op.create_table(name, *made, sa.PrimaryKeyConstraint(*key.split()), *constraints, sqlite_autoincrement=counted)


def _index(name: str, table: str, columns: str, *, unique: bool = False) -> None:
    op.create_index(name, table, columns.split(), unique=unique)


def _measurements() -> None:
    _table("journal", "id", "id number, store text, now real, payload blob", counted=True)
    _index("ix_journal_store_id", "journal", "store id")
    _table("checkpoint", "store", "store text, upto_id big, blob blob, saved_at real")
    _table(
        "heat",
        "store hour_start level col row",
        "store text, hour_start real, level text, col int, row int, person_s real, fixes real",
    )
    _table(
        "zone_hour",
        "store hour_start zone",
        "store text, hour_start real, zone text, person_s real, visits big, dwell_s_sum real, persons_peak real",
    )
    _table(
        "visit",
        "id",
        "id number, store text, shopper_id text, zone text, store_visit_id text, started_at real, ended_at real,"
        "dwell_s real",
        sa.UniqueConstraint("store", "shopper_id", "store_visit_id", "zone", "started_at", name="uq_visit_stay"),
    )
    _index("ix_visit_shopper", "visit", "shopper_id started_at")


def _campaigns_and_shoppers() -> None:
    _table("store_version", "store", "store text, campaigns big, links big")
    _table(
        "campaign",
        "store campaign_id",
        "store text, campaign_id text, version big, state text, spec long, seeded flag, vouchers_used big,"
        "amount_used_minor big, updated_at real",
        sa.CheckConstraint("vouchers_used >= 0 AND amount_used_minor >= 0", name="ck_campaign_used"),
    )
    _table(
        "shopper",
        "shopper_id",
        "shopper_id text, member_id text, store text, display_name text?, email text?, locale text, created_at real,"
        "last_seen_at real",
        sa.UniqueConstraint("member_id"),
    )
    _table("device_link", "store device", "store text, device text, shopper_id text, linked_at real")
    _index("ix_device_link_shopper", "device_link", "shopper_id")
    _index("ix_device_link_device", "device_link", "device")
    _table(
        "consent",
        "shopper_id purpose channel",
        "shopper_id text, purpose text, channel text, granted flag, at real",
    )
    _table(
        "consent_log",
        "id",
        "id number, shopper_id text, purpose text, channel text, granted flag, text_version text, place text, at real",
        counted=True,
    )
    _index("ix_consent_log_shopper", "consent_log", "shopper_id id")


def _vouchers() -> None:
    _table(
        "decision",
        "decision_id",
        "decision_id text, trigger_id text, store text, campaign_id text, shopper_id text, visit_id text, outcome text,"
        "reason text, at real, since real, probability real, caused_by_t real, inputs long",
    )
    _index("ix_decision_store", "decision", "store at decision_id")
    _index("ix_decision_shopper", "decision", "shopper_id")
    _table(
        "voucher",
        "voucher_id",
        "voucher_id text, store text, campaign_id text, shopper_id text, visit_id text, decision_id text,"
        "code_hmac text, state text, issued_at real, expires_at real, holds_slot flag, reserved_minor big,"
        "worth_minor big, most_minor big?, currency text, uses int, max_uses int, offer long, texts long",
        sa.UniqueConstraint("decision_id"),
        sa.UniqueConstraint("code_hmac"),
        sa.UniqueConstraint("store", "campaign_id", "shopper_id", "visit_id", name="uq_voucher_visit"),
        sa.CheckConstraint("uses >= 0 AND uses <= max_uses", name="ck_voucher_uses"),
    )
    _index("ix_voucher_shopper", "voucher", "shopper_id issued_at")
    _index("ix_voucher_live", "voucher", "state expires_at")
    _table(
        "delivery",
        "delivery_id",
        "delivery_id number, voucher_id text, shopper_id text, store text, channel text, state text, created_at real,"
        "expires_at real, acknowledged_at real?, caused_by_t real, payload long",
        sa.ForeignKeyConstraint(["voucher_id"], ["voucher.voucher_id"]),
        counted=True,
    )
    _index("ix_delivery_pending", "delivery", "channel state delivery_id")
    _index("ix_delivery_shopper", "delivery", "shopper_id")
    _table(
        "redemption",
        "redemption_id",
        "redemption_id text, voucher_id text, store text, till text, key text, content text, state text,"
        "discount_minor big, line_minor long, basket_minor big, currency text, redeemed_at real, voided_at real?,"
        "state_before text",
        sa.ForeignKeyConstraint(["voucher_id"], ["voucher.voucher_id"]),
        sa.UniqueConstraint("store", "till", "key", name="uq_redemption_key"),
    )
    _index("ix_redemption_voucher", "redemption", "voucher_id")


def _shares() -> None:
    _table(
        "share",
        "token",
        "token text, shopper_id text, member_id text, store text, campaign_id text, voucher_id text?, created_at real",
        sa.UniqueConstraint("shopper_id", "store", "campaign_id", name="uq_share_campaign"),
    )
    _index("ix_share_member", "share", "member_id")
    _table(
        "share_visit",
        "id",
        "id number, token text, member_id text, cookie_digest text?, device_digest text?, outcome text, points big,"
        "at real",
        sa.ForeignKeyConstraint(["token"], ["share.token"]),
    )
    _index("ix_share_visit_token", "share_visit", "token")
    _index("ix_share_visit_rewarded", "share_visit", "member_id outcome at")


def _ledger() -> None:
    _table(
        "ledger_entry",
        "id",
        "id number, programme text, key text, kind text, at real, content text, reverses text?, note text",
        sa.UniqueConstraint("programme", "key", name="uq_ledger_entry_key"),
        counted=True,
    )
    _index("uq_ledger_entry_reverses", "ledger_entry", "programme reverses", unique=True)
    _table(
        "ledger_posting",
        "id",
        "id number, entry_id big, programme text, account text, member text, amount big",
        sa.ForeignKeyConstraint(["entry_id"], ["ledger_entry.id"]),
        sa.CheckConstraint("amount <> 0", name="ck_ledger_posting_amount"),
        counted=True,
    )
    _index("ix_ledger_posting_balance", "ledger_posting", "programme member account amount")
    _index("ix_ledger_posting_entry", "ledger_posting", "entry_id")
    _table(
        "ledger_hold",
        "programme key",
        "programme text, key text, member text, points big, release_at real, state text",
    )
    _index("ix_ledger_hold_due", "ledger_hold", "state release_at")


def _housekeeping() -> None:
    _table("status", "store component", "store text, component text, values_json long, at real")
    _table(
        "idempotency",
        "scope key",
        "scope text, key text, body_hash text, state text, status int?, media_type text?, body blob?, at real",
    )
    _index("ix_idempotency_at", "idempotency", "at")


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


TABLES = (
    "journal", "checkpoint", "heat", "zone_hour", "visit", "store_version", "campaign", "shopper", "device_link",
    "consent", "consent_log", "decision", "voucher", "delivery", "redemption", "share", "share_visit", "ledger_entry",
    "ledger_posting", "ledger_hold", "status", "idempotency",
)  # fmt: skip


def downgrade() -> None:
    """Back to an empty database: everything is lost."""
    for table in reversed(TABLES):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION rayon_append_only()")
