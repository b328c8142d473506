"""The application: one factory, a room per audience."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from anyio import CapacityLimiter
from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware

import api.accounts.audit
import api.accounts.invitations
import api.accounts.oidc
import api.accounts.own
import api.accounts.people
import api.accounts.sign_in
import api.campaigns.editing
import api.campaigns.endpoints
import api.campaigns.files
import api.campaigns.hq.endpoints
import api.campaigns.hq.pages
import api.campaigns.measured
import api.campaigns.messages
import api.campaigns.pages
import api.campaigns.segments
import api.controllers.mail_events
import api.controllers.receivers
import api.controllers.streams
import api.crm.events
import api.health.cluster
import api.health.endpoints
import api.health.labels
import api.health.sources
import api.loyalty.liability
import api.loyalty.pages
import api.loyalty.partners
import api.managers.console.endpoints
import api.managers.console.letters
import api.managers.console.pages
import api.managers.endpoints
import api.managers.hq.endpoints
import api.managers.hq.pages
import api.managers.pages
import api.managers.retention
import api.managers.share_reviews
import api.portal.captive
import api.portal.wifidog
import api.privacy.notice
import api.privacy.officer
import api.privacy.sign
import api.shares.endpoints
import api.shoppers.identity
import api.shoppers.me
import api.shoppers.optout
import api.shoppers.points.card
import api.shoppers.points.rewards
import api.shoppers.points.statement
import api.shoppers.push
import api.shoppers.rights
import api.shoppers.sessions
import api.shoppers.signing_in.passes
import api.shoppers.signing_in.portal
import api.shoppers.signing_in.way_out
import api.shoppers.stream
import api.shoppers.wallet.app_files
import api.shoppers.wallet.here
import api.shoppers.wallet.offers
import api.shoppers.wallet.orders
import api.shoppers.wallet.pickups
import api.shoppers.wallet.plain
import api.shoppers.wallet.quieter
import api.shoppers.wallet.recognised
import api.shoppers.wallet.spots
import api.shoppers.wallet.ways
import api.staff.cards
import api.staff.desk
import api.staff.orders
import api.staff.pages
import api.tills.cards
import api.tills.endpoints
import api.tills.listed
from api import contract, docs, pages, problems
from api import manager_login as gate
from api.context import AppContext
from api.controllers.hand_over import HandOver
from api.controllers.mail_events import MAIL_EVENTS
from api.controllers.receivers import DECODED_AT_ONCE
from api.controllers.replays import SeenMessages
from api.controllers.streams import Streams
from api.crm.courier import open_courier
from api.jobs.running import lifespan_of
from api.middleware import metrics
from api.middleware.border import Border
from api.middleware.headers import SafeHeaders
from api.middleware.idempotency import Idempotency
from api.middleware.origin import SameOrigin
from api.middleware.turned_away import TurnedAway
from api.portal.doors import open_doors
from api.ratelimits import RateLimits, SharedLimits
from api.shoppers.messages import Messages, mailbox_of
from api.shoppers.sessions import restore_session
from engine import __version__
from engine.config import Config
from engine.delivery.dispatch import Dispatcher
from engine.delivery.mail import open_mailer
from engine.delivery.opening import open_orders, open_sides, telling_of
from engine.delivery.outboxes import page_hub
from engine.delivery.tokens import PURPOSE as TOKENS
from engine.ingest.sources.declared import declare
from engine.ingest.sources.envelope import envelope_key
from engine.offers.law.sms import channel_open
from engine.plan.model import Plan
from engine.privacy.identifiers import mailbox_digest
from engine.privacy.proofs import portal_secrets
from engine.privacy.secrets import Secrets
from engine.storage.upkeep.replica import ReplicatedReads
from engine.vocabulary import Channel

if TYPE_CHECKING:
    from engine.storage.database import Database

NEED_KEY = (
    *("/v1/till/redeem", "/v1/till/void", "/v1/till/card/reward", "/v1/stores/", "/v1/staff/"),
    *("/v1/me/rewards", "/v1/me/orders"),
)
"""Writes that are refused without an Idempotency-Key: a till and a manager's program must be able to repeat them."""

_TAGS = [
    {"name": "shoppers", "description": "The signed-in shopper: coupons, consents, points, sharing."},
    {"name": "tills", "description": "Check, redeem, void."},
    {"name": "staff", "description": "Clerks: orders that wait, and shoppers who chose to be recognised."},
    {"name": "campaigns", "description": "Make, change, pause campaigns."},
    {"name": "managers", "description": "Reports: where people are, for how long, and what coupons did."},
    {"name": "privacy", "description": "For the data protection officer: register, DPIA, consents, proof."},
    {"name": "shares", "description": "The public page behind a shared link."},
    {"name": "controllers", "description": "Clouds and controllers that push what they hear."},
    {"name": "crm", "description": "What customer files are told, for programs that ask."},
    {"name": "health", "description": "For machines and for people on call."},
    {"name": "pages", "description": "HTML pages."},
]
_ROUTERS = (
    api.shoppers.sessions.router,
    api.shoppers.me.router,
    api.shoppers.points.rewards.router,
    api.shoppers.points.card.router,
    api.shoppers.points.card.pages,
    api.shoppers.points.statement.router,
    api.shoppers.points.statement.pages,
    api.shoppers.identity.router,
    api.shoppers.identity.pages,
    api.shoppers.identity.cards,
    api.shoppers.stream.router,
    api.shoppers.wallet.app_files.router,
    api.shoppers.wallet.quieter.router,
    api.shoppers.wallet.plain.router,
    api.shoppers.push.router,
    api.shoppers.push.pages,
    api.shoppers.wallet.offers.router,
    api.shoppers.wallet.orders.router,
    api.shoppers.wallet.here.router,
    api.shoppers.wallet.ways.router,
    api.shoppers.wallet.pickups.router,
    api.shoppers.wallet.recognised.router,
    api.shoppers.wallet.spots.router,
    api.shoppers.wallet.spots.pages,
    api.shoppers.signing_in.portal.router,
    api.shoppers.signing_in.way_out.router,
    api.portal.captive.router,
    api.portal.wifidog.router,
    api.shoppers.signing_in.passes.router,
    api.shoppers.optout.router,
    api.shoppers.rights.router,
    api.shoppers.rights.pages,
    api.privacy.notice.router,
    api.privacy.sign.router,
    api.privacy.officer.router,
    api.privacy.officer.pages,
    api.tills.endpoints.router,
    api.tills.listed.router,
    api.tills.cards.router,
    api.loyalty.liability.router,
    api.loyalty.pages.router,
    api.loyalty.partners.router,
    api.crm.events.router,
    api.tills.endpoints.pages,
    api.staff.desk.router,
    api.staff.cards.router,
    api.staff.orders.router,
    api.staff.pages.pages,
    api.shares.endpoints.router,
    api.campaigns.endpoints.router,
    api.campaigns.editing.router,
    api.campaigns.files.router,
    api.campaigns.hq.endpoints.router,
    api.campaigns.hq.pages.router,
    api.campaigns.measured.router,
    api.campaigns.messages.router,
    api.campaigns.pages.router,
    api.campaigns.segments.router,
    api.controllers.receivers.router,
    api.controllers.mail_events.router,
    api.controllers.streams.router,
    api.health.endpoints.router,
    api.health.endpoints.metrics_router,
    api.health.sources.router,
    api.health.cluster.router,
    gate.router,
    api.accounts.sign_in.pages,
    api.accounts.oidc.pages,
    api.accounts.own.pages,
    api.accounts.invitations.pages,
    api.accounts.people.pages,
    api.accounts.audit.pages,
    docs.router,
)


def create_app(
    config: Config, db: Database, secrets: Secrets, plans: Mapping[str, Plan], *, start_delivery: bool = True
) -> FastAPI:
    """The site's HTTP side. With `start_delivery` false nothing is polled and no house kept: another process does."""
    sources = declare(config.sources, plans, os.environ)
    mailer = open_mailer(config.mail, db, os.environ, partial(mailbox_digest, secrets))
    replica_url = os.environ.get("RAYON_REPLICA_URL", config.storage.replica_url)
    replica = None if replica_url is None else ReplicatedReads(db, replica_url)
    portal = portal_secrets(secrets, plans, os.environ)
    ctx = AppContext(config, db, secrets, dict(plans), portal, sources, mailer, replica)
    limits, instruments = RateLimits(SharedLimits(ctx.db, ctx.secrets.derive_key("attempts"))), metrics.Metrics(ctx)
    app = FastAPI(
        title="Rayon",
        summary="In-store Wi-Fi location and proximity couponing.",
        version=__version__,
        openapi_tags=_TAGS,
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan_of(start_delivery),
        middleware=_middleware(ctx, instruments),
    )
    app.state.ctx = ctx
    app.state.rate_limits = limits
    app.state.metrics = instruments
    app.state.own_engine = list  # called for what keeps the engine of this process, if it has one, from its work
    _open_senders(app, ctx, instruments)
    _open_receivers(app, ctx)
    problems.mount(app)
    for router in _ROUTERS:
        _include(app, router)
    pages.mount(app)
    contract.mount(app, NEED_KEY)
    _mount_managers(app, ctx)
    return app


def _middleware(ctx: AppContext, instruments: metrics.Metrics) -> list[Middleware]:
    """What every request goes through, from the outside to the inside."""
    return [
        Middleware(metrics.CountRequests, metrics=instruments),
        Middleware(SafeHeaders, always_https=ctx.config.api.secure_cookies),
        Middleware(problems.LastResort),
        Middleware(Border),
        Middleware(SameOrigin, public_url=ctx.public_url),
        Middleware(gate.ManagerDoor, ctx=ctx),
        Middleware(Idempotency, ctx=ctx, required=NEED_KEY, restore=restore_session),
    ]


def _open_senders(app: FastAPI, ctx: AppContext, instruments: metrics.Metrics) -> None:
    """What leaves the site: messages to phones, webhooks, orders, customer files, and the controllers' doors."""
    config, db, secrets, plans = ctx.config, ctx.db, ctx.secrets, ctx.plans
    app.state.hub = page_hub(db)
    app.state.sides = open_sides(config, db, secrets, ctx.mailer, os.environ)
    app.state.orders = open_orders(config, db, secrets, os.environ)
    app.state.dispatcher = Dispatcher(
        db,
        config.delivery,
        app.state.sides,
        Messages(ctx),
        secrets.derive_key(TOKENS),
        is_open=partial(_channel_open, plans),
        with_page=app.state.hub.shoppers,
        count=lambda channel, outcome: instruments.messages.labels(channel, outcome).inc(),
        telling=telling_of(config, plans, secrets.site_key),
    )
    app.state.crm_mailbox = partial(mailbox_of, ctx)
    app.state.courier = open_courier(ctx, instruments, app.state.crm_mailbox)
    app.state.doors = open_doors(config, secrets, plans, os.environ)
    app.state.delivery = []


def _open_receivers(app: FastAPI, ctx: AppContext) -> None:
    """What clouds, controllers and mail services push to the site."""
    app.state.seen_messages = SeenMessages(ctx.db, ctx.secrets.derive_key("received messages"))
    app.state.envelope_key = envelope_key(ctx.secrets)
    app.state.mail_events_secret = os.environ.get(MAIL_EVENTS, "")
    app.state.turned_away = TurnedAway()
    app.state.streams = Streams()
    app.state.decoding = CapacityLimiter(DECODED_AT_ONCE)
    app.state.hand_over = HandOver(ctx.config.mqtt) if any(s.config.receiver for s in ctx.sources) else None


def _include(app: FastAPI, router: APIRouter) -> None:
    """The router's routes as they were built at import. FastAPI's own `include_router` would build each anew, at the
    first request that asks for it, for what an application may add to them: a prefix, dependencies. Ours adds none."""
    app.router.routes.extend(router.routes)


def _channel_open(plans: Mapping[str, Plan], channel: Channel, store: str, now: float) -> bool:
    """Whether the law lets a message of a store out on a channel now, by the store's clock."""
    return store in plans and channel_open(channel, now, ZoneInfo(plans[store].timezone))


def _mount_managers(app: FastAPI, ctx: AppContext) -> None:
    """Reports, and the managers' pages; those import NiceGUI at the first visit, and say so where it is missing."""
    _include(app, api.managers.endpoints.router)
    _include(app, api.health.labels.router)
    _include(app, api.managers.retention.router)
    _include(app, api.managers.share_reviews.router)
    _include(app, api.managers.share_reviews.pages)
    _include(app, api.managers.console.endpoints.router)
    _include(app, api.managers.console.pages.router)
    _include(app, api.managers.console.letters.router)
    _include(app, api.managers.hq.endpoints.router)
    _include(app, api.managers.hq.endpoints.alerts_router)
    _include(app, api.managers.hq.pages.router)
    api.managers.pages.mount(app, ctx)
