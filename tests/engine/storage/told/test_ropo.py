"""Ways between web and store against the truth of a drawn week, in whole ks, whatever comes late, wrong or erased."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.commerce.records import NOBODY, Customer, OrderLine, Purchase, ShopEvent
from engine.config import Config
from engine.delivery.outboxes import told_jobs
from engine.presence.local_hours import hours_in
from engine.presence.ropo.blocks import ChanceSum
from engine.presence.ropo.journeys import RopoStep
from engine.storage.commerce.events import keep_events
from engine.storage.database import Database, open_database
from engine.storage.erasure import erase_shopper
from engine.storage.told.ropo import ALL, Figures, ropo_figures, told_figures
from engine.vocabulary import SalesChannel
from tests.databases import new_sqlite
from tests.engine.runtime.made import boutique
from tests.engine.storage.told.web_world import (
    BOTH,
    DAY,
    MONDAY,
    SKUS,
    STORE,
    TIMEZONE,
    drawn_world,
    fill_world,
    keep_stops_of,
    person,
    purchase,
    view,
)

NOW = MONDAY + 9 * DAY
N, K = 240, 10
NONE = ChanceSum()
COUNTED = (RopoStep.VIEWED, RopoStep.BOUGHT_HERE)


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(new_sqlite(tmp_path / "rayon.db"))
    yield opened
    opened.close()


def figures(db: Database, k: int = 1, **more: Any) -> Figures:
    given: dict[str, Any] = {"from_t": MONDAY - 30 * DAY, "to_t": MONDAY + 30 * DAY, "window_days": 30, "now": NOW}
    return ropo_figures(db, STORE, SKUS, TIMEZONE, k=k, **(given | more))


def count(db: Database, sku: str = "COAT", **more: Any) -> dict[str, float]:
    return {name: found.n for (of, name), found in figures(db, **more).items() if of == sku}


@pytest.mark.parametrize("seed", [11, 12])
def test_counted_is_the_truth_and_expected_covers_it(lite: Database, seed: int) -> None:
    world = drawn_world(N, seed)
    fill_world(lite, world, N)
    exact, told = figures(lite), figures(lite, K)
    missed = 0
    for sku in (ALL, *SKUS):
        for step in RopoStep:
            name = (sku, step.value)
            true, found, rest = world.truth[name], exact.get(name, NONE), told.get(name, NONE)
            interval = found.spread.figure()
            if step in COUNTED:
                assert (found.n, found.ambiguous) == (true, 0.0)
            else:
                missed += not interval.low <= true <= interval.high
            assert 0 <= found.n - rest.n < 3 * K, "little is withheld"
            assert rest.n % K == 0
    assert missed <= 1, "of 25 intervals of 90 %"


def test_each_day_told_is_told_for_good(lite: Database) -> None:
    world = drawn_world(N, 13)
    fill_world(lite, world, N)
    for day in range(1, 12):
        by_day = figures(lite, K, now=MONDAY + day * DAY)
    assert {f.n % K for f in by_day.values()} == {0}
    for name, found in figures(lite).items():
        assert 0 <= found.n - by_day.get(name, NONE).n < 3 * K
    for i in range(1, 25):
        if i % 10:
            erase_shopper(lite, f"s{i}", NOW)
    assert figures(lite, K, now=MONDAY + 11 * DAY) == by_day
    assert figures(lite, K, now=MONDAY + 12 * DAY) == by_day
    assert figures(lite)[ALL, "viewed"].n < by_day[ALL, "viewed"].n


def test_periods_and_figures_differ_by_whole_ks(lite: Database) -> None:
    fill_world(lite, drawn_world(N, 14), N)
    figures(lite, K)
    answers = [
        found.n
        for first in range(7)
        for last in range(first + 1, 8)
        for found in figures(lite, K, from_t=MONDAY + first * DAY, to_t=MONDAY + last * DAY).values()
    ]
    assert max(answers) > K
    assert {n % K for n in answers} == {0}


def test_what_comes_late_goes_with_the_next_block(db: Database) -> None:
    with db.write() as session:
        for i in range(3 * K):
            person(session, f"s{i}")
    first = [view(f"s{i}", "COAT", MONDAY + i) for i in range(K)]
    late = [view(f"s{i}", "COAT", MONDAY + i) for i in range(K, 2 * K)]
    then = [view(f"s{i}", "COAT", MONDAY + DAY + i) for i in range(2 * K, 3 * K)]
    keep_events(db, first, MONDAY)
    assert count(db, k=K, now=MONDAY + 1.5 * DAY) == {"viewed": K}
    keep_events(db, late, MONDAY + 1.6 * DAY)
    keep_events(db, then, MONDAY + 1.6 * DAY)
    assert count(db, k=K, now=MONDAY + 2.5 * DAY) == {"viewed": 3 * K}
    assert count(db, k=K, now=MONDAY + 3.5 * DAY) == {"viewed": 3 * K}, "and once"


def test_nobody_who_did_not_agree_objects_or_is_at_rest_or_of_elsewhere(db: Database) -> None:
    with db.write() as session:
        person(session, "ann")
        person(session, "crm-only", BOTH[1:])
        person(session, "statistics-only", BOTH[:1])
        person(session, "objects", objected_at=1.0)
        person(session, "rests", restricted_at=1.0)
        person(session, "elsewhere", store="other")
        person(session, "comes", store="other")
    names = ("ann", "crm-only", "statistics-only", "objects", "rests", "elsewhere", "comes")
    keep_events(db, [view(who, "COAT", MONDAY) for who in names], NOW)
    keep_stops_of(db, [(who, "COAT", MONDAY + DAY, 1.0) for who in ("comes", "rests")])
    assert count(db) == {"viewed": 2.0, "stopped": 1.0}, "ann, and who comes from elsewhere"


def test_views_that_nobody_can_use_change_nothing(db: Database) -> None:
    with db.write() as session:
        person(session, "ann")
        person(session, "gone")
    good = view("ann", "COAT", MONDAY, source="an-old-shop")
    useless: list[ShopEvent] = [
        view("ann", "COAT", MONDAY + 1, NOBODY),
        view("ann", "COAT", MONDAY + 2, Customer(account="never-seen")),
        view("ann", "WHO KNOWS", MONDAY),
        view("ann", "HAT", NOW + DAY),
        view("stranger", "COAT", MONDAY),
        view("gone", "BOOTS", MONDAY),
        purchase("ann", "COAT", MONDAY + DAY, SalesChannel.STORE, voided=True),
        Purchase("shop", "x", 1, MONDAY, SalesChannel.STORE, "EUR", 1, (OrderLine("1", "COAT", 1, 1),), NOBODY, STORE),
    ]
    erase_shopper(db, "gone", NOW)
    keep_events(db, [good, *useless], NOW)
    assert figures(db).keys() == {("COAT", "viewed"), (ALL, "viewed")}
    assert count(db) == {"viewed": 1.0}


def test_an_account_is_whose_mailbox_the_shop_named_beside_it(db: Database) -> None:
    with db.write() as session:
        person(session, "ann")
    named = view("ann", "HAT", MONDAY, Customer(email="mail-of-ann", account="a1"))
    by_account = view("ann", "COAT", MONDAY + 1, Customer(account="a1"))
    another = view("ann", "COAT", MONDAY + 2, Customer(account="a1"), source="another-shop")
    keep_events(db, [named, by_account, another], NOW)
    assert count(db) == {"viewed": 1.0}
    assert count(db, "HAT") == {"viewed": 1.0}


def test_only_of_the_chosen_weekdays(lite: Database) -> None:
    fill_world(lite, drawn_world(N, 15), N)
    for k in (1, K):
        days = [figures(lite, k, weekdays=[day]).get((ALL, "viewed"), NONE).n for day in range(4)]
        assert sum(days) == figures(lite, k, weekdays=range(4))[ALL, "viewed"].n
        assert sum(day > 0 for day in days) >= 3


def test_a_site_tells_before_anybody_looks(lite: Database) -> None:
    plan = boutique()
    sku = plan.products[0].sku
    with lite.write() as session:
        for i in range(K):
            person(session, f"s{i}", store=plan.store)
    keep_events(lite, [view(f"s{i}", sku, MONDAY + i) for i in range(K)], MONDAY)
    config = Config.model_validate({"privacy": {"k": K}})
    job = told_jobs(lite, config, {plan.store: plan})["web and store told"]
    for _ in range(2):
        assert job(MONDAY + 2 * DAY) == 0
    told = told_figures(lite, plan.store, hours_in(plan.timezone), from_t=0.0, to_t=MONDAY + 9 * DAY)
    assert {name: figure.n for name, figure in told.items()} == {(sku, "viewed"): K, (ALL, "viewed"): K}
