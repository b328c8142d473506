"""One shopper stored 800 mutes of 200 characters each, of products that no shop had; every decision read them all.

Right: only what the plan has can be muted, a category in whichever case as the plan spells it, so many a minute, and so
many in all; what is muted can always be taken back.
"""

from __future__ import annotations

import time

import pytest

from api.shoppers.wallet.quieter import MUTES_PER_MINUTE
from engine.errors import BusinessRefusal
from engine.offers.wishes import Mute
from engine.storage.people.wishes import MOST_MUTES, mutes_of, put_mute
from engine.vocabulary import MuteKind
from tests.api.site import Site


@pytest.mark.parametrize("kind", ["product", "category"])
def test_what_the_plan_lacks_cannot_be_muted(site: Site, kind: str) -> None:
    with site.client() as phone:
        who = site.sign_in(phone)
        body = {"kind": kind, "store": "corner", "name": "x" * 200}
        said = [phone.post("/v1/me/mutes", json=body).status_code for _ in range(MUTES_PER_MINUTE + 1)]
        assert said == [404] * MUTES_PER_MINUTE + [429]
    assert mutes_of(site.db, who) == []


def test_a_category_is_the_plan_s_in_whichever_case(site: Site) -> None:
    category = site.plan.products[0].category
    with site.client() as phone:
        who = site.sign_in(phone)
        body = {"kind": "category", "store": "corner", "name": category.upper()}
        assert phone.post("/v1/me/mutes", json=body).json() == {"changed": True}
        assert phone.post("/v1/me/mutes", json=body | {"name": category}).json() == {"changed": False}
        assert [kept.mute for kept in mutes_of(site.db, who)] == [Mute(MuteKind.CATEGORY, "corner", category)]
        assert phone.delete("/v1/me/mutes", params=body).json() == {"changed": True}


def test_mutes_have_an_end(site: Site) -> None:
    with site.client() as phone:
        who = site.sign_in(phone)
    for i in range(MOST_MUTES):
        assert put_mute(site.db, who, Mute(MuteKind.PRODUCT, "corner", f"p{i}"), time.time())
    with pytest.raises(BusinessRefusal):
        put_mute(site.db, who, Mute(MuteKind.ALL, ""), time.time())
