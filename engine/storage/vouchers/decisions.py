"""Reading decisions for managers: how many came out which way, and the latest, newest first."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import and_, func, or_
from sqlmodel import col, select

from engine.storage.database import Database
from engine.storage.models.vouchers import DecisionTable


@dataclass(frozen=True, slots=True)
class DecidedRow:
    """A stored decision. `shopper_id` is None where the device belonged to nobody we may know."""

    decision_id: str
    campaign_id: str
    shopper_id: str | None
    outcome: str
    reason: str
    at: float
    probability: float
    inputs: dict[str, float | int | str | bool | None]


def decision_counts(db: Database, store: str, *, from_t: float, to_t: float) -> dict[tuple[str, str], int]:
    """Decisions taken in [from_t, to_t) by (outcome, reason)."""
    with db.read() as session:
        rows = session.exec(
            select(DecisionTable.outcome, DecisionTable.reason, func.count())
            .where(col(DecisionTable.store) == store, col(DecisionTable.at) >= from_t, col(DecisionTable.at) < to_t)
            .group_by(col(DecisionTable.outcome), col(DecisionTable.reason))
        )
        return {(outcome, reason): int(count) for outcome, reason, count in rows}


def latest_decisions(
    db: Database, store: str, *, from_t: float, to_t: float, before: tuple[float, str] | None = None, limit: int = 50
) -> list[DecidedRow]:
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
        return [_decided(row) for row in session.exec(ordered)]


def _decided(row: DecisionTable) -> DecidedRow:
    return DecidedRow(
        decision_id=row.decision_id,
        campaign_id=row.campaign_id,
        shopper_id=row.shopper_id or None,
        outcome=row.outcome,
        reason=row.reason,
        at=row.at,
        probability=row.probability,
        inputs=json.loads(row.inputs),
    )
