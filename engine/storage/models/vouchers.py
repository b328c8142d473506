"""What shoppers are offered: from the campaign over the decision and the voucher to its use at the till."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlmodel import Field, SQLModel

from engine.storage.models.rowid import RowId


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


class CampaignToldTable(SQLModel, table=True):
    """What is told of a campaign's budget: coupons in whole ks, the money of as many, and when that was looked at."""

    __tablename__: ClassVar[str] = "campaign_told"
    store: str = Field(primary_key=True)
    campaign_id: str = Field(primary_key=True)
    vouchers: int = Field(sa_type=BigInteger)
    amount_minor: int = Field(sa_type=BigInteger)
    at: float = Field(sa_type=Double)


class CampaignRevisionTable(SQLModel, table=True):
    """A version of a campaign as it was written, and who wrote it: an account, a key's name, or the file."""

    __tablename__: ClassVar[str] = "campaign_revision"
    store: str = Field(primary_key=True)
    campaign_id: str = Field(primary_key=True)
    version: int = Field(primary_key=True, sa_type=BigInteger)
    state: str
    spec: str = Field(sa_type=Text)
    by: str
    at: float = Field(sa_type=Double)


class HqCampaignTable(SQLModel, table=True):
    """A campaign that HQ wrote for several stores, as one JSON document. The row is the lock of the budget that they
    share; what they have spent of it is the sum over their own campaigns."""

    __tablename__: ClassVar[str] = "hq_campaign"
    campaign_id: str = Field(primary_key=True)
    version: int = Field(sa_type=BigInteger)
    spec: str = Field(sa_type=Text)
    budgeted: bool  # whether there is a budget to share
    by: str
    at: float = Field(sa_type=Double)
    # Until a second person approves it no store may let it speak: what all may spend together asks for one.
    waits: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


class HqRevisionTable(SQLModel, table=True):
    """A version of HQ's campaign as it was written, who wrote it, and who approved it, where somebody had to."""

    __tablename__: ClassVar[str] = "hq_revision"
    campaign_id: str = Field(primary_key=True)
    version: int = Field(primary_key=True, sa_type=BigInteger)
    spec: str = Field(sa_type=Text)
    by: str
    at: float = Field(sa_type=Double)
    approved_by: str = Field(default="", sa_column_kwargs={"server_default": ""})
    approved_at: float | None = Field(default=None, sa_type=Double)


class HqInstanceTable(SQLModel, table=True):
    """A store's campaign that came of one of HQ's: of which version, and the terms that HQ gave the store then."""

    __tablename__: ClassVar[str] = "hq_instance"
    __table_args__ = (Index("ix_hq_instance_campaign", "campaign_id"),)
    store: str = Field(primary_key=True)
    campaign_id: str = Field(primary_key=True)
    version: int = Field(sa_type=BigInteger)
    given: str = Field(sa_type=Text)


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
    # engine.vocabulary.SalesChannel, separated by commas: where it may be used
    channels: str = Field(default="store", sa_column_kwargs={"server_default": "store"})
    web_until: float | None = Field(default=None, sa_type=Double)  # until when it holds where its shopper keeps it


class CapCountTable(SQLModel, table=True):
    """A slot in the caps of a person, known by a keyed digest of a phone: outlives the profile, and ends after a week.

    `slot` is the id of the voucher or ghost trigger, a random name once its shopper is erased; `visit` a keyed digest.
    """

    __tablename__: ClassVar[str] = "cap_count"
    __table_args__ = (Index("ix_cap_count_slot", "slot"), Index("ix_cap_count_at", "at"))
    person: str = Field(primary_key=True)
    slot: str = Field(primary_key=True)
    store: str
    campaign_id: str
    visit: str
    at: float = Field(sa_type=Double)


class NextBestTable(SQLModel, table=True):
    """What a store has learnt of which product fits whom: weights and sums over all shoppers, of nobody alone."""

    __tablename__: ClassVar[str] = "next_best"
    store: str = Field(primary_key=True)
    learnt_at: float = Field(sa_type=Double)
    messages: int = Field(sa_type=BigInteger)
    model: str = Field(sa_type=Text)


class DeliveryTable(SQLModel, table=True):
    """The outbox: what must reach a shopper, written with what caused it."""

    __tablename__: ClassVar[str] = "delivery"
    __table_args__ = (
        Index("ix_delivery_pending", "channel", "state", "delivery_id"),
        Index("ix_delivery_shopper", "shopper_id"),
        Index("ix_delivery_retract", "retract"),
        {"sqlite_autoincrement": True},
    )
    delivery_id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
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
    # Channels to try after this one, in their order, separated by commas.
    route: str = Field(default="", sa_column_kwargs={"server_default": ""})
    until: float = Field(default=0.0, sa_type=Double, sa_column_kwargs={"server_default": "0"})  # then the next gets it
    sent_at: float | None = Field(default=None, sa_type=Double)  # given to the present channel, whatever came of it
    # The phone is about to show it: no other channel gets it.
    held: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    # A notification that may be on a screen must go.
    retract: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    reason: str = Field(default="", sa_column_kwargs={"server_default": ""})  # engine.vocabulary.DeliveryReason


class RedemptionTable(SQLModel, table=True):
    """A use of a voucher at a till: what was sold, what came off. Voided at most once."""

    __tablename__: ClassVar[str] = "redemption"
    __table_args__ = (
        UniqueConstraint("store", "till", "key", name="uq_redemption_key"),
        Index("ix_redemption_voucher", "voucher_id"),
        Index("ix_redemption_store", "store", "redeemed_at"),
        Index(
            "ix_redemption_cashier",
            "redeemed_at",
            sqlite_where=text("cashier <> ''"),
            postgresql_where=text("cashier <> ''"),
        ),
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
    reason: str = Field(default="ok", sa_column_kwargs={"server_default": "ok"})  # or that the law allowed less
    channel: str = Field(
        default="store", sa_column_kwargs={"server_default": "store"}
    )  # engine.vocabulary.SalesChannel
    cashier: str = Field(default="", sa_column_kwargs={"server_default": ""})  # as the till says; empty: it did not
