"""The signed-in shopper over HTTP: stream, acknowledge, choose, share, leave."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
from fastapi.sse import _PING_INTERVAL as PING_INTERVAL_S

from engine.offers.wishes import Mute
from engine.storage.people.shoppers import consent_log, linked_devices
from engine.storage.vouchers.outbox import pending_for
from engine.storage.vouchers.vouchers import voucher_of
from engine.vocabulary import MuteKind
from tests.api.site import Site, code_of, eventually


@pytest.fixture
def phone(site: Site) -> Iterator[httpx.Client]:
    with site.client() as client:
        yield client


class Listener:
    """A page's stream in a thread of its own; keeps what came."""

    def __init__(self, client: httpx.Client, path: str = "/v1/me/stream") -> None:
        self.vouchers: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.finished = False  # to its proper end, not cut off
        self.opened = threading.Event()
        self.status = 0
        self._client, self._path = client, path
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Listener:
        self._thread.start()
        assert self.opened.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()

    def ended(self) -> bool:
        self._thread.join(0.01)
        return not self._thread.is_alive()

    def _run(self) -> None:
        with suppress(httpx.TransportError, httpx.StreamError):  # the phone is switched off
            self._read()

    def _read(self) -> None:
        with self._client.stream("GET", self._path, timeout=60) as answer:
            self.status = answer.status_code
            for line in answer.iter_lines():
                self.opened.set()
                if self._stop.is_set():
                    return
                if line.startswith("id: "):
                    self.ids.append(line[4:])
                if line.startswith("data: "):
                    self.vouchers.append(json.loads(line[6:]))
            self.finished = True


def test_a_voucher_reaches_the_open_page_at_once(site: Site, phone: httpx.Client) -> None:
    """Everything that the page needs, without asking again."""
    shopper = site.sign_in(phone)
    with Listener(phone) as page:
        now = time.time()
        voucher = site.issue(shopper, now)
        eventually(lambda: page.vouchers)
    [said] = page.vouchers
    assert page.ids == [str(said["delivery_id"])]
    assert (said["voucher_id"], said["code"]) == (voucher, code_of(voucher))
    assert said["code_spaced"].replace(" ", "") == said["code"]
    assert said["title"] == "Le thé vert à −20 %"
    assert said["offer"]["basis_points"] == 2000
    assert said["qr_svg"].startswith("<svg")
    assert said["caused_by_t"] == now - 0.5
    assert said["issued_at"].endswith("Z")
    assert "Thé vert" in said["why"]


def test_only_an_acknowledged_voucher_is_delivered(site: Site, phone: httpx.Client) -> None:
    """A page that drops the connection gets it again; after the acknowledgement it does not."""
    shopper = site.sign_in(phone)
    voucher = site.issue(shopper, time.time())
    for _ in range(2):
        with Listener(phone) as page:
            eventually(lambda page=page: page.vouchers)
        assert [v["voucher_id"] for v in page.vouchers] == [voucher]
        assert voucher_of(site.db, voucher, shopper).voucher.state == "issued"
    delivery = page.vouchers[0]["delivery_id"]
    for _ in range(2):  # saying it again is no error
        assert phone.post(f"/v1/me/deliveries/{delivery}/ack").json() == {"changed": True}
    assert voucher_of(site.db, voucher, shopper).voucher.state == "delivered"
    assert phone.post(f"/v1/me/vouchers/{voucher}/seen").status_code == 200
    assert voucher_of(site.db, voucher, shopper).voucher.state == "seen"
    later = site.issue(shopper, time.time(), "store-1", "visit-2")
    with Listener(phone) as page:
        eventually(lambda: page.vouchers)
    assert [v["voucher_id"] for v in page.vouchers] == [later]


def test_all_pages_of_a_shopper_and_nobody_elses(site: Site, phone: httpx.Client) -> None:
    shopper = site.sign_in(phone)
    with site.client() as second, site.client() as stranger:
        second.cookies.update(phone.cookies)
        somebody_else = site.sign_in(stranger)
        with Listener(phone) as a, Listener(second) as b, Listener(stranger) as c:
            voucher = site.issue(shopper, time.time())
            eventually(lambda: a.vouchers and b.vouchers)
            theirs = site.issue(somebody_else, time.time())
            eventually(lambda: c.vouchers)
            assert [v["voucher_id"] for v in c.vouchers] == [theirs]
            foreign = stranger.post(f"/v1/me/deliveries/{a.vouchers[0]['delivery_id']}/ack")
            assert (foreign.status_code, foreign.json()["code"]) == (404, "delivery_gone")
            assert stranger.post(f"/v1/me/vouchers/{voucher}/seen").status_code == 404


def test_the_stream_needs_a_sign_in(phone: httpx.Client) -> None:
    assert phone.get("/v1/me/stream").status_code == 401


def test_the_stream_speaks_the_page_s_language(site: Site, phone: httpx.Client) -> None:
    shopper = site.sign_in(phone, locale="fr-FR")
    site.issue(shopper, time.time())
    with Listener(phone, "/v1/me/stream?lang=en") as page:
        eventually(lambda: page.vouchers)
    assert page.vouchers[0]["title"] == "Green tea, 20% off"
    assert "You were near" in page.vouchers[0]["why"]


def test_an_unseen_voucher_expires_and_gives_back_its_slot(site: Site, phone: httpx.Client) -> None:
    """Housekeeping runs by itself: a message past its time to live ends, with its voucher."""
    shopper = site.sign_in(phone)
    voucher = site.issue(shopper, time.time() - 121.0)
    eventually(lambda: voucher_of(site.db, voucher, shopper).voucher.state == "expired")
    assert site.issue(shopper, time.time(), "store-1", "visit-2")


def test_pages_of_vouchers(site: Site, phone: httpx.Client) -> None:
    """The cursor goes through all of them once, newest first."""
    shopper = site.sign_in(phone)
    now = time.time()
    for i in range(5):
        site.issue(shopper, now + 700_000 * (i - 5), "tea-20", f"visit-{i}")
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(4):
        answer = phone.get("/v1/me/vouchers", params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        seen += [v["issued_at"] for v in answer["items"]]
        cursor = answer["next"]
        if cursor is None:
            break
    assert len(seen) == 5
    assert seen == sorted(seen, reverse=True)


def test_withdrawing_stops_what_is_on_its_way(site: Site, phone: httpx.Client) -> None:
    shopper = site.sign_in(phone, **site.redirect())
    site.issue(shopper, time.time())
    no = [{"purpose": "location_offers", "channel": "page", "granted": False}]
    assert phone.put("/v1/me/consents", json={"consents": no}).json() == []
    assert linked_devices(site.db, "corner") == {}
    assert pending_for(site.db, shopper, "page", time.time()) == []
    assert consent_log(site.db, shopper)[-1].place == "me:corner"
    yes = [{"purpose": "location_offers", "channel": "page", "granted": True}]
    phone.put("/v1/me/consents", json={"consents": yes})
    assert linked_devices(site.db, "corner") == {}
    assert phone.get("/v1/me").json()["phone"] == "pending"  # nothing of it was kept: it is proved anew


def test_where_an_answer_was_given_is_ours_to_say(site: Site, phone: httpx.Client) -> None:
    shopper = site.sign_in(phone, **site.redirect())
    answers = [{"purpose": "statistics", "granted": True}]
    before = consent_log(site.db, shopper)
    assert phone.put("/v1/me/consents", json={"consents": answers, "place": "till:corner"}).status_code == 422
    assert consent_log(site.db, shopper) == before
    assert phone.put("/v1/me/consents", json={"consents": answers}).status_code == 200
    assert {line.place for line in consent_log(site.db, shopper)[len(before) :]} == {"me:corner"}


def test_one_tap_less(site: Site, phone: httpx.Client) -> None:
    site.sign_in(phone, **site.redirect())
    assert phone.post("/v1/me/fewer", json={"kind": "mute", "store": "corner"}).json() == {"changed": True}
    [linked] = linked_devices(site.db, "corner").values()
    assert linked.wishes.mutes == {Mute(MuteKind.SHOP, "corner")}
    assert phone.get("/v1/me").json()["consents"] != []
    assert phone.post("/v1/me/fewer", json={"kind": "never", "store": "corner"}).json() == {"changed": True}
    assert phone.get("/v1/me").json()["consents"] == []


def test_erasure_is_at_once_and_repeatable(site: Site, phone: httpx.Client) -> None:
    shopper = site.sign_in(phone, **site.redirect(), display_name="Zoé", email="zoe@example.org")
    site.issue(shopper, time.time())
    export = phone.get("/v1/me/export").json()
    assert export["profile"]["email"] == "zoe@example.org"
    assert len(export["vouchers"]) == 1
    assert export["consents"][0]["granted"] is True
    cookies = dict(phone.cookies)
    assert phone.delete("/v1/me").json() == {"changed": True}
    assert "rayon_shopper" not in phone.cookies
    phone.cookies.update(cookies)
    assert phone.delete("/v1/me").json() == {"changed": False}
    assert phone.get("/v1/me").status_code == 401
    assert phone.get("/v1/me/stream").status_code == 401
    assert linked_devices(site.db, "corner") == {}


def test_a_silent_stream_says_that_it_is_there(
    site: Site, phone: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below the idle time-outs of proxies and mobile networks, 30 s and up; here sooner."""
    assert PING_INTERVAL_S == 15.0
    monkeypatch.setattr("fastapi.routing._PING_INTERVAL", 0.05)
    site.sign_in(phone)
    with phone.stream("GET", "/v1/me/stream", timeout=60) as answer:
        lines = answer.iter_lines()
        begun = [next(lines) for _ in range(4)]  # on a busy machine the ping is due before all else
        assert begun in (["retry: 2000", "", ": ping", ""], [": ping", "", "retry: 2000", ""])
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "no-store" in answer.headers["cache-control"]
        assert answer.headers["x-accel-buffering"] == "no"


def test_a_page_that_is_closed_is_let_go(site: Site, phone: httpx.Client) -> None:
    hub = site.server.app.state.hub

    def told() -> int:
        with site.manager() as manager:
            return int(manager.get("/health").json()["open_pages"])

    site.sign_in(phone)
    with phone.stream("GET", "/v1/me/stream", timeout=60) as answer:
        lines = answer.iter_lines()
        assert next(lines) == "retry: 2000"
        assert (hub.open_pages, told()) == (1, 0), "of one nobody is told"
    eventually(lambda: hub.open_pages == 0)


def test_stopping_the_server_ends_open_streams(site: Site, phone: httpx.Client) -> None:
    site.sign_in(phone)
    with Listener(phone) as page:
        site.server.stop()
        eventually(page.ended)
        assert page.finished
