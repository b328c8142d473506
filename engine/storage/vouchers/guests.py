"""Coupons from a shared link, for whoever asks: into a profile's wallet, or for a browser where nobody is signed in.

The campaign's state, dates, caps and budget hold as at the shelf. Where the shopper stands, and when in the day, is
no matter: these are asked for, and interrupt nobody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sqlmodel import Session, col, select

from engine.errors import BusinessRefusal, NotFound
from engine.offers.campaigns import STATE_REFUSAL, Campaign
from engine.offers.caps import WEEK_S, Ask, Limits, Slot, Spent, cap_refusal
from engine.offers.decide import worth_of
from engine.offers.experiments import is_control
from engine.plan.model import Plan
from engine.storage.budget_release import LIVE, lock_campaigns, lock_vouchers
from engine.storage.cap_counts import count_slot, counted_slots, lock_person
from engine.storage.database import Database
from engine.storage.facts.coupons import tell_coupon
from engine.storage.loyalty.friends import GUEST
from engine.storage.models.ledger import ShareTable
from engine.storage.models.shoppers import ShopperTable
from engine.storage.models.vouchers import CampaignTable, VoucherTable
from engine.storage.people.twins import visit_of
from engine.storage.upserts import named_lock
from engine.storage.vouchers.claims import voucher_identity, voucher_row
from engine.storage.vouchers.hq.shared import is_bound, shared_budgets
from engine.storage.vouchers.rows.specs import campaign_of
from engine.vocabulary import DecisionReason, ProblemCode, VoucherState

_NO_LIMITS = Limits(per_visit=10**9, per_day=10**9, per_week=10**9)
"""The site's caps are of messages that nobody asked for; the campaign's own hold."""


class ShareOver(BusinessRefusal):
    """The deal is over, used up, or this person has had as many as there are for one; `detail` is the reason."""

    code = ProblemCode.SHARE_OVER
    status = 409


def open_to_anyone(db: Database, token: str) -> bool:
    """Whether the coupon of this link needs no sign-in. Raises NotFound."""
    with db.read() as session:
        share = _share(session, token)
        row = session.get(CampaignTable, (share.store, share.campaign_id))
        return row is not None and campaign_of(row.spec).share.open_to == "anyone"


def take_shared(db: Database, token: str, owner: str, plan: Plan, secret: bytes, now: float) -> str:
    """The id of the coupon that `owner`, a shopper or a guest, gets by this link: the same one when asked again.

    The sharer has theirs. Raises NotFound for a link that is gone, ShareOver.
    """
    with db.write() as session:
        share = _share(session, token)
        if owner == share.shopper_id and share.voucher_id is not None:
            return share.voucher_id
        if owner.startswith(GUEST):
            named_lock(session, owner)
        elif session.get(ShopperTable, owner, with_for_update=True) is None:
            raise NotFound("no such shopper")
        visit = "share-" + hashlib.sha256(token.encode()).hexdigest()[:24]
        held = _read_held(session, share, owner)
        mine = next((v for v in held if visit_of(v) == visit or v.state in LIVE), None)
        if mine is not None:
            return mine.voucher_id
        person = lock_person(session, owner, visit, secret)
        row = lock_campaigns(session, share.store, [share.campaign_id]).get(share.campaign_id)
        if row is None:
            raise ShareOver(DecisionReason.CAMPAIGN_UNKNOWN)
        campaign, worth = campaign_of(row.spec), worth_of(campaign_of(row.spec), plan)
        if campaign.offer.near_end:  # since the link was made: it is not announced outside the shop
            raise ShareOver(DecisionReason.LEGAL_CHANNEL)
        if is_control(campaign, owner):  # whoever is held out gets it on no way, or the groups differ in more than it
            raise ShareOver(DecisionReason.HOLDOUT)
        slots = _slots(held, now) + counted_slots(session, person, {v.voucher_id for v in held}, now)
        if (refused := _refusal(session, campaign, row, visit, worth, slots, now)) is not None:
            raise ShareOver(refused)
        row.vouchers_used += 1
        row.amount_used_minor += worth
        made = _issue(session, campaign, plan, owner, visit, worth, secret, now)
        count_slot(session, person, made.voucher_id, (share.store, campaign.id), now)
        return made.voucher_id


def shared_voucher(db: Database, token: str, owner: str) -> str | None:
    """The id of the coupon that `owner` has by this link or of its campaign, where it can still be used or was."""
    with db.read() as session:
        share = session.get(ShareTable, token)
        held = [] if share is None else _read_held(session, share, owner)
        return next((v.voucher_id for v in sorted(held, key=lambda v: v.state not in LIVE)), None)


def adopt_guest(db: Database, guest: str, shopper_id: str) -> int:
    """Who had coupons as a guest has signed in: they are in the profile's wallet from now on. How many moved."""
    with db.write() as session:
        if session.get(ShopperTable, shopper_id, with_for_update=True) is None:
            return 0
        ids = session.exec(select(VoucherTable.voucher_id).where(col(VoucherTable.shopper_id) == guest)).all()
        taken = set(
            session.exec(
                select(VoucherTable.store, VoucherTable.campaign_id, VoucherTable.visit_id).where(
                    col(VoucherTable.shopper_id) == shopper_id
                )
            )
        )
        moved = [v for v in lock_vouchers(session, ids) if (v.store, v.campaign_id, v.visit_id) not in taken]
        for voucher in moved:
            voucher.shopper_id = shopper_id
        session.flush()
        return len(moved)


def _share(session: Session, token: str) -> ShareTable:
    share = session.get(ShareTable, token)
    if share is None or session.get(ShopperTable, share.shopper_id) is None:
        raise NotFound("no such link")
    return share


def _read_held(session: Session, share: ShareTable, owner: str) -> list[VoucherTable]:
    rows = select(VoucherTable).where(
        col(VoucherTable.shopper_id) == owner,
        col(VoucherTable.store) == share.store,
        col(VoucherTable.campaign_id) == share.campaign_id,
    )
    return list(session.exec(rows.order_by(col(VoucherTable.issued_at).desc(), col(VoucherTable.voucher_id))))


def _slots(held: Sequence[VoucherTable], now: float) -> list[Slot]:
    recent = [v for v in held if v.issued_at > now - WEEK_S]
    return [Slot((v.store, v.campaign_id), visit_of(v), v.issued_at, v.holds_slot) for v in recent]


def _refusal(
    session: Session, campaign: Campaign, row: CampaignTable, visit: str, worth: int, slots: Sequence[Slot], now: float
) -> DecisionReason | None:
    if campaign.state in STATE_REFUSAL:
        return STATE_REFUSAL[campaign.state]
    when = campaign.when
    if when.starts_at is not None and now < when.starts_at.timestamp():
        return DecisionReason.NOT_STARTED
    if when.ends_at is not None and now >= when.ends_at.timestamp():
        return DecisionReason.ENDED
    ask = Ask(campaign, (row.store, campaign.id), visit, worth, now)
    shared = shared_budgets(session, row.store, [campaign.id]).get(campaign.id)
    return cap_refusal(ask, slots, Spent(row.vouchers_used, row.amount_used_minor), _NO_LIMITS, shared=shared)


def _issue(
    session: Session, campaign: Campaign, plan: Plan, owner: str, visit: str, worth: int, secret: bytes, now: float
) -> VoucherTable:
    """Seen at once: it is shown to who asked for it, and waits in no outbox."""
    decision = "share-" + hashlib.sha256(f"{plan.store}|{campaign.id}|{owner}|{visit}".encode()).hexdigest()[:24]
    identity = voucher_identity(session, decision, secret)
    bound = is_bound(campaign, shared_budgets(session, plan.store, [campaign.id]).get(campaign.id))
    place = (plan.store, plan.currency)
    voucher = voucher_row(campaign, identity, decision, place, owner, visit, worth, now, bound=bound)
    voucher.state = VoucherState.SEEN
    session.add(voucher)
    session.flush()
    tell_coupon(session, voucher, now)
    return voucher
