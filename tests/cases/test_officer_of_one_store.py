"""A data protection officer of one store read the whole site's page; who worked at two stores' tills undid in one only.

Input: an officer of one store and one of all open `/dpo` and `/v1/privacy/consents`; a till administrator of `a` and
`corner` undoes a sale of `corner` without naming the store. Right value: 403 and 200; the sale is undone.
"""

from __future__ import annotations

import time

from engine.vocabulary import Role
from tests.api.site import Site, basket, code_of


def test_an_officer_of_one_store_reads_not_of_all(site: Site) -> None:
    with site.colleague("dora", (Role.DPO, "corner")) as dora, site.colleague("dan", (Role.DPO, "*")) as dan:
        for path in ("/dpo", "/v1/privacy/consents", "/v1/retention"):
            assert (dora.get(path).status_code, dan.get(path).status_code) == (403, 200)


def test_a_sale_is_undone_in_any_store_of_ones_own(site: Site) -> None:
    both = site.colleague("tilly", (Role.TILL_ADMIN, "a"), (Role.TILL_ADMIN, "corner"))
    with site.client() as phone, both as tilly, site.colleague("tom", (Role.TILL_ADMIN, "a")) as tom:
        code = code_of(site.issue(site.sign_in(phone), time.time()))
        sale = {"store": "corner", "basket": basket(), "code": code, "till": "t"}
        sold = tilly.post("/v1/till/redeem", json=sale, headers={"Idempotency-Key": "1"}).json()["redemption_id"]
        body, key = {"redemption_id": sold}, {"Idempotency-Key": "2"}
        assert tom.post("/v1/till/void", json=body, headers=key).status_code == 404
        assert tilly.post("/v1/till/void", json=body, headers=key).status_code == 200
