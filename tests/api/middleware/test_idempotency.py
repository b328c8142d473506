"""The same key and body give the first response again, whatever happens at once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from fastapi import Body, HTTPException

from api.middleware.idempotency import MAX_KEY_CHARS
from tests.api.site import Site, basket, campaign_json, code_of


class Counting:
    """A write that counts how often it really runs, and can be held up."""

    def __init__(self, site: Site) -> None:
        self.runs = 0
        self.go = threading.Event()
        self.inside = threading.Event()
        self.go.set()
        self._lock = threading.Lock()
        site.server.app.post("/v1/counted", status_code=201)(self.write)

    def write(self, body: dict[str, Any] = Body(...)) -> dict[str, Any]:
        self.inside.set()
        self.go.wait(60)
        with self._lock:
            self.runs += 1
            run = self.runs
        if "status" in body:
            raise HTTPException(body["status"], "as asked")
        return {"run": run, "at": time.time(), "text": "é€"}


def test_repeat_is_byte_for_byte(site: Site) -> None:
    counting = Counting(site)
    with site.manager() as client:
        answers = [client.post("/v1/counted", json={"a": 1}, headers={"Idempotency-Key": "k1"}) for _ in range(3)]
    assert counting.runs == 1
    assert {(a.status_code, a.content, a.headers["content-type"]) for a in answers} == {
        (201, answers[0].content, "application/json")
    }
    assert [a.headers.get("idempotency-replayed") for a in answers] == [None, "true", "true"]


def test_problems_are_repeated_too(site: Site) -> None:
    counting = Counting(site)
    with site.manager() as client:
        first, again = (
            client.post("/v1/counted", json={"status": 409}, headers={"Idempotency-Key": "k1"}) for _ in range(2)
        )
    assert counting.runs == 1
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert again.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("status", [500, 503, 429, 401])
def test_what_may_pass_is_tried_again(site: Site, status: int) -> None:
    counting = Counting(site)
    with site.manager() as client:
        for _ in range(2):
            answer = client.post("/v1/counted", json={"status": status}, headers={"Idempotency-Key": "k1"})
            assert answer.status_code == status
    assert counting.runs == 2


def test_a_bug_frees_the_key(site: Site) -> None:
    """An exception is no answer: the next attempt runs."""
    runs = []

    def broken() -> dict[str, int]:
        runs.append(1)
        if len(runs) == 1:
            raise RuntimeError("once")
        return {"run": len(runs)}

    site.server.app.post("/v1/broken")(broken)
    with site.manager() as client:
        first, again = (client.post("/v1/broken", headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.status_code, again.status_code, again.json()) == (500, 200, {"run": 2})


def test_another_body_is_refused(site: Site) -> None:
    Counting(site)
    with site.manager() as client:
        client.post("/v1/counted", json={"a": 1}, headers={"Idempotency-Key": "k1"})
        answer = client.post("/v1/counted", json={"a": 2}, headers={"Idempotency-Key": "k1"})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


def test_a_key_belongs_to_caller_and_path(site: Site) -> None:
    """Two shoppers, or two addresses, never meet under one key."""
    counting = Counting(site)
    site.server.app.post("/v1/elsewhere")(counting.write)
    with site.client() as ana, site.client() as ben:
        site.sign_in(ana)
        site.sign_in(ben)
        for client, path in ((ana, "/v1/counted"), (ben, "/v1/counted"), (ana, "/v1/elsewhere")):
            assert client.post(path, json={}, headers={"Idempotency-Key": "same"}).is_success
    assert counting.runs == 3


def test_while_the_first_is_in_flight(site: Site) -> None:
    """A repeat that overtakes the first is told to come back; then it gets the first answer."""
    counting = Counting(site)
    counting.go.clear()
    with site.manager() as client, ThreadPoolExecutor(1) as pool:
        headers = {"Idempotency-Key": "slow"}
        first = pool.submit(client.post, "/v1/counted", json={}, headers=headers)
        assert counting.inside.wait(60)
        meanwhile = client.post("/v1/counted", json={}, headers=headers)
        counting.go.set()
        done = first.result(60)
        again = client.post("/v1/counted", json={}, headers=headers)
    assert (meanwhile.status_code, meanwhile.json()["code"]) == (409, "idempotency_in_flight")
    assert int(meanwhile.headers["retry-after"]) >= 1
    assert (again.status_code, again.content) == (done.status_code, done.content)
    assert counting.runs == 1


def test_many_at_once_run_once(site: Site) -> None:
    """Thirty-two threads with one key: the write runs once, everybody else gets 409 or the same bytes."""
    counting = Counting(site)

    def ask(client: httpx.Client) -> httpx.Response:
        return client.post("/v1/counted", json={"a": 1}, headers={"Idempotency-Key": "race"})

    with site.manager() as client, ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(ask, [client] * 32))
        last = ask(client)
    assert counting.runs == 1
    assert {a.status_code for a in answers} <= {201, 409}
    assert {a.content for a in [*answers, last] if a.status_code == 201} == {last.content}


def test_tills_redeem_once_whatever_the_retries(site: Site) -> None:
    """Ten tills' worth of retries and rivals on one voucher: one redemption."""
    with site.client() as phone, site.till() as till:
        voucher = site.issue_shown(site.sign_in(phone))
        body = {"code": code_of(voucher), "store": "corner", "till": "1", "basket": basket()}

        def redeem(i: int) -> httpx.Response:
            return till.post(
                "/v1/till/redeem", json=body | {"till": str(i % 5)}, headers={"Idempotency-Key": f"k{i % 5}"}
            )

        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(redeem, range(40)))
        winners = {a.json()["redemption_id"] for a in answers if a.status_code == 200}
    assert len(winners) == 1
    assert {a.json()["code"] for a in answers if a.status_code != 200} <= {"voucher_redeemed", "idempotency_in_flight"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/till/redeem", {}),
        ("/v1/till/void", {}),
        ("/v1/stores/corner/campaigns", campaign_json("new")),
    ],
)
def test_tills_and_managers_must_send_a_key(site: Site, path: str, body: dict[str, Any]) -> None:
    with site.manager() as client:
        answer = client.post(path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_required")


@pytest.mark.parametrize("key", ["", "x" * (MAX_KEY_CHARS + 1)])
def test_a_key_has_a_length(site: Site, key: str) -> None:
    with site.manager() as client:
        answer = client.post("/v1/stores/corner/campaigns", json={}, headers={"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_invalid")


def test_a_repeated_sign_in_keeps_its_cookie_for_who_knows_its_key(site: Site) -> None:
    """The answer got lost: who repeats it is signed in. A key that others may hit upon is no secret, and gets none."""
    body = {"store": "corner", "consents": [{"purpose": "location_offers", "channel": "page", "granted": True}]}
    for key, again in (("3f0e9a52-5c1b-4d0e-8a77-2b9a4f1c6d10", 200), ("sign-in-1", 401)):
        with site.client() as browser, site.client() as repeat:
            first = browser.post("/v1/sessions", json=body, headers={"Idempotency-Key": key})
            second = repeat.post("/v1/sessions", json=body, headers={"Idempotency-Key": key})
            assert second.content == first.content
            assert repeat.get("/v1/me").status_code == again
