"""Whatever is bought, shared, spent, undone, given back, ended and taken back, in whatever order: sums are zero,
nothing is below zero, and there are points only for what was paid and kept."""

from __future__ import annotations

import itertools
import random
import threading
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlmodel import col, select

from engine.errors import BusinessRefusal
from engine.loyalty.earning import reduce_points
from engine.loyalty.ledger import PROGRAMME, claw_back, content_digest, earn_pending, reversal
from engine.storage.database import Database, open_database
from engine.storage.loyalty.expiry import expire_lots
from engine.storage.loyalty.ledger import (
    balance,
    entries_of,
    entry_of,
    hold_again,
    hold_in,
    post,
    post_in,
    release_pending,
)
from engine.storage.loyalty.lots import lots_of
from engine.storage.loyalty.spending import spend
from engine.storage.models.ledger import HoldState, HoldTable, LedgerEntryTable, LedgerPostingTable
from engine.vocabulary import Account, EntryKind
from tests.databases import brief_folder, new_sqlite
from tests.engine.loyalty.summed import balance_of
from tests.engine.storage.loyalty.bought import DAY_S, TERMS, back, bought, earn_purchase, return_goods
from tests.engine.storage.scenes import NOW
from tests.examples import examples
from tests.exploring.counting import counted_machine

PROMPT = replace(TERMS, expire_s=30 * DAY_S)
PATIENT = replace(PROMPT, pending_s=14 * DAY_S)
MEMBERS = st.sampled_from("mn")
EUROS = st.integers(1, 90)


class Points:
    """What can happen to points, and what must hold whatever has."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.names = itertools.count()  # next() of it is one step for all threads

    def buy(self, member: str, euros: int, now: float, *, wait: bool) -> tuple[str, int]:
        name = f"r{next(self.names)}"
        terms = PATIENT if wait else PROMPT
        assert earn_purchase(self.db, member, bought(name, euros, at=now), terms, UTC, now) == euros
        return name, euros

    def share(self, member: str, now: float) -> None:
        key = f"share{next(self.names)}"
        with self.db.write() as session:
            entry = earn_pending(key, PROGRAMME, EntryKind.SHARE_VISIT, member, 50, now, expires_at=now + 20 * DAY_S)
            post_in(session, entry)
            hold_in(session, entry, member, 50, now + DAY_S)

    def hold_again(self, now: float) -> None:
        with self.db.write() as session:
            rows = select(HoldTable).where(
                HoldTable.state == HoldState.RELEASED, col(HoldTable.key).startswith("share")
            )
            hold_again(session, session.exec(rows.order_by(HoldTable.key).limit(1).with_for_update()).all(), now)

    def spend(self, members: str, points: int, now: float) -> str | None:
        key = f"s{next(self.names)}"
        with suppress(BusinessRefusal):
            spend(self.db, key, PROGRAMME, list(members), points, now)
            return key
        return None

    def undo(self, key: str, now: float) -> None:
        with suppress(BusinessRefusal), self.db.write() as session:
            entry = entry_of(session, PROGRAMME, key)
            assert entry is not None
            post_in(session, reversal(entry, now))

    def give_back(self, purchase: str, euros: int, now: float) -> int:
        with suppress(BusinessRefusal):
            return_goods(self.db, back(f"b{next(self.names)}", purchase, (0, euros)), now)
            return euros
        return 0

    def holds(self, earned: int) -> None:
        """`earned` is what was paid and kept, and shared, less what was clawed back."""
        with self.db.read() as session:
            rows = session.exec(select(LedgerPostingTable)).all()
            lots = lots_of(session, PROGRAMME, ["m", "n"])
            stored = {row.key: row.content for row in session.exec(select(LedgerEntryTable))}
        assert sum(row.amount for row in rows) == 0
        assert all(lot.available >= 0 and lot.pending >= 0 for lot in lots)
        entries = [entry for _, entry in entries_of(self.db, ["m", "n"], limit=10_000)]
        assert {entry.key: content_digest(entry) for entry in entries} == stored
        held = [balance(self.db, PROGRAMME, member) for member in "mn"]
        assert held == [balance_of(entries, PROGRAMME, member) for member in "mn"]
        assert all(min(b.available, b.pending, b.owed) >= 0 for b in held)
        gone = sum(row.amount for row in rows if row.account in (Account.BURNED, Account.EXPIRED))
        assert sum(b.available + b.pending - b.owed for b in held) + gone == earned


class AnyHistory(RuleBasedStateMachine):
    """Two members who may be one person."""

    @initialize()
    def begin(self) -> None:
        self.ends = ExitStack()
        self.points = Points(open_database(new_sqlite(self.ends.enter_context(brief_folder()) / "rayon.db")))
        self.ends.callback(self.points.db.close)
        self.now = NOW
        self.bought: list[tuple[str, int]] = []
        self.kept: dict[str, int] = {}
        self.spent: list[str] = []
        self.other = 0

    @rule(member=MEMBERS, euros=EUROS, wait=st.booleans())
    def buy(self, member: str, euros: int, wait: bool) -> None:
        self.bought.append(self.points.buy(member, euros, self.now, wait=wait))
        self.kept[self.bought[-1][0]] = euros

    @rule(member=MEMBERS)
    def share(self, member: str) -> None:
        self.points.share(member, self.now)
        self.other += 50

    @rule()
    def hold_again(self) -> None:
        self.points.hold_again(self.now)

    @rule(members=st.sampled_from(["m", "n", "mn", "nm"]), points=st.integers(1, 120))
    def spend(self, members: str, points: int) -> None:
        key = self.points.spend(members, points, self.now)
        self.spent += [key] if key else []

    @rule(i=st.integers(0, 9))
    def undo(self, i: int) -> None:
        if self.spent:
            self.points.undo(self.spent[i % len(self.spent)], self.now)

    @rule(i=st.integers(0, 9), euros=EUROS)
    def give_back(self, i: int, euros: int) -> None:
        if self.bought:
            name, _ = self.bought[i % len(self.bought)]
            self.kept[name] -= self.points.give_back(name, euros, self.now)

    @rule(member=MEMBERS, points=st.integers(1, 60))
    def claw_back(self, member: str, points: int) -> None:
        key = f"claw{next(self.points.names)}"
        post(self.points.db, claw_back(key, PROGRAMME, member, points, self.now))
        self.other -= points

    @rule(days=st.sampled_from([1, 14, 20]))
    def wait(self, days: int) -> None:
        self.now += days * DAY_S
        release_pending(self.points.db, self.now)
        expire_lots(self.points.db, self.now)

    def teardown(self) -> None:
        if hasattr(self, "points"):
            self.ends.close()

    @invariant()
    def always(self) -> None:
        paid = dict(self.bought)
        kept = sum(reduce_points(paid[name], paid[name], paid[name] - left) for name, left in self.kept.items())
        self.points.holds(kept + self.other)


@pytest.mark.hypothesis
def test_any_history() -> None:
    quick = settings(examples(12), stateful_step_count=15, phases=[Phase.explicit, Phase.generate])
    run_state_machine_as_test(counted_machine(AnyHistory), settings=quick)


def test_eight_at_once(db: Database) -> None:
    """The same, interleaved, on either database: nothing is lost, and nothing is there twice."""
    points = Points(db)
    sold = [points.buy("m" if i % 2 else "n", 60, NOW, wait=i % 3 == 0) for i in range(8)]
    points.share("m", NOW - 2 * DAY_S)
    shared, bought_meanwhile, returned = [50], [0], [0]
    wrong: list[BaseException] = []
    start, lock = threading.Barrier(8), threading.Lock()

    def work(n: int) -> None:
        chance = random.Random(n)
        start.wait()
        try:
            for step in range(6):
                member = chance.choice("mn")
                act = (n + step) % 6
                if act == 0:
                    points.buy(member, 10, NOW, wait=False)
                    with lock:
                        bought_meanwhile[0] += 10
                elif act == 1:
                    points.share(member, NOW - 2 * DAY_S)
                    with lock:
                        shared[0] += 50
                elif act == 2:
                    key = points.spend(chance.choice(["m", "n", "mn"]), chance.randint(1, 70), NOW)
                    if key is not None and chance.random() < 0.5:
                        points.undo(key, NOW)
                elif act == 3:
                    gone = points.give_back(sold[chance.randrange(8)][0], chance.randint(1, 40), NOW)
                    with lock:
                        returned[0] += gone
                elif act == 4:
                    release_pending(db, NOW)
                    points.hold_again(NOW)
                else:
                    expire_lots(db, NOW + 12 * DAY_S)
        except BaseException as error:  # noqa: BLE001  # shown by the assertion below
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    points.holds(8 * 60 + bought_meanwhile[0] + shared[0] - returned[0])
