"""A partner's key was rotated between a request and its retry, and the same reference gave its points twice.

Input: a gift, then the same gift under the key that followed, and the one after that; the same reference of another
partner; a till's redeem that is repeated under its next key. Right: the reference counts once for the partner, whatever
the key; another partner has references of its own; the till gets the first answer again.
"""

from __future__ import annotations

import time

from engine.storage.keys import add_key, list_keys, rotate_key
from tests.api.site import Site

URL = "/v1/loyalty/partners/points"
GIFT = {"reference": "A-17", "card": "9250000000017", "points": 50}


def test_a_reference_counts_once_for_a_partner(site: Site) -> None:
    now = time.time()
    first, key = add_key(site.db, "partner", now)
    second, next_key = rotate_key(site.db, first, now, 3600.0)
    _, last_key = rotate_key(site.db, second, now, 3600.0)
    _, other = add_key(site.db, "partner", now)
    assert len({one.line for one in list_keys(site.db)}) == 2

    def given(key: str, points: int) -> dict[str, object]:
        with site.client(Authorization=f"Bearer {key}") as partner:
            said: dict[str, object] = partner.post(URL, json=GIFT | {"points": points}).json()
            return said

    assert [given(one, 50) for one in (key, next_key, last_key)] == [{"new": True}, {"new": False}, {"new": False}]
    assert given(last_key, 51)["code"] == "ledger_key_reused"
    assert given(other, 51) == {"new": True}


def test_a_repeat_under_the_next_key_is_answered_as_the_first(site: Site) -> None:
    now = time.time()
    first, key = add_key(site.db, "till", now)
    _, next_key = rotate_key(site.db, first, now, 3600.0)
    _, other = add_key(site.db, "till", now)
    body = {"store": "corner", "code": "NOSUCHCODE", "currency": "EUR", "lines": []}
    replayed = []
    for one in (key, next_key, other):
        with site.client(Authorization=f"Bearer {one}") as till:
            answer = till.post("/v1/till/redeem", json=body, headers={"Idempotency-Key": "r-1"})
            replayed.append(answer.headers.get("Idempotency-Replayed"))
    assert replayed == [None, "true", None]
