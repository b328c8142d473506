"""Answers by RFC 8908: ours is right, and what is wrong with others is named."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ingest.portals.capport import capport_body, read_capport
from engine.vocabulary import CapportFlaw

HEADERS = {"content-type": "application/captive+json; charset=utf-8", "cache-control": "private"}
PORTAL, VENUE = "https://shop.example/w/corner", "https://shop.example/me"


def flaws(said: Any, headers: dict[str, str] | None = HEADERS) -> tuple[CapportFlaw, ...]:
    return read_capport(json.dumps(said).encode(), headers).flaws


def test_ours_is_right_before_and_after() -> None:
    before = read_capport(json.dumps(capport_body(True, PORTAL, VENUE, 60)).encode(), HEADERS)
    assert (before.captive, before.portal_url, before.seconds_remaining, before.flaws) == (True, PORTAL, None, ())
    after = read_capport(json.dumps(capport_body(False, PORTAL, VENUE, -5)).encode(), HEADERS)
    assert (after.captive, after.venue_url, after.seconds_remaining, after.flaws) == (False, VENUE, 0, ())


def test_unknown_keys_are_ignored() -> None:
    assert flaws({"captive": False, "seconds-remaining": 326, "bytes-remaining": 9, "x-unknown": {"a": 1}}) == ()


@pytest.mark.parametrize(
    ("said", "flaw"),
    [
        ({"user-portal-url": PORTAL}, CapportFlaw.NO_CAPTIVE),
        ({"captive": "true"}, CapportFlaw.NO_CAPTIVE),
        ({"captive": 1}, CapportFlaw.NO_CAPTIVE),
        ([True], CapportFlaw.NOT_AN_OBJECT),
        ({"captive": True, "user-portal-url": "http://shop.example/"}, CapportFlaw.PLAIN_HTTP),
        ({"captive": True, "user-portal-url": 7}, CapportFlaw.BAD_VALUE),
        ({"captive": False, "seconds-remaining": -1}, CapportFlaw.BAD_VALUE),
        ({"captive": False, "can-extend-session": "no"}, CapportFlaw.BAD_VALUE),
    ],
)
def test_what_is_wrong_is_named(said: Any, flaw: CapportFlaw) -> None:
    assert flaws(said) == (flaw,)


def test_the_media_type_is_judged_where_it_is_known() -> None:
    assert flaws({"captive": True}, {"Content-Type": "application/json"}) == (CapportFlaw.BAD_MEDIA_TYPE,)
    assert flaws({"captive": True}, None) == ()


@given(st.binary(max_size=200))
def test_any_bytes_are_judged(raw: bytes) -> None:
    found = read_capport(raw)
    assert found.flaws or found.captive is not None


def test_ours_counts_seconds_for_who_is_out_only() -> None:
    assert capport_body(True, PORTAL, VENUE, 60) == {
        "captive": True,
        "user-portal-url": PORTAL,
        "venue-info-url": VENUE,
    }
    out = {"captive": False, "user-portal-url": PORTAL, "venue-info-url": VENUE}
    assert capport_body(False, PORTAL, VENUE, None) == out
    assert capport_body(False, PORTAL, VENUE, 0) == out | {"seconds-remaining": 0, "can-extend-session": True}
    assert capport_body(False, PORTAL, VENUE, 326)["seconds-remaining"] == 326


@pytest.mark.parametrize(
    ("more", "seconds", "found"),
    [
        ({"seconds-remaining": 0}, 0, ()),
        ({"seconds-remaining": 1.5}, 1.5, ()),
        ({"seconds-remaining": True}, None, (CapportFlaw.BAD_VALUE,)),
        ({"seconds-remaining": None}, None, (CapportFlaw.BAD_VALUE,)),
        ({"seconds-remaining": float("inf")}, None, (CapportFlaw.BAD_VALUE,)),
        ({"bytes-remaining": -1}, None, (CapportFlaw.BAD_VALUE,)),
        ({"bytes-remaining": "9"}, None, (CapportFlaw.BAD_VALUE,)),
        ({"venue-info-url": "http://shop.example"}, None, (CapportFlaw.PLAIN_HTTP,)),
        ({"venue-info-url": "HTTPS://shop.example"}, None, ()),
        ({"venue-info-url": "shop.example"}, None, (CapportFlaw.BAD_VALUE,)),
        ({"venue-info-url": None}, None, ()),
    ],
)
def test_each_value_is_judged(more: dict[str, Any], seconds: float | None, found: tuple[CapportFlaw, ...]) -> None:
    answer = read_capport(json.dumps({"captive": False} | more).encode())
    assert (answer.captive, answer.seconds_remaining, answer.flaws) == (False, seconds, found)


def test_several_flaws_are_all_named() -> None:
    both = (CapportFlaw.BAD_MEDIA_TYPE, CapportFlaw.NOT_JSON)
    assert read_capport(b"{", {"x": "y"}).flaws == both
    assert read_capport(b"[" * 100_000, {}).flaws == both
    assert flaws({"user-portal-url": "http://a"}) == (CapportFlaw.NO_CAPTIVE, CapportFlaw.PLAIN_HTTP)
    assert flaws({"captive": True}, {"CONTENT-TYPE": " Application/Captive+JSON ;x"}) == ()
