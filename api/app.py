"""The application: one factory, a room per audience."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
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
import api.campaigns.measured
import api.campaigns.pages
import api.campaigns.segments
import api.controllers.mail_events
import api.controllers.receivers
import api.controllers.streams
import api.crm.events
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
from api.crm.courier import open_courier, start_courier
from api.managers.console.letters import post_weekly
from api.managers.hq.watching import watch_stores
from api.managers.reports import reports_of
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
from engine.delivery.housekeeping import Job, keep_house
from engine.delivery.mail import open_mailer
from engine.delivery.opening import limits_of, open_orders, open_sides, telling_of
from engine.delivery.outboxes import housekeeping_jobs, page_hub, programme_jobs, retention_jobs
from engine.delivery.tokens import PURPOSE as TOKENS
from engine.indicators.watch import STEP_S
from engine.ingest.sources.declared import declare
from engine.ingest.sources.envelope import envelope_key
from engine.offers.bought.rewards import rewards_of
from engine.offers.law.sms import channel_open
from engine.plan.model import Plan
from engine.privacy.identifiers import mailbox_digest
from engine.privacy.proofs import portal_secrets
from engine.privacy.secrets import Secrets
from engine.storage.clerks.pickups import PURPOSE as PICKUP_CODES
from engine.storage.clerks.pickups import follow_orders, tell_ready
from engine.storage.commerce.stock import follow_stock
from engine.storage.ordering.answers import follow_answers
from engine.storage.presence.plan_versions import note_plans
from engine.storage.programme.occasions import tell_of_friends, tell_of_points
from engine.storage.told.ropo import tell_ways
from engine.storage.vouchers.mailed.mailing import mail_codes
from engine.vocabulary import Channel

if TYPE_CHECKING:
    from engine.storage.database import Database

NEED_KEY = (
    *("/v1/till/redeem", "/v1/till/void", "/v1/till/card/reward", "/v1/stores/", "/v1/staff/"),
    *("/v1/me/rewards", "/v1/me/orders"),
)
"""Writes that are refused without an Idempotency-Key: a till and a manager's program must be able to repeat them."""

WEEKLY_S = 120.0
"""How often it is looked whether a page of figures is due by e-mail."""

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
    api.campaigns.measured.router,
    api.campaigns.pages.router,
    api.campaigns.segments.router,
    api.controllers.receivers.router,
    api.controllers.mail_events.router,
    api.controllers.streams.router,
    api.health.endpoints.router,
    api.health.endpoints.metrics_router,
    api.health.sources.router,
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
    ctx = AppContext(config, db, secrets, dict(plans), portal_secrets(secrets, plans, os.environ), sources, mailer)
    limits, instruments = RateLimits(SharedLimits(ctx.db, ctx.secrets.derive_key("attempts"))), metrics.Metrics(ctx)
    app = FastAPI(
        title="Rayon",
        summary="In-store Wi-Fi location and proximity couponing.",
        version=__version__,
        openapi_tags=_TAGS,
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        lifespan=_lifespan(start_delivery),
        middleware=[
            Middleware(metrics.CountRequests, metrics=instruments),
            Middleware(SafeHeaders, always_https=config.api.secure_cookies),
            Middleware(problems.LastResort),
            Middleware(Border),
            Middleware(SameOrigin, public_url=ctx.public_url),
            Middleware(gate.ManagerDoor, ctx=ctx),
            Middleware(Idempotency, ctx=ctx, required=NEED_KEY, restore=restore_session),
        ],
    )
    app.state.ctx = ctx
    app.state.rate_limits = limits
    app.state.metrics = instruments
    app.state.hub = page_hub(db)
    app.state.sides = open_sides(config, db, secrets, mailer, os.environ)
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
    app.state.seen_messages = SeenMessages(db, secrets.derive_key("received messages"))
    app.state.envelope_key = envelope_key(secrets)
    app.state.mail_events_secret = os.environ.get(MAIL_EVENTS, "")
    app.state.turned_away = TurnedAway()
    app.state.streams = Streams()
    app.state.decoding = CapacityLimiter(DECODED_AT_ONCE)
    app.state.hand_over = HandOver(config.mqtt) if any(s.config.receiver for s in sources) else None
    app.state.own_engine = list  # called for what keeps the engine of this process, if it has one, from its work
    problems.mount(app)
    for router in _ROUTERS:
        _include(app, router)
    pages.mount(app)
    contract.mount(app, NEED_KEY)
    _mount_managers(app, ctx)
    return app


def _include(app: FastAPI, router: APIRouter) -> None:
    """The router's routes as they were built at import. FastAPI's own `include_router` would build each anew, at the
    first request that asks for it, for what an application may add to them: a prefix, dependencies. Ours adds none."""
    app.router.routes.extend(router.routes)


def _channel_open(plans: Mapping[str, Plan], channel: Channel, store: str, now: float) -> bool:
    """Whether the law lets a message of a store out on a channel now, by the store's clock."""
    return store in plans and channel_open(channel, now, ZoneInfo(plans[store].timezone))


def house_jobs(app: FastAPI) -> dict[str, Job]:
    """What housekeeping does in this process."""
    db = app.state.ctx.db
    ctx: AppContext = app.state.ctx
    codes = ctx.secrets.derive_key(PICKUP_CODES)
    telling = telling_of(ctx.config, ctx.plans, ctx.secrets.site_key)
    return housekeeping_jobs(db) | {
        "portals' counts": partial(app.state.doors.counts.write_late, db),
        "orders followed": partial(follow_orders, db, secret=codes),
        "stock followed": partial(follow_stock, db),
        "answers followed": partial(follow_answers, db),
        "orders that wait looked at": partial(tell_ready, db, telling),
        "points that friends brought looked at": partial(tell_of_friends, db, telling),
    }


def _hourly_jobs(ctx: AppContext) -> dict[str, Job]:
    """What is forgotten in time, and which plan figures are of from now on."""
    telling, rewards = telling_of(ctx.config, ctx.plans, ctx.secrets.site_key), rewards_of(ctx.config.loyalty)
    noted: dict[str, Job] = {
        "changed plans noted": lambda now: note_plans(ctx.db, ctx.plans.values(), now),
        "codes by e-mail written": lambda now: 0 if ctx.mailer is None else _mail_codes(ctx, now),
        "points worth a message looked at": lambda now: tell_of_points(ctx.db, telling, rewards, now),
        "web and store told": partial(_tell_ways, ctx),
    }
    return retention_jobs(ctx.db, ctx.config) | noted


def _tell_ways(ctx: AppContext, now: float) -> int:
    """Before anybody looks: once a day there is much to read."""
    k, window_days = ctx.config.privacy.k, ctx.config.offers.ropo_days
    for plan in ctx.plans.values() if k > 1 else ():
        tell_ways(ctx.db, plan.store, plan.product_by_sku, plan.timezone, k=k, window_days=window_days, now=now)
    return 0


def _mail_codes(ctx: AppContext, now: float) -> int:
    limits, secret = limits_of(ctx.config), ctx.secrets.site_key
    return sum(mail_codes(ctx.db, plan, limits, secret, now) for plan in ctx.plans.values())


def _lifespan(start_delivery: bool) -> Any:
    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        """Starts the page hub and housekeeping with the server, and ends them with it."""
        ctx: AppContext = app.state.ctx
        tasks: list[asyncio.Task[None]] = []
        if start_delivery:
            tasks.append(asyncio.create_task(app.state.hub.run(), name="page hub"))
            tasks.append(asyncio.create_task(app.state.dispatcher.run(), name="dispatch"))
            tasks.append(asyncio.create_task(keep_house(house_jobs(app)), name="housekeeping"))
            points = programme_jobs(ctx.db, ctx.config, ctx.plans)
            tasks.append(asyncio.create_task(keep_house(points, interval_s=1.0), name="points"))
            tasks += start_courier(ctx, app.state.courier)
            hourly = keep_house(_hourly_jobs(ctx), interval_s=3600.0)
            tasks.append(asyncio.create_task(hourly, name="retention"))
            watch = {"stores watched": partial(watch_stores, ctx, {})}
            tasks.append(asyncio.create_task(keep_house(watch, interval_s=STEP_S), name="alerts"))
            if app.state.orders is not None:
                asked = keep_house({"orders asked for": app.state.orders.send_due}, interval_s=1.0)
                tasks.append(asyncio.create_task(asked, name="orders"))
            if ctx.mailer is not None:
                post = keep_house({"letters sent": ctx.mailer.send_due}, interval_s=1.0)
                tasks.append(asyncio.create_task(post, name="mail"))
                weekly = {"weekly reports written": partial(post_weekly, reports_of(app), ctx.mailer)}
                tasks.append(asyncio.create_task(keep_house(weekly, interval_s=WEEKLY_S), name="weekly reports"))
        for task in tasks:
            task.add_done_callback(_loudly)
        app.state.delivery = tasks
        if app.state.hand_over is not None:
            app.state.hand_over.start()
        yield
        if app.state.hand_over is not None:
            await asyncio.to_thread(app.state.hand_over.close)
        app.state.hub.close()
        await app.state.doors.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await app.state.sides.close()
        if app.state.orders is not None:
            app.state.orders.close()
        await app.state.courier.close()

    return lifespan


def _loudly(task: asyncio.Task[None]) -> None:
    """A background task that dies of our own mistake takes the process's log with it at least."""
    if not task.cancelled() and (error := task.exception()) is not None:
        asyncio.get_running_loop().call_exception_handler({"message": f"{task.get_name()} died", "exception": error})


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
