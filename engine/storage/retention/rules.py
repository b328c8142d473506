"""What is forgotten, and after how long: one rule a table, each a delete by age.

Not here, on purpose: vouchers, redemptions and the ledger, which are accounts and lose their owner when a profile is
erased; the consent log, which is proof and leads nowhere by then; statistics, which name nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, SQLModel, col

from engine.config import RetentionConfig
from engine.offers.caps import WEEK_S
from engine.privacy.day_keys import KeyFile
from engine.privacy.salts import DailySalts
from engine.storage import cap_counts
from engine.storage.accounts.audit import let_change
from engine.storage.commerce import held
from engine.storage.crm.log import count_old, purge_log
from engine.storage.database import Database
from engine.storage.models.accounts import AuditEntryTable
from engine.storage.models.commerce import AskedOrderTable, HeldMessageTable, ShopEventTable
from engine.storage.models.ledger import ShareVisitTable
from engine.storage.models.running import CheckpointTable, IdempotencyTable, JournalTable, ReceivedTable
from engine.storage.models.sending.letters import MailboxMarkTable
from engine.storage.models.sending.messages import MessageTable
from engine.storage.models.shoppers import ShopperTable
from engine.storage.models.visits import ErasedSpotTable, ProductStopTable, VisitTable
from engine.storage.models.vouchers import CapCountTable, DecisionTable, DeliveryTable
from engine.storage.once import idempotency, received
from engine.storage.retention.cashiers import count_cashiers, forget_cashiers
from engine.storage.retention.guests import count_guests, cut_guests
from engine.storage.retention.months import drop_months
from engine.storage.retention.prospects import purge_prospects, unused_profiles
from engine.storage.upserts import table_of
from engine.vocabulary import DeliveryState, RetentionRule, ShopEventKind

DAY_S = 86_400.0
BATCH = 5_000  # rows of one transaction: engines and tills write in between


@dataclass(frozen=True, slots=True)
class Rule:
    """`forget(now)` deletes what is older than `keep_s` and says how many; `due(now)` only counts."""

    name: RetentionRule
    keep_s: float
    forget: Callable[[float], int]
    due: Callable[[float], int]


def rules_of(db: Database, config: RetentionConfig, data_dir: Path) -> list[Rule]:
    """All rules, with the periods of the configuration."""
    salts, keys = DailySalts(data_dir), KeyFile(data_dir)
    return [
        Rule(RetentionRule.SALTS, DAY_S, salts.destroy_ended, salts.count_ended),
        Rule(RetentionRule.DAY_KEYS, DAY_S, keys.destroy_ended, keys.count_ended),
        *_of_the_engine(db, config),
        *_of_coupons(db, config),
        _by_purge(db, RetentionRule.ANSWERS, idempotency.purge, IdempotencyTable, idempotency.KEEP_S),
        _by_purge(db, RetentionRule.CAP_COUNTS, cap_counts.purge, CapCountTable, WEEK_S),
        _by_purge(db, RetentionRule.RECEIVED, received.purge_messages, ReceivedTable, received.KEEP_S),
        *_of_profiles(db, config),
        *_of_shops(db, config),
        *_of_proofs(db, config),
    ]


def _of_the_engine(db: Database, config: RetentionConfig) -> list[Rule]:
    """Where phones were, and what an engine that starts again goes on from."""
    state_s, visits_s, stops_s = config.state_hours * 3600.0, config.visits_days * DAY_S, config.stops_days * DAY_S
    spots_s = visits_s + DAY_S  # a visit under way when its spot was erased ends within a day
    visits, stops = _not_restricted(VisitTable.shopper_id), _not_restricted(ProductStopTable.shopper_id)
    spots = _not_restricted(ErasedSpotTable.shopper_id)
    return [
        _by_age(db, RetentionRule.JOURNAL, JournalTable, "now", state_s),
        _by_age(db, RetentionRule.CHECKPOINTS, CheckpointTable, "saved_at", state_s),
        _by_age(db, RetentionRule.VISITS, VisitTable, "ended_at", visits_s, visits),
        _by_age(db, RetentionRule.PRODUCT_STOPS, ProductStopTable, "at", stops_s, stops),
        _by_age(db, RetentionRule.ERASED_SPOTS, ErasedSpotTable, "at", spots_s, spots),
    ]


def _of_coupons(db: Database, config: RetentionConfig) -> list[Rule]:
    """How a coupon was decided on and how it reached somebody, not the coupon."""
    decisions_s, deliveries_s = config.decisions_days * DAY_S, config.deliveries_days * DAY_S
    marks_s, share_visits_s = config.prospects_days * DAY_S, config.share_visits_days * DAY_S
    decisions, messages = _not_restricted(DecisionTable.shopper_id), _not_restricted(MessageTable.shopper_id)
    over = (col(DeliveryTable.state) != DeliveryState.PENDING) & _not_restricted(DeliveryTable.shopper_id)
    return [
        _by_age(db, RetentionRule.DECISIONS, DecisionTable, "at", decisions_s, decisions),
        _by_age(db, RetentionRule.MESSAGES, MessageTable, "at", decisions_s, messages),
        _by_age(db, RetentionRule.MAILBOX_MARKS, MailboxMarkTable, "at", marks_s),
        _by_age(db, RetentionRule.SHARE_VISITS, ShareVisitTable, "at", share_visits_s),
        _by_age(db, RetentionRule.DELIVERIES, DeliveryTable, "created_at", deliveries_s, over),
    ]


def _of_profiles(db: Database, config: RetentionConfig) -> list[Rule]:
    """Profiles that nobody came back to, and guests' ways to their coupons."""
    profiles_s, guests_s = config.prospects_days * DAY_S, config.guest_coupons_days * DAY_S
    return [
        Rule(
            RetentionRule.PROSPECTS,
            profiles_s,
            lambda now: purge_prospects(db, now, profiles_s),
            lambda now: len(unused_profiles(db, now, profiles_s, limit=None)),
        ),
        Rule(
            RetentionRule.GUEST_COUPONS,
            guests_s,
            lambda now: cut_guests(db, now, guests_s),
            lambda now: count_guests(db, now, guests_s),
        ),
    ]


def _of_shops(db: Database, config: RetentionConfig) -> list[Rule]:
    """What shops on the web told of their customers."""
    keep_s = config.shop_events_days * DAY_S
    of_people = col(ShopEventTable.kind).not_in([ShopEventKind.STOCK, ShopEventKind.CATALOGUE])
    asked = _not_restricted(AskedOrderTable.shopper_id)
    return [
        _by_age(db, RetentionRule.SHOP_EVENTS, ShopEventTable, "at", keep_s, of_people, "received_at"),
        Rule(
            RetentionRule.HELD_MESSAGES,
            held.KEEP_S,
            lambda now: held.purge_held(db, now),
            lambda now: _count(db, HeldMessageTable, table_of(HeldMessageTable).c.received_at < now - held.KEEP_S),
        ),
        _by_age(db, RetentionRule.ASKED_ORDERS, AskedOrderTable, "asked_at", keep_s, asked),
    ]


def _of_proofs(db: Database, config: RetentionConfig) -> list[Rule]:
    """What proves who was told, who stood at the till and who changed what."""
    crm_events_s, cashiers_s = config.crm_events_days * DAY_S, config.cashiers_days * DAY_S
    return [
        Rule(
            RetentionRule.CRM_EVENTS,
            crm_events_s,
            lambda now: purge_log(db, now, crm_events_s),
            lambda now: count_old(db, now, crm_events_s),
        ),
        Rule(
            RetentionRule.CASHIERS,
            cashiers_s,
            lambda now: forget_cashiers(db, now - cashiers_s),
            lambda now: count_cashiers(db, now - cashiers_s),
        ),
        _by_age(db, RetentionRule.AUDIT, AuditEntryTable, "at", config.audit_days * DAY_S, before=let_change),
    ]


def _not_restricted(shopper_id: str) -> ColumnElement[bool]:
    """Whoever had their data restricted wants it kept (GDPR article 18), whatever its age. `shopper_id`: a column."""
    restricted = table_of(ShopperTable)
    return col(shopper_id).not_in(select(restricted.c.shopper_id).where(restricted.c.restricted_at.is_not(None)))


def _by_age(
    db: Database,
    name: RetentionRule,
    model: type[SQLModel],
    at: str,
    keep_s: float,
    only: ColumnElement[bool] | None = None,
    came: str | None = None,
    before: Callable[[Session], AbstractContextManager[object]] = nullcontext,
) -> Rule:
    """Rows whose time `at` is before `now - keep_s`, or by our own clock `came`, where `at` is of somebody else's; of
    those `only`. They are deleted within `before`."""
    table = table_of(model)
    keys = list(table.primary_key.columns)
    key = keys[0] if len(keys) == 1 else tuple_(*keys)

    def old(now: float) -> ColumnElement[bool]:
        is_old = table.c[at] < now - keep_s
        if came is not None:
            is_old |= table.c[came] < now - keep_s
        return is_old if only is None else is_old & only

    def forget(now: float) -> int:
        gone = drop_months(db, model, old(now), now - keep_s)
        while True:
            with db.write() as session, before(session):
                batch = select(*keys).where(old(now)).limit(BATCH)
                deleted = session.connection().execute(delete(table).where(key.in_(batch))).rowcount
            gone += deleted
            if deleted < BATCH:
                return gone

    return Rule(name, keep_s, forget, lambda now: _count(db, model, old(now)))


def _by_purge(
    db: Database, name: RetentionRule, purge: Callable[[Database, float], int], model: type[SQLModel], keep_s: float
) -> Rule:
    """Rows that have a job of their own, looked at every few seconds; what is left comes here."""
    at = table_of(model).c["at"]
    return Rule(name, keep_s, lambda now: purge(db, now), lambda now: _count(db, model, at <= now - keep_s))


def _count(db: Database, model: type[SQLModel], old: ColumnElement[bool]) -> int:
    with db.read() as session:
        found = session.connection().execute(select(func.count()).select_from(table_of(model)).where(old))
        return int(found.scalar_one())
