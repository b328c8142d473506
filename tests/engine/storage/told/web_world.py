"""A drawn week of shoppers between web and store: what shop systems and the engine kept of them, and the truth."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from sqlmodel import Session

from engine.commerce.records import Customer, OrderLine, ProductView, Purchase, ShopEvent
from engine.presence.local_hours import hours_in
from engine.storage.commerce.events import keep_events
from engine.storage.database import Database
from engine.storage.models.identity import IdentifierTable
from engine.storage.models.shoppers import ConsentTable, ShopperTable
from engine.storage.models.visits import ProductStopTable
from engine.vocabulary import SalesChannel

STORE, TIMEZONE = "market", "Europe/Paris"
LOCAL = hours_in(TIMEZONE)
DAY = 86_400.0
MONDAY = LOCAL.midnight(LOCAL.clock(1_772_500_000.0).date())
SKUS = ("COAT", "BOOTS", "SCARF", "HAT")
BOTH = (("statistics", "any"), ("crm", "any"))


@dataclass
class WebWorld:
    """What was kept, and what was so: steps by product and name, of who may be followed."""

    events: list[ShopEvent] = field(default_factory=list)
    stops: list[tuple[str, str, float, float]] = field(default_factory=list)
    truth: Counter[tuple[str, str]] = field(default_factory=Counter)


def person(
    session: Session,
    who: str,
    consents: tuple[tuple[str, str], ...] = BOTH,
    *,
    store: str = STORE,
    objected_at: float | None = None,
    restricted_at: float | None = None,
) -> None:
    """A profile with a proved mailbox, `mail-of-WHO` as a digest."""
    times = {"created_at": 0.0, "last_seen_at": 0.0, "objected_at": objected_at, "restricted_at": restricted_at}
    session.add(ShopperTable(shopper_id=who, member_id=f"m-{who}", store=store, locale="fr", **times))
    for purpose, channel in consents:
        session.add(ConsentTable(shopper_id=who, purpose=purpose, channel=channel, granted=True, at=0.0))
    proved = IdentifierTable(kind="email", digest=mailbox(who).email, shopper_id=who, sealed="", verified_at=0.0)
    session.add(proved)


def mailbox(who: str) -> Customer:
    return Customer(email=f"mail-of-{who}")


def view(who: str, sku: str, at: float, customer: Customer | None = None, source: str = "eshop") -> ProductView:
    return ProductView(source, f"{who}-{sku}-{at}", 1, at, sku, mailbox(who) if customer is None else customer)


def purchase(who: str, sku: str, at: float, channel: SalesChannel, *, voided: bool = False) -> Purchase:
    store = STORE if channel is SalesChannel.STORE else ""
    line = (OrderLine("1", sku, 1000, 4900),)
    name = f"{who}-{sku}-{at}"
    return Purchase("shop", name, 1, at, channel, "EUR", 4900, line, mailbox(who), store, voided=voided)


def drawn_world(n: int, seed: int) -> WebWorld:
    """`n` shoppers `s0` and so on, over a week. A tenth did not agree, and are in no truth."""
    rng, world = np.random.default_rng(seed), WebWorld()
    for i in range(n):
        who, followed = f"s{i}", i % 10 != 0
        for sku in SKUS:
            viewed = MONDAY + rng.uniform(0, 3 * DAY) if rng.random() < 0.6 else None
            stopped_at = MONDAY + rng.uniform(3 * DAY, 5 * DAY) if rng.random() < 0.6 else None
            _draw_one(world, rng, who, sku, viewed, stopped_at, followed)
    return world


def _draw_one(
    world: WebWorld,
    rng: np.random.Generator,
    who: str,
    sku: str,
    viewed: float | None,
    stopped_at: float | None,
    followed: bool,
) -> None:
    steps: list[str] = []
    for again in range(int(rng.integers(1, 4)) if viewed is not None else 0):
        assert viewed is not None
        world.events.append(view(who, sku, viewed + 600.0 * again))
    steps += ["viewed"] if viewed is not None else []
    if stopped_at is not None:
        chance = float(rng.beta(4, 1.5))
        stopped = bool(rng.random() < chance)  # as likely as it is said to be
        bought = rng.choice(["here", "online", "not"], p=[0.35, 0.2, 0.45]) if stopped else "not"
        looks = bool(stopped and viewed is None and rng.random() < 0.5)
        world.stops.append((who, sku, stopped_at, chance))
        first = viewed is None
        steps += ["stopped_first" if first else "stopped"] if stopped else []
        if bought == "here":
            world.events.append(purchase(who, sku, stopped_at + 900.0, SalesChannel.STORE))
            steps += [] if first else ["bought_here"]
        if bought == "online":
            world.events.append(purchase(who, sku, stopped_at + DAY, SalesChannel.WEB))
            steps += ["bought_after" if first else "bought_online"]
        if looks:
            world.events.append(view(who, sku, stopped_at + 0.5 * DAY))
            steps += ["viewed", "viewed_after"]
    world.truth.update((sku, step) for step in steps if followed)
    world.truth.update(("", step) for step in steps if followed)


def fill_world(db: Database, world: WebWorld, n: int) -> None:
    with db.write() as session:
        for i in range(n):
            person(session, f"s{i}", BOTH if i % 10 != 0 else BOTH[: i // 10 % 2])
    keep_events(db, world.events, MONDAY + 7 * DAY)
    keep_stops_of(db, [stop for stop in world.stops if int(stop[0][1:]) % 10 != 0])


def keep_stops_of(db: Database, stops: list[tuple[str, str, float, float]]) -> None:
    with db.write() as session:
        for who, sku, at, chance in stops:
            session.add(ProductStopTable(store=STORE, shopper_id=who, sku=sku, at=at, chance=chance))
