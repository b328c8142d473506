"""Push, e-mail and their links over HTTP, with a push service and an SMTP server that are real."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest

from api.managers.fragments import decisions
from api.managers.reports import Reports
from api.managers.snapshot import Choice, take_snapshot
from engine.config import PrivacyConfig
from engine.storage.people.shoppers import consent_log
from engine.storage.sending.subscriptions import MOST, subscriptions_of
from engine.storage.told.coupons import SETTLED_S
from engine.storage.vouchers.outbox import delivery_counts
from engine.storage.vouchers.vouchers import voucher_of
from engine.vocabulary import Channel, DeliveryReason, DeliveryState, VoucherState
from tests.api.shoppers.reached import agree, issue, prove, reached, subscribe
from tests.api.site import Site, code_of, eventually
from tests.mail_servers import MailServer
from tests.push_services import PushService

PAGE, PUSH, EMAIL = Channel.PAGE, Channel.PUSH, Channel.EMAIL
Place = tuple[Site, PushService, MailServer]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with reached(tmp_path) as made:
        yield made


@pytest.fixture
def phone(place: Place) -> Iterator[httpx.Client]:
    with place[0].client() as client:
        yield client


def _ack(phone: httpx.Client, token: str, event: str) -> object:
    answer = phone.post("/v1/push/ack", json={"token": token, "event": event})
    assert answer.status_code == 200, answer.text
    return answer.json()["relevant"]


def _coupon(post: MailServer) -> EmailMessage:
    """The letter that can be unsubscribed from; a receipt of what was agreed to comes besides."""

    def letters() -> list[EmailMessage]:
        return [message for message in post.box.messages if message["List-Unsubscribe"] is not None]

    eventually(letters, 60)
    [message] = letters()
    return message


def test_from_the_decision_to_the_phone_and_back(place: Place, phone: httpx.Client) -> None:
    """No page is open, so push gets it at once; the phone says that it shows it, and that it was opened."""
    site, service, _ = place
    who = agree(site, phone, PAGE, PUSH)
    browser = service.subscribe()
    assert subscribe(phone, browser).status_code == 200
    voucher_id = issue(site, who, PAGE, PUSH)
    eventually(lambda: service.got, 60)
    assert f"/me/coupons/{voucher_id}/" not in phone.get("/me").text, "the page without scripts had it, too"
    said = browser.read(service.got[0].body)
    assert said["title"] == "−20\u202f% · Le thé vert à −20 %"
    assert said["url"] == f"/me?lang=fr#{voucher_id}"
    assert who not in str(said)
    assert code_of(voucher_id) not in str(said)
    with site.client() as worker:  # without the cookie: the token is the proof
        assert _ack(worker, said["token"], "showing") is True
        assert _ack(worker, said["token"], "shown") is True
        assert voucher_of(site.db, voucher_id, who).voucher.state == VoucherState.DELIVERED
        assert f"/me/coupons/{voucher_id}/" in phone.get("/me").text
        assert _ack(worker, said["token"], "opened") is True
    assert voucher_of(site.db, voucher_id, who).voucher.state == VoucherState.SEEN


def test_forged_and_foreign_acknowledgements_say_nothing(place: Place, phone: httpx.Client) -> None:
    site, service, _ = place
    who = agree(site, phone, PUSH)
    browser = service.subscribe()
    subscribe(phone, browser)
    voucher_id = issue(site, who, PUSH)
    eventually(lambda: service.got, 60)
    token = browser.read(service.got[0].body)["token"]
    number, channel, mac = token.split(".")
    forged = [
        f"{number}.{channel}.{'A' * len(mac)}",
        f"{int(number) + 1}.{channel}.{mac}",
        f"{number}.email.{mac}",
        f"{number}.fax.{mac}",
        f"{number}.{channel}.é",
        "١.push.x",
        "",
        "9" * 90,
    ]
    for wrong in forged:
        answer = phone.post("/v1/push/ack", json={"token": wrong, "event": "shown"})
        assert (answer.status_code, answer.json()["code"]) == (404, "delivery_gone"), wrong
    assert phone.post(f"/v1/me/deliveries/{number}/ack").status_code == 404  # the page was not given it
    assert voucher_of(site.db, voucher_id, who).voucher.state == VoucherState.ISSUED


def test_without_consent_or_with_wrong_keys_nobody_is_subscribed(place: Place, phone: httpx.Client) -> None:
    site, service, _ = place
    who = agree(site, phone, PAGE)
    assert phone.get("/v1/me/push").json()["agreed"] is False
    browser = service.subscribe()
    assert subscribe(phone, browser).json()["code"] == "push_refused"
    agree(site, phone, PUSH)
    assert phone.get("/v1/me/push").json()["agreed"] is True
    assert subscribe(phone, browser, keys={"p256dh": browser.auth, "auth": browser.auth}).status_code == 422
    assert subscribe(phone, browser, keys={"p256dh": browser.p256dh, "auth": "AAAA"}).status_code == 422
    assert subscribe(phone, browser, public_key=browser.p256dh).status_code == 422
    assert subscriptions_of(site.db, who) == []


def test_a_browser_has_one_subscription_and_a_shopper_few(place: Place, phone: httpx.Client) -> None:
    site, service, _ = place
    who = agree(site, phone, PUSH)
    old, new = service.subscribe("old"), service.subscribe("new")
    subscribe(phone, old)
    assert subscribe(phone, new, replaces=old.endpoint).status_code == 200
    assert [s.endpoint for s in subscriptions_of(site.db, who)] == [new.endpoint]
    for n in range(MOST):
        subscribe(phone, service.subscribe(f"n{n}"))
    assert len(subscriptions_of(site.db, who)) == MOST
    assert new.endpoint not in [s.endpoint for s in subscriptions_of(site.db, who)]
    with site.client() as friend:  # the phone changes hands: it is pushed to for its owner only
        other = agree(site, friend, PUSH)
        subscribe(friend, service.subscribe("n0"))
        assert len(subscriptions_of(site.db, other)) == 1
        assert len(subscriptions_of(site.db, who)) == MOST - 1
        body = {"endpoint": service.subscribe("n1").endpoint}
        assert friend.request("DELETE", "/v1/me/push", json=body).json()["changed"] is False
        assert phone.request("DELETE", "/v1/me/push", json=body).json()["changed"] is True


def test_an_e_mail_leads_to_the_coupon_by_a_press_and_not_by_a_look(place: Place, phone: httpx.Client) -> None:
    site, _, post = place
    who = agree(site, phone, EMAIL, email="anne@example.org")
    voucher_id = issue(site, who, EMAIL)
    message = _coupon(post)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert "<img" not in html.get_content()
    assert code_of(voucher_id) not in text.get_content()
    link = re.search(r"/c/\S+", text.get_content())
    assert link
    with site.client() as other:  # a program that looks links over, then a person without a sign-in
        assert other.get(link[0]).status_code == 200
        assert voucher_of(site.db, voucher_id, who).voucher.state == VoucherState.ISSUED
        shown = other.post(link[0])
        assert shown.status_code == 200
        assert code_of(voucher_id)[:4] in shown.text
    assert voucher_of(site.db, voucher_id, who).voucher.state == VoucherState.SEEN
    assert phone.post("/c/1.email.wrong").status_code == 404


def test_one_click_ends_e_mail_however_often_it_is_sent(place: Place, phone: httpx.Client) -> None:
    """RFC 8058: the mailbox posts by itself, without cookie or sign-in; a link that is sent again writes nothing."""
    site, _, post = place
    who = agree(site, phone, PAGE, EMAIL, email="anne@example.org")
    issue(site, who, EMAIL)
    message = _coupon(post)
    stop = message["List-Unsubscribe"].strip("<>").removeprefix(site.server.app.state.ctx.public_url)
    with site.client() as mailbox:
        before = len(consent_log(site.db, who))
        assert mailbox.get(stop).status_code == 200
        assert len(consent_log(site.db, who)) == before
        for _ in range(3):
            answer = mailbox.post(stop, data={"List-Unsubscribe": "One-Click"})
            assert answer.status_code == 200
        assert len(consent_log(site.db, who)) == before + 1
        granted = {c["channel"] for c in phone.get("/v1/me").json()["consents"]}
        assert granted == {"page"}
        token = stop.split("/")[2].split("?")[0]
        other = "b" * 24 + token[24:]
        assert mailbox.post(f"/unsubscribe/{other}").status_code == 404
        for cut in (f"/unsubscribe/{token[:-5]}", f"/c/1.email.{token[-9:]}"):  # by a program of mail
            said = mailbox.get(cut, headers={"Accept": "text/html"})
            assert said.status_code == 404
            assert "Ce lien n&#39;ouvre rien" in said.text
            assert 'href="/me?lang=fr"' in said.text, "where the coupons and the choices are"
        phone.request("DELETE", "/v1/me")
        assert mailbox.post(stop).status_code == 200  # erased: there is nobody to write to any more


def test_managers_see_what_became_of_the_coupons(place: Place, phone: httpx.Client) -> None:
    site, service, _ = place
    who = agree(site, phone, PUSH)
    issue(site, who, PUSH)  # there is no phone to push to
    gone = (PUSH, DeliveryState.EXPIRED, DeliveryReason.NO_SUBSCRIPTION)
    eventually(lambda: delivery_counts(site.db, "corner", from_t=0.0, to_t=time.time() + 1) == {gone: 1}, 60)
    subscribe(phone, service.subscribe())
    issue(site, who, PUSH, visit="v2")
    eventually(lambda: service.got, 60)
    alone = site.config.model_copy(update={"privacy": PrivacyConfig(k=1, demo=True)})  # to see what one phone met
    made = Reports(replace(site.server.app.state.ctx, config=alone))
    settled = time.time() + 2 * SETTLED_S
    looked = take_snapshot(made, "corner", Choice("week", None, "ground"), settled)
    assert "no phone that push reaches" in decisions(looked, "en")
    assert "aucun téléphone joignable par notification" in decisions(looked, "fr")
    with site.manager() as prometheus:

        def counted() -> bool:
            said = prometheus.get("/metrics").text
            return all(f'channel="push",outcome="{word}"}} 1.0' in said for word in ("no_subscription", "sent"))

        eventually(counted, 60)


def test_an_address_that_nobody_proved_gets_no_coupon(place: Place, phone: httpx.Client) -> None:
    """Anybody may name any address at a sign-in."""
    site, _, post = place
    consents = [{"purpose": "location_offers", "channel": EMAIL, "granted": True}]
    who = site.sign_in(phone, consents=consents, email="victim@example.org")
    assert "/me/identity" in phone.get("/v1/me/receipt").text, "it says how to prove it"
    issue(site, who, EMAIL)
    ended = (EMAIL, DeliveryState.EXPIRED, DeliveryReason.NO_ADDRESS)
    eventually(lambda: delivery_counts(site.db, "corner", from_t=0.0, to_t=time.time() + 1) == {ended: 1}, 60)
    assert post.box.messages == []
    prove(site, who, "victim@example.org")
    issue(site, who, EMAIL, visit="v2")
    assert _coupon(post)["To"] == "victim@example.org"
