"""What housekeeping does in the server's process, by how often."""

from __future__ import annotations

from functools import partial

from fastapi import FastAPI

from api.context import AppContext
from engine.delivery.housekeeping import Job
from engine.delivery.opening import limits_of, telling_of
from engine.delivery.outboxes import forgetting_job, housekeeping_jobs, retention_jobs, told_jobs
from engine.offers.audience import LinkedShopper
from engine.offers.bought.rewards import rewards_of
from engine.offers.interests.condition import Interested
from engine.plan.model import Plan
from engine.storage.clerks.pickups import PURPOSE as PICKUP_CODES
from engine.storage.clerks.pickups import follow_orders, tell_ready
from engine.storage.commerce.stock import follow_stock
from engine.storage.ordering.answers import follow_answers
from engine.storage.presence.plan_versions import note_plans
from engine.storage.programme.occasions import tell_of_friends, tell_of_points
from engine.storage.told.touches import with_touches
from engine.storage.vouchers.fitting.learning import learn_store
from engine.storage.vouchers.mailed.mailing import Touching, mail_codes


def house_jobs(app: FastAPI) -> dict[str, Job]:
    """What housekeeping does, in one process at a time."""
    db = app.state.ctx.db
    ctx: AppContext = app.state.ctx
    codes = ctx.secrets.derive_key(PICKUP_CODES)
    telling = telling_of(ctx.config, ctx.plans, ctx.secrets.site_key)
    return housekeeping_jobs(db) | {
        "orders followed": partial(follow_orders, db, secret=codes),
        "stock followed": partial(follow_stock, db),
        "answers followed": partial(follow_answers, db),
        "orders that wait looked at": partial(tell_ready, db, telling),
        "points that friends brought looked at": partial(tell_of_friends, db, telling),
    }


def own_jobs(app: FastAPI) -> dict[str, Job]:
    """Jobs that every process does for itself, by name: it alone has what they write to the database."""
    return {"portals' counts": partial(app.state.doors.counts.write_late, app.state.ctx.db)}


def own_start_jobs(ctx: AppContext) -> dict[str, Job]:
    """What each process does at its start: a new one may have new plans."""
    return {"changed plans noted": lambda now: note_plans(ctx.db, ctx.plans.values(), now)}


def own_hourly_jobs(ctx: AppContext) -> dict[str, Job]:
    """What each process does soon after its start and then every hour: each machine has files of its own that are
    forgotten in time."""
    return {"rows forgotten in time": forgetting_job(ctx.db, ctx.config)}


def hourly_jobs(ctx: AppContext) -> dict[str, Job]:
    """What is worked out of what has come in, in one process at a time."""
    telling, rewards = telling_of(ctx.config, ctx.plans, ctx.secrets.site_key), rewards_of(ctx.config.loyalty)
    noted: dict[str, Job] = {
        "offers learnt from": lambda now: sum(learn_store(ctx.db, plan, now) for plan in ctx.plans.values()),
        "codes by e-mail written": lambda now: 0 if ctx.mailer is None else _mail_codes(ctx, now),
        "points worth a message looked at": lambda now: tell_of_points(ctx.db, telling, rewards, now),
    }
    return retention_jobs(ctx.db) | told_jobs(ctx.db, ctx.config, ctx.plans) | noted


def _mail_codes(ctx: AppContext, now: float) -> int:
    limits, secret = limits_of(ctx.config), ctx.secrets.site_key
    return sum(mail_codes(ctx.db, plan, limits, secret, now, _touching(ctx, plan)) for plan in ctx.plans.values())


def _touching(ctx: AppContext, plan: Plan) -> Touching:
    products = {product.sku: product.category for product in plan.products}

    def touching(reader: LinkedShopper, asked: Interested, now: float) -> LinkedShopper:
        return with_touches(ctx.db, reader, [asked], products, now)

    return touching
