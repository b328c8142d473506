"""A use of a coupon said for ever who had been at the till, and still did when that person's account was erased.

In: a cashier with an account, whose till has her name in capitals; one who has none; a namesake in another store.
Right: with the account her name goes from the tills of her stores; any name goes after `retention.cashiers_days`; uses
stay.
"""

from __future__ import annotations

from pathlib import Path

from sqlmodel import col, select

from engine.config import RetentionConfig
from engine.offers.codes import voucher_code
from engine.storage.accounts.audit import COMMAND
from engine.storage.accounts.people import erase_account
from engine.storage.database import Database
from engine.storage.models.vouchers import RedemptionTable
from engine.storage.retention.proofs import forget
from engine.storage.retention.rules import DAY_S, rules_of
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.tills import redeem
from engine.vocabulary import RetentionRule, Role
from tests.engine.storage.accounts.test_people import made
from tests.engine.storage.scenes import NOW, SECRET, STORE, basket, campaign, issue, shopper


def sold(db: Database, cashier: str, day: float) -> None:
    code = voucher_code(SECRET, issue(db, shopper(db).shopper_id, visit=cashier, name=f"{cashier}{day}"))
    redeem(db, code, basket(), STORE, "1", f"{cashier}{day}", NOW + day, secret=SECRET, cashier=cashier)


def at_tills(db: Database) -> list[str]:
    with db.read() as session:
        table = RedemptionTable
        return [row.cashier for row in session.exec(select(table).order_by(col(table.redeemed_at)))]


def test_a_name_goes_with_the_account_and_in_time(db: Database, tmp_path: Path) -> None:
    put_campaign(db, STORE, campaign())
    zoe = made(db, "Zoé", (Role.CLERK, STORE))
    for at, cashier in enumerate(("ZOÉ ", "Ben", "Zoé")):
        sold(db, cashier, float(at))
    with db.write() as session:
        session.exec(select(RedemptionTable).where(RedemptionTable.cashier == "Zoé")).one().store = "elsewhere"
    erase_account(db, COMMAND, zoe.account_id, NOW + 10)
    assert at_tills(db) == ["", "Ben", "Zoé"]
    rules = [r for r in rules_of(db, RetentionConfig(), tmp_path) if r.name is RetentionRule.CASHIERS]
    for days, due, left in ((90, 0, ["", "Ben", "Zoé"]), (91, 2, ["", "", ""])):
        assert [rule.due(NOW + days * DAY_S) for rule in rules] == [due]
        forget(db, rules, NOW + days * DAY_S)
        assert at_tills(db) == left
