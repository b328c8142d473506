"""The way to the product over HTTP: from the last place, for its own shopper only."""

from __future__ import annotations

import time

from engine.storage.last_places import LastPlace, note_places
from tests.api.site import Site


def test_the_way_begins_where_the_shopper_was_last(site: Site) -> None:
    with site.client() as phone, site.client() as other:
        who = site.sign_in(phone, **site.redirect())
        voucher = site.issue(who, time.time())
        unknown = phone.get(f"/v1/me/vouchers/{voucher}/way?lang=fr").json()
        assert (unknown["length_m"], unknown["text"]) == (None, "Rayon Thés & cafés")
        note_places(site.db, [LastPlace("corner", who, "ground", 8.0, 2.0, 1.5, time.time())])
        said = phone.get(f"/v1/me/vouchers/{voucher}/way?lang=en").json()
        assert said["length_m"] == 6
        assert said["text"] == "6 m on foot, aisle Thés & cafés"
        assert 'class="route"' in said["svg"]
        note_places(site.db, [LastPlace("corner", who, "ground", 8.0, 2.0, 30.0, time.time() + 1)])
        assert phone.get(f"/v1/me/vouchers/{voucher}/way").json()["length_m"] is None  # too vague to begin anywhere
        site.sign_in(other)
        assert other.get(f"/v1/me/vouchers/{voucher}/way").status_code == 404
