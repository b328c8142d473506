"""People who use the console: accounts, what they are where, invitations, sessions, and the log of what they did."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import Double, Index, Text
from sqlmodel import Field, SQLModel

from engine.storage.models.rowid import RowId


class ConsoleAccountTable(SQLModel, table=True):
    """Somebody who may sign in. `sign_in` is the name as it is compared; `password` a hash, empty until one is chosen;
    `oidc` issuer and subject of a single sign-on, empty without."""

    __tablename__: ClassVar[str] = "console_account"
    __table_args__ = (Index("ix_console_account_oidc", "oidc"),)
    account_id: str = Field(primary_key=True)
    name: str
    sign_in: str = Field(unique=True)
    email: str
    password: str = Field(default="", sa_type=Text)
    oidc: str = Field(default="")
    made_at: float = Field(sa_type=Double)
    disabled_at: float | None = Field(default=None, sa_type=Double)


class AccountRoleTable(SQLModel, table=True):
    """A role of an account in a store; `*` is every one."""

    __tablename__: ClassVar[str] = "account_role"
    account_id: str = Field(primary_key=True)
    role: str = Field(primary_key=True)  # engine.vocabulary.Role
    store: str = Field(primary_key=True)
    given_at: float = Field(sa_type=Double)


class AccountInvitationTable(SQLModel, table=True):
    """A link by which an account chooses its password, by the digest of what is in it. It works once."""

    __tablename__: ClassVar[str] = "account_invitation"
    __table_args__ = (Index("ix_account_invitation_account", "account_id"),)
    digest: str = Field(primary_key=True)
    account_id: str
    made_at: float = Field(sa_type=Double)
    expires_at: float = Field(sa_type=Double)
    used_at: float | None = Field(default=None, sa_type=Double)


class AccountSessionTable(SQLModel, table=True):
    """A browser where an account is signed in, by the digest of what its cookie holds."""

    __tablename__: ClassVar[str] = "account_session"
    __table_args__ = (Index("ix_account_session_account", "account_id"),)
    session_id: str = Field(primary_key=True)
    account_id: str
    label: str
    made_at: float = Field(sa_type=Double)
    seen_at: float = Field(sa_type=Double)


class AuditPassTable(SQLModel, table=True):
    """Empty but within the transactions that may change the log: those that forget in time, and erase an account."""

    __tablename__: ClassVar[str] = "audit_pass"
    id: int | None = Field(default=None, primary_key=True)


class AuditEntryTable(SQLModel, table=True):
    """Append-only (triggers refuse change, see `AuditPassTable`): who did what, to whom or what, in which
    store (`*`: in none alone)."""

    __tablename__: ClassVar[str] = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_store", "store", "id"),
        Index("ix_audit_entry_account", "account_id", "id"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=RowId)
    at: float = Field(sa_type=Double)
    account_id: str  # empty: a key, or the command line
    who: str
    action: str  # engine.vocabulary.AuditAction
    store: str
    subject: str
    detail: str = Field(sa_type=Text)
