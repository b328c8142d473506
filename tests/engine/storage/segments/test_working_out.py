"""Segments are worked out from what shops tell and visits bring, of who agreed, and end with what they stand on."""

from __future__ import annotations

import dataclasses

import pytest

from engine.commerce.records import Customer, OnlineBasket, ProductView
from engine.config.segments import SegmentConfig
from engine.loyalty.earning import Tier
from engine.privacy.consent import ConsentChoice
from engine.storage.commerce.events import keep_events
from engine.storage.database import Database
from engine.storage.erasure import erase_shopper
from engine.storage.figures.segment_spans import spans_of
from engine.storage.models.visits import ProductStopTable, VisitTable
from engine.storage.people.merges import merge_in, split
from engine.storage.people.rights import object_to_statistics, release, restrict
from engine.storage.people.shoppers import ShopperProfile, set_consents
from engine.storage.segments.counts import segment_counts
from engine.storage.segments.facts import SegmentRules
from engine.storage.segments.working_out import work_out_segments
from engine.vocabulary import IdentifierKind
from tests.engine.storage.people.test_shoppers import mentions
from tests.engine.storage.programme.told import CARD, HER_CARD, TERMS, brought, earn, has_card, prove_card, receipt
from tests.engine.storage.scenes import NOW, PAGE, STORE, shopper

DAY = 86_400.0
CRM = ConsentChoice("crm", "any", True)
NO_CRM, NO_OFFERS = (dataclasses.replace(yes, granted=False) for yes in (CRM, PAGE))


def rules(*when: dict[str, object], name: str = "s") -> SegmentRules:
    raw = {"name": name, "fr": "s", "en": "s", "when": when}
    terms = dataclasses.replace(TERMS, tiers=(Tier("gold", 50),))
    return SegmentRules((SegmentConfig.model_validate(raw),), terms, lambda store, sku: "coats")


BUYERS = rules({"fact": "purchases", "category": "coats", "within_days": 30})


def segments(db: Database, who: ShopperProfile, now: float = NOW, by: SegmentRules = BUYERS) -> list[str]:
    work_out_segments(db, by, now)
    spans = spans_of(db, [who.shopper_id]).get(who.shopper_id, ())
    return [name for name, since, until in spans if since <= now < until]


@pytest.fixture
def who(db: Database) -> ShopperProfile:
    found = shopper(db, consents=[PAGE, CRM])
    has_card(db, found.shopper_id)
    return found


def test_a_purchase_brings_somebody_in_and_its_age_or_return_out(db: Database, who: ShopperProfile) -> None:
    assert segments(db, who) == []
    keep_events(db, [receipt("r", 18_900)], NOW)
    assert segments(db, who) == ["s"]
    spans = spans_of(db, [who.shopper_id])[who.shopper_id]
    assert spans == (("s", NOW, NOW - 60 + 30 * DAY),)  # known beforehand: nobody has to look again
    assert work_out_segments(db, BUYERS, NOW + 1) == 0
    keep_events(db, [brought("b", "r", (0, 18_900))], NOW)
    assert segments(db, who, NOW + 2) == []


@pytest.mark.parametrize(
    "when",
    [
        {"fact": "spent", "currency": "EUR", "at_least": 18_900},
        {"fact": "favourite", "category": "coats"},
        {"fact": "tier", "tiers": ["gold"]},
        {"fact": "views", "product": "COAT-38", "at_least": 2},
        {"fact": "baskets_left", "category": "coats"},
        {"fact": "stops", "product": "COAT-38", "at_least": 2, "within_days": 30},
        {"fact": "visits", "zone": "fruit", "at_least": 2},
    ],
)
def test_every_fact_comes_from_its_rows(db: Database, who: ShopperProfile, when: dict[str, object]) -> None:
    by = rules(when)
    assert segments(db, who, NOW, by) == []
    online = Customer(card=CARD)
    views = [ProductView("web", f"v{i}", 1, NOW - i, "COAT-38", online) for i in range(2)]
    keep_events(db, [receipt("r", 18_900), *views], NOW)
    left = receipt("x", 2_500).lines
    keep_events(db, [OnlineBasket("web", "b", 1, NOW - 30, "EUR", 2_500, left, online)], NOW)
    earn(db)
    with db.write() as session:
        for i in range(2):
            stay = {"store": STORE, "shopper_id": who.shopper_id, "zone": "fruit", "dwell_s": 9.0}
            at = NOW - 900 * (i + 1)
            session.add(VisitTable(**stay, store_visit_id=f"v{i}", started_at=at, ended_at=at + 9))
            session.add(ProductStopTable(store=STORE, shopper_id=who.shopper_id, sku="COAT-38", at=at, chance=0.9))
    assert segments(db, who, NOW + 3 * 3_600, by) == ["s"]


def test_without_the_consents_there_is_nothing(db: Database, who: ShopperProfile) -> None:
    keep_events(db, [receipt("r", 18_900)], NOW)
    assert segments(db, who) == ["s"]
    for no, yes in ((NO_CRM, CRM), (NO_OFFERS, PAGE)):
        set_consents(db, who.shopper_id, [no], "2026-01", "me", NOW)
        assert spans_of(db, [who.shopper_id]) == {}  # at once, before any job runs
        assert segments(db, who) == []
        set_consents(db, who.shopper_id, [yes], "2026-01", "me", NOW)
        assert segments(db, who) == ["s"]
    restrict(db, who.shopper_id, NOW)
    assert segments(db, who) == []
    release(db, who.shopper_id)
    assert segments(db, who) == ["s"]


def test_who_has_not_agreed_is_not_among_those_who_have_not_bought(db: Database) -> None:
    by = rules({"fact": "purchases", "holds": False})
    silent, agreed = shopper(db), shopper(db, consents=[PAGE, CRM])
    assert [segments(db, one, NOW, by) for one in (silent, agreed)] == [[], ["s"]]


def test_what_is_proved_later_and_what_is_joined_counts(db: Database) -> None:
    old, new = (shopper(db, consents=[PAGE, CRM]) for _ in range(2))
    keep_events(db, [receipt("r", 18_900)], NOW)
    assert segments(db, old) == []
    prove_card(db, old.shopper_id, NOW + 1)
    assert segments(db, old, NOW + 2) == ["s"]
    with db.write() as session:
        merge = merge_in(session, new.shopper_id, old.shopper_id, IdentifierKind.CARD, NOW + 3)
    assert [segments(db, one, NOW + 4) for one in (old, new)] == [[], ["s"]]
    split(db, merge, new.shopper_id, NOW + 5)
    assert [segments(db, one, NOW + 6) for one in (old, new)] == [["s"], []]
    erase_shopper(db, old.shopper_id, NOW + 7)
    assert "segment_span" not in mentions(db, old.shopper_id)
    assert "segment_look" not in mentions(db, old.shopper_id)


def test_a_rule_that_changes_holds_for_everybody_at_once(db: Database, who: ShopperProfile) -> None:
    keep_events(db, [receipt("r", 18_900, who=HER_CARD)], NOW)
    assert segments(db, who) == ["s"]
    assert segments(db, who, NOW + 1, rules({"fact": "purchases", "at_least": 2})) == []
    assert segments(db, who, NOW + 2, rules({"fact": "purchases"}, name="t")) == ["t"]
    assert segments(db, who, NOW + 3, SegmentRules()) == []


def test_counts_move_by_k_people_at_the_clock(db: Database) -> None:
    by = rules({"fact": "purchases", "holds": False})
    people = [shopper(db, consents=[PAGE, CRM]) for _ in range(5)]
    work_out_segments(db, by, NOW)

    def told(now: float, k: int = 3) -> int:
        return segment_counts(db, ["s"], k=k, block_s=900.0, now=now)["s"]

    assert told(NOW) == 3
    shopper(db, consents=[PAGE, CRM])
    work_out_segments(db, by, NOW + 1)
    assert told(NOW + 1) == 3  # six by now, and the block is told
    assert told(NOW + 900) == 6
    erase_shopper(db, people[0].shopper_id, NOW + 901)
    object_to_statistics(db, people[1].shopper_id, NOW + 901)
    assert told(NOW + 1_800) == 6  # two fewer are no three
    erase_shopper(db, people[2].shopper_id, NOW + 1_801)
    assert told(NOW + 2_700) == 3
    assert told(NOW + 2_700, k=1) == 3
