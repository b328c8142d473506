"""By what a person is known on another phone, where they are signed in, and which profiles turned out to be one."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import Boolean, Double, Index, Integer, Text, text
from sqlmodel import Field, SQLModel

from engine.storage.models.rowid import RowId


class IdentifierTable(SQLModel, table=True):
    """A verified identifier: its keyed digest finds the profile, `sealed` shows it to its owner. One profile each.

    An account of an e-shop has nothing to show, and in `via` the digest of the mailbox or card beside which the e-shop
    named it; it goes with that.
    """

    __tablename__: ClassVar[str] = "identifier"
    __table_args__ = (Index("ix_identifier_shopper", "shopper_id"), Index("ix_identifier_via", "via"))
    kind: str = Field(primary_key=True)  # engine.vocabulary.IdentifierKind
    digest: str = Field(primary_key=True)
    shopper_id: str
    sealed: str = Field(sa_type=Text)
    verified_at: float = Field(sa_type=Double)
    via: str = Field(default="", sa_column_kwargs={"server_default": ""})


class IdentityLinkTable(SQLModel, table=True):
    """A link sent by e-mail, by the digest of what is in it. `browser` is the digest of the asking browser's cookie,
    and `shopper_id` who was signed in there, empty where nobody was."""

    __tablename__: ClassVar[str] = "identity_link"
    __table_args__ = (Index("ix_identity_link_shopper", "shopper_id"), Index("ix_identity_link_expires", "expires_at"))
    digest: str = Field(primary_key=True)
    identifier: str
    sealed: str = Field(sa_type=Text)
    shopper_id: str
    browser: str
    label: str
    asked_at: float = Field(sa_type=Double)
    expires_at: float = Field(sa_type=Double)
    used_at: float | None = Field(default=None, sa_type=Double)


class BrowserSessionTable(SQLModel, table=True):
    """A browser where somebody is signed in, by the digest of what its cookie holds. `shared`: others use it, too."""

    __tablename__: ClassVar[str] = "browser_session"
    __table_args__ = (Index("ix_browser_session_shopper", "shopper_id"),)
    session_id: str = Field(primary_key=True)
    shopper_id: str
    label: str
    shared: bool = Field(sa_type=Boolean)
    made_at: float = Field(sa_type=Double)
    seen_at: float = Field(sa_type=Double)


class LoyaltyCardTable(SQLModel, table=True):
    """A card that the shop gave out, and what only its owner has besides: both as keyed digests. `tries` since
    `tries_from` that were wrong."""

    __tablename__: ClassVar[str] = "loyalty_card"
    digest: str = Field(primary_key=True)
    proof: str
    tries: int = Field(default=0, sa_type=Integer)
    tries_from: float = Field(default=0.0, sa_type=Double)


class ProfileMergeTable(SQLModel, table=True):
    """Two profiles that are one person's. `moved` is JSON: what a split has to put back. Gone with the profile.

    A profile has joined one other at most.
    """

    __tablename__: ClassVar[str] = "profile_merge"
    __table_args__ = (
        Index("ix_profile_merge_kept", "kept"),
        Index("ix_profile_merge_merged", "merged"),
        Index(
            "uq_profile_merge_standing",
            "merged",
            unique=True,
            sqlite_where=text("split_at IS NULL"),
            postgresql_where=text("split_at IS NULL"),
        ),
    )
    merge_id: str = Field(primary_key=True)
    kept: str
    merged: str
    proof: str  # engine.vocabulary.IdentifierKind
    at: float = Field(sa_type=Double)
    split_at: float | None = Field(default=None, sa_type=Double)
    moved: str = Field(sa_type=Text)


class MergeLogTable(SQLModel, table=True):
    """Append-only (triggers refuse change): merges and splits with how much moved, under ids that lead nowhere once the
    profiles are erased."""

    __tablename__: ClassVar[str] = "merge_log"
    __table_args__ = (Index("ix_merge_log_merge", "merge_id"), {"sqlite_autoincrement": True})
    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    merge_id: str
    change: str  # merge, split
    kept: str
    merged: str
    proof: str
    moved: str = Field(sa_type=Text)  # JSON: how many of each
    at: float = Field(sa_type=Double)
