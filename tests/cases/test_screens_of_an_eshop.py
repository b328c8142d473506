"""The e-shop's key read the codes that screens in the store show, by which a phone proves that it stands beside them.

In: keys of scope `web` and `till` of one store. Right: the till's key has the codes; the e-shop's checks coupons, and
is told that it needs another key for these.
"""

from __future__ import annotations

import time

from engine.storage.keys import add_key
from tests.api.site import Site, basket


def test_an_eshop_gets_no_code_of_a_screen(site: Site) -> None:
    _, web = add_key(site.db, "web", time.time(), store="corner")
    site.server.app.state.ctx.keys._looked_at = -10.0  # as five seconds later
    with site.client(Authorization=f"Bearer {web}") as shop, site.till() as till:
        body = {"code": "7F3KQ2M8ZX4A", "store": "corner", "till": "web", "basket": basket()}
        assert shop.post("/v1/till/check", json=body).status_code == 200
        assert shop.get("/v1/till/codes/corner").status_code == 401
        assert till.get("/v1/till/codes/corner").json()["items"]
