"""The delivery room on a real database: what the page hub reads and what housekeeping moves."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from functools import partial
from zoneinfo import ZoneInfo

from engine.config import Config
from engine.delivery.housekeeping import Job
from engine.delivery.pages import PageHub, Pending
from engine.loyalty.card_codes import step_of
from engine.loyalty.terms import DAY_S, terms_of
from engine.plan.model import Plan
from engine.presence.local_hours import hours_in
from engine.presence.own.spots import lingering_zones
from engine.storage import cap_counts, last_places, wallet_changes
from engine.storage.accounts import invitations
from engine.storage.accounts import sessions as colleagues
from engine.storage.clerks import recognitions
from engine.storage.commerce.given import forget_given
from engine.storage.database import Database
from engine.storage.figures.keeping import keep_days
from engine.storage.loyalty import expiry, ledger, proof
from engine.storage.messages.open_pages import note_pages, purge_pages
from engine.storage.once import idempotency
from engine.storage.once.attempts import purge_attempts
from engine.storage.people import browsers, card_codes, identifiers, merges, phones
from engine.storage.programme import accounts, earning, giving, visits
from engine.storage.retention.months import make_months
from engine.storage.retention.proofs import forget
from engine.storage.retention.rules import rules_of
from engine.storage.segments.facts import SegmentRules
from engine.storage.segments.working_out import work_out_segments
from engine.storage.told.channel_uplift import ChannelWindow, tell_channels
from engine.storage.told.ropo import tell_ways
from engine.storage.told.sales import tell_sales
from engine.storage.told.web_uplift import WebWindow, tell_campaigns
from engine.storage.vouchers import outbox, vouchers
from engine.vocabulary import Channel


def page_hub(db: Database) -> PageHub:
    """A hub that follows the page outbox of `db`. Only one process has pages on SQLite: it tells nobody which."""
    process = secrets.token_hex(8)

    def fetch_all(now: float, after_id: int) -> Sequence[Pending]:
        return [Pending(row.delivery, row.payload) for row in outbox.pending(db, Channel.PAGE, now, after_id)]

    def fetch_back(now: float) -> Sequence[Pending]:
        return [Pending(row.delivery, row.payload) for row in outbox.back_with_pages(db, now)]

    def fetch_one(shopper_id: str, now: float) -> Sequence[Pending]:
        return [Pending(row.delivery, row.payload) for row in outbox.pending_for(db, shopper_id, Channel.PAGE, now)]

    return PageHub(
        fetch_all,
        fetch_one,
        fetch_back=fetch_back,
        fetch_changes=lambda after_id: wallet_changes.changes_after(db, after_id),
        latest_change=lambda: wallet_changes.latest_change(db),
        fetch_ended=lambda ids, now: browsers.ended_sessions(db, ids, now),
        fetch_regrouped=lambda after_id: merges.list_regrouped_after(db, after_id),
        latest_regrouped=lambda: merges.latest_regrouped(db),
        note_pages=None if db.dialect == "sqlite" else partial(note_pages, db, process),
    )


def housekeeping_jobs(db: Database) -> dict[str, Job]:
    """What time brings about. Every job may run in several processes at once."""
    return {
        "messages nobody saw in time": lambda now: vouchers.expire_undelivered(db, now),
        "vouchers past their validity": lambda now: vouchers.expire_unredeemed(db, now),
        "points released": lambda now: ledger.release_pending(db, now),
        "claims and used proofs forgotten": lambda now: phones.purge_claims(db, now),
        "links by e-mail forgotten": lambda now: identifiers.purge_links(db, now),
        "colleagues signed out": lambda now: colleagues.purge_sessions(db, now),
        "invitations forgotten": lambda now: invitations.purge_links(db, now),
        "counts of attempts forgotten": lambda now: purge_attempts(db, now),
        "browsers signed out": lambda now: browsers.purge_sessions(db, now),
        "slots in caps forgotten": lambda now: cap_counts.purge(db, now),
        "news of coupons forgotten": lambda now: wallet_changes.purge_changes(db, now),
        "choices to be recognised ended": lambda now: recognitions.end_recognitions(db, now),
        "places forgotten": lambda now: last_places.purge_places(db, now),
        "codes of cards forgotten": lambda now: card_codes.purge_codes(db, step_of(now)),
        "pages that are open no more": lambda now: purge_pages(db, now),
        "kept answers forgotten": lambda now: idempotency.purge(db, now),
    }


def programme_jobs(db: Database, config: Config, plans: Mapping[str, Plan]) -> dict[str, Job]:
    """What shops tell and visits bring comes to the ledger. Every job may run in several processes at once."""
    programme, segments = programme_of(config, plans), segment_rules(config, plans)
    return {
        "accounts of shops looked at": lambda now: accounts.know_accounts(db, now),
        "segments worked out": lambda now: work_out_segments(db, segments, now),
        "events of shops looked at": lambda now: earning.earn_from_shops(db, programme, now),
        "points from elsewhere looked at": lambda now: giving.post_given(db, now),
        "visits that earned": lambda now: visits.earn_from_visits(db, programme, now),
    }


def programme_of(config: Config, plans: Mapping[str, Plan]) -> earning.Programme:
    """The site's loyalty programme. Purchases on the web go by the clock of the first store."""
    zones = {plan.store: ZoneInfo(plan.timezone) for plan in plans.values()}
    categories = {(plan.store, p.sku): p.category for plan in plans.values() for p in plan.products}
    return earning.Programme(
        terms_of(config.loyalty),
        config.loyalty.claim_days * DAY_S,
        zones,
        next(iter(zones.values()), ZoneInfo("UTC")),
        lambda store, sku: categories.get((store, sku), ""),
        config.loyalty.visit_min_s,
    )


def segment_rules(config: Config, plans: Mapping[str, Plan]) -> SegmentRules:
    """The site's segments, with what they go by."""
    here = {(plan.store, p.sku): p.category for plan in plans.values() for p in plan.products}
    anywhere = {sku: category for (_, sku), category in here.items()}
    return SegmentRules(
        config.segments,
        terms_of(config.loyalty),
        lambda store, sku: here.get((store, sku), "") if store else anywhere.get(sku, ""),
        {plan.store: lingering_zones(plan) for plan in plans.values()},
    )


def forgetting_job(db: Database, config: Config) -> Job:
    """What is forgotten in time, rows and files of this machine; looked at every hour, and soon after every start."""
    rules = rules_of(db, config.retention, config.storage.data_dir)
    return lambda now: forget(db, rules, now)


def retention_jobs(db: Database) -> dict[str, Job]:
    """What ends by itself in the ledger; looked at every hour."""
    return {
        "months made ahead": lambda now: make_months(db, now),
        "points that nobody came for forgotten": lambda now: forget_given(db, now),
        "points past their end": lambda now: expiry.expire_lots(db, now),
        "faults in the ledger": lambda now: proof.prove_nightly(db, now),
    }


def told_jobs(db: Database, config: Config, plans: Mapping[str, Plan]) -> dict[str, Job]:
    """What is worked out before anybody looks, since once a day there is much to read: days of figures; what is told of
    receipts and of people who went between web and store."""
    k, window_days = config.privacy.k, config.offers.ropo_days

    def tell(now: float) -> int:
        for plan in plans.values() if k > 1 else ():
            asked = WebWindow(plan.store, plan.product_by_sku, plan.timezone, window_days)
            tell_ways(db, plan.store, asked.products, plan.timezone, k=k, window_days=window_days, now=now)
            tell_campaigns(db, asked, k=k, now=now)
            categories = {product.sku: product.category for product in plan.products}
            tell_channels(db, ChannelWindow(plan.store, plan.timezone, categories), k=k, now=now)
            tell_sales(db, plan.store, asked.products, plan.timezone, k=k, now=now)
        return 0

    def add_up(now: float) -> int:
        return sum(keep_days(db, plan.store, hours_in(plan.timezone), now) for plan in plans.values())

    return {"web and store told": tell, "days of figures added up": add_up}
