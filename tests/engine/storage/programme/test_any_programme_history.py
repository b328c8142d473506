"""Whatever shops tell, and whoever earns, shares, buys, gives back, joins, parts and is erased meanwhile, in whichever
order and by eight at once: sums are zero, nothing is below zero, points are only for what was paid and kept, and
telling all of it again changes nothing."""

from __future__ import annotations

import itertools
import random
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select, update

from engine.commerce.records import Customer, Purchase
from engine.errors import BusinessRefusal
from engine.loyalty.ledger import MEMBER_ACCOUNTS, PROGRAMME, balance_of, claw_back, earn_pending
from engine.storage.commerce.events import find_event, keep_events
from engine.storage.database import Database, open_database
from engine.storage.erasure import erase_shopper
from engine.storage.loyalty.expiry import expire_lots
from engine.storage.loyalty.ledger import balance, entries_of, hold_in, post, post_in, release_pending
from engine.storage.loyalty.proof import prove
from engine.storage.loyalty.standing import kept_points, standing_of
from engine.storage.loyalty.wallets import living, lock_people
from engine.storage.models.commerce import ShopEventTable
from engine.storage.models.ledger import LedgerEntryTable, LedgerPostingTable, LoyaltyPurchaseTable
from engine.storage.people.merges import merge_in, split
from engine.storage.programme.earning import earn_from_shops
from engine.storage.programme.rewards import buy_reward, undo_reward
from engine.storage.upserts import table_of
from engine.vocabulary import Account, EntryKind, IdentifierKind, ShopEventKind
from tests.databases import new_sqlite
from tests.engine.storage.programme.test_rewards import ONE
from tests.engine.storage.programme.told import DAY_S, RULES, brought, has_card, receipt
from tests.engine.storage.scenes import NOW, SECRET, STORE, shopper

PROMPT = replace(RULES, claim_s=1_000 * DAY_S, terms=replace(RULES.terms, expire_s=40 * DAY_S))
PATIENT = replace(PROMPT, terms=replace(PROMPT.terms, pending_s=10 * DAY_S))
CARDS = [f"{n}".rjust(64, "c") for n in range(3)]
RECEIPTS = 5


class Shop:
    """Three people with cards, five receipts that change, and everything that can be done about them."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.people = [shopper(db) for _ in CARDS]
        for who, card in zip(self.people, CARDS, strict=True):
            has_card(db, who.shopper_id, card)
        self.members = [who.member_id for who in self.people]
        self.names = itertools.count(1)  # next() of it is one step for all threads
        self.bought: list[tuple[str, str]] = []
        self.merges: list[tuple[str, str]] = []

    def tell(self, rng: random.Random, now: float) -> None:
        n, version = rng.randrange(RECEIPTS), next(self.names)
        lines = [rng.choice((0, 990, 3_000, 12_345)) for _ in range(rng.randint(1, 3))]
        who, voided = Customer(card=CARDS[n % 3]), rng.random() < 0.2
        keep_events(self.db, [receipt(f"r{n}", *lines, version=version, at=now, who=who, voided=voided)], now)

    def bring_back(self, rng: random.Random, now: float) -> None:
        n, version = rng.randrange(RECEIPTS), next(self.names)
        back = brought(
            f"b{rng.randrange(8)}.{n}", f"r{n}", (rng.randrange(3), rng.choice((990, 3_000, 500))), version=version
        )
        keep_events(self.db, [back], now)

    def earn(self, rng: random.Random, now: float) -> None:
        earn_from_shops(self.db, rng.choice((PROMPT, PATIENT)), now)

    def share(self, rng: random.Random, now: float) -> None:
        key, member = f"share{next(self.names)}", rng.choice(self.members)
        with self.db.write() as session:
            entry = earn_pending(key, PROGRAMME, EntryKind.SHARE_VISIT, member, 50, now)
            post_in(session, entry)
            hold_in(session, entry, member, 50, now + DAY_S)

    def buy(self, rng: random.Random, now: float) -> None:
        who = rng.choice(self.people).shopper_id
        bought = buy_reward(self.db, ONE, who, STORE, f"k{rng.randrange(20)}", SECRET, now)
        self.bought.append((bought, who))

    def undo(self, rng: random.Random, now: float) -> None:
        if self.bought:
            undo_reward(self.db, rng.choice(self.bought)[0], None, now)

    def claw_back(self, rng: random.Random, now: float) -> None:
        post(self.db, claw_back(f"claw{next(self.names)}", PROGRAMME, rng.choice(self.members), 7, now))

    def join(self, rng: random.Random, now: float) -> None:
        kept, merged = (who.shopper_id for who in rng.sample(self.people, 2))
        with suppress(ValueError), self.db.write() as session:
            lock_people(session)
            if living(session, kept) == kept and living(session, merged) == merged:
                self.merges.append((merge_in(session, kept, merged, IdentifierKind.CARD, now), kept))

    def part(self, rng: random.Random, now: float) -> None:
        if self.merges:
            split(self.db, *rng.choice(self.merges), now)

    def wait(self, rng: random.Random, now: float) -> None:
        release_pending(self.db, now)
        expire_lots(self.db, now)

    def act(self, rng: random.Random, now: float) -> None:
        """One thing, which may be refused."""
        every: list[Any] = [self.tell, self.tell, self.earn, self.earn, self.bring_back, self.bring_back, self.share]
        every += [self.buy, self.buy, self.undo, self.claw_back, self.join, self.part, self.wait]
        with suppress(BusinessRefusal):
            rng.choice(every)(rng, now)


def check(shop: Shop, now: float) -> None:
    """What must hold whatever has happened."""
    earn_from_shops(shop.db, PROMPT, now)
    assert prove(shop.db).holds, prove(shop.db)
    entries = [entry for _, entry in entries_of(shop.db, shop.members, limit=10_000)]
    for member in shop.members:
        found = balance(shop.db, PROGRAMME, member)
        assert found == balance_of(entries, PROGRAMME, member)
        assert min(found.available, found.pending, found.owed) >= 0
    with shop.db.read() as session:
        held = Counter[str]()
        for posting in session.exec(select(LedgerPostingTable)):
            held[posting.account] += posting.amount
        assert sum(held.values()) == 0
        theirs = sum(held[account] for account in MEMBER_ACCOUNTS)
        assert theirs + held[Account.BURNED] + held[Account.EXPIRED] == _paid_and_kept(session) + _others(entries)


def _paid_and_kept(session: Session) -> int:
    total = 0
    for purchase_id in session.exec(select(LoyaltyPurchaseTable.purchase_id)).all():
        standing = standing_of(session, purchase_id)
        event = find_event(session, "till", ShopEventKind.PURCHASE, purchase_id.removeprefix("till:"))
        assert standing is not None
        assert isinstance(event, Purchase)
        said = {} if event.voided else {line.id: line.amount_minor for line in event.lines}
        assert {name: amount for name, (amount, _) in standing.lines.items()} == said
        assert standing.posted == kept_points(standing.lines, standing.gone)
        total += standing.posted
    return total


def _others(entries: list[Any]) -> int:
    shared = sum(50 for entry in entries if entry.kind is EntryKind.SHARE_VISIT)
    return shared - sum(7 for entry in entries if entry.kind is EntryKind.CLAWBACK)


def tell_again(shop: Shop, now: float) -> None:
    """As if nobody had acted on any event: all of it is looked at once more, and nothing is posted."""
    with shop.db.write() as session:
        before = session.exec(select(LedgerEntryTable.key)).all()
        session.connection().execute(update(table_of(ShopEventTable)).values(taken=0))
    assert earn_from_shops(shop.db, PATIENT, now) > 0
    with shop.db.read() as session:
        assert session.exec(select(LedgerEntryTable.key)).all() == before


@pytest.mark.parametrize("seed", range(5))
def test_any_history(tmp_path: Path, seed: int) -> None:
    db = open_database(new_sqlite(tmp_path / "rayon.db"))
    shop, rng, now = Shop(db), random.Random(seed), NOW
    for _ in range(3):
        for _ in range(12):
            shop.act(rng, now)
        now += rng.choice((DAY_S / 2, 15 * DAY_S))
        check(shop, now)
    tell_again(shop, now)
    erase_shopper(db, shop.people[seed % 3].shopper_id, now)
    check(shop, now)
    db.close()


def test_eight_at_once(db: Database) -> None:
    """The same, interleaved, on either database."""
    shop = Shop(db)
    start, failed = threading.Barrier(8), []

    def run(seed: int) -> None:
        rng = random.Random(seed)
        start.wait()
        try:
            for step in range(8):
                shop.act(rng, NOW + step)
        except BaseException as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=run, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    check(shop, NOW + DAY_S / 2)
    tell_again(shop, NOW + DAY_S / 2)
