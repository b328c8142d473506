"""Both databases."""

from __future__ import annotations

from tests.databases import database_url, db, postgres

__all__ = ["database_url", "db", "postgres"]
