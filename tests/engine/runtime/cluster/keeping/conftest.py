"""Both databases for every test of this room."""

from tests.databases import database_url, db, postgres

__all__ = ["database_url", "db", "postgres"]
