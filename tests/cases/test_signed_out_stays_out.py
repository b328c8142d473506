"""Whoever was signed out was signed in again by an old form, and a page that was open went on getting coupons.

What happened elsewhere: a phone was lost, and its session ended from another one. The finder sent the sign-in form
again, which was remembered for a day under its name, and had the owner's wallet; the stream and the push of the lost
phone had never stopped. Input: a form and a request with an Idempotency-Key, sent again after sign-out, by the same
browser and by another one with another name; an open stream and a push subscription when the session ends. Right: the
memory lasts minutes and no longer than the session it made; streams and pushes end with their session.
"""

from __future__ import annotations

import secrets
import threading
import time
import uuid

import httpx
import pytest

from engine.privacy.consent import ConsentChoice
from engine.storage.database import Database
from engine.storage.once.idempotency import SIGN_IN_KEEP_S, Fresh, Replay, begin, finish
from engine.storage.people.browsers import end_session, ended_sessions, keep_session, owner_of
from engine.storage.people.shoppers import set_consents
from engine.storage.sending.subscriptions import Subscription, put_subscription, subscriptions_of
from engine.vocabulary import Channel, Purpose
from tests.api.site import Site
from tests.engine.storage.scenes import NOW, shopper

OFFERS = {"purpose": "location_offers", "channel": "page", "granted": True}
PUSH = Subscription("https://fcm.googleapis.com/fcm/send/lost", "key", "auth", "ours")


def who(browser: httpx.Client) -> str | None:
    said = browser.get("/v1/me")
    return str(said.json()["shopper_id"]) if said.status_code == 200 else None


def form(**said: str) -> dict[str, str]:
    return {
        "form_name": secrets.token_hex(16),
        "consent": "location_offers:page",
        "shown": "location_offers:page",
    } | said


def test_a_form_sent_again_is_one_person_until_signed_out(site: Site) -> None:
    sent = form(display_name="Ana")
    with site.client() as hers, site.client() as again, site.client() as other:
        hers.post("/w/corner", data=sent)
        again.post("/w/corner", data=sent)
        ana = who(hers)
        assert ana is not None
        assert who(again) == ana
        other.post("/w/corner", data=sent | {"display_name": "Bob"})
        assert who(other) not in (None, ana)
        hers.post("/me/sign-out")
        assert who(again) is None, "the repeat had the same session"
        for browser in (hers, again):
            browser.post("/w/corner", data=sent)
            assert who(browser) not in (None, ana)


def test_nor_does_a_key_open_an_ended_session(site: Site) -> None:
    key = {"Idempotency-Key": uuid.uuid4().hex}
    body = {"store": "corner", "consents": [OFFERS]}
    with site.client() as first, site.client() as repeat, site.client() as later:
        ana = first.post("/v1/sessions", json=body, headers=key).json()["shopper_id"]
        assert repeat.post("/v1/sessions", json=body, headers=key).headers["Idempotency-Replayed"] == "true"
        assert who(repeat) == ana
        first.post("/me/sign-out")
        later.post("/v1/sessions", json=body, headers=key)
        assert who(later) not in (None, ana)


def test_an_open_stream_ends_with_its_session(site: Site) -> None:
    heard: list[str] = []
    with site.client() as phone, site.client() as elsewhere:
        ana = site.sign_in(phone)
        elsewhere.cookies.set("rayon_shopper", phone.cookies["rayon_shopper"])
        begun = threading.Event()

        def listen() -> None:
            with phone.stream("GET", "/v1/me/stream", timeout=60) as answer:
                for line in answer.iter_lines():
                    heard.append(line)
                    begun.set()

        reader = threading.Thread(target=listen)
        reader.start()
        assert begun.wait(60)
        elsewhere.post("/me/not-me")
        site.issue(ana, time.time())
        reader.join(60)
        assert not reader.is_alive()
    assert not [line for line in heard if '"code"' in line]


def test_pushes_end_with_their_session(db: Database) -> None:
    ana = shopper(db).shopper_id
    agreed = [ConsentChoice(Purpose.LOCATION_OFFERS, Channel.PUSH, True)]
    set_consents(db, ana, agreed, "2026-11-30", "test", NOW)
    keep_session(db, "one", ana, "Firefox", NOW, shared=False)
    assert put_subscription(db, ana, PUSH, NOW, session_id="one")
    keep_session(db, "two", ana, "Firefox", NOW, shared=False, was="one")
    assert subscriptions_of(db, ana) == [PUSH], "the same browser of the same shopper"
    assert end_session(db, "two", ana)
    assert subscriptions_of(db, ana) == []
    assert not put_subscription(db, ana, PUSH, NOW, session_id="two"), "it is over"


@pytest.mark.parametrize("shared", [False, True])
def test_signing_in_as_somebody_else_ends_the_session(db: Database, shared: bool) -> None:
    ana, ben = shopper(db).shopper_id, shopper(db).shopper_id
    keep_session(db, "hers", ana, "Firefox", NOW, shared=shared)
    keep_session(db, "his", ben, "Firefox", NOW, shared=False, was="hers")
    assert (owner_of(db, "hers", NOW), owner_of(db, "his", NOW)) == (None, ben)
    assert ended_sessions(db, {"hers", "his"}, NOW) == {"hers"}


def test_a_sign_in_is_remembered_for_minutes(db: Database) -> None:
    ana = shopper(db).shopper_id
    for name in ("old", "ended"):
        assert begin(db, f"portal {name} corner", "form", "", NOW) == Fresh()
        keep_session(db, name, ana, "Firefox", NOW, shared=False)
        finish(db, f"portal {name} corner", "form", 200, "", b"", session_id=name, salt="s")
    assert end_session(db, "ended")
    assert begin(db, "portal ended corner", "form", "", NOW + 1) == Fresh()
    asked = begin(db, "portal old corner", "form", "", NOW + SIGN_IN_KEEP_S - 1, keep_s=SIGN_IN_KEEP_S)
    assert asked == Replay(200, "", b"", "s")
    assert begin(db, "portal old corner", "form", "", NOW + SIGN_IN_KEEP_S, keep_s=SIGN_IN_KEEP_S) == Fresh()
