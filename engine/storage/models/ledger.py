"""What shoppers earn by sharing, and the ledger of their points."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Double, ForeignKey, Index, Integer, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from engine.storage.models.rowid import RowId


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
    """An opening of a shared link by someone, known only by digests, and what it earned.

    `address_digest` is gone two hours later. `own_signals` and `signals` are JSON: what the opener showed, and what the
    last judgement found, with how often (see `engine.loyalty.humans`). `hold_key` names the hold of its points.
    """

    __tablename__: ClassVar[str] = "share_visit"
    __table_args__ = (
        Index("ix_share_visit_token", "token"),
        Index("ix_share_visit_rewarded", "member_id", "outcome", "at"),
        Index("ix_share_visit_address", "member_id", "address_digest"),
        Index("ix_share_visit_hold", "hold_key"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    token: str = Field(sa_column_args=[ForeignKey("share.token")])
    member_id: str
    cookie_digest: str | None = None
    device_digest: str | None = None
    outcome: str
    points: int = Field(sa_type=BigInteger)
    at: float = Field(sa_type=Double)
    address_digest: str | None = None
    own_signals: str = Field(default="[]", sa_type=Text, sa_column_kwargs={"server_default": "[]"})
    signals: str = Field(default="{}", sa_type=Text, sa_column_kwargs={"server_default": "{}"})
    score: float = Field(default=0.0, sa_type=Double, sa_column_kwargs={"server_default": "0"})
    tapped_at: float | None = Field(default=None, sa_type=Double)
    reviewed_at: float | None = Field(default=None, sa_type=Double)
    hold_key: str | None = None


class ShareReviewTable(SQLModel, table=True):
    """Append-only (triggers refuse change): what the model put aside, and what somebody of the shop said of it.

    `visit_id` is an opening's; once its sharer is erased it leads nowhere. `by` names the key that was used.
    """

    __tablename__: ClassVar[str] = "share_review"
    __table_args__ = (Index("ix_share_review_visit", "visit_id"), {"sqlite_autoincrement": True})
    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    visit_id: int = Field(sa_type=BigInteger)
    store: str
    verdict: str  # engine.vocabulary.ReviewVerdict
    score: float = Field(sa_type=Double)
    signals: str = Field(sa_type=Text)
    by: str
    at: float = Field(sa_type=Double)


class LedgerEntryTable(SQLModel, table=True):
    """Append-only (triggers refuse change): a dated group of postings that sum to zero."""

    __tablename__: ClassVar[str] = "ledger_entry"
    __table_args__ = (
        UniqueConstraint("programme", "key", name="uq_ledger_entry_key"),
        Index("uq_ledger_entry_reverses", "programme", "reverses", unique=True),
        Index("ix_ledger_entry_expires", "expires_at"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    programme: str
    key: str
    kind: str
    at: float = Field(sa_type=Double)
    content: str  # digest of everything that counts: the same key with another one is an error
    reverses: str | None = None
    note: str
    expires_at: float | None = Field(default=None, sa_type=Double)  # of the lot that it earns


class LedgerPostingTable(SQLModel, table=True):
    """Append-only (triggers refuse change): one movement. Balances are sums over these rows and stored nowhere."""

    __tablename__: ClassVar[str] = "ledger_posting"
    __table_args__ = (
        CheckConstraint("amount <> 0", name="ck_ledger_posting_amount"),
        Index("ix_ledger_posting_balance", "programme", "member", "account", "amount"),
        Index("ix_ledger_posting_entry", "entry_id"),
        Index("ix_ledger_posting_lot", "programme", "lot", "account", "amount"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    entry_id: int = Field(sa_type=BigInteger, sa_column_args=[ForeignKey("ledger_entry.id")])
    programme: str
    account: str
    member: str
    amount: int = Field(sa_type=BigInteger)
    lot: str = Field(default="", sa_column_kwargs={"server_default": ""})  # key of the entry that earned these points


class HoldState(StrEnum):
    """Whether points still wait."""

    HELD = "held"
    REVIEW = "review"  # beyond its time, too, until somebody of the shop has looked at it
    RELEASED = "released"
    REVERSED = "reversed"


class HoldTable(SQLModel, table=True):
    """Pending points and when they become available: a queue, not an account.

    Points that a friend brought become available sooner, when the friend uses a voucher of the same `deal` (store and
    campaign). `friend` is a shopper or, until there is one, a browser's digest; both are gone with the hold. What is
    left until the hold's time is the redemption that released it, whose return takes the points back.
    """

    __tablename__: ClassVar[str] = "ledger_hold"
    __table_args__ = (
        Index("ix_ledger_hold_due", "state", "release_at"),
        Index("ix_ledger_hold_friend", "friend"),
        Index("ix_ledger_hold_released_by", "released_by"),
    )
    programme: str = Field(primary_key=True)
    key: str = Field(primary_key=True)  # of the entry that made the points pending
    member: str
    points: int = Field(sa_type=BigInteger)
    release_at: float = Field(sa_type=Double)
    state: str  # HoldState
    friend: str | None = None
    deal: str | None = None
    released_by: str | None = None  # the redemption that released it before its time
    taken_back: int = Field(default=0, sa_type=Integer, sa_column_kwargs={"server_default": "0"})  # how often


class LoyaltyPurchaseTable(SQLModel, table=True):
    """Append-only (triggers refuse change): what a purchase earned, line by line, so that a return takes back the same.

    `lines` is JSON: name, amount in minor units, points of each. It names no product, and leads to a person no more
    than the ledger does. `earned_key` is the entry's, where points came of it.
    """

    __tablename__: ClassVar[str] = "loyalty_purchase"
    __table_args__ = (
        UniqueConstraint("purchase_id", name="uq_loyalty_purchase"),
        Index("ix_loyalty_purchase_member", "member", "at"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    purchase_id: str
    programme: str
    member: str
    at: float = Field(sa_type=Double)
    earned_key: str
    points: int = Field(sa_type=BigInteger)
    lines: str = Field(sa_type=Text)
    content: str  # digest of what was asked
    tier: str = Field(default="", sa_column_kwargs={"server_default": ""})  # of the buyer then: corrections keep it
    version: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})  # that named whose


class LoyaltyMoveTable(SQLModel, table=True):
    """Append-only (triggers refuse change): a later version of a purchase named another buyer, `member`, whose its
    points are since. `points` left whoever had them for the lot `earned_key`; `tier` is the new buyer's then."""

    __tablename__: ClassVar[str] = "loyalty_move"
    __table_args__ = (
        UniqueConstraint("purchase_id", "version", name="uq_loyalty_move"),
        Index("ix_loyalty_move_member", "member"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    purchase_id: str
    version: int = Field(sa_type=BigInteger)
    member: str
    tier: str
    at: float = Field(sa_type=Double)
    points: int = Field(sa_type=BigInteger)
    earned_key: str


class LoyaltyCorrectionTable(SQLModel, table=True):
    """Append-only (triggers refuse change): a later version of a purchase. `points` are the difference that was posted;
    `earned_key` is the lot of what it earned more, empty where it earned less."""

    __tablename__: ClassVar[str] = "loyalty_correction"
    __table_args__ = (
        UniqueConstraint("purchase_id", "version", name="uq_loyalty_correction"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    purchase_id: str
    version: int = Field(sa_type=BigInteger)
    at: float = Field(sa_type=Double)
    points: int = Field(sa_type=BigInteger)
    lines: str = Field(sa_type=Text)
    content: str
    earned_key: str = ""


class LoyaltyReturnTable(SQLModel, table=True):
    """Append-only (triggers refuse change): what came back of a purchase, and how many points went with it.
    A later version of a return has the difference; `earned_key` is the lot of points that it gave back."""

    __tablename__: ClassVar[str] = "loyalty_return"
    __table_args__ = (
        UniqueConstraint("return_id", name="uq_loyalty_return"),
        Index("ix_loyalty_return_purchase", "purchase_id"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    return_id: str
    purchase_id: str
    at: float = Field(sa_type=Double)
    points: int = Field(sa_type=BigInteger)
    lines: str = Field(sa_type=Text)
    content: str
    earned_key: str = Field(default="", sa_column_kwargs={"server_default": ""})


class LoyaltyWaitTable(SQLModel, table=True):
    """A shop's purchase or return that has not come to the ledger yet, and why. Tried again from `retry_at` on, and
    given up after `until`."""

    __tablename__: ClassVar[str] = "loyalty_wait"
    __table_args__ = (Index("ix_loyalty_wait_retry", "retry_at"),)
    source: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)  # engine.vocabulary.ShopEventKind
    id: str = Field(primary_key=True)
    reason: str  # engine.vocabulary.EarnWait
    retry_at: float = Field(sa_type=Double)
    until: float = Field(sa_type=Double)


class LoyaltyCursorTable(SQLModel, table=True):
    """How far a job of the programme has come in another table, by that table's row ids."""

    __tablename__: ClassVar[str] = "loyalty_cursor"
    name: str = Field(primary_key=True)
    seen: int = Field(sa_type=BigInteger)


class GivenPointsTable(SQLModel, table=True):
    """Points from elsewhere for whoever has a card or mailbox, by its digest: once for each reference of a source. They
    wait until it is proved; who it was is cut when its profile is erased."""

    __tablename__: ClassVar[str] = "given_points"
    __table_args__ = (
        Index("ix_given_points_digest", "digest"),
        Index("ix_given_points_state", "state", "given_at"),
    )
    source: str = Field(primary_key=True)
    ref: str = Field(primary_key=True)
    kind: str  # engine.vocabulary.EntryKind: moved in, or of a partner
    digest: str
    points: int = Field(sa_type=BigInteger)
    expires_at: float | None = Field(default=None, sa_type=Double)
    given_at: float = Field(sa_type=Double)
    state: str  # engine.vocabulary.GivenState
