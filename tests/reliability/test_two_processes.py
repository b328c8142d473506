"""Two `rayon api` on one PostgreSQL, each with a folder of its own as on two machines, behave as one."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from engine.offers.campaigns import load_campaigns
from engine.offers.caps import Limits
from engine.records import Candidate, DeviceId, Trigger
from engine.storage.database import Database, open_database
from engine.storage.vouchers.campaigns import seed_campaigns
from engine.storage.vouchers.claims import claim
from engine.vocabulary import Channel
from tests.api.site import code_of
from tests.databases import Postgres, postgres
from tests.engine.runtime.made import FLOORPLANS, boutique
from tests.sites import SITE_KEY, TILL_KEY, Site, until

__all__ = ["postgres"]
STORE = "boutique"
BASKET = {"currency": "EUR", "lines": [{"sku": "NOU-001", "quantity": 1, "unit_price_minor": 12_900}]}
GUESSES = 10  # api.ratelimits.SIGN_IN_KEYS_PER_MINUTE


class Page:
    """A shopper's page that is held open at one process, in a thread of its own."""

    def __init__(self, url: str, cookies: httpx.Cookies) -> None:
        self.lines: list[str] = []
        self._client = httpx.Client(base_url=url, cookies=cookies, timeout=60)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with self._client, self._client.stream("GET", "/v1/me/stream") as answer:  # until the server ends it
            for line in answer.iter_lines():
                self.lines.append(line)

    def has(self, word: str) -> bool:
        return any(word in line for line in self.lines)


@pytest.fixture
def pair(tmp_path: Path, postgres: Postgres) -> Iterator[tuple[Site, Site, Database]]:
    url = postgres.fresh()
    first, second = (Site(tmp_path / n, 1, FLOORPLANS, [STORE], storage={"url": url}) for n in ("a", "b"))
    db = open_database(url)
    seed_campaigns(db, STORE, load_campaigns(FLOORPLANS / STORE / "campaigns.yaml", boutique()), time.time())
    first.start("api")
    second.start("api")
    try:
        first.wait_ready()
        second.wait_ready()
        yield first, second, db
    finally:
        codes = [site.stop() for site in (first, second)]
        db.close()
    assert codes == [0, 0]
    assert "Traceback" not in first.log + second.log


def issue(db: Database, shopper_id: str) -> str:
    """As the engine claims it, wherever that runs."""
    now = time.time()
    name = hashlib.sha256(shopper_id.encode()).hexdigest()[:16]
    trigger = Trigger(name, "nouveautes", DeviceId(77), "visit-1", now - 9.0, now, 0.91, now - 0.5)
    asked = Candidate(name, trigger, shopper_id, STORE, "EUR", Channel.PAGE, 24.0, 99, 50)
    return claim(db, [asked], Limits(9, 9, 9), SITE_KEY.encode(), now).vouchers[0].voucher_id


def test_pages_limits_and_keys_are_of_the_site(pair: tuple[Site, Site, Database]) -> None:
    first, second, db = pair
    with httpx.Client(base_url=first.url, timeout=60, headers={"User-Agent": "Mozilla/5.0 (Android 15)"}) as phone:
        consents = [{"purpose": "location_offers", "channel": "page", "granted": True}]
        signed = phone.post("/v1/sessions", json={"store": STORE, "consents": consents})
        assert signed.status_code == 201, signed.text
        pages = [Page(site.url, phone.cookies) for site in (first, second)]  # signed in at one: known to both
        until(lambda: all(page.has("retry") for page in pages), 60)
        voucher = issue(db, signed.json()["shopper_id"])
        until(lambda: all(page.has(voucher) for page in pages), 60, lambda: str([page.lines for page in pages]))

    redeemed = {"code": code_of(voucher), "store": STORE, "till": "1", "basket": BASKET}
    headers = {"Authorization": f"Bearer {TILL_KEY}", "Idempotency-Key": "sale-1"}

    def redeem(site: Site) -> tuple[int, bytes]:
        while True:
            said = httpx.post(f"{site.url}/v1/till/redeem", json=redeemed, headers=headers, timeout=60)
            if said.status_code != 409 or said.json()["code"] != "idempotency_in_flight":
                return said.status_code, said.content

    with ThreadPoolExecutor(2) as pool:
        answers = set(pool.map(redeem, (first, second)))
    assert [status for status, _ in answers] == [200], "one effect, and one answer for both"
    until(lambda: all(page.has("event: change") for page in pages), 60)

    tried = {site.url: list[int]() for site in (first, second)}
    while not all(429 in said for said in tried.values()):
        for url, said in tried.items():
            key = {"key": "not-a-key-of-this-site"}
            said.append(httpx.post(f"{url}/manage/sign-in", data=key, timeout=60).status_code)
    wrong = [said.count(401) for said in tried.values()]
    assert sum(wrong) >= GUESSES
    assert max(wrong) < GUESSES, "neither gives a guesser attempts that the other has counted"
