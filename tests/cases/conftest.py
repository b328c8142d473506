"""What cases need: either database, and the HTTP side of a small shop."""

from tests.api.conftest import config, plan, site
from tests.databases import database_url, db, postgres

__all__ = ["config", "database_url", "db", "plan", "postgres", "site"]
