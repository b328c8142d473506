"""Phones that asked for push, and the keys that push is signed with."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import Double, Index, LargeBinary, Text
from sqlmodel import Field, SQLModel


class PushSubscriptionTable(SQLModel, table=True):
    """Where a browser of a shopper is pushed to, while it is signed in. An endpoint has one owner: who signs in on a
    phone takes it over. `session_id` is empty where it was asked for before sessions were kept."""

    __tablename__: ClassVar[str] = "push_subscription"
    __table_args__ = (
        Index("ix_push_subscription_shopper", "shopper_id", "seen_at"),
        Index("ix_push_subscription_session", "session_id"),
    )
    subscription_id: str = Field(primary_key=True)  # SHA-256 of the endpoint
    shopper_id: str
    endpoint: str = Field(sa_type=Text)
    p256dh: str  # the browser's public key, base64url
    auth: str  # the browser's secret, base64url
    key_id: str  # of ours, that the browser was told
    made_at: float = Field(sa_type=Double)
    seen_at: float = Field(sa_type=Double)
    session_id: str = Field(default="", sa_column_kwargs={"server_default": ""})


class PushKeyTable(SQLModel, table=True):
    """A key pair of VAPID (P-256). The private half is sealed under the site's key, which is not in the database."""

    __tablename__: ClassVar[str] = "push_key"
    key_id: str = Field(primary_key=True)
    public: str  # uncompressed point, base64url: what browsers are told
    sealed: bytes = Field(sa_type=LargeBinary)
    made_at: float = Field(sa_type=Double)
