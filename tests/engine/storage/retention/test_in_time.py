"""What the hourly job ends besides profiles, with its proof: guests' coupons, shop events, held messages, the audit."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from engine.config import RetentionConfig
from engine.storage.accounts.audit import COMMAND, entries, note
from engine.storage.commerce.held import KEEP_S, hold_message
from engine.storage.database import Database
from engine.storage.models.commerce import HeldMessageTable, ShopEventTable
from engine.storage.models.vouchers import VoucherTable
from engine.storage.retention.proofs import forget, proofs
from engine.storage.retention.rules import DAY_S, rules_of
from engine.storage.vouchers.campaigns import put_campaign
from engine.vocabulary import AuditAction, RetentionRule, ShopEventKind
from tests.engine.storage.scenes import NOW, STORE, campaign, issue, shopper

PERIODS = RetentionConfig(guest_coupons_days=10, shop_events_days=20, audit_days=40)


def run(db: Database, data_dir: Path, days: float) -> dict[str, int]:
    """What a run so long after NOW forgets, by rule; it forgets what it counted, and proves it."""
    rules, now = rules_of(db, PERIODS, data_dir), NOW + days * DAY_S
    due = {rule.name: rule.due(now) for rule in rules}
    forget(db, rules, now)
    day = max(p.day for p in proofs(db))
    proved = {p.rule: p.rows for p in proofs(db) if p.day == day}
    assert proved == due
    return {rule.value: rows for rule, rows in due.items() if rows}


def test_the_audit_log_ends_in_time(db: Database, tmp_path: Path) -> None:
    for at in (NOW, NOW + 30 * DAY_S):
        with db.write() as session:
            note(session, COMMAND, AuditAction.SIGNED_IN, at)
    assert run(db, tmp_path, 39.9) == {}
    assert run(db, tmp_path, 41.0) == {"audit": 1}
    assert [line.at for line in entries(db, ["*"])] == [NOW + 30 * DAY_S]


def test_a_guests_coupon_loses_its_browser_and_stays_in_the_accounts(db: Database, tmp_path: Path) -> None:
    put_campaign(db, STORE, campaign())
    who = shopper(db, 7).shopper_id
    issue(db, who)
    with db.write() as session:
        [voucher] = session.exec(select(VoucherTable)).all()
        voucher.shopper_id, ends = "guest-0123", voucher.expires_at
    days = (ends - NOW) / DAY_S + PERIODS.guest_coupons_days
    assert "guest_coupons" not in run(db, tmp_path, days - 1.1)
    assert run(db, tmp_path, days + 0.1)["guest_coupons"] == 1
    with db.read() as session:
        [voucher] = session.exec(select(VoucherTable)).all()
    assert voucher.shopper_id.startswith("erased-")
    assert voucher.visit_id.startswith("erased-")


@pytest.mark.parametrize(
    ("kind", "left"), [(kind, kind in (ShopEventKind.STOCK, ShopEventKind.CATALOGUE)) for kind in ShopEventKind]
)
def test_events_of_people_end_and_stock_stays(db: Database, tmp_path: Path, kind: ShopEventKind, left: bool) -> None:
    row = ShopEventTable(source="shop", kind=kind, id="1", version=1, at=NOW, received_at=NOW, form="{}")
    with db.write() as session:
        session.add(row)
    assert run(db, tmp_path, 19.9) == {}
    assert run(db, tmp_path, 20.1) == ({} if left else {"shop_events": 1})
    with db.read() as session:
        assert len(session.exec(select(ShopEventTable)).all()) == int(left)


def test_held_messages_go_by_themselves(db: Database, tmp_path: Path) -> None:
    """They went when the next one was held, which on a quiet site was never."""
    assert hold_message(db, "shop", "digest", {"bad_shape": 1}, b"sealed", NOW)
    assert run(db, tmp_path, KEEP_S / DAY_S - 0.1) == {}
    assert run(db, tmp_path, KEEP_S / DAY_S + 0.1) == {RetentionRule.HELD_MESSAGES.value: 1}
    with db.read() as session:
        assert session.exec(select(HeldMessageTable)).all() == []
