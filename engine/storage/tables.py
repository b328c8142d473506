"""All tables. Rows never leave this package: queries turn them into the engine's records at the border.

SQLModel's table classes do not validate on construction. What comes from outside is a record or a pydantic model that
has validated before it gets here; behind it stand the database's own unique keys, checks and append-only triggers.

Times are float seconds UTC, money and points integers. Devices are the 16 hexadecimal digits of their pseudonym, since
64 unsigned bits fit no integer type of SQL.
"""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
)
from sqlmodel import Field, SQLModel

# SQLite numbers rows by itself only for a plain INTEGER key; PostgreSQL gets 64 bits.
_Id = BigInteger().with_variant(Integer(), "sqlite")


class JournalTable(SQLModel, table=True):
    """Decoded readings that no checkpoint holds yet, as one packed batch per row."""

    __tablename__: ClassVar[str] = "journal"
    __table_args__ = (Index("ix_journal_store_id", "store", "id"), {"sqlite_autoincrement": True})
    id: int | None = Field(default=None, primary_key=True, sa_type=_Id)
    store: str
    now: float = Field(sa_type=Double)
    payload: bytes = Field(sa_type=LargeBinary)


class CheckpointTable(SQLModel, table=True):
    """The state of a store's engine, up to and including journal row `upto_id`."""

    __tablename__: ClassVar[str] = "checkpoint"
    store: str = Field(primary_key=True)
    upto_id: int = Field(sa_type=BigInteger)
    blob: bytes = Field(sa_type=LargeBinary)
    saved_at: float = Field(sa_type=Double)


class HeatTable(SQLModel, table=True):
    """Person-seconds per hour and heat cell: counts, never persons."""

    __tablename__: ClassVar[str] = "heat"
    store: str = Field(primary_key=True)
    hour_start: float = Field(primary_key=True, sa_type=Double)
    level: str = Field(primary_key=True)
    col: int = Field(primary_key=True, sa_type=Integer)
    row: int = Field(primary_key=True, sa_type=Integer)
    person_s: float = Field(sa_type=Double)
    fixes: float = Field(sa_type=Double)


class ZoneHourTable(SQLModel, table=True):
    """What a zone saw in an hour: counts, never persons."""

    __tablename__: ClassVar[str] = "zone_hour"
    store: str = Field(primary_key=True)
    hour_start: float = Field(primary_key=True, sa_type=Double)
    zone: str = Field(primary_key=True)
    person_s: float = Field(sa_type=Double)
    visits: int = Field(sa_type=BigInteger)
    dwell_s_sum: float = Field(sa_type=Double)
    persons_peak: float = Field(sa_type=Double)


class FlowTable(SQLModel, table=True):
    """Transitions from zone to zone in an hour, `""` being outside: counts, never persons."""

    __tablename__: ClassVar[str] = "zone_flow"
    store: str = Field(primary_key=True)
    hour_start: float = Field(primary_key=True, sa_type=Double)
    from_zone: str = Field(primary_key=True)
    to_zone: str = Field(primary_key=True)
    count: int = Field(sa_type=BigInteger)


class VisitTable(SQLModel, table=True):
    """A consenting shopper's stay in a zone."""

    __tablename__: ClassVar[str] = "visit"
    __table_args__ = (
        UniqueConstraint("store", "shopper_id", "store_visit_id", "zone", "started_at", name="uq_visit_stay"),
        Index("ix_visit_shopper", "shopper_id", "started_at"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=_Id)
    store: str
    shopper_id: str
    zone: str
    store_visit_id: str
    started_at: float = Field(sa_type=Double)
    ended_at: float = Field(sa_type=Double)
    dwell_s: float = Field(sa_type=Double)


class StoreVersionTable(SQLModel, table=True):
    """Counters that move with every change of a store's campaigns or links: what a running engine polls."""

    __tablename__: ClassVar[str] = "store_version"
    store: str = Field(primary_key=True)
    campaigns: int = Field(default=0, sa_type=BigInteger)
    links: int = Field(default=0, sa_type=BigInteger)


class CampaignTable(SQLModel, table=True):
    """A campaign as one JSON document, and what it has spent. The row is the lock of its budget."""

    __tablename__: ClassVar[str] = "campaign"
    __table_args__ = (CheckConstraint("vouchers_used >= 0 AND amount_used_minor >= 0", name="ck_campaign_used"),)
    store: str = Field(primary_key=True)
    campaign_id: str = Field(primary_key=True)
    version: int = Field(sa_type=BigInteger)
    state: str
    spec: str = Field(sa_type=Text)
    seeded: bool  # still as the file said: an edited one is never overwritten
    vouchers_used: int = Field(default=0, sa_type=BigInteger)
    amount_used_minor: int = Field(default=0, sa_type=BigInteger)
    updated_at: float = Field(sa_type=Double)


class ShopperTable(SQLModel, table=True):
    """A profile. `member_id` is all the ledger knows of a shopper: erasing this row cuts the two apart for ever."""

    __tablename__: ClassVar[str] = "shopper"
    shopper_id: str = Field(primary_key=True)
    member_id: str = Field(unique=True)
    store: str
    display_name: str | None = None
    email: str | None = None
    locale: str
    created_at: float = Field(sa_type=Double)
    last_seen_at: float = Field(sa_type=Double)


class DeviceLinkTable(SQLModel, table=True):
    """A device of a shopper who granted location offers. No grant, no row."""

    __tablename__: ClassVar[str] = "device_link"
    __table_args__ = (Index("ix_device_link_shopper", "shopper_id"), Index("ix_device_link_device", "device"))
    store: str = Field(primary_key=True)
    device: str = Field(primary_key=True)
    shopper_id: str
    linked_at: float = Field(sa_type=Double)


class ConsentTable(SQLModel, table=True):
    """The last word per shopper, purpose and channel; always the end of the log."""

    __tablename__: ClassVar[str] = "consent"
    shopper_id: str = Field(primary_key=True)
    purpose: str = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    granted: bool
    at: float = Field(sa_type=Double)


class ConsentLogTable(SQLModel, table=True):
    """Append-only (triggers refuse change): every answer ever given, with the text version, place and time."""

    __tablename__: ClassVar[str] = "consent_log"
    __table_args__ = (Index("ix_consent_log_shopper", "shopper_id", "id"), {"sqlite_autoincrement": True})
    id: int | None = Field(default=None, primary_key=True, sa_type=_Id)
    shopper_id: str
    purpose: str
    channel: str
    granted: bool
    text_version: str
    place: str
    at: float = Field(sa_type=Double)


class DecisionTable(SQLModel, table=True):
    """Yes or no to a trigger, with its reason. Holds no device: the shopper, or nobody.

    A row with the reason `holdout` is a ghost trigger: it holds a slot in the shopper's caps as a voucher does.
    """

    __tablename__: ClassVar[str] = "decision"
    __table_args__ = (
        Index("ix_decision_store", "store", "at", "decision_id"),
        Index("ix_decision_shopper", "shopper_id"),
    )
    decision_id: str = Field(primary_key=True)
    trigger_id: str
    store: str
    campaign_id: str
    shopper_id: str
    visit_id: str
    outcome: str
    reason: str
    at: float = Field(sa_type=Double)
    since: float = Field(sa_type=Double)
    probability: float = Field(sa_type=Double)
    caused_by_t: float = Field(sa_type=Double)
    inputs: str = Field(sa_type=Text)


class VoucherTable(SQLModel, table=True):
    """One shopper's right under a campaign, with the offer as it was promised. The code is here only as an HMAC."""

    __tablename__: ClassVar[str] = "voucher"
    __table_args__ = (
        UniqueConstraint("store", "campaign_id", "shopper_id", "visit_id", name="uq_voucher_visit"),
        CheckConstraint("uses >= 0 AND uses <= max_uses", name="ck_voucher_uses"),
        Index("ix_voucher_shopper", "shopper_id", "issued_at"),
        Index("ix_voucher_live", "state", "expires_at"),
    )
    voucher_id: str = Field(primary_key=True)
    store: str
    campaign_id: str
    shopper_id: str
    visit_id: str
    decision_id: str = Field(unique=True)
    code_hmac: str = Field(unique=True)
    state: str
    issued_at: float = Field(sa_type=Double)
    expires_at: float = Field(sa_type=Double)
    holds_slot: bool  # counts in the rolling caps and in the campaign's vouchers; released when it never arrived
    reserved_minor: int = Field(sa_type=BigInteger)  # of the campaign's amount budget, for the uses still open
    worth_minor: int = Field(sa_type=BigInteger)  # what one use reserves
    most_minor: int | None = Field(default=None, sa_type=BigInteger)  # what one use may take off, where a budget binds
    currency: str
    uses: int = Field(default=0, sa_type=Integer)
    max_uses: int = Field(default=1, sa_type=Integer)
    offer: str = Field(sa_type=Text)
    texts: str = Field(sa_type=Text)


class DeliveryTable(SQLModel, table=True):
    """The outbox: what must reach a shopper, written with what caused it."""

    __tablename__: ClassVar[str] = "delivery"
    __table_args__ = (
        Index("ix_delivery_pending", "channel", "state", "delivery_id"),
        Index("ix_delivery_shopper", "shopper_id"),
        {"sqlite_autoincrement": True},
    )
    delivery_id: int | None = Field(default=None, primary_key=True, sa_type=_Id)
    voucher_id: str = Field(sa_column_args=[ForeignKey("voucher.voucher_id")])
    shopper_id: str
    store: str
    channel: str
    state: str
    created_at: float = Field(sa_type=Double)
    expires_at: float = Field(sa_type=Double)
    acknowledged_at: float | None = Field(default=None, sa_type=Double)
    caused_by_t: float = Field(sa_type=Double)
    payload: str = Field(sa_type=Text)


class RedemptionTable(SQLModel, table=True):
    """A use of a voucher at a till: what was sold, what came off. Voided at most once."""

    __tablename__: ClassVar[str] = "redemption"
    __table_args__ = (
        UniqueConstraint("store", "till", "key", name="uq_redemption_key"),
        Index("ix_redemption_voucher", "voucher_id"),
    )
    redemption_id: str = Field(primary_key=True)
    voucher_id: str = Field(sa_column_args=[ForeignKey("voucher.voucher_id")])
    store: str
    till: str
    key: str
    content: str  # digest of code and basket: the same key with another one is an error
    state: str
    discount_minor: int = Field(sa_type=BigInteger)
    line_minor: str = Field(sa_type=Text)
    basket_minor: int = Field(sa_type=BigInteger)
    currency: str
    redeemed_at: float = Field(sa_type=Double)
    voided_at: float | None = Field(default=None, sa_type=Double)
    state_before: str  # of the voucher: what a void goes back to


class ShareTable(SQLModel, table=True):
    """A link a shopper shares. The token is public by nature; what it earns is decided at the visit."""

    __tablename__: ClassVar[str] = "share"
    __table_args__ = (
        UniqueConstraint("shopper_id", "store", "campaign_id", name="uq_share_campaign"),
        Index("ix_share_member", "member_id"),
    )
    token: str = Field(primary_key=True)
    shopper_id: str
    member_id: str
    store: str
    campaign_id: str
    voucher_id: str | None = None
    created_at: float = Field(sa_type=Double)


class ShareVisitTable(SQLModel, table=True):
    """An opening of a shared link by someone, known only by digests, and what it earned."""

    __tablename__: ClassVar[str] = "share_visit"
    __table_args__ = (
        Index("ix_share_visit_token", "token"),
        Index("ix_share_visit_rewarded", "member_id", "outcome", "at"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=_Id)
    token: str = Field(sa_column_args=[ForeignKey("share.token")])
    member_id: str
    cookie_digest: str | None = None
    device_digest: str | None = None
    outcome: str
    points: int = Field(sa_type=BigInteger)
    at: float = Field(sa_type=Double)


class LedgerEntryTable(SQLModel, table=True):
    """Append-only (triggers refuse change): a dated group of postings that sum to zero."""

    __tablename__: ClassVar[str] = "ledger_entry"
    __table_args__ = (
        UniqueConstraint("programme", "key", name="uq_ledger_entry_key"),
        Index("uq_ledger_entry_reverses", "programme", "reverses", unique=True),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=_Id)
    programme: str
    key: str
    kind: str
    at: float = Field(sa_type=Double)
    content: str  # digest of everything that counts: the same key with another one is an error
    reverses: str | None = None
    note: str


class LedgerPostingTable(SQLModel, table=True):
    """Append-only (triggers refuse change): one movement. Balances are sums over these rows and stored nowhere."""

    __tablename__: ClassVar[str] = "ledger_posting"
    __table_args__ = (
        CheckConstraint("amount <> 0", name="ck_ledger_posting_amount"),
        Index("ix_ledger_posting_balance", "programme", "member", "account", "amount"),
        Index("ix_ledger_posting_entry", "entry_id"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=_Id)
    entry_id: int = Field(sa_type=BigInteger, sa_column_args=[ForeignKey("ledger_entry.id")])
    programme: str
    account: str
    member: str
    amount: int = Field(sa_type=BigInteger)


class HoldTable(SQLModel, table=True):
    """Pending points and when they become available: a queue, not an account.

    Points that a friend brought become available sooner, when the friend uses a voucher of the same `deal` (store and
    campaign). `friend` is a shopper or, until there is one, a browser's digest; both are gone with the hold.
    """

    __tablename__: ClassVar[str] = "ledger_hold"
    __table_args__ = (
        Index("ix_ledger_hold_due", "state", "release_at"),
        Index("ix_ledger_hold_friend", "friend"),
    )
    programme: str = Field(primary_key=True)
    key: str = Field(primary_key=True)  # of the entry that made the points pending
    member: str
    points: int = Field(sa_type=BigInteger)
    release_at: float = Field(sa_type=Double)
    state: str  # held, released, reversed
    friend: str | None = None
    deal: str | None = None


class StatusTable(SQLModel, table=True):
    """What a running component says of itself, for the health page."""

    __tablename__: ClassVar[str] = "status"
    store: str = Field(primary_key=True)
    component: str = Field(primary_key=True)
    values_json: str = Field(sa_type=Text)
    at: float = Field(sa_type=Double)


class IdempotencyTable(SQLModel, table=True):
    """The first answer to a write, kept byte for byte."""

    __tablename__: ClassVar[str] = "idempotency"
    __table_args__ = (Index("ix_idempotency_at", "at"),)
    scope: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    body_hash: str
    state: str  # in_flight, done
    status: int | None = Field(default=None, sa_type=Integer)
    media_type: str | None = None
    body: bytes | None = Field(default=None, sa_type=LargeBinary)
    at: float = Field(sa_type=Double)


metadata = SQLModel.metadata
"""Every table above; what the migrations must agree with."""

APPEND_ONLY = ("consent_log", "ledger_entry", "ledger_posting")
"""Tables whose rows no one may change or delete: the migrations put triggers on them."""
