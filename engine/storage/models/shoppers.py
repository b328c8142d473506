"""Who the shoppers are, which devices are theirs, and what they have agreed to."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import BigInteger, Double, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from engine.storage.models.rowid import RowId


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
    restricted_at: float | None = Field(default=None, sa_type=Double)  # kept, and nothing is done with it since
    objected_at: float | None = Field(default=None, sa_type=Double)  # to being part of statistics


class DeviceLinkTable(SQLModel, table=True):
    """A device of a shopper who granted location offers and proved that it is theirs. No grant or proof, no row."""

    __tablename__: ClassVar[str] = "device_link"
    __table_args__ = (Index("ix_device_link_shopper", "shopper_id"), Index("ix_device_link_device", "device"))
    store: str = Field(primary_key=True)
    device: str = Field(primary_key=True)
    shopper_id: str
    linked_at: float = Field(sa_type=Double)
    proof: str  # engine.vocabulary.Proof


class RecognitionTable(SQLModel, table=True):
    """A shopper chose to be known to the staff of a store for this visit. Gone with the visit; `recognition_id` is all
    that the staff's page knows them by."""

    __tablename__: ClassVar[str] = "recognition"
    __table_args__ = (UniqueConstraint("store", "shopper_id", name="uq_recognition"),)
    recognition_id: str = Field(primary_key=True)
    store: str
    shopper_id: str
    chosen_at: float = Field(sa_type=Double)
    ends_at: float = Field(sa_type=Double)
    points: int = Field(default=0, sa_type=BigInteger)  # added by hand in this visit


class StaffNoteTable(SQLModel, table=True):
    """What a clerk wrote down of a shopper, in a visit for which they chose to be known: erased with them."""

    __tablename__: ClassVar[str] = "staff_note"
    __table_args__ = (Index("ix_staff_note_shopper", "shopper_id", "store"), {"sqlite_autoincrement": True})
    note_id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    shopper_id: str
    store: str
    text: str
    by: str
    at: float = Field(sa_type=Double)


class SegmentSpanTable(SQLModel, table=True):
    """A shopper belongs to a segment of the site's from `since` to before `until`, if nothing more happens."""

    __tablename__: ClassVar[str] = "segment_span"
    __table_args__ = (Index("ix_segment_span_segment", "segment", "until"),)
    shopper_id: str = Field(primary_key=True)
    segment: str = Field(primary_key=True)
    since: float = Field(primary_key=True, sa_type=Double)
    until: float = Field(sa_type=Double)


class SegmentLookTable(SQLModel, table=True):
    """When a shopper's segments are to be worked out again."""

    __tablename__: ClassVar[str] = "segment_look"
    __table_args__ = (Index("ix_segment_look_next", "next_at"),)
    shopper_id: str = Field(primary_key=True)
    next_at: float = Field(sa_type=Double)


class SegmentCountTable(SQLModel, table=True):
    """How many people are told to be in a segment, in whole ks, and when that was last looked at."""

    __tablename__: ClassVar[str] = "segment_count"
    segment: str = Field(primary_key=True)
    shown: int = Field(sa_type=BigInteger)
    at: float = Field(sa_type=Double)


class OptOutTable(SQLModel, table=True):
    """A phone that is to be counted in nothing, as its owner wished."""

    __tablename__: ClassVar[str] = "opt_out"
    store: str = Field(primary_key=True)
    device: str = Field(primary_key=True)
    at: float = Field(sa_type=Double)


class DeviceClaimTable(SQLModel, table=True):
    """A shopper says that a phone is theirs, and waits for the proof. Gives nothing until then; ends by itself.

    `device` is empty where the portal's address named none, `address` a keyed digest of the caller's. The shopper is
    empty where somebody opts out without a sign-in.
    """

    __tablename__: ClassVar[str] = "device_claim"
    __table_args__ = (
        Index("ix_device_claim_shopper", "shopper_id"),
        Index("ix_device_claim_expires", "expires_at"),
    )
    store: str = Field(primary_key=True)
    shopper_id: str = Field(primary_key=True)
    address: str = Field(primary_key=True)
    device: str
    claimed_at: float = Field(sa_type=Double)
    expires_at: float = Field(sa_type=Double)
    code_place: str = ""
    code_at: float = Field(default=0.0, sa_type=Double)


class UsedProofTable(SQLModel, table=True):
    """What may be used once, by its digest: signed redirects and passes. Forgotten when it cannot be used any more."""

    __tablename__: ClassVar[str] = "used_proof"
    __table_args__ = (Index("ix_used_proof_until", "until"),)
    digest: str = Field(primary_key=True)
    owner: str
    until: float = Field(sa_type=Double)


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
    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    shopper_id: str
    purpose: str
    channel: str
    granted: bool
    text_version: str
    place: str
    at: float = Field(sa_type=Double)


class ConsentCountTable(SQLModel, table=True):
    """How many people's answer to a wording is yes or no: a count, which names nobody and no day. `shown` is what was
    let out of it, which moves by k and more."""

    __tablename__: ClassVar[str] = "consent_count"
    text_version: str = Field(primary_key=True)
    purpose: str = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    granted: bool = Field(primary_key=True)
    n: int = Field(sa_type=BigInteger)
    shown: int = Field(default=0, sa_type=BigInteger)
