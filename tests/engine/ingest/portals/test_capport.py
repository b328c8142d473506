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
