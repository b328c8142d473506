"""A code by e-mail, used in the shop: to who agreed, once, under all rules of a coupon, at the till as any other."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from pydantic import ValidationError
from sqlmodel import select

from engine.config import MailConfig
from engine.delivery.mail import Credentials, Mailer
from engine.offers.caps import DAY_S, Limits
from engine.offers.codes import voucher_code
from engine.offers.experiments import place_in_experiment
from engine.offers.wishes import Mute
from engine.plan.model import Plan, Product
from engine.privacy.consent import ConsentChoice
from engine.storage.database import Database
from engine.storage.models.identity import IdentifierTable
from engine.storage.models.sending.letters import LetterTable
from engine.storage.models.shoppers import SegmentSpanTable, ShopperTable
from engine.storage.models.vouchers import DecisionTable, DeliveryTable, VoucherTable
from engine.storage.people.shoppers import set_consents
from engine.storage.people.wishes import put_mute
from engine.storage.sending.marks import mark_mailbox
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.channels import acknowledge_sent
from engine.storage.vouchers.mailed.mailing import mail_codes
from engine.storage.vouchers.tills import RedemptionState, check_voucher, redeem, void
from engine.vocabulary import Channel, MailboxMark, MuteKind
from tests.engine.delivery.phones import Desk
from tests.engine.offers.plans import PLAN, campaign
from tests.engine.storage.scenes import NOW, SECRET, STORE, at_once, basket, shopper

MAIL, CRM = ConsentChoice("location_offers", "email", True), ConsentChoice("crm", "any", True)
LIMITS = Limits(per_visit=1, per_day=2, per_week=8)
WINE = replace(PLAN, products=(*PLAN.products, Product("WINE", "Wine", "wine", 900, "ground", 3.0, 3.0, "alcohol")))


def reader(db: Database, *consents: ConsentChoice, proved: bool = True) -> str:
    who = shopper(db, consents=consents or (MAIL, CRM)).shopper_id
    if proved:
        with db.write() as session:
            session.add(IdentifierTable(kind="email", digest=who, shopper_id=who, sealed="", verified_at=NOW))
    return who


def offer(db: Database, name: str = "books", **changes: Any) -> None:
    put_campaign(db, STORE, campaign(name, **({"by_email": True, "valid_s": 7 * DAY_S} | changes)))


def mail(db: Database, now: float = NOW, plan: Plan = PLAN) -> int:
    return mail_codes(db, plan, LIMITS, SECRET, now)


def vouchers(db: Database) -> list[VoucherTable]:
    with db.read() as session:
        return list(session.exec(select(VoucherTable)))


def reasons(db: Database) -> list[str]:
    with db.read() as session:
        return list(session.exec(select(DecisionTable.reason).order_by(DecisionTable.at)))


def test_who_agreed_gets_one_code_by_e_mail_and_uses_it_at_the_till_once(db: Database) -> None:
    who = reader(db)
    for others in ((MAIL,), (CRM,), (ConsentChoice("location_offers", "page", True), CRM)):
        reader(db, *others)
    reader(db, proved=False)
    offer(db)
    at_once(4, lambda _: mail(db))
    assert [mail(db), mail(db, NOW + 60), mail(db, NOW + 2 * DAY_S)] == [0, 0, 0]
    [made] = vouchers(db)
    assert (made.shopper_id, made.expires_at) == (who, NOW + 7 * DAY_S)
    with db.read() as session:
        sent = session.exec(select(DeliveryTable)).one()
    assert (sent.channel, sent.route, sent.expires_at) == (Channel.EMAIL, "", made.expires_at)
    code, bought = voucher_code(SECRET, made.voucher_id), basket(("BOOK", 1, 1_000))
    later = NOW + 3 * DAY_S
    assert check_voucher(db, code, bought, STORE, later, secret=SECRET).reason == "ok"
    done = at_once(4, lambda i: redeem(db, code, bought, STORE, "1", f"k{i}", later, secret=SECRET).state)
    assert done[str(RedemptionState.REDEEMED)] == 1
    assert sum(done.values()) == 4


def test_its_letter_goes_out_once_with_one_click_to_end_them_and_is_seen_by_a_click(db: Database) -> None:
    who = reader(db)
    offer(db)
    mail(db)
    mailer = Mailer(MailConfig(host="mx.example", sender="shop@example.org"), db, Credentials())
    desk = Desk(db, None, mailer)
    with db.write() as session:
        row = session.get(ShopperTable, who)
        assert row is not None
        row.email = "ann@example.org"
    for _ in range(2):
        desk.step()
    with db.read() as session:
        letter = session.exec(select(LetterTable)).one()
        sent = session.exec(select(DeliveryTable)).one()
    assert (letter.recipient, letter.unsubscribe_url) == ("ann@example.org", "https://x.example/u")
    assert vouchers(db)[0].state == "issued", "nothing says that it was opened but a click"
    assert sent.delivery_id is not None
    assert acknowledge_sent(db, sent.delivery_id, Channel.EMAIL, NOW + DAY_S)
    assert vouchers(db)[0].state == "delivered"


def test_the_caps_count_it_and_tomorrow_is_another_day(db: Database) -> None:
    reader(db)
    for name in ("a", "b", "c"):
        offer(db, name)
    assert mail(db) == 2
    assert reasons(db).count("cap_day") == 1
    assert [mail(db, NOW + 60), mail(db, NOW + DAY_S + 60)] == [0, 1]


def test_what_is_muted_complained_of_or_came_back_is_not_sent(db: Database) -> None:
    muted, complained, returned = (reader(db) for _ in range(3))
    put_mute(db, muted, Mute(MuteKind.SHOP, STORE), NOW)
    mark_mailbox(db, complained, MailboxMark.COMPLAINED, NOW - 9)
    mark_mailbox(db, returned, MailboxMark.RETURNED, NOW - 9)
    offer(db)
    assert (mail(db), reasons(db)) == (0, ["muted"])


def test_the_law_closes_e_mail_to_alcohol_and_to_what_ends_soon(db: Database) -> None:
    reader(db)
    offer(db, "wine", offer={"kind": "percent", "applies_to": "product", "sku": "WINE", "basis_points": 1000},
          place={"store": True})  # fmt: skip
    assert (mail(db, plan=WINE), reasons(db)) == (0, ["legal_channel"])
    near = {"kind": "percent", "applies_to": "product", "sku": "APPLE", "basis_points": 5000, "near_end": True}
    with pytest.raises(ValidationError, match="inside the shop"):
        campaign(by_email=True, valid_s=DAY_S, offer=near)
    with pytest.raises(ValidationError, match="a day at least"):
        campaign(by_email=True, valid_s=7200.0)


def test_nobody_is_written_to_at_night_nor_by_a_campaign_that_is_over_nor_whom_it_holds_out(db: Database) -> None:
    people = [reader(db) for _ in range(6)]
    named = (f"experiment-{k}" for k in count())
    experiment = next(e for e in named if sum(place_in_experiment(e, who) < 0.5 for who in people) == 2)
    offer(db, when={"ends_at": "2027-01-20T00:00:00Z"}, holdout_share=0.5, experiment=experiment)
    assert mail(db, NOW - 3 * 3600) == 0
    made = mail(db)
    held_out = reasons(db).count("holdout")
    assert (made, held_out) == (4, 2)
    assert [mail(db, NOW + DAY_S), mail(db, NOW + 6 * DAY_S)] == [0, 0]
    assert reasons(db).count("holdout") == held_out, "whoever is held out is held out once"


def test_a_use_is_undone_as_any_other(db: Database) -> None:
    reader(db)
    offer(db)
    mail(db)
    code = voucher_code(SECRET, vouchers(db)[0].voucher_id)
    done = redeem(db, code, basket(("BOOK", 1, 1_000)), STORE, "1", "k", NOW + 9, secret=SECRET)
    assert void(db, done.redemption_id, NOW + 10).state == RedemptionState.VOIDED
    assert redeem(db, code, basket(("BOOK", 1, 1_000)), STORE, "1", "k2", NOW + 11, secret=SECRET).discount_minor == 200


def test_who_takes_the_consent_back_meanwhile_gets_no_letter(db: Database) -> None:
    who = reader(db)
    offer(db)
    mail(db)
    set_consents(db, who, [ConsentChoice("location_offers", "email", False)], "2026-01", "me", NOW + 1)
    Desk(db, None, Mailer(MailConfig(host="mx.example", sender="shop@example.org"), db, Credentials())).step()
    with db.read() as session:
        assert session.exec(select(LetterTable)).all() == []


def test_a_campaign_for_a_segment_writes_to_who_is_in_it(db: Database) -> None:
    inside, _ = reader(db), reader(db)
    with db.write() as session:
        session.add(SegmentSpanTable(shopper_id=inside, segment="regulars", since=NOW - 9, until=NOW + 9))
    offer(db, audience={"segments": ["regulars"]})
    assert mail(db) == 1
    assert [v.shopper_id for v in vouchers(db)] == [inside]
