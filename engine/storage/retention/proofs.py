"""The retention job, and its proof: what was forgotten, when, how many rows, by which rule."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlmodel import col, select

from engine.errors import StorageUnavailable
from engine.storage.database import Database
from engine.storage.models.retention import RetentionProofTable
from engine.storage.retention.rules import Rule
from engine.storage.upserts import upsert
from engine.vocabulary import RetentionRule

log = logging.getLogger(__name__)


Failed = Callable[[Rule, Exception], None]


def _say_failed(rule: Rule, error: Exception) -> None:
    log.error("retention: %s could not be forgotten; the other rules run", rule.name, exc_info=error)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """One rule on one day (UTC, `2026-11-28`). `rows` of all runs between `first_at` and `last_at` (s UTC)."""

    day: str
    rule: RetentionRule
    rows: int
    keep_s: float
    first_at: float
    last_at: float


def forget(db: Database, rules: Sequence[Rule], now: float, failed: Failed = _say_failed) -> int:
    """Runs every rule and writes down what came of it. How many rows there were in all. Safe in several processes.

    A rule that fails is told to `failed`, by default the log, and the others run all the same. What a rule forgot is
    written at once; of rules that found nothing it is written together, as most find nothing in most hours. Raises
    StorageUnavailable.
    """
    rows, found_nothing = 0, list[Rule]()
    for rule in rules:
        try:
            gone = rule.forget(now)
            if gone:
                _prove(db, [rule], gone, now)
            else:
                found_nothing.append(rule)
            rows += gone
        except StorageUnavailable:
            raise  # it would be so for all of them, and passes
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told, and no rule may keep another from its time
            failed(rule, error)
    _prove(db, found_nothing, 0, now)
    return rows


def count_due(rules: Sequence[Rule], now: float, failed: Failed = _say_failed) -> list[tuple[Rule, int]]:
    """How many rows each rule would forget now. One that fails is told to `failed`, as by `forget`."""
    counted = []
    for rule in rules:
        try:
            counted.append((rule, rule.due(now)))
        except StorageUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - as above: no rule keeps another from being counted
            failed(rule, error)
    return counted


def proofs(db: Database, *, limit: int = 500, after: tuple[str, str] | None = None) -> list[Forgotten]:
    """The newest days first, rules in the order of their names; those that come after a day and rule."""
    day, rule = col(RetentionProofTable.day), col(RetentionProofTable.rule)
    query = select(RetentionProofTable).order_by(day.desc(), rule).limit(limit)
    if after is not None:
        query = query.where((day < after[0]) | ((day == after[0]) & (rule > after[1])))
    with db.read() as session:
        rows = session.exec(query)
        return [Forgotten(r.day, RetentionRule(r.rule), r.rows, r.keep_s, r.first_at, r.last_at) for r in rows]


def _prove(db: Database, rules: Sequence[Rule], rows: int, now: float) -> None:
    """Writes down that each of these rules ran, and how many rows it forgot."""
    day = dt.datetime.fromtimestamp(now, dt.UTC).date().isoformat()
    of_each = [
        {"day": day, "rule": rule.name, "rows": rows, "keep_s": rule.keep_s, "first_at": now, "last_at": now}
        for rule in rules
    ]
    with db.write() as session:
        upsert(session, RetentionProofTable, of_each, add=("rows",), most=("last_at",), replace=("keep_s",))
