"""From candidates to vouchers: caps, budgets, uniqueness, voucher and outbox row in one transaction.

Two workers deciding at once can never pass a cap or a budget: the shopper's row is the lock of the caps, the campaign's
row the lock of its budget, and HQ's row that of a budget that stores share, always taken in this order (on SQLite
there is one writer anyway).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, col, select

from engine.offers.campaigns import Campaign
from engine.offers.caps import Limits, Spent
from engine.offers.claims import Standing, claim_event, refuse
from engine.offers.codes import code_digest, voucher_code
from engine.offers.wishes import NO_WISHES, is_asked, is_mailed
from engine.records import Candidate, Decision, Issued, Voucher
from engine.storage.budget_release import lock_campaigns
from engine.storage.cap_counts import CapsOwner, count_slot, lock_person
from engine.storage.database import Database
from engine.storage.facts.coupons import tell_coupon
from engine.storage.leases import Lease, fence
from engine.storage.loyalty.wallets import living
from engine.storage.messages.bought import find_bought_since
from engine.storage.messages.slots import held_slots
from engine.storage.models.shoppers import ShopperTable
from engine.storage.models.vouchers import CampaignTable, DecisionTable, DeliveryTable, VoucherTable
from engine.storage.people.shoppers import grants_of
from engine.storage.people.wishes import wishes_of
from engine.storage.sending.marks import find_last_complaint
from engine.storage.upserts import named_lock, upsert
from engine.storage.vouchers.decisions import note_grounds, read_grounds
from engine.storage.vouchers.hq.shared import is_bound, shared_budgets
from engine.storage.vouchers.rows.specs import campaign_of
from engine.storage.vouchers.vouchers import voucher_record
from engine.vocabulary import DecisionOutcome, DecisionReason, DeliveryState, VoucherState


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Final decisions, and those among them that said yes, with their vouchers."""

    decisions: list[Decision] = field(default_factory=list)
    issued: list[Issued] = field(default_factory=list)

    @property
    def vouchers(self) -> list[Voucher]:
        """The vouchers alone."""
        return [i.voucher for i in self.issued]


def claim(
    db: Database,
    candidates: Sequence[Candidate],
    limits: Limits,
    secret: bytes,
    now: float,
    *,
    lease: Lease | None = None,
) -> Verdicts:
    """Turns the candidates of ONE presence event, best first, into final decisions: at most one of them issues.

    Who wins is `engine.offers.claims.claim_event`'s to say, of the rows as they are under their locks. The winner gets
    its voucher and outbox row; a control shopper's is stored as a ghost trigger, whose row is its slot. A ghost keeps
    its slots, while those of a voucher that never arrived are given back: nobody can tell whether a ghost's would have.

    A decision stored already is returned as it was stored, so that a replay after a crash changes nothing. Raises
    LeaseLost where `lease`, if there is one, is no longer the store's.
    """
    if not candidates:
        return Verdicts()
    shopper_id, store, visit_id = _one_event(candidates)
    with db.write() as session:
        fence(session, lease)
        row = session.get(ShopperTable, shopper_id, with_for_update=True)
        # An engine may know a profile that has joined another a moment ago by its old name.
        alive = row is not None and row.restricted_at is None and living(session, shopper_id) == shopper_id
        known = _read_stored(session, candidates)
        fresh = [c for c in candidates if c.decision_id not in known]
        if alive:
            person = lock_person(session, shopper_id, visit_id, secret)
            # What is not locked now is locked by whoever settles: the order shopper, campaign is the same there.
            rows = lock_campaigns(session, store, [c.trigger.campaign_id for c in candidates])
            standing = _standing(session, rows, shopper_id, person, limits, now)
            won = any(d.holds_slot for d in known.values())
            made = claim_event(fresh, standing, limits, now, won=won)
            issued = _issue_all(session, fresh, made, rows, standing, secret)
            vouchers = {i.decision.decision_id: i.voucher.voucher_id for i in issued}
            _record(session, made, vouchers)
            _count(session, person, made, vouchers)
        else:  # erased meanwhile: nothing about this person is written any more
            made, issued = [refuse(c, DecisionReason.NO_CONSENT, now) for c in fresh], []
        final = known | {d.decision_id: d for d in made}
        return Verdicts([final[c.decision_id] for c in candidates], _read_issued(session, known.values()) + issued)


def record_refusals(db: Database, decisions: Sequence[Decision], *, lease: Lease | None = None) -> int:
    """Stores refusals with their reasons; of nobody's devices nothing is stored. Returns how many were new to us.

    Raises LeaseLost as `claim` does.
    """
    mine = [d for d in decisions if d.shopper_id is not None and d.outcome is DecisionOutcome.REFUSE]
    if not mine:
        return 0
    with db.write() as session:
        fence(session, lease)
        shoppers = sorted({str(d.shopper_id) for d in mine})
        alive = set(
            session.exec(
                select(ShopperTable.shopper_id)
                .where(col(ShopperTable.shopper_id).in_(shoppers))
                .order_by(col(ShopperTable.shopper_id))
                .with_for_update(read=True)
            )
        )
        known = set(
            session.exec(
                select(DecisionTable.decision_id).where(
                    col(DecisionTable.decision_id).in_(sorted(d.decision_id for d in mine))
                )
            )
        )
        fresh = {d.decision_id: d for d in mine if d.shopper_id in alive and d.decision_id not in known}
        _record(session, list(fresh.values()), {})
        return len(fresh)


def _one_event(candidates: Sequence[Candidate]) -> tuple[str, str, str]:
    """Whose, in which store and visit."""
    events = {(c.shopper_id, c.store, c.trigger.visit_id) for c in candidates}
    if len(events) != 1:
        raise ValueError("claim takes the candidates of one shopper's one presence event")
    return next(iter(events))


def _standing(
    session: Session, rows: Mapping[str, CampaignTable], shopper_id: str, person: CapsOwner, limits: Limits, now: float
) -> Standing:
    return Standing(
        held_slots(session, shopper_id, person, now),
        grants_of(session, shopper_id),
        {name: campaign_of(row.spec) for name, row in rows.items()},
        {name: Spent(row.vouchers_used, row.amount_used_minor) for name, row in rows.items()},
        wishes_of(session, [shopper_id]).get(shopper_id, NO_WISHES),
        find_bought_since(session, shopper_id, now - limits.bought_s),
        find_last_complaint(session, shopper_id),
        shared_budgets(session, next(iter(rows.values())).store, rows) if rows else {},
    )


def _count(session: Session, person: CapsOwner, decisions: Sequence[Decision], vouchers: Mapping[str, str]) -> None:
    """Writes down for the person what these decisions gave, a voucher or a ghost trigger."""
    for decision in decisions:
        if decision.holds_slot:
            slot = vouchers.get(decision.decision_id, decision.decision_id)
            campaign = (decision.grounds.store, decision.trigger.campaign_id)
            count_slot(session, person, slot, campaign, decision.at)


def _issue_all(
    session: Session,
    candidates: Sequence[Candidate],
    decisions: Sequence[Decision],
    rows: Mapping[str, CampaignTable],
    standing: Standing,
    secret: bytes,
) -> list[Issued]:
    """Vouchers and outbox rows for the decisions that said yes: one at most."""
    out = []
    for candidate, decision in zip(candidates, decisions, strict=True):
        if decision.outcome is DecisionOutcome.ISSUE:
            campaign_id = candidate.trigger.campaign_id
            row = rows[campaign_id]
            row.vouchers_used += 1
            row.amount_used_minor += candidate.worth_minor
            bound = is_bound(standing.campaigns[campaign_id], standing.shared.get(campaign_id))
            voucher = _issue(session, candidate, standing.campaigns[campaign_id], secret, decision.at, bound=bound)
            out.append(Issued(decision, voucher_record(voucher)))
    return out


def _issue(
    session: Session, candidate: Candidate, campaign: Campaign, secret: bytes, now: float, *, bound: bool
) -> VoucherTable:
    voucher = _voucher(session, candidate, campaign, secret, now, bound=bound)
    session.add(voucher)
    session.flush()
    # Readers follow the outbox by its ids, so ids must become visible in their order: one at a time up to the commit.
    named_lock(session, "outbox")
    session.add(
        DeliveryTable(
            voucher_id=voucher.voucher_id,
            shopper_id=voucher.shopper_id,
            store=voucher.store,
            channel=candidate.channel,
            state=DeliveryState.PENDING,
            created_at=now,
            expires_at=now + (campaign.valid_s if is_mailed(voucher.visit_id) else campaign.ttl_s),
            caused_by_t=candidate.trigger.caused_by_t,
            payload=json.dumps(_payload(candidate, campaign, voucher), ensure_ascii=False),
            route=",".join(candidate.fallbacks),
        )
    )
    session.flush()
    tell_coupon(session, voucher, now)
    return voucher


def _voucher(
    session: Session, candidate: Candidate, campaign: Campaign, secret: bytes, now: float, *, bound: bool
) -> VoucherTable:
    owner, visit = candidate.shopper_id, candidate.trigger.visit_id
    identity = voucher_identity(session, candidate.decision_id, secret)
    place = (candidate.store, candidate.currency)
    worth = candidate.worth_minor
    return voucher_row(campaign, identity, candidate.decision_id, place, owner, visit, worth, now, bound=bound)


def voucher_row(
    campaign: Campaign,
    identity: tuple[str, str],
    decision_id: str,
    place: tuple[str, str],
    owner: str,
    visit_id: str,
    worth_minor: int,
    now: float,
    *,
    bound: bool,
) -> VoucherTable:
    """A voucher that holds its slot and what it may cost.

    `identity` as `voucher_identity` gives it; `place` is the store's id and its currency. `bound`: no use takes off
    more than it is worth.
    """
    voucher_id, code_hmac = identity
    store, currency = place
    return VoucherTable(
        voucher_id=voucher_id,
        store=store,
        campaign_id=campaign.id,
        shopper_id=owner,
        visit_id=visit_id,
        decision_id=decision_id,
        code_hmac=code_hmac,
        state=VoucherState.ISSUED,
        issued_at=now,
        expires_at=now + campaign.valid_s,
        holds_slot=True,
        reserved_minor=worth_minor,
        worth_minor=worth_minor,
        most_minor=worth_minor if bound else None,
        currency=currency,
        offer=campaign.offer.model_dump_json(),
        texts=campaign.texts.model_dump_json(),
        channels=",".join(campaign.channels),
        web_until=None if campaign.web_valid_s is None else now + campaign.web_valid_s,
    )


def voucher_identity(session: Session, decision_id: str, secret: bytes) -> tuple[str, str]:
    """A voucher id that no one can guess, and its code's HMAC; the next one where two codes should ever meet."""
    attempt = 0
    while True:
        said = f"voucher-id|{decision_id}|{attempt}".encode()
        voucher_id = hmac.digest(secret, said, hashlib.sha256).hex()[:24]
        code_hmac = code_digest(secret, voucher_code(secret, voucher_id))
        taken = session.exec(select(VoucherTable.voucher_id).where(col(VoucherTable.code_hmac) == code_hmac)).first()
        if taken is None:
            return voucher_id, code_hmac
        attempt += 1


def _payload(candidate: Candidate, campaign: Campaign, voucher: VoucherTable) -> dict[str, Any]:
    """What the shopper's page needs, but for the code: that is derived when it is sent, and never stored."""
    trigger = candidate.trigger
    return {
        "voucher_id": voucher.voucher_id,
        "campaign_id": campaign.id,
        "campaign_name": campaign.name,
        "store": voucher.store,
        "texts": campaign.texts.model_dump(),
        "offer": campaign.offer.model_dump(exclude_none=True),
        "place": campaign.place.model_dump(exclude_none=True),
        "currency": voucher.currency,
        "issued_at": voucher.issued_at,
        "expires_at": voucher.expires_at,
        "web_until": voucher.web_until,
        "caused_by_t": trigger.caused_by_t,
        "why": {
            "asked": is_asked(voucher.visit_id),
            "mailed": is_mailed(voucher.visit_id),
            "fit": candidate.fit,
            "place": campaign.place.product or campaign.place.zone or "store",
            "near_since": trigger.since,
            "near_for_s": round(trigger.at - trigger.since, 1),
            "probability": round(trigger.probability, 3),
        },
    }


def _read_stored(session: Session, candidates: Sequence[Candidate]) -> dict[str, Decision]:
    """Those stored already, as they were stored, with the trigger as it came in again, by id."""
    given = {c.decision_id: c for c in candidates}
    rows = session.exec(select(DecisionTable).where(col(DecisionTable.decision_id).in_(sorted(given))))
    return {row.decision_id: _as_stored(row, given[row.decision_id]) for row in rows}


def _as_stored(row: DecisionTable, given: Candidate) -> Decision:
    if row.shopper_id != given.shopper_id:
        # The phone changed hands within a visit: what was decided for its owner then is not told to its owner now.
        return refuse(given, DecisionReason.ALREADY_DECIDED, row.at)
    grounds, _ = read_grounds(row.inputs)
    outcome, reason = DecisionOutcome(row.outcome), DecisionReason(row.reason)
    return Decision(row.decision_id, given.trigger, given.shopper_id, outcome, reason, row.at, grounds)


def _read_issued(session: Session, decisions: Iterable[Decision]) -> list[Issued]:
    """The vouchers of decisions that were stored before, as they are now."""
    yes = {d.decision_id: d for d in decisions if d.outcome is DecisionOutcome.ISSUE}
    rows = session.exec(select(VoucherTable).where(col(VoucherTable.decision_id).in_(sorted(yes)))) if yes else ()
    return [Issued(yes[row.decision_id], voucher_record(row)) for row in rows]


def _record(session: Session, decisions: Sequence[Decision], vouchers: Mapping[str, str]) -> None:
    """Writes decisions down; `vouchers` are the ids of what they issued, by decision."""
    rows = [
        {
            "decision_id": d.decision_id,
            "trigger_id": d.trigger.trigger_id,
            "store": d.grounds.store,
            "campaign_id": d.trigger.campaign_id,
            "shopper_id": d.shopper_id,
            "visit_id": d.trigger.visit_id,
            "outcome": d.outcome,
            "reason": d.reason,
            "at": d.at,
            "since": d.trigger.since,
            "probability": d.trigger.probability,
            "caused_by_t": d.trigger.caused_by_t,
            "inputs": json.dumps(note_grounds(d.grounds, vouchers.get(d.decision_id))),
        }
        for d in decisions
    ]
    upsert(session, DecisionTable, rows)
