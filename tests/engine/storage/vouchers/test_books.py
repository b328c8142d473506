"""Points, budgets and vouchers agree after any sequence of redeem, void, retry and return.

A model keeps what each voucher is and what each friend has done, in plain words; after every step the database's sums
are compared with it.
"""

from __future__ import annotations

import shutil
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
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

from engine.loyalty.ledger import PROGRAMME, Balance
from engine.loyalty.sharing import ShareRules, Visitor
from engine.offers.codes import voucher_code
from engine.storage.database import Database, open_database
from engine.storage.loyalty.ledger import balance, release_pending
from engine.storage.loyalty.shares import create_share, open_share
from engine.storage.models.vouchers import CampaignTable, RedemptionTable, VoucherTable
from engine.storage.people.shoppers import ShopperProfile
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.claims import claim
from engine.storage.vouchers.tills import VoucherRefused, redeem, void
from engine.storage.vouchers.vouchers import expire_unredeemed
from tests.databases import brief_folder, new_sqlite
from tests.engine.storage.scenes import NO_LIMITS, NOW, SECRET, STORE, basket, campaign, candidate, issue, shopper
from tests.examples import examples
from tests.exploring.counting import counted_machine

VALID_S, HOLD_S, POINTS, WORTH, BUDGET = 1000.0, 3000.0, 50, 50, 400
RULES = ShareRules(points=POINTS, hold_s=HOLD_S, per_day=99, per_campaign=99)


@dataclass(frozen=True)
class Opening:
    """What stands in the database before anything happens: one campaign, one sharer, two friends who opened the link,
    each of whom has two vouchers. Made once: it is half of what an example costs."""

    path: Path
    sharer: ShopperProfile
    friends: tuple[ShopperProfile, ShopperProfile]
    vouchers: tuple[str, ...]


def opening(path: Path) -> Opening:
    """The same for all examples, in a new database at `path`."""
    db = open_database(new_sqlite(path))
    put_campaign(db, STORE, campaign(valid_s=VALID_S, budget={"max_amount_minor": BUDGET}))
    sharer, one, other = (shopper(db) for _ in range(3))
    link = create_share(db, issue(db, sharer.shopper_id, name="shared", worth=0), sharer.shopper_id, NOW).token
    for i, friend in enumerate((one, other)):
        who = Visitor(f"cookie{i}", f"device{i}", "address", "Mozilla/5.0", shopper_id=friend.shopper_id)
        assert open_share(db, link, who, NOW, RULES).points == POINTS
    names = [(friend, f"first{i}") for i, friend in enumerate((one, one, other, other))]
    vouchers = tuple(issue(db, who.shopper_id, visit=name, name=name, worth=WORTH) for who, name in names)
    db.close()
    return Opening(path, sharer, (one, other), vouchers)


class Books(RuleBasedStateMachine):
    """The friends buy, give back and buy again."""

    opening: Opening

    @initialize()
    def open_the_shop(self) -> None:
        self.ends = ExitStack()
        path = self.ends.enter_context(brief_folder()) / "rayon.db"
        shutil.copy(self.opening.path, path)
        self.db: Database = open_database(f"sqlite:///{path}")
        self.ends.callback(self.db.close)
        self.now, self.sales, self.issued = NOW, 0, 0
        self.sold: list[tuple[str, str, Any, float]] = []  # voucher, key, basket, when
        self.sharer, self.friends = self.opening.sharer, self.opening.friends
        self.codes = {name: voucher_code(SECRET, name) for name in self.opening.vouchers}  # voucher to its code

    @rule(friend=st.integers(0, 1))
    def issue_one(self, friend: int) -> None:
        """A new visit and its voucher, where the budget allows."""
        self.issued += 1
        name = f"d{self.issued}"
        made = candidate(self.friends[friend].shopper_id, visit=name, name=name, at=self.now, worth=WORTH)
        for voucher in claim(self.db, [made], NO_LIMITS, SECRET, self.now).vouchers:
            self.codes[voucher.voucher_id] = voucher_code(SECRET, voucher.voucher_id)

    @precondition(lambda self: self.codes)
    @rule(data=st.data(), price=st.sampled_from([100, 250, 900]), late=st.booleans())
    def sell(self, data: st.DataObject, price: int, late: bool) -> None:
        """A till redeems, perhaps for a sale of a while ago."""
        voucher_id = data.draw(st.sampled_from(sorted(self.codes)))
        self.sales += 1
        bought = basket(("A1", 1, price))
        sold_at = self.now - 500.0 if late else self.now
        self.sold.append((voucher_id, f"k{self.sales}", bought, sold_at))
        self.send(-1)

    @precondition(lambda self: self.sold)
    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        """The answer was lost, or the queue is sent twice."""
        self.send(data.draw(st.integers(0, len(self.sold) - 1)))

    def send(self, which: int) -> None:
        voucher_id, key, bought, sold_at = self.sold[which]
        code = self.codes[voucher_id]
        with suppress(VoucherRefused):
            redeem(self.db, code, bought, STORE, "till", key, self.now, secret=SECRET, sold_at=sold_at)

    @rule(which=st.integers(0, 5))
    def give_back(self, which: int) -> None:
        """A sale is undone, or undone again."""
        with self.db.read() as session:
            ids = session.exec(select(RedemptionTable.redemption_id).order_by(RedemptionTable.redemption_id)).all()
        if ids:
            assert void(self.db, ids[which % len(ids)], self.now).state == "voided"

    @rule(seconds=st.sampled_from([1.0, 700.0]), housekeeping=st.sampled_from([True, True, False]))
    def wait(self, seconds: float, housekeeping: bool) -> None:
        self.now += seconds
        if housekeeping:
            expire_unredeemed(self.db, self.now)
            release_pending(self.db, self.now)

    @invariant()
    def the_books_agree(self) -> None:
        if not hasattr(self, "db"):
            return
        with self.db.read() as session:
            vouchers = session.exec(select(VoucherTable)).all()
            uses = session.exec(select(RedemptionTable)).all()
            spent = session.get_one(CampaignTable, (STORE, "apples"))
        standing = [use for use in uses if use.state == "redeemed"]
        for v in vouchers:
            mine = [use for use in standing if use.voucher_id == v.voucher_id]
            assert v.uses == len(mine) <= 1
            assert (v.state == "redeemed") == bool(mine)
            live = v.state in ("issued", "delivered", "seen")
            assert v.reserved_minor == (v.worth_minor if live else 0)
        assert spent.vouchers_used == sum(v.holds_slot for v in vouchers)
        given = sum(use.discount_minor for use in standing)
        assert spent.amount_used_minor == given + sum(v.reserved_minor for v in vouchers)
        self._points(vouchers, standing)

    def _points(self, vouchers: list[VoucherTable], standing: list[RedemptionTable]) -> None:
        """All that was earned is there, and available is what a purchase that stands, or time, has released."""
        held = balance(self.db, PROGRAMME, self.sharer.member_id)
        assert held.available + held.pending == 2 * POINTS
        owner = {v.voucher_id: v.shopper_id for v in vouchers}
        if self.now < NOW + HOLD_S:
            bought = {owner[use.voucher_id] for use in standing} & {f.shopper_id for f in self.friends}
            assert held == Balance(POINTS * len(bought), POINTS * (2 - len(bought)))

    def teardown(self) -> None:
        if hasattr(self, "db"):
            with self.ends:
                release_pending(self.db, NOW + 10 * HOLD_S)
                assert balance(self.db, PROGRAMME, self.sharer.member_id) == Balance(2 * POINTS, 0)


@pytest.mark.hypothesis
def test_the_books_agree_after_any_sequence(tmp_path: Path) -> None:
    Books.opening = opening(tmp_path / "opening.db")
    run_state_machine_as_test(
        counted_machine(Books), settings=settings(examples(14, HealthCheck.data_too_large), stateful_step_count=25)
    )
