"""A shopper's own hot spots in the database: of consented stays, erased for good, gone with the profile."""

from __future__ import annotations

from pathlib import Path

from sqlmodel import select

from engine.config import RetentionConfig
from engine.privacy.consent import ConsentChoice
from engine.storage.database import Database
from engine.storage.erasure import erase_shopper
from engine.storage.models.visits import ErasedSpotTable, VisitTable, ZoneHourTable
from engine.storage.people.held import find_held
from engine.storage.people.merges import merge_in, split
from engine.storage.people.rights import release, restrict
from engine.storage.people.shoppers import set_consents
from engine.storage.presence.own_spots import erase_spot, spots_of
from engine.storage.retention.proofs import forget
from engine.storage.retention.rules import rules_of
from engine.vocabulary import IdentifierKind, RetentionRule
from tests.engine.storage.scenes import NOW, STORE, shopper

DAY_S = 86_400.0
ZONES = {STORE: ["coats", "shoes"]}


def people(db: Database, *zones: str, visits: int = 50) -> None:
    """Everybody stays a minute."""
    counted = {"person_s": 0.0, "visits": visits, "dwell_s_sum": 60.0 * visits, "persons_peak": 1.0}
    with db.write() as session:
        for zone in zones:
            session.add(ZoneHourTable(store=STORE, hour_start=NOW - DAY_S, zone=zone, **counted))


def linger(db: Database, who: str, zone: str, *visits: str, at: float = NOW - DAY_S, dwell_s: float = 300.0) -> None:
    with db.write() as session:
        for visit in visits:
            times = {"started_at": at, "ended_at": at + dwell_s, "dwell_s": dwell_s}
            session.add(VisitTable(store=STORE, shopper_id=who, zone=zone, store_visit_id=visit, **times))


def spots(db: Database, who: str, now: float = NOW) -> list[tuple[str, str, int]]:
    return [(store, spot.zone, spot.visits) for store, spot in spots_of(db, who, ZONES, now)]


def test_her_stays_against_the_store_s_figures_and_nobody_else_s(db: Database) -> None:
    who, other = shopper(db, 7).shopper_id, shopper(db, 8).shopper_id
    people(db, "coats", "shoes", "till")
    linger(db, who, "coats", "a", "b")
    linger(db, who, "shoes", "a", "b", dwell_s=60.0)
    linger(db, who, "till", "a", "b")
    linger(db, other, "shoes", "c")
    assert spots(db, who) == [(STORE, "coats", 2)], "a till is no zone to linger in"
    assert spots(db, other) == []
    assert spots_of(db, who, {"another": ["coats"]}, NOW) == []


def test_none_while_at_rest_or_without_the_consent(db: Database) -> None:
    who = shopper(db, 7).shopper_id
    people(db, "coats")
    linger(db, who, "coats", "a", "b")
    restrict(db, who, NOW)
    assert spots(db, who) == []
    release(db, who)
    assert spots(db, who) == [(STORE, "coats", 2)]
    set_consents(db, who, [ConsentChoice("location_offers", "page", False)], "2026-01", "me", NOW)
    assert spots(db, who) == []


def test_erased_it_stays_away_until_there_are_new_visits(db: Database) -> None:
    who = shopper(db, 7).shopper_id
    people(db, "coats")
    linger(db, who, "coats", "a", "b")
    assert not erase_spot(db, who, STORE, "shoes", NOW), "she was not there"
    assert [erase_spot(db, who, STORE, "coats", NOW) for _ in range(2)] == [True, False]
    assert not erase_spot(db, "nobody", STORE, "coats", NOW)
    assert spots(db, who) == []
    linger(db, who, "coats", "b", at=NOW + 60.0)
    linger(db, who, "coats", "c", at=NOW + DAY_S)
    assert spots(db, who, NOW + 2 * DAY_S) == [], "the visit under way goes on"
    linger(db, who, "coats", "d", at=NOW + 2 * DAY_S)
    assert spots(db, who, NOW + 3 * DAY_S) == [(STORE, "coats", 2)]


def test_what_was_erased_is_shown_merged_split_and_goes_with_the_profile(db: Database) -> None:
    kept, joined = shopper(db, 7).shopper_id, shopper(db, 8).shopper_id
    people(db, "coats")
    linger(db, joined, "coats", "a", "b")
    erase_spot(db, joined, STORE, "coats", NOW)
    assert [row["zone"] for row in find_held(db, joined)["erased_spot"]] == ["coats"]
    with db.write() as session:
        merge_id = merge_in(session, kept, joined, IdentifierKind.EMAIL, NOW + 1)
    assert "erased_spot" in find_held(db, kept)
    assert spots(db, kept) == [], "a merge brings nothing back"
    split(db, merge_id, kept, NOW + 2)
    assert "erased_spot" in find_held(db, joined)
    erase_shopper(db, joined, NOW + 3)
    with db.read() as session:
        assert session.exec(select(ErasedSpotTable)).all() == []


def test_the_mark_goes_after_the_visits_that_it_is_about(db: Database, tmp_path: Path) -> None:
    who = shopper(db, 7).shopper_id
    linger(db, who, "coats", "a")
    erase_spot(db, who, STORE, "coats", NOW)
    rules = rules_of(db, RetentionConfig(visits_days=10), tmp_path)
    left = []
    for days in (10.5, 11.5):
        due = {rule.name: rule.due(NOW + days * DAY_S) for rule in rules}
        forget(db, rules, NOW + days * DAY_S)
        left.append((due[RetentionRule.VISITS], due[RetentionRule.ERASED_SPOTS]))
    assert left == [(1, 0), (0, 1)]
