"""Stored decisions: how their grounds are written, how many came out which way, and the latest, newest first."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, or_
from sqlmodel import col, select

from engine.records import Grounds
from engine.storage.database import Database
from engine.storage.models.vouchers import DecisionTable
from engine.vocabulary import Channel, DecisionOutcome, DecisionReason


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """A decision as it is stored. `shopper_id` is None where the device belonged to nobody we may know, `voucher_id`
    where nothing was issued."""

    decision_id: str
    campaign_id: str
    shopper_id: str | None
    outcome: DecisionOutcome
    reason: DecisionReason
    at: float
    probability: float
    grounds: Grounds
    voucher_id: str | None


def note_grounds(grounds: Grounds, voucher_id: str | None) -> dict[str, Any]:
    """The grounds of a decision as they are stored and shown: all of a candidate's, what else there is, and the voucher
    that came of it."""
    always = {
        "store": grounds.store,
        "currency": grounds.currency,
        "channel": grounds.channel,
        "gain_minor": grounds.gain_minor,
    }
    where_known = {
        "worth_minor": grounds.worth_minor,
        "priority": grounds.priority,
        "experiment": grounds.experiment,
        "holdout_share": grounds.holdout_share,
        "fit": grounds.fit,
        "voucher_id": voucher_id,
    }
    return always | {name: value for name, value in where_known.items() if value is not None}


def read_grounds(text: str) -> tuple[Grounds, str | None]:
    """The inverse of `note_grounds`, from its JSON."""
    noted = json.loads(text)
    voucher_id = noted.pop("voucher_id", None)
    channel = None if noted["channel"] is None else Channel(noted["channel"])
    return Grounds(**(noted | {"channel": channel})), voucher_id


def decision_counts(
    db: Database, store: str, *, from_t: float, to_t: float
) -> dict[tuple[DecisionOutcome, DecisionReason], int]:
    """Decisions taken in [from_t, to_t) by (outcome, reason)."""
    with db.read() as session:
        rows = session.exec(
            select(DecisionTable.outcome, DecisionTable.reason, func.count())
            .where(col(DecisionTable.store) == store, col(DecisionTable.at) >= from_t, col(DecisionTable.at) < to_t)
            .group_by(col(DecisionTable.outcome), col(DecisionTable.reason))
        )
        return {(DecisionOutcome(outcome), DecisionReason(reason)): int(count) for outcome, reason, count in rows}


def latest_decisions(
    db: Database, store: str, *, from_t: float, to_t: float, before: tuple[float, str] | None = None, limit: int = 50
) -> list[StoredDecision]:
    """Decisions taken in [from_t, to_t), newest first; `before` is (at, decision_id) of the page before's last one."""
    query = select(DecisionTable).where(
        col(DecisionTable.store) == store, col(DecisionTable.at) >= from_t, col(DecisionTable.at) < to_t
    )
    if before is not None:
        at, last = before
        older = and_(col(DecisionTable.at) == at, col(DecisionTable.decision_id) < last)
        query = query.where(or_(col(DecisionTable.at) < at, older))
    ordered = query.order_by(col(DecisionTable.at).desc(), col(DecisionTable.decision_id).desc()).limit(limit)
    with db.read() as session:
        return [_to_stored(row) for row in session.exec(ordered)]


def _to_stored(row: DecisionTable) -> StoredDecision:
    grounds, voucher_id = read_grounds(row.inputs)
    return StoredDecision(
        decision_id=row.decision_id,
        campaign_id=row.campaign_id,
        shopper_id=row.shopper_id or None,
        outcome=DecisionOutcome(row.outcome),
        reason=DecisionReason(row.reason),
        at=row.at,
        probability=row.probability,
        grounds=grounds,
        voucher_id=voucher_id,
    )
