"""The last place of a linked shopper: who moved is noted, nobody else, and nothing outlives the link."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.offers.audience import LinkedShopper
from engine.privacy.consent import ConsentChoice
from engine.records import Fixes
from engine.runtime.phones.last_places import LastPlaces
from engine.storage.database import Database
from engine.storage.erasure import erase_shopper
from engine.storage.last_places import KEPT_S, LastPlace, last_place, note_places, purge_places
from engine.storage.people.shoppers import set_consents
from tests.api.site import small_plan
from tests.databases import database_url, db, postgres
from tests.engine.storage.scenes import NOW, STORE, shopper

__all__ = ["database_url", "db", "postgres"]
ANA = {7: LinkedShopper("ana", frozenset())}


def fixes(*rows: tuple[float, int, float]) -> Fixes:
    """(t, device, x) on the ground at y = 1."""
    t, device, x = (np.array(column) for column in zip(*rows, strict=True))
    n = len(rows)
    cov = np.tile(np.eye(2) * 2.0, (n, 1, 1))
    ones = np.ones(n)
    posterior = np.ones((n, 1), np.float32)
    return Fixes(t, device.astype(np.uint64), np.zeros(n, np.int32), x, ones, cov, np.full(n, 3, np.int32), posterior)


def test_the_newest_of_a_linked_shopper_and_no_one_else_s() -> None:
    [place] = LastPlaces().worth_noting(small_plan(), fixes((NOW, 7, 1.0), (NOW + 1, 7, 2.0), (NOW, 8, 3.0)), ANA, NOW)
    assert (place.shopper_id, place.level, place.x_m, place.y_m, place.sigma_m) == ("ana", "ground", 2.0, 1.0, 2.0)


def test_a_row_only_for_who_moved_or_stood_long() -> None:
    places, plan = LastPlaces(), small_plan()
    said = [
        len(places.worth_noting(plan, fixes((NOW + t, 7, x)), ANA, NOW + t))
        for t, x in ((0, 1.0), (2, 3.0), (5, 1.5), (6, 3.0), (60, 3.5), (66, 3.5))
    ]
    assert said == [1, 0, 0, 1, 0, 1]


def test_a_row_for_who_came_into_another_zone(db: Database) -> None:
    """With the zones of the visits under way, each with since when: what the engine holds of who is here now."""
    places, plan, who = LastPlaces(), small_plan(), shopper(db, 7).shopper_id
    links, zones = {7: LinkedShopper(who, frozenset())}, [("tea", NOW - 9)]
    for t, among in ((0, []), (5, zones), (10, zones)):
        said = places.worth_noting(plan, fixes((NOW + t, 7, 1.0)), links, NOW + t, {7: among}.__getitem__)
        note_places(db, [replace(place, store=STORE) for place in said])
    found = last_place(db, STORE, who, NOW)
    assert found is not None
    assert (found.zones, found.at) == ((("tea", NOW - 9),), NOW + 5)


def test_places_of_a_store_are_written_together() -> None:
    places, plan = LastPlaces(), small_plan()
    both = {7: LinkedShopper("ana", frozenset()), 8: LinkedShopper("ben", frozenset())}
    said = [
        [(p.shopper_id, p.x_m) for p in places.worth_noting(plan, fixes((NOW + t, who, x)), both, NOW + t)]
        for t, who, x in ((0, 7, 1.0), (1, 8, 5.0), (2, 8, 6.0), (4, 7, 2.0), (5, 7, 3.0), (6, 8, 9.0), (10, 7, 3.1))
    ]
    assert said == [[("ana", 1.0)], [], [], [], [("ben", 6.0), ("ana", 3.0)], [], []]


def test_what_is_long_past_is_no_place_to_start_from() -> None:
    assert LastPlaces().worth_noting(small_plan(), fixes((NOW - KEPT_S, 7, 1.0)), ANA, NOW) == []


def test_a_place_goes_with_the_consent_the_profile_and_the_time(db: Database) -> None:
    plan = STORE
    for gone in ("withdrawn", "erased", "old"):
        who = shopper(db, len(gone)).shopper_id
        note_places(db, [LastPlace(plan, who, "ground", 1.0, 1.0, 2.0, NOW)])
        assert last_place(db, plan, who, NOW - 60) is not None
        assert last_place(db, plan, who, NOW) is None
        if gone == "withdrawn":
            set_consents(db, who, [ConsentChoice("location_offers", "page", False)], "2026-01", "me", NOW)
            note_places(db, [LastPlace(plan, who, "ground", 1.0, 1.0, 2.0, NOW + 1)])  # the engine's step under way
        elif gone == "erased":
            erase_shopper(db, who, NOW)
        else:
            assert purge_places(db, NOW + KEPT_S) == 1
        assert last_place(db, plan, who, 0.0) is None
