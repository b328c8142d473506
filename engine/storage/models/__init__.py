"""All tables, by subject. Rows never leave `engine.storage`: queries turn them into the engine's records at the border.

SQLModel's table classes do not validate on construction. What comes from outside is a record or a pydantic model that
has validated before it gets here; behind it stand the database's own unique keys, checks and append-only triggers.

Times are float seconds UTC, money and points integers. Devices are the 16 hexadecimal digits of their pseudonym, since
64 unsigned bits fit no integer type of SQL.
"""

from __future__ import annotations

from sqlmodel import SQLModel

from engine.storage.models import (
    accounts,
    commerce,
    identity,
    keys,
    labels,
    leases,
    ledger,
    retention,
    running,
    shoppers,
    visits,
    vouchers,
    wallet,
    wishes,
)
from engine.storage.models.cluster import shards
from engine.storage.models.sending import crm, letters, messages, push, weekly_reports

__all__ = [
    "APPEND_ONLY",
    "accounts",
    "commerce",
    "crm",
    "identity",
    "keys",
    "labels",
    "leases",
    "ledger",
    "letters",
    "messages",
    "metadata",
    "push",
    "retention",
    "running",
    "shards",
    "shoppers",
    "visits",
    "vouchers",
    "wallet",
    "weekly_reports",
    "wishes",
]

metadata = SQLModel.metadata
"""Every table of these modules; what the migrations must agree with."""

APPEND_ONLY = (
    "consent_log",
    "ledger_entry",
    "ledger_posting",
    "share_review",
    "merge_log",
    "audit_entry",
    "loyalty_purchase",
    "loyalty_return",
    "loyalty_correction",
    "loyalty_move",
)
"""Tables whose rows no one may change or delete: the migrations put triggers on them."""
