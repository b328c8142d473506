"""Whatever shops tell, and whoever earns, shares, buys, gives back, joins, parts, is erased and comes back, in any
order and by eight at once: sums are zero, nothing is below zero, points are only for what was paid and kept, and
telling all of it again changes nothing."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, select, update

from engine.commerce.records import NOBODY, Customer, Purchase
from engine.errors import BusinessRefusal
from engine.loyalty.ledger import MEMBER_ACCOUNTS, PROGRAMME, claw_back, earn_pending
from engine.storage.commerce.events import find_event, keep_events
from engine.storage.database import Database, open_database
from engine.storage.erasure import erase_shopper
from engine.storage.loyalty.expiry import expire_lots
from engine.storage.loyalty.ledger import balance, entries_of, hold_in, post, post_in, release_pending
from engine.storage.loyalty.proof import prove
from engine.storage.loyalty.standing import kept_points, standing_of
from engine.storage.models.commerce import ShopEventTable
from engine.storage.models.ledger import LedgerEntryTable, LedgerPostingTable, LoyaltyPurchaseTable
from engine.storage.people.identifiers import present_card, register_cards
from engine.storage.people.merges import merge_in, split
from engine.storage.programme.accounts import know_accounts
from engine.storage.programme.earning import earn_from_shops
from engine.storage.programme.rewards import buy_reward, undo_reward
from engine.storage.upserts import table_of
from engine.vocabulary import Account, EntryKind, IdentifierKind, ShopEventKind
from tests.databases import brief_folder, new_sqlite
from tests.engine.loyalty.summed import balance_of
from tests.engine.storage.programme.test_rewards import ONE
from tests.engine.storage.programme.told import DAY_S, PROOF, RULES, brought, receipt
from tests.engine.storage.scenes import NOW, SECRET, STORE, shopper
from tests.examples import examples
from tests.exploring.counting import counted

PROMPT = replace(RULES, claim_s=1_000 * DAY_S, terms=replace(RULES.terms, expire_s=40 * DAY_S))
PATIENT = replace(PROMPT, terms=replace(PROMPT.terms, pending_s=10 * DAY_S))
CARDS = [f"{n}".rjust(64, "c") for n in range(3)]
ACCOUNTS = [f"{n}".rjust(64, "a") for n in range(3)]
RECEIPTS = 5
AMOUNTS = (0, 990, 3_000, 12_345)

Act = tuple[str, int, int, int]
"""What is done, and three numbers that say to whom, to what, and how."""


class Shop:
    """Three cards with their owners, five receipts that change, and everything that can be done about them."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.members: list[str] = []
        self.people: list[str] = []
        self.names = itertools.count(1)  # next() of it is one step for all threads
        self.bought: list[str] = []
        self.merges: list[tuple[str, str]] = []
        register_cards(db, [(card, PROOF) for card in CARDS], again=False)
        for n in range(len(CARDS)):
            self.come(n)

    def come(self, n: int) -> None:
        """Somebody new, with the card, which is one more profile of its owner's where it has one."""
        who = shopper(self.db)
        self.members.append(who.member_id)
        self.people.append(who.shopper_id)
        present_card(self.db, CARDS[n % 3], PROOF, "", who.shopper_id, NOW)

    def act(self, act: Act, now: float) -> None:
        """One thing, which may be refused."""
        what, a, b, c = act
        refused = (BusinessRefusal, ValueError) if what == "join" else (BusinessRefusal,)  # two that are one already
        with suppress(*refused):
            DOES[what](self, a, b, c, now)


def tell(shop: Shop, a: int, b: int, c: int, now: float) -> None:
    """A receipt, or what it says now: of its usual customer, of another, by the account, or of nobody."""
    n, version = a % RECEIPTS, next(shop.names)
    lines = [AMOUNTS[(b + i) % 4] for i in range(1 + b % 3)]
    usual = Customer(card=CARDS[n % 3], account=ACCOUNTS[n % 3])
    named = (usual, usual, Customer(card=CARDS[c % 3]), Customer(account=ACCOUNTS[c % 3]), NOBODY)[c % 5]
    keep_events(shop.db, [receipt(f"r{n}", *lines, version=version, at=now, who=named, voided=b % 7 == 6)], now)


def bring_back(shop: Shop, a: int, b: int, c: int, now: float) -> None:
    n, version = a % RECEIPTS, next(shop.names)
    back = brought(f"b{b % 8}.{n}", f"r{n}", (b % 3, (990, 3_000, 500)[c % 3]), version=version)
    keep_events(shop.db, [back], now)


def earn(shop: Shop, a: int, b: int, c: int, now: float) -> None:
    earn_from_shops(shop.db, (PROMPT, PATIENT)[a % 2], now)


def know(shop: Shop, a: int, b: int, c: int, now: float) -> None:
    know_accounts(shop.db, now)


def share(shop: Shop, a: int, b: int, c: int, now: float) -> None:
    key, member = f"share{next(shop.names)}", shop.members[a % len(shop.members)]
    with shop.db.write() as session:
        entry = earn_pending(key, PROGRAMME, EntryKind.SHARE_VISIT, member, 50, now)
        post_in(session, entry)
        hold_in(session, entry, member, 50, now + DAY_S)


def burn(shop: Shop, a: int, b: int, c: int, now: float) -> None:
    who = shop.people[a % len(shop.people)]
    shop.bought.append(buy_reward(shop.db, ONE, who, STORE, f"k{b % 20}", SECRET, now))


def undo(shop: Shop, a: int, b: int, c: int, now: float) -> None:
    if shop.bought:
        undo_reward(shop.db, shop.bought[a % len(shop.bought)], None, now)


def take_back(shop: Shop, a: int, b: int, c: int, now: float) -> None:
    member = shop.members[a % len(shop.members)]
    post(shop.db, claw_back(f"claw{next(shop.names)}", PROGRAMME, member, 7, now))


def join(shop: Shop, a: int, b: int, c: int, now: float) -> None:
    kept, merged = (shop.people[i % len(shop.people)] for i in (a, b))
    with shop.db.write() as session:
        made = merge_in(session, kept, merged, IdentifierKind.CARD, now)
    shop.merges.append((made, kept))


def part(shop: Shop, a: int, b: int, c: int, now: float) -> None:
    if shop.merges:
        split(shop.db, *shop.merges[a % len(shop.merges)], now)


def wait(shop: Shop, a: int, b: int, c: int, now: float) -> None:
    release_pending(shop.db, now)
    expire_lots(shop.db, now)


def erase(shop: Shop, a: int, b: int, c: int, now: float) -> None:
    erase_shopper(shop.db, shop.people[a % len(shop.people)], now)


def come(shop: Shop, a: int, b: int, c: int, now: float) -> None:
    shop.come(a)


DOES: dict[str, Callable[[Shop, int, int, int, float], None]] = {
    does.__name__: does
    for does in (tell, bring_back, earn, know, share, burn, undo, take_back, join, part, wait, erase, come)
}
OFTEN = ("tell", "tell", "earn", "earn", "bring_back", "bring_back", "burn", "burn")
ACTS = st.tuples(st.sampled_from((*DOES, *OFTEN)), *[st.integers(0, 59)] * 3)


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
    earn_from_shops(shop.db, PATIENT, now)
    with shop.db.read() as session:
        assert session.exec(select(LedgerEntryTable.key)).all() == before


@contextmanager
def new_shop(url: str = "") -> Iterator[Shop]:
    """In the database at `url`, or in one of its own."""
    with ExitStack() as ends:
        db = open_database(url or new_sqlite(ends.enter_context(brief_folder()) / "rayon.db"))
        ends.callback(db.close)
        yield Shop(db)


@pytest.mark.hypothesis
def test_any_history() -> None:
    @examples(6)
    @given(st.lists(st.lists(ACTS, min_size=10, max_size=14), min_size=3, max_size=3), st.sampled_from((0.5, 15.0)))
    @counted
    def holds(days: Sequence[Sequence[Act]], apart: float) -> None:
        now = NOW
        with new_shop() as shop:
            for acts in days:
                for act in acts:
                    shop.act(act, now)
                now += apart * DAY_S
                check(shop, now)
            tell_again(shop, now)
            check(shop, now)

    holds()


@pytest.mark.hypothesis
@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"])
def test_up_to_eight_at_once(request: pytest.FixtureRequest, database_kind: str) -> None:
    """The same, interleaved, on either database."""
    server = request.getfixturevalue("postgres") if database_kind == "postgresql" else None

    @examples(3)
    @given(st.lists(st.lists(ACTS, min_size=5, max_size=7), min_size=2, max_size=8))
    @counted
    def holds(workers: Sequence[Sequence[Act]]) -> None:
        with server.borrowed() if server else nullcontext("") as url, new_shop(url) as shop:
            assert at_once(shop, workers) == []
            check(shop, NOW + DAY_S / 2)
            tell_again(shop, NOW + DAY_S / 2)

    holds()


def at_once(shop: Shop, workers: Sequence[Sequence[Act]]) -> list[BaseException]:
    """Each worker does its own, beside the others. What went wrong."""
    start, failed = threading.Barrier(len(workers)), list[BaseException]()

    def run(acts: Sequence[Act]) -> None:
        start.wait()
        try:
            for step, act in enumerate(acts):
                shop.act(act, NOW + step)
        except BaseException as error:  # noqa: BLE001  # shown by whoever asks
            failed.append(error)

    threads = [threading.Thread(target=run, args=(acts,)) for acts in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failed
