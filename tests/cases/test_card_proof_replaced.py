"""A till administrator of one store gave a shopper's loyalty card another proof, and signed into the profile with it.

Input: a card bound to a profile is sent to `/v1/cards` with another proof, by a store's till administrator and by the
key of all stores. Right value: the store is refused (409), whatever the proof; after the new proof of all stores the
card leads into nobody's profile until its owner proves it anew.
"""

from __future__ import annotations

from engine.vocabulary import Role
from tests.api.site import Site

CARD = {"number": "4000123412341234", "proof": "75011"}
OTHER = CARD | {"proof": "13001"}


def test_another_proof_never_leads_into_the_profile(site: Site) -> None:
    with (
        site.client() as owner,
        site.client() as thief,
        site.manager() as shop,
        site.colleague("tilly", (Role.TILL_ADMIN, "corner")) as till,
    ):
        assert till.post("/v1/cards", json={"cards": [CARD]}).status_code == 200
        hers = site.sign_in(owner)
        assert owner.post("/me/identity/card", data=CARD).status_code == 303
        for again in (OTHER, CARD):  # the answer says nothing of the proof
            refused = till.post("/v1/cards", json={"cards": [CARD | {"number": "4000999999999999"}, again]})
            assert (refused.status_code, refused.json()["code"]) == (409, "card_known")
        assert thief.post("/me/identity/card", data=OTHER).status_code == 409
        assert shop.post("/v1/cards", json={"cards": [OTHER]}).status_code == 200
        theirs = site.sign_in(thief)
        assert thief.post("/me/identity/card", data=OTHER).status_code == 303
        assert (thief.get("/v1/me").json()["shopper_id"], theirs == hers) == (theirs, False)
