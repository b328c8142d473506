"""Signatures of shop systems: as their documentation says, and as the public Standard Webhooks library makes them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook

from engine.errors import MessageRefused
from engine.ingest.decoders.heard import VendorMessage
from engine.ingest.shops.signatures import CHECKS, MOST_SIGNATURES, SIGNATURE_HEADERS, TOLERANCE_S, check_standard
from engine.vocabulary import RecordRefusal

SECRET = "whsec_" + base64.b64encode(b"a made-up key of 24 byte").decode()
BODY = '{"kind": "product_view", "name": "Comté"}'
NOW = 1_796_000_000.0


def signed(at: float = NOW, name: str = "msg_1", secret: str = SECRET) -> dict[str, str]:
    signature = Webhook(secret).sign(name, datetime.fromtimestamp(at, UTC), BODY)
    return {"webhook-id": name, "webhook-timestamp": str(int(at)), "webhook-signature": signature}


def message(headers: dict[str, str], body: str = BODY) -> VendorMessage:
    return VendorMessage(body.encode(), NOW, headers=headers)


def test_what_the_public_library_signs_is_taken() -> None:
    check_standard(message(signed()), SECRET)
    check_standard(message(signed()), SECRET.removeprefix("whsec_"))


def test_one_right_signature_of_several_is_enough() -> None:
    other = signed(secret="whsec_" + base64.b64encode(b"the key of last month...").decode())["webhook-signature"]
    both = signed()
    both["webhook-signature"] = f"{other} v1a,notours {both['webhook-signature']}"
    check_standard(message(both), SECRET)


def test_not_more_signatures_are_tried_than_anybody_sends() -> None:
    many = signed()
    many["webhook-signature"] = "v1,AAAA " * MOST_SIGNATURES + many["webhook-signature"]
    with pytest.raises(MessageRefused, match="bad_signature"):
        check_standard(message(many), SECRET)


@pytest.mark.parametrize("off_s", [-TOLERANCE_S - 1, TOLERANCE_S + 1])
def test_a_message_of_another_time_is_a_replay(off_s: float) -> None:
    with pytest.raises(MessageRefused, match="outside_window"):
        check_standard(message(signed(NOW + off_s)), SECRET)
    check_standard(message(signed(NOW + off_s * 0.99)), SECRET)


@pytest.mark.parametrize("header", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize("value", ["", "x", "1e9", "é", "v1,"])
def test_any_header_changed_is_refused(header: str, value: str) -> None:
    with pytest.raises(MessageRefused) as refused:
        check_standard(message({**signed(), header: value}), SECRET)
    assert refused.value.reason is RecordRefusal.BAD_SIGNATURE


@pytest.mark.parametrize("kind", ["shopify", "woocommerce"])
def test_an_hmac_of_the_raw_body_in_base64(kind: str) -> None:
    right = base64.b64encode(hmac.new(b"shpss_made-up", BODY.encode(), hashlib.sha256).digest()).decode()
    CHECKS[kind](message({SIGNATURE_HEADERS[kind]: right}), "shpss_made-up")
    for headers, body, secret in (
        ({SIGNATURE_HEADERS[kind]: right}, BODY + " ", "shpss_made-up"),
        ({SIGNATURE_HEADERS[kind]: right}, BODY, "another"),
        ({SIGNATURE_HEADERS[kind]: right.lower()}, BODY, "shpss_made-up"),
        ({}, BODY, "shpss_made-up"),
    ):
        with pytest.raises(MessageRefused, match="bad_signature"):
            CHECKS[kind](message(headers, body), secret)


@pytest.mark.parametrize("off_s", [-300, 300])
def test_five_minutes_are_near_enough(off_s: int) -> None:
    check_standard(message(signed(NOW + off_s)), SECRET)
    with pytest.raises(MessageRefused, match="outside_window"):
        check_standard(message(signed(NOW + off_s + off_s // 300)), SECRET)


def test_the_tenth_signature_is_tried() -> None:
    tenth = signed()
    tenth["webhook-signature"] = "v1,AAAA " * 9 + tenth["webhook-signature"]
    check_standard(message(tenth), SECRET)


def by_hand(key: bytes, at: str, name: str = "n") -> dict[str, str]:
    digest = hmac.new(key, f"{name}.{at}.{BODY}".encode(), hashlib.sha256).digest()
    said = f"v1,{base64.b64encode(digest).decode()}"
    return {"webhook-id": name, "webhook-timestamp": at, "webhook-signature": said}


@pytest.mark.parametrize(("secret", "key"), [("no base64!", b"no base64!"), ("whsec_YWJj", b"abc"), ("YWJj", b"abc"),
                                             ("whsec_", b"whsec_"), ("whsec_?", b"whsec_?")])  # fmt: skip
def test_a_secret_is_base64_or_the_key_itself(secret: str, key: bytes) -> None:
    check_standard(message(by_hand(key, str(int(NOW)))), secret)


@pytest.mark.parametrize("at", ["1796000000.0", "+1796000000", "0001796000000", "", "\u0661"])
def test_a_time_is_up_to_twelve_digits(at: str) -> None:
    check_standard(message(by_hand(b"abc", "001796000000")), "YWJj")
    with pytest.raises(MessageRefused, match="outside_window"):
        check_standard(message(by_hand(b"abc", at)), "YWJj")


def test_a_message_without_a_name_is_nobodys() -> None:
    with pytest.raises(MessageRefused, match="bad_signature"):
        check_standard(message(by_hand(b"abc", str(int(NOW)), "")), "YWJj")
