"""A site that hears the simulated shops, and what it comes to know; for the proof of a cross-canal week."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from functools import partial
from pathlib import Path

import httpx
import pytest
from sqlmodel import col, select

from api.server import run_api
from engine.commerce.records import ShopEvent
from engine.config import Config
from engine.loyalty.earning import EarnRule, EarnTerms
from engine.loyalty.ledger import PROGRAMME, Balance
from engine.privacy.consent import ConsentChoice
from engine.privacy.customers import customer_digest
from engine.records import Bools
from engine.storage.clerks.pickups import PURPOSE, follow_orders, note_arrival
from engine.storage.commerce.events import event_of
from engine.storage.database import Database, open_database
from engine.storage.figures.product_stops import StopRow, keep_stops
from engine.storage.loyalty.ledger import balance
from engine.storage.models.commerce import PickupTable, ShopEventTable
from engine.storage.models.identity import IdentifierTable
from engine.storage.models.ledger import LoyaltyPurchaseTable, LoyaltyReturnTable
from engine.storage.people.bindings import PhoneClaim
from engine.storage.people.shoppers import ShopperProfile, SignIn, sign_in
from engine.storage.programme.earning import Programme, earn_from_shops
from engine.storage.told.ropo import ALL, ropo_figures
from engine.vocabulary import IdentifierKind, ShopEventKind
from simulators.channels.customers import Customers
from simulators.channels.week import Week
from simulators.shops.play import sources_of
from simulators.shops.posting import Kind, ShopPosting
from simulators.shops.sender import ShopSender
from tests.api.site import SECRETS
from tests.databases import new_sqlite
from tests.engine.storage.scenes import TELLING
from tests.simulators.channels.made import priced_plan
from tests.simulators.shops.told import SECRET, VARIABLE

CONSENTS = (
    ConsentChoice("location_offers", "page", True),  # type: ignore[arg-type]
    ConsentChoice("location_offers", "email", True),  # type: ignore[arg-type]
    ConsentChoice("location_offers", "push", True),  # type: ignore[arg-type]
    ConsentChoice("pickup", "any", True),  # type: ignore[arg-type]
    ConsentChoice("statistics", "any", True),  # type: ignore[arg-type]
    ConsentChoice("crm", "any", True),  # type: ignore[arg-type]
)
RULE = EarnTerms((EarnRule(1, 100, "EUR"),), expire_s=365 * 86_400.0)
RULES = Programme(RULE, web_zone=UTC)


@dataclass
class Canal:
    """One site that listens to the shops, with a profile for everybody whom the programme can know."""

    url: str
    db: Database
    wire: Kind
    people: Mapping[int, ShopperProfile]
    sender: ShopSender

    def play(self, postings: Sequence[ShopPosting], week: Week, *, arrivals: bool) -> None:
        """Posts them; after each day, and at the end, points are looked at. With `arrivals`, who comes in for an order
        comes at their time."""
        due = sorted((o.came_at, o.who) for o in week.orders if o.came_at) if arrivals else []
        called = week.customers.called
        day_end = week.span.start + 86_400.0
        for posting in postings:
            while due and due[0][0] < posting.at:
                self._come_in(*due.pop(0), called)
            while posting.at >= day_end:
                self.earn(day_end)
                day_end += 86_400.0
            self.sender.send_all([posting])
        for at, who in due:
            self._come_in(at, who, called)
        self.follow()
        self.earn(week.span.end)

    def earn(self, now: float) -> None:
        """The points job."""
        while earn_from_shops(self.db, RULES, now):
            pass

    def follow(self) -> None:
        """The job of the pick-up page, which the site runs too."""
        while follow_orders(self.db, time.time(), secret=SECRETS.derive_key(PURPOSE)):
            pass

    def _come_in(self, at: float, who: int, called: Bools) -> None:
        self.follow()  # that an order is ready is read before it is fetched, whoever is called for it
        if called[who]:
            note_arrival(self.db, "small", self.people[who].shopper_id, at, at, telling=TELLING)

    def keep_stops(self, week: Week) -> None:
        """Stops at products as the engine keeps them, each sure: of who is followed and may be known."""
        rows = [
            StopRow(self.people[trip.who].shopper_id, stop.sku, stop.since, 1.0)
            for trip in week.visits
            if trip.followed and trip.who in self.people
            for stop in trip.stops
        ]
        with self.db.write() as session:
            keep_stops(session, "small", rows)

    def ropo(self, week: Week) -> dict[str, float]:
        """Steps of journeys between web and store, all products together, to the person."""
        skus = [product.sku for product in week.plan.products]
        start, end = week.span.start, week.span.end
        found = ropo_figures(
            self.db, "small", skus, "Europe/Paris", from_t=start, to_t=end, k=1, window_days=30, now=end
        )
        return {step: figure.n for (of, step), figure in found.items() if of == ALL}

    def events(self, *kinds: ShopEventKind) -> list[ShopEvent]:
        """All that is kept of these kinds."""
        table = ShopEventTable
        with self.db.read() as session:
            rows = session.exec(select(table).where(col(table.kind).in_([str(kind) for kind in kinds]))).all()
            return [event_of(row) for row in rows]

    def pickups(self) -> dict[str, PickupTable]:
        """Orders that waited in the store, by number."""
        with self.db.read() as session:
            rows = session.exec(select(PickupTable)).all()
            session.expunge_all()
            return {row.order_id: row for row in rows}

    def balances(self) -> dict[int, Balance]:
        """What every member holds."""
        return {who: balance(self.db, PROGRAMME, profile.member_id) for who, profile in self.people.items()}

    def earned(self) -> Counter[str]:
        """Points of purchases when they were posted, by member."""
        with self.db.read() as session:
            found: Counter[str] = Counter()
            for row in session.exec(select(LoyaltyPurchaseTable)):
                found[row.member] += row.points
            return found

    def taken_back(self) -> Counter[str]:
        """Points that returns took back, by member."""
        with self.db.read() as session:
            pairs = select(LoyaltyPurchaseTable.member, LoyaltyReturnTable.points).where(
                col(LoyaltyPurchaseTable.purchase_id) == col(LoyaltyReturnTable.purchase_id)
            )
            found: Counter[str] = Counter()
            for member, points in session.exec(pairs):
                found[member] += points
            return found


@contextmanager
def listening(folder: Path, wire: Kind, week: Week, environ: pytest.MonkeyPatch) -> Iterator[Canal]:
    """A site on a database of its own that hears this kind of e-shop, its pages, app and tills."""
    environ.setenv(VARIABLE, SECRET)
    sources = sources_of(wire, "small", "EUR", "Europe/Paris", VARIABLE)
    config = Config.model_validate({"api": {"port": 0}, "sources": sources})
    folder.mkdir(parents=True, exist_ok=True)
    file, people = _where_people_are_known(week)
    path = folder / "rayon.db"
    path.write_bytes(file)
    path.chmod(0o600)
    db = open_database(f"sqlite:///{path}")
    # Its house is kept here, by the week's clock.
    server = run_api(config, db, SECRETS, {"small": priced_plan()}, start_delivery=False).start()
    try:
        with httpx.Client(base_url=server.url, timeout=60, verify=False) as client:  # plain HTTP, nothing to verify
            yield Canal(server.url, db, wire, people, ShopSender(client, {str(s["name"]): SECRET for s in sources}))
    finally:
        server.stop()
        db.close()


_known: dict[int, tuple[Week, bytes, dict[int, ShopperProfile]]] = {}
"""By the week's identity, which is kept with it."""


def _where_people_are_known(week: Week) -> tuple[bytes, dict[int, ShopperProfile]]:
    """A SQLite file with a profile for everybody, made once for a week, and who is who in it."""
    if id(week) not in _known:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "rayon.db"
            db = open_database(new_sqlite(path))
            people = known_people(db, week.customers, week.span.start)
            db.close()
            assert not path.with_name("rayon.db-wal").exists(), "all of it is in the file"
            _known[id(week)] = week, path.read_bytes(), people
    return _known[id(week)][1:]


def known_people(db: Database, customers: Customers, now: float) -> dict[int, ShopperProfile]:
    """A profile for each who has a card or an account, both proved, who agreed to all."""
    digest = partial(customer_digest(SECRETS), "any")
    people = {}
    for who in filter(customers.is_member, range(len(customers))):
        request = SignIn("small", PhoneClaim(), None, None, None, "fr", CONSENTS, "2026-11-29", now)
        people[who] = profile = sign_in(db, request)
        proved = ((IdentifierKind.EMAIL, customers.email_of(who)), (IdentifierKind.CARD, customers.card_of(who)))
        with db.write() as session:
            for kind, said in proved:
                if said:
                    row = IdentifierTable(
                        kind=kind,
                        digest=digest(str(kind), said),
                        shopper_id=profile.shopper_id,
                        sealed="",
                        verified_at=now,
                    )
                    session.add(row)
    return people
