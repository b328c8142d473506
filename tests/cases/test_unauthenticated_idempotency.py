"""Writes of strangers with an Idempotency-Key were kept for a day: 99 MB in 100 requests, with their own names in it.

Input: large bodies of made-up names, with an Idempotency-Key, from nobody. Right: nothing is kept, and no answer says
the caller's names again.
"""

from __future__ import annotations

from sqlmodel import select

from engine.storage.models.running import IdempotencyTable
from tests.api.site import SECRETS, Site

MADE_UP = "zebra" * 20


def kept(site: Site) -> int:
    with site.db.read() as session:
        return len(session.exec(select(IdempotencyTable)).all())


def test_nothing_is_kept_of_strangers(site: Site) -> None:
    with site.client() as stranger:
        for path in ("/v1/sessions", "/v1/me/consents", "/v1/till/redeem", "/v1/stores/corner/campaigns"):
            body = {"store": "corner", **{f"{MADE_UP}{i}": 1 for i in range(2000)}}
            answer = stranger.post(path, json=body, headers={"Idempotency-Key": f"k{path}"})
            assert 400 <= answer.status_code < 500
            assert MADE_UP not in answer.text
            assert len(answer.content) < 16_384
        forged = {"Idempotency-Key": "k", "Authorization": "Bearer made-up"}
        assert stranger.post("/v1/till/redeem", json={}, headers=forged).status_code == 401
    assert kept(site) == 0


def test_what_is_kept_of_those_we_know_is_small_and_names_no_key(site: Site) -> None:
    with site.till() as till:
        body = {"store": "corner", SECRETS.till_key: 1, **{f"{MADE_UP}{i}": 1 for i in range(2000)}}
        answer = till.post("/v1/till/redeem", json=body, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 422
    assert SECRETS.till_key not in answer.text
    with site.db.read() as session:
        assert all(len(row.body or b"") < 16_384 for row in session.exec(select(IdempotencyTable)))
