"""From a decision to a voucher: caps, budgets, uniqueness, voucher and outbox row in one transaction.

Two workers deciding at once can never pass a cap or a budget: the shopper's row is the lock of the caps, the campaign's
row the lock of its budget, always taken in this order (on SQLite there is one writer anyway).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlmodel import Session, col, select

from engine.offers.campaigns import Campaign
from engine.offers.caps import DAY_S, WEEK_S, Ask, Limits, Slot, Spent, cap_refusal
from engine.offers.codes import code_digest, voucher_code
from engine.offers.experiments import HOLDOUT, experiment_inputs, is_control
from engine.records import Decision
from engine.storage.budget_release import lock_campaigns
from engine.storage.database import Database
from engine.storage.models.shoppers import ShopperTable
from engine.storage.models.vouchers import CampaignTable, DecisionTable, DeliveryTable, VoucherTable
from engine.storage.shoppers import grants_of
from engine.storage.upserts import named_lock, upsert

__all__ = ["DAY_S", "WEEK_S", "Limits", "claim", "record_refusals"]


def claim(db: Database, decisions: Sequence[Decision], limits: Limits, secret: bytes, now: float) -> list[Decision]:
    """Turns the candidates of ONE presence event, best first, into final decisions: at most one of them issues.

    The first that passes consent, state, uniqueness, caps and budget gets its voucher and outbox row; those after it
    are refused with `lost_arbitration`, those before it with their own reason. Where it is a control shopper's, it is
    stored as a ghost trigger instead: refused with `holdout`, with the slots of a voucher and none of its budget (see
    `engine.offers.claims.Claims.claim` for why nothing else is issued then). A ghost keeps its slots, while those of a
    voucher that never arrived are given back: nobody can tell whether a ghost's would have.

    A decision stored already is returned as it was stored, so that a replay after a crash changes nothing. `inputs`
    must hold `store`, `currency`, `channel` and `worth_minor`, as `engine.offers.decide` writes them.
    """
    if not decisions:
        return []
    shopper_id, store = _one_event(decisions)
    with db.write() as session:
        alive = session.get(ShopperTable, shopper_id, with_for_update=True) is not None
        known = _stored(session, decisions)
        if not alive:  # erased meanwhile: nothing about this person is written any more
            return [known.get(d.decision_id) or _no(d, "no_consent", now) for d in decisions]
        # What is not locked now is locked by whoever settles: the order shopper, campaign is the same there.
        campaigns = lock_campaigns(session, store, [d.trigger.campaign_id for d in decisions])
        slots = _slots(session, shopper_id, decisions[0].trigger.visit_id, now)
        grants = grants_of(session, shopper_id)
        final: list[Decision] = []
        won = any(d.outcome == "issue" or d.reason == HOLDOUT for d in known.values())
        for decision in decisions:
            if decision.decision_id in known:
                final.append(known[decision.decision_id])
                continue
            row = campaigns.get(decision.trigger.campaign_id)
            granted = ("location_offers", str(decision.inputs["channel"])) in grants
            reason = "lost_arbitration" if won else _refusal(decision, row, granted, slots, limits, now)
            if reason is None and row is not None:
                final.append(_won(session, decision, row, secret, now))
                won = True
            else:
                final.append(_no(decision, reason or "campaign_unknown", now))
        _record(session, [d for d in final if d.decision_id not in known])
        return final


def record_refusals(db: Database, decisions: Sequence[Decision]) -> int:
    """Stores refusals with their reasons; of nobody's devices nothing is stored. Returns how many were new to us."""
    mine = [d for d in decisions if d.shopper_id is not None and d.outcome == "refuse"]
    if not mine:
        return 0
    with db.write() as session:
        shoppers = sorted({str(d.shopper_id) for d in mine})
        alive = set(
            session.exec(
                select(ShopperTable.shopper_id)
                .where(col(ShopperTable.shopper_id).in_(shoppers))
                .order_by(col(ShopperTable.shopper_id))
                .with_for_update(read=True)
            )
        )
        known = _stored(session, mine)
        fresh = {d.decision_id: d for d in mine if d.shopper_id in alive and d.decision_id not in known}
        _record(session, list(fresh.values()))
        return len(fresh)


def _one_event(decisions: Sequence[Decision]) -> tuple[str, str]:
    shoppers = {d.shopper_id for d in decisions}
    stores = {str(d.inputs["store"]) for d in decisions}
    visits = {d.trigger.visit_id for d in decisions}
    shopper_id = next(iter(shoppers))
    if len(shoppers) != 1 or len(stores) != 1 or len(visits) != 1 or shopper_id is None:
        raise ValueError("claim takes the candidates of one shopper's one presence event")
    return shopper_id, next(iter(stores))


def _slots(session: Session, shopper_id: str, visit_id: str, now: float) -> list[Slot]:
    """The shopper's vouchers and ghost triggers that any cap can look at: of this visit, however long, and the week."""
    vouchers = session.exec(
        select(VoucherTable).where(
            col(VoucherTable.shopper_id) == shopper_id,
            (col(VoucherTable.visit_id) == visit_id) | (col(VoucherTable.issued_at) > now - WEEK_S),
        )
    )
    ghosts = session.exec(
        select(DecisionTable.store, DecisionTable.campaign_id, DecisionTable.visit_id, DecisionTable.at).where(
            col(DecisionTable.shopper_id) == shopper_id,
            col(DecisionTable.reason) == HOLDOUT,
            (col(DecisionTable.visit_id) == visit_id) | (col(DecisionTable.at) > now - WEEK_S),
        )
    )
    held = [Slot((v.store, v.campaign_id), v.visit_id, v.issued_at, v.holds_slot) for v in vouchers]
    return held + [Slot((store, campaign), visit, at, counts=True) for store, campaign, visit, at in ghosts]


def _refusal(
    decision: Decision,
    row: CampaignTable | None,
    granted: bool,
    slots: Sequence[Slot],
    limits: Limits,
    now: float,
) -> str | None:
    """Why not, in a fixed order of reasons; None when a voucher may be issued."""
    if not granted:
        return "no_consent"
    if row is None:
        return "campaign_unknown"
    if row.state != "running":
        return "campaign_paused" if row.state == "paused" else "ended"
    campaign = Campaign.model_validate_json(row.spec)
    ask = Ask(campaign, (row.store, row.campaign_id), decision.trigger.visit_id, _worth(decision), now)
    return cap_refusal(ask, slots, Spent(row.vouchers_used, row.amount_used_minor), limits)


def _worth(decision: Decision) -> int:
    return int(decision.inputs["worth_minor"] or 0)


def _won(session: Session, decision: Decision, row: CampaignTable, secret: bytes, now: float) -> Decision:
    """Issued, or a ghost trigger: its row is its slot."""
    campaign = Campaign.model_validate_json(row.spec)
    decision = replace(decision, at=now, inputs=decision.inputs | experiment_inputs(campaign))
    if is_control(campaign, str(decision.shopper_id)):
        return _no(decision, HOLDOUT, now)
    return _issue(session, decision, row, campaign, secret, now)


def _issue(
    session: Session, decision: Decision, row: CampaignTable, campaign: Campaign, secret: bytes, now: float
) -> Decision:
    worth = _worth(decision)
    row.vouchers_used += 1
    row.amount_used_minor += worth
    voucher = _voucher(session, decision, campaign, secret, now)
    session.add(voucher)
    session.flush()
    # Readers follow the outbox by its ids, so ids must become visible in their order: one at a time up to the commit.
    named_lock(session, "outbox")
    session.add(
        DeliveryTable(
            voucher_id=voucher.voucher_id,
            shopper_id=voucher.shopper_id,
            store=voucher.store,
            channel=str(decision.inputs["channel"]),
            state="pending",
            created_at=now,
            expires_at=now + campaign.ttl_s,
            caused_by_t=decision.trigger.caused_by_t,
            payload=json.dumps(_payload(decision, campaign, voucher), ensure_ascii=False),
        )
    )
    session.flush()
    inputs = decision.inputs | {"voucher_id": voucher.voucher_id}
    return replace(decision, outcome="issue", reason="ok", at=now, inputs=inputs)


def _voucher(session: Session, decision: Decision, campaign: Campaign, secret: bytes, now: float) -> VoucherTable:
    voucher_id, code_hmac = _identity(session, decision.decision_id, secret)
    worth = _worth(decision)
    return VoucherTable(
        voucher_id=voucher_id,
        store=str(decision.inputs["store"]),
        campaign_id=campaign.id,
        shopper_id=str(decision.shopper_id),
        visit_id=decision.trigger.visit_id,
        decision_id=decision.decision_id,
        code_hmac=code_hmac,
        state="issued",
        issued_at=now,
        expires_at=now + campaign.valid_s,
        holds_slot=True,
        reserved_minor=worth,
        worth_minor=worth,
        most_minor=worth if campaign.budget.max_amount_minor is not None else None,
        currency=str(decision.inputs["currency"]),
        offer=campaign.offer.model_dump_json(),
        texts=campaign.texts.model_dump_json(),
    )


def _identity(session: Session, decision_id: str, secret: bytes) -> tuple[str, str]:
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


def _payload(decision: Decision, campaign: Campaign, voucher: VoucherTable) -> dict[str, Any]:
    """What the shopper's page needs, but for the code: that is derived when it is sent, and never stored."""
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
        "caused_by_t": decision.trigger.caused_by_t,
        "why": {
            "place": campaign.place.product or campaign.place.zone or "store",
            "near_since": decision.trigger.since,
            "near_for_s": round(decision.trigger.at - decision.trigger.since, 1),
            "probability": round(decision.trigger.probability, 3),
        },
    }


def _no(decision: Decision, reason: str, now: float) -> Decision:
    return replace(decision, outcome="refuse", reason=reason, at=now)


def _stored(session: Session, decisions: Sequence[Decision]) -> dict[str, Decision]:
    """Those stored already, as they were stored, with the trigger as it came in again."""
    given = {d.decision_id: d for d in decisions}
    rows = session.exec(select(DecisionTable).where(col(DecisionTable.decision_id).in_(sorted(given))))
    return {row.decision_id: _as_stored(row, given[row.decision_id]) for row in rows}


def _as_stored(row: DecisionTable, given: Decision) -> Decision:
    if row.shopper_id != given.shopper_id:
        # The phone changed hands within a visit: what was decided for its owner then is not told to its owner now.
        return replace(given, outcome="refuse", reason="already_decided", at=row.at)
    return replace(given, outcome=row.outcome, reason=row.reason, at=row.at, inputs=json.loads(row.inputs))


def _record(session: Session, decisions: Sequence[Decision]) -> None:
    rows = [
        {
            "decision_id": d.decision_id,
            "trigger_id": d.trigger.trigger_id,
            "store": str(d.inputs["store"]),
            "campaign_id": d.trigger.campaign_id,
            "shopper_id": d.shopper_id,
            "visit_id": d.trigger.visit_id,
            "outcome": d.outcome,
            "reason": d.reason,
            "at": d.at,
            "since": d.trigger.since,
            "probability": d.trigger.probability,
            "caused_by_t": d.trigger.caused_by_t,
            "inputs": json.dumps(d.inputs),
        }
        for d in decisions
    ]
    upsert(session, DecisionTable, rows)
