"""The retention job, and its proof: what was forgotten, when, how many rows, by which rule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import col, select

from engine.storage.database import Database
from engine.storage.models.retention import RetentionProofTable
from engine.storage.retention.rules import Rule
from engine.storage.upserts import upsert
from engine.vocabulary import RetentionRule


@dataclass(frozen=True, slots=True)
class Forgotten:
    """One rule on one day (UTC, `2026-11-28`). `rows` of all runs between `first_at` and `last_at` (s UTC)."""

    day: str
    rule: RetentionRule
    rows: int
    keep_s: float
    first_at: float
    last_at: float


def forget(db: Database, rules: Sequence[Rule], now: float) -> int:
    """Runs every rule and writes down what came of it. How many rows there were in all. Safe in several processes."""
    return sum(_run(db, rule, now) for rule in rules)


def proofs(db: Database, *, limit: int = 500) -> list[Forgotten]:
    """The newest days first, rules in the order of their names."""
    with db.read() as session:
        rows = session.exec(
            select(RetentionProofTable)
            .order_by(col(RetentionProofTable.day).desc(), col(RetentionProofTable.rule))
            .limit(limit)
        )
        return [Forgotten(r.day, RetentionRule(r.rule), r.rows, r.keep_s, r.first_at, r.last_at) for r in rows]


def _run(db: Database, rule: Rule, now: float) -> int:
    rows = rule.forget(now)
    day = dt.datetime.fromtimestamp(now, dt.UTC).date().isoformat()
    proof = {"day": day, "rule": rule.name, "rows": rows, "keep_s": rule.keep_s, "first_at": now, "last_at": now}
    with db.write() as session:
        upsert(session, RetentionProofTable, [proof], add=("rows",), most=("last_at",), replace=("keep_s",))
    return rows
