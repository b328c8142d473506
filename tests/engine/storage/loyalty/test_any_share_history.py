"""Whatever is shared, opened, tapped, bought, given back, held, reviewed and taken back, in whatever order: the ledger
sums to zero, and there are points only for as many openings as there were people."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlmodel import select

from engine.errors import BusinessRefusal
from engine.loyalty.ledger import PROGRAMME, Balance
from engine.loyalty.sharing import ShareRules, Visitor
from engine.offers.codes import voucher_code
from engine.storage.database import Database, open_database
from engine.storage.loyalty.ledger import balance, release_pending
from engine.storage.loyalty.reviews import decide_review, waiting_reviews
from engine.storage.loyalty.shares import create_share, open_share
from engine.storage.models.ledger import HoldState, HoldTable, LedgerPostingTable
from engine.storage.people.shoppers import ShopperProfile
from engine.storage.vouchers.tills import redeem, void
from tests.databases import brief_folder, new_sqlite
from tests.engine.storage.scenes import NOW, SECRET, STORE, basket, issue, shopper, voucher
from tests.examples import examples
from tests.exploring.counting import counted_machine

RULES = ShareRules(points=50, hold_s=900.0, per_day=8, per_campaign=12)
PEOPLE = st.integers(0, 9)


class Sharing(RuleBasedStateMachine):
    """One link; people 0 to 4 are signed in and may buy, 5 to 9 are not; all behind one address."""

    opened_at: Path
    who: ShopperProfile
    link: str
    friends: Sequence[str]

    @classmethod
    def open_shop(cls, path: Path) -> None:
        """What is the same for all examples, in a database that theirs are copies of."""
        cls.opened_at = path
        db = open_database(new_sqlite(path))
        cls.who, mine, _ = voucher(db)
        cls.link = create_share(db, mine, cls.who.shopper_id, NOW).token
        cls.friends = [shopper(db).shopper_id for _ in range(5)]
        db.close()

    @initialize()
    def begin(self) -> None:
        self.ends = ExitStack()
        path = self.ends.enter_context(brief_folder()) / "rayon.db"
        shutil.copy(self.opened_at, path)
        self.db: Database = open_database(f"sqlite:///{path}")
        self.ends.callback(self.db.close)
        self.now = NOW
        self.sold: list[str] = []
        self.opened: set[int] = set()
        self.bought = 0

    def visitor(self, n: int, **more: object) -> Visitor:
        known = self.friends[n] if n < 5 else None
        return Visitor(f"opening-{n}", None, "shop", f"Mozilla/5.0 ({n})", shopper_id=known, **more)  # type: ignore[arg-type]

    @rule(n=PEOPLE)
    def open(self, n: int) -> None:
        open_share(self.db, self.link, self.visitor(n), self.now, RULES)
        self.opened.add(n)

    @rule(n=PEOPLE)
    def press(self, n: int) -> None:
        asks = self.visitor(n, guest=True, tapped=True, opened=f"opening-{n}")
        open_share(self.db, self.link, asks, self.now, RULES)
        self.opened.add(n)

    @rule(n=st.integers(0, 4))
    def buy(self, n: int) -> None:
        self.bought += 1
        name = f"{self.link}-{self.bought}"
        code = voucher_code(SECRET, issue(self.db, self.friends[n], visit=name, name=name, at=self.now))
        self.sold.append(redeem(self.db, code, basket(), STORE, "t", name, self.now + 1, secret=SECRET).redemption_id)

    @precondition(lambda self: self.sold)
    @rule(i=st.integers(0, 99))
    def give_back(self, i: int) -> None:
        void(self.db, self.sold[i % len(self.sold)], self.now)

    @rule(s=st.sampled_from([1.0, 60.0, 400.0, 1000.0]))
    def wait(self, s: float) -> None:
        self.now += s
        release_pending(self.db, self.now)

    @rule(accept=st.booleans(), i=st.integers(0, 99))
    def review(self, accept: bool, i: int) -> None:
        waiting = waiting_reviews(self.db, STORE)
        if waiting:
            decide_review(self.db, STORE, waiting[i % len(waiting)].visit_id, accept=accept, by="m", now=self.now)

    @rule(accept=st.booleans(), i=st.integers(1, 30))
    def say_it_again(self, accept: bool, i: int) -> None:
        with suppress(BusinessRefusal):
            decide_review(self.db, STORE, i, accept=accept, by="m", now=self.now)

    def teardown(self) -> None:
        if hasattr(self, "db"):
            self.ends.close()

    @invariant()
    def sums_to_zero(self) -> None:
        with self.db.read() as session:
            assert sum(session.exec(select(LedgerPostingTable.amount))) == 0

    @invariant()
    def only_people_make_points(self) -> None:
        held = balance(self.db, PROGRAMME, self.who.member_id)
        assert 0 <= held.available + held.pending <= 50 * min(len(self.opened), RULES.per_campaign)
        assert held.pending >= 0

    @invariant()
    def points_are_where_their_holds_say(self) -> None:
        with self.db.read() as session:
            holds = session.exec(select(HoldTable).where(HoldTable.member == self.who.member_id)).all()
        waits = sum(h.points for h in holds if h.state in (HoldState.HELD, HoldState.REVIEW))
        out = sum(h.points for h in holds if h.state == HoldState.RELEASED)
        assert balance(self.db, PROGRAMME, self.who.member_id) == Balance(out, waits)


@pytest.mark.hypothesis
def test_any_history(tmp_path: Path) -> None:
    Sharing.open_shop(tmp_path / "opened.db")
    run_state_machine_as_test(counted_machine(Sharing), settings=settings(examples(10), stateful_step_count=20))
