"""The key of rows that the database numbers."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer

RowId = BigInteger().with_variant(Integer(), "sqlite")
"""64 bits; but SQLite numbers rows by itself only for a plain INTEGER key."""
