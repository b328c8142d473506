"""Everything that is held of one shopper, of whichever table: what access (GDPR article 15) has to show.

Tables are not listed one by one. A column's name says whom it leads to, so that a table that is added tomorrow is shown
tomorrow; a test refuses a table of which nobody said whether it leads to a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, Select, SelectBase, Table, or_, select
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session

from engine.errors import NotFound
from engine.storage.cap_counts import slots_of
from engine.storage.database import Database
from engine.storage.models import metadata
from engine.storage.models.identity import IdentifierTable
from engine.storage.models.ledger import LedgerPostingTable, LoyaltyPurchaseTable, ShareTable, ShareVisitTable
from engine.storage.models.sending.crm import CrmSubjectTable
from engine.storage.models.shoppers import DeviceLinkTable, ShopperTable
from engine.storage.models.vouchers import VoucherTable
from engine.storage.upserts import table_of

Row = dict[str, Any]

OF_NOBODY = frozenset(
    {
        *("access_key", "campaign", "heat", "lease", "retention_proof", "status", "store_version", "consent_count"),
        *("cluster_head", "cluster_node", "shard", "shard_store"),  # machines and stores
        # who works here
        *("console_account", "account_role", "account_invitation", "account_session", "audit_entry", "audit_pass"),
        *("figures_day", "heat_day", "zone_day", "zone_expected_day", "zone_flow_day"),
        *("zone_expected", "zone_flow", "zone_hour", "push_key", "received", "plan_version"),
        *("ropo_day", "ropo_wait"),  # the same of ways between web and store
        *("coupon_hour", "coupon_wait", "figures_stamp"),  # sums of blocks, and how far they were told
        *("hq_campaign", "hq_instance", "hq_revision"),
        "campaign_told",  # coupons in whole ks
        "campaign_revision",  # what campaigns said, and which colleague said so
        *("job_turn", "schema_reach"),
        "attempt_count",  # by digests of addresses, for a day or two at most
        "next_best",  # weights, and sums over all shoppers
        "weekly_report",  # addresses of the shop's staff
        "taught",  # places and what is heard there, devices under numbers of chance
        "loyalty_wait",  # names a shop's event, which is shown itself
        "loyalty_cursor",
        "segment_count",
        "shop_reading",  # which versions of events a reader has read
        *("stock_level", "stock_item"),  # products and places
        "crm_counter",
        "crm_receiver",  # customer files of the configuration, and how they do
        "shop_held",  # sealed, for a month at most: tried again, then gone
        *("checkpoint", "journal"),  # sealed, for a day at most: only the engine that sealed them can open them
    }
)
"""Tables that hold keys, counts and settings, and none of whose rows leads to a shopper."""

LEADS = {
    "shopper_id": "shopper",
    "owner": "shopper",
    "friend": "shopper",
    "member_id": "member",
    "member": "member",
    "voucher_id": "voucher",
    "slot": "slot",
    "token": "share",
    "device": "device",
    "crm_ref": "crm",
    "kept": "shopper",
    "merged": "shopper",
}
"""To what a column of this name leads, in any table."""

WITHIN = {("idempotency", "scope"): "shopper"}
"""Columns that hold the name among other words."""

ONE_WAY = {
    ("ledger_entry", "id"): "entry",
    ("loyalty_card", "digest"): "identifier",
    ("loyalty_correction", "purchase_id"): "purchase",
    ("loyalty_return", "purchase_id"): "purchase",
    ("share_review", "visit_id"): "opening",
    ("given_points", "digest"): "identifier",
    ("mailbox_mark", "digest"): "identifier",
    ("shop_event", "email"): "identifier",
    ("shop_event", "card"): "identifier",
    ("shop_event", "account"): "identifier",
    ("identifier", "via"): "identifier",
}
"""Columns that lead to a person in one table only."""

SECRET = frozenset(
    {"code_hmac", "body_hash", "content", "content_hash", "body", "html", "auth", "p256dh", "sealed", "browser"}
)
"""Columns that say nothing of the person, or that would give away what the page shows anyway: keys and digests."""


def find_held(db: Database, shopper_id: str) -> dict[str, list[Row]]:
    """Every row that leads to this shopper, by table, without keys and digests. Raises NotFound."""
    with db.read() as session:
        profile = session.get(ShopperTable, shopper_id)
        if profile is None:
            raise NotFound("no such shopper")
        names = _names(shopper_id, profile.member_id)
        found = {table.name: _rows(session, table, names) for table in metadata.sorted_tables}
        return {name: rows for name, rows in found.items() if rows}


def ways_to(table: Table) -> list[tuple[Column[Any], str]]:
    """The columns of a table that lead to a shopper, and by which of their names."""
    if table.name in OF_NOBODY:
        return []
    return [(column, kind) for column in table.columns if (kind := _kind(table.name, column.name))]


def _kind(table: str, column: str) -> str | None:
    return WITHIN.get((table, column)) or ONE_WAY.get((table, column)) or LEADS.get(column)


def _names(shopper_id: str, member_id: str) -> Mapping[str, list[Any] | SelectBase]:
    """All that this shopper is called by in other tables. What may be many is a question, and no list: databases bound
    how many values a statement has (PostgreSQL 65,535)."""

    def column(model: Any, name: str, by: str, value: str) -> Select[Any]:
        table = table_of(model)
        return select(table.c[name]).where(table.c[by] == value)

    vouchers = column(VoucherTable, "voucher_id", "shopper_id", shopper_id)
    return {
        "shopper": [shopper_id],
        "member": [member_id],
        "voucher": vouchers,
        "slot": slots_of(shopper_id),
        "crm": column(CrmSubjectTable, "crm_ref", "shopper_id", shopper_id),
        "share": column(ShareTable, "token", "shopper_id", shopper_id),
        "device": column(DeviceLinkTable, "device", "shopper_id", shopper_id),
        "entry": column(LedgerPostingTable, "entry_id", "member", member_id),
        "identifier": column(IdentifierTable, "digest", "shopper_id", shopper_id),
        "purchase": column(LoyaltyPurchaseTable, "purchase_id", "member", member_id),
        "opening": column(ShareVisitTable, "id", "member_id", member_id),
    }


def _rows(session: Session, table: Table, names: Mapping[str, list[Any] | SelectBase]) -> list[Row]:
    wanted = [_leads_to(table, column, names[kind]) for column, kind in ways_to(table)]
    if not wanted:
        return []
    shown = [column for column in table.columns if column.name not in SECRET]
    order = list(table.primary_key.columns)
    found = session.connection().execute(select(*shown).where(or_(*wanted)).order_by(*order))
    names_shown = tuple(found.keys())  # asked once: a mapping would ask for each of tens of thousands of rows
    return [dict(zip(names_shown, row, strict=True)) for row in found]


def _leads_to(table: Table, column: Column[Any], names: list[Any] | SelectBase) -> ColumnElement[bool]:
    if (table.name, column.name) in WITHIN and isinstance(names, list):
        return or_(*(column.contains(name, autoescape=True) for name in names))
    return column.in_(names)
