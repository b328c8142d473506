"""Erasure: nothing leads back to the person, and the books still add up."""

from __future__ import annotations

import pytest
from sqlmodel import select

from engine.errors import NotFound
from engine.loyalty.ledger import PROGRAMME
from engine.loyalty.sharing import ShareRules, Visitor
from engine.offers.codes import voucher_code
from engine.privacy.consent import replay
from engine.records import device_hex
from engine.storage.database import Database
from engine.storage.erasure import erase_shopper
from engine.storage.journal import VisitRow, save_checkpoint
from engine.storage.loyalty.ledger import balance, release_pending
from engine.storage.loyalty.shares import create_share, get_share, open_share
from engine.storage.models.vouchers import RedemptionTable
from engine.storage.once.idempotency import begin, finish
from engine.storage.people.shoppers import SignIn, consent_log, get_shopper, links_version, sign_in
from engine.storage.presence.heatmaps import visits_of
from engine.storage.vouchers.campaigns import get_campaign, put_campaign
from engine.storage.vouchers.outbox import acknowledge, pending
from engine.storage.vouchers.tills import redeem, void
from engine.storage.vouchers.vouchers import counts, vouchers_of
from tests.engine.storage.people.test_shoppers import everything, mentions
from tests.engine.storage.scenes import NOW, PAGE, SECRET, STORE, at_once, basket, campaign, issue, proved, shopper

PHONE = 0xABCDEF0123456789


def lived(db: Database) -> tuple[str, str, str]:
    """A shopper who did everything; (shopper id, member id, redemption id)."""
    for name in ("apples", "pears"):
        put_campaign(db, STORE, campaign(name))
    request = SignIn(STORE, proved(PHONE), None, "Ana Lopez", "ana@example.org", "fr", [PAGE], "2026-01", NOW)
    ana = sign_in(db, request)
    used = issue(db, ana.shopper_id, name="d1")
    [row] = pending(db, "page", NOW)
    acknowledge(db, row.delivery.delivery_id, ana.shopper_id, NOW)
    done = redeem(db, voucher_code(SECRET, used), basket(), STORE, "till-1", "k1", NOW, secret=SECRET)
    issue(db, ana.shopper_id, "pears", name="d2")
    visit = VisitRow(ana.shopper_id, "fruit", "v1", NOW, NOW + 60, 60.0)
    save_checkpoint(db, STORE, 0, b"state", [], [], [visit], NOW)
    share = create_share(db, used, ana.shopper_id, NOW)
    friend = Visitor("friends-cookie", None, "address", "Mozilla/5.0")
    open_share(db, share.token, friend, NOW, ShareRules(50, 60.0, 10, 25))
    begin(db, f"shopper:{ana.shopper_id}:POST /v1/sessions", "key", "hash", NOW)
    finish(db, f"shopper:{ana.shopper_id}:POST /v1/sessions", "key", 200, "application/json", b'{"name":"Ana Lopez"}')
    return ana.shopper_id, ana.member_id, done.redemption_id


def test_nothing_leads_back(db: Database) -> None:
    who, _, _ = lived(db)
    assert visits_of(db, who) != []
    token = create_share(db, vouchers_of(db, who)[0].voucher.voucher_id, who, NOW).token
    before = links_version(db, STORE)
    erase_shopper(db, who, NOW + 5)
    assert mentions(db, "Ana", "ana@example.org", device_hex(PHONE), token, "friends-cookie") == []
    assert mentions(db, who) == ["consent_log"]  # an opaque id that leads nowhere: proof of what was agreed
    assert {"visit", "delivery", "device_link", "share", "share_visit", "shopper"}.isdisjoint(
        name for name, _ in everything(db)
    )
    assert links_version(db, STORE) == before + 1
    assert visits_of(db, who) == []
    assert vouchers_of(db, who) == []
    for gone in (lambda: get_shopper(db, who), lambda: erase_shopper(db, who, NOW), lambda: get_share(db, token)):
        with pytest.raises(NotFound):
            gone()


def test_amounts_stay_with_the_identity_cut(db: Database) -> None:
    who, member, done = lived(db)
    before = counts(db, STORE)
    erase_shopper(db, who, NOW + 5)
    assert balance(db, PROGRAMME, member).pending == 50
    assert release_pending(db, NOW + 100) == 1  # the books go on without the person
    assert balance(db, PROGRAMME, member).available == 50
    with db.read() as session:
        [kept] = session.exec(select(RedemptionTable))
    assert (kept.redemption_id, kept.discount_minor) == (done, 50)
    after = counts(db, STORE)
    assert after["vouchers_redeemed"] == before["vouchers_redeemed"] == 1
    assert after["vouchers_issued"] == before["vouchers_issued"] == 2
    assert get_campaign(db, STORE, "apples").amount_used_minor == 50
    assert get_campaign(db, STORE, "pears").amount_used_minor == 0  # the open voucher's reservation came back
    assert void(db, done, NOW + 200).state == "voided"  # the till can still take the sale back


def test_the_consent_log_ends_with_the_withdrawal(db: Database) -> None:
    who, _, _ = lived(db)
    erase_shopper(db, who, NOW + 5)
    log = consent_log(db, who)
    assert (log[-1].granted, log[-1].place, log[-1].at) == (False, "erasure", NOW + 5)
    assert replay(log) == {who: frozenset()}


def test_two_erased_shoppers_do_not_become_one(db: Database) -> None:
    put_campaign(db, STORE, campaign())
    two = [shopper(db).shopper_id for _ in range(2)]
    for i, who in enumerate(two):
        issue(db, who, name=f"d{i}")  # same campaign, same visit id
        issue(db, who, name=f"e{i}", visit="v2")
    for who in two:
        erase_shopper(db, who, NOW)
    owners = {row["shopper_id"] for name, row in everything(db) if name == "voucher"}
    assert len(owners) == 2
    assert all(owner.startswith("erased-") for owner in owners)


def test_others_are_untouched(db: Database) -> None:
    who, _, _ = lived(db)
    other = shopper(db, 7)
    issue(db, other.shopper_id, name="x")
    erase_shopper(db, who, NOW)
    assert get_shopper(db, other.shopper_id) == other
    assert len(pending(db, "page", NOW)) == 1


def test_visits_that_a_checkpoint_brings_after_erasure_are_dropped(db: Database) -> None:
    who, _, _ = lived(db)
    erase_shopper(db, who, NOW)
    save_checkpoint(db, STORE, 0, b"state", [], [], [VisitRow(who, "fruit", "v2", NOW, NOW + 9, 9.0)], NOW)
    assert visits_of(db, who) == []


def test_erasing_many_times_at_once_erases_once(db: Database) -> None:
    who, _, _ = lived(db)
    assert at_once(8, lambda _: erase_shopper(db, who, NOW)) == {f"['{who}']": 1, "not_found": 7}
