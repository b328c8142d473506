""" "I am here" is kept for the engine where its shopper agreed to teach the map, and nowhere else."""

from __future__ import annotations

import time

from engine.privacy.consent import ConsentChoice
from engine.storage.people.shoppers import set_consents
from engine.storage.people.told_places import told_places
from engine.vocabulary import LabelKind
from tests.api.site import Site

TEACHES = ConsentChoice("location_learning", "any", True)


def test_a_place_is_told_with_consent_only(site: Site) -> None:
    with site.client() as phone:
        who = site.sign_in(phone)
        said = {"store": "corner", "sku": "tea-1"}
        refused = phone.post("/v1/me/here", json=said)
        assert (refused.status_code, refused.json()["code"]) == (409, "refused")
        assert told_places(site.db, "corner") == []
        set_consents(site.db, who, [TEACHES], "2026-11-28", "me", time.time())
        assert phone.post("/v1/me/here", json=said).json() == {"changed": True}
        [told] = told_places(site.db, "corner")
        assert (told.shopper_id, told.sku, told.kind) == (who, "tea-1", LabelKind.HERE)
        assert phone.post("/v1/me/here", json=said | {"sku": "nothing"}).status_code == 404
        assert phone.post("/v1/me/here", json=said | {"store": "elsewhere"}).status_code == 404


def test_what_waits_goes_with_a_restriction_and_nothing_comes_after(site: Site) -> None:
    with site.client() as phone:
        who = site.sign_in(phone)
        set_consents(site.db, who, [TEACHES], "2026-11-28", "me", time.time())
        said = {"store": "corner", "sku": "tea-1"}
        assert phone.post("/v1/me/here", json=said).json() == {"changed": True}
        assert phone.put("/v1/me/rights", json={"restricted": True}).status_code == 200
        assert told_places(site.db, "corner") == []
        assert phone.post("/v1/me/here", json=said).json() == {"changed": False}
        assert told_places(site.db, "corner") == []
