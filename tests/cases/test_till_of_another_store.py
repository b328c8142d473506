"""A key of one store opened what another store's screens show.

What happened: `GET /v1/till/codes/STORE` took any till's key, so a till of one shop could prove phones in every other.
Input: the key of a till of another store, and of this one. Right: there is no such store for the first.
"""

from __future__ import annotations

import time

from engine.storage.keys import add_key
from tests.api.conftest import config, plan, site
from tests.api.site import Site

__all__ = ["config", "plan", "site"]


def test_codes_of_screens_are_their_store_s(site: Site) -> None:
    statuses = []
    for store in ("elsewhere", "corner", "*"):
        key = add_key(site.db, "till", time.time(), store=store)[1]
        site.server.app.state.ctx.keys._looked_at = -10.0  # as five seconds later
        with site.client(Authorization=f"Bearer {key}") as till:
            statuses.append(till.get("/v1/till/codes/corner").status_code)
    assert statuses == [404, 200, 200]
