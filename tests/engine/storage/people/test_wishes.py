"""Mutes and caps of one's own are kept, heeded by the claim, taken back, and gone with their shopper."""

from __future__ import annotations

import pytest

from engine.errors import NotFound
from engine.offers.hours import Hours
from engine.offers.wishes import Mute, Wishes
from engine.storage.database import Database
from engine.storage.erasure import erase_shopper
from engine.storage.people.shoppers import linked_devices, links_version
from engine.storage.people.wishes import get_wishes, messages_of_week, mutes_of, put_mute, put_wishes, undo_mute
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.claims import claim
from engine.vocabulary import DecisionReason, MuteKind
from tests.engine.storage.people.test_shoppers import mentions
from tests.engine.storage.scenes import NO_LIMITS, NOW, SECRET, STORE, campaign, candidate, issue, shopper

APPLES = Mute(MuteKind.PRODUCT, STORE, "A1")
NIGHT = Hours.model_validate({"from": "21:00", "to": "08:00"})


def test_a_mute_reaches_the_engine_and_goes_again(db: Database) -> None:
    who = shopper(db, 7).shopper_id
    before = links_version(db, STORE)
    assert put_mute(db, who, APPLES, NOW)
    assert not put_mute(db, who, APPLES, NOW + 1)
    assert [(k.mute, k.at) for k in mutes_of(db, who)] == [(APPLES, NOW)]
    assert linked_devices(db, STORE)[7].wishes == Wishes(frozenset({APPLES}))
    assert links_version(db, STORE) == before + 1
    assert undo_mute(db, who, APPLES)
    assert not undo_mute(db, who, APPLES)
    assert linked_devices(db, STORE)[7].wishes == Wishes()


def test_caps_of_ones_own_are_asked_at_the_claim(db: Database) -> None:
    """Two coupons a week: the third is refused with its own reason, though the shop allows thousands."""
    for name in ("apples", "pears", "plums"):
        put_campaign(db, STORE, campaign(name))
    who = shopper(db).shopper_id
    put_wishes(db, who, None, 2, NIGHT, NOW)
    assert get_wishes(db, who) == Wishes(per_week=2, quiet=NIGHT)
    issue(db, who, "apples", name="d1")
    issue(db, who, "pears", name="d2")
    assert messages_of_week(db, who, NOW + 60) == 2
    [third] = claim(db, [candidate(who, "plums", name="d3")], NO_LIMITS, SECRET, NOW).decisions
    assert third.reason is DecisionReason.CAP_OWN_WEEK
    put_wishes(db, who, None, None, None, NOW)
    [again] = claim(db, [candidate(who, "plums", name="d4", visit="v2")], NO_LIMITS, SECRET, NOW).decisions
    assert again.reason is DecisionReason.OK
    assert messages_of_week(db, who, NOW + 7 * 86_400) == 0


def test_wishes_go_with_their_shopper(db: Database) -> None:
    who = shopper(db).shopper_id
    put_mute(db, who, APPLES, NOW)
    put_wishes(db, who, 1, None, NIGHT, NOW)
    erase_shopper(db, who, NOW)
    assert mentions(db, who) == ["consent_log"]
    with pytest.raises(NotFound):
        put_mute(db, who, APPLES, NOW)
    with pytest.raises(NotFound):
        put_wishes(db, who, 1, None, None, NOW)
