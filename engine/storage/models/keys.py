"""Keys that people and programs present: only their hashes are here."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import Double
from sqlmodel import Field, SQLModel


class AccessKeyTable(SQLModel, table=True):
    """One key. `store` is `*` for all of the site's; it ends at `ends_at`, by being revoked or rotated.

    `held_by` is the id of the account that has it, empty where nobody said. `line` is the fingerprint of the first key
    that it was rotated from, empty for one that was made anew.
    """

    __tablename__: ClassVar[str] = "access_key"
    key_id: str = Field(primary_key=True)
    digest: str = Field(unique=True)
    scope: str
    store: str
    name: str
    held_by: str = Field(default="")
    line: str = Field(default="")
    made_at: float = Field(sa_type=Double)
    ends_at: float | None = Field(default=None, sa_type=Double)
