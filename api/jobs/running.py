"""From the start of the server to its end: tasks, and who is told that it stops."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any

from fastapi import FastAPI

from api.context import AppContext
from api.crm.courier import start_courier
from api.jobs.house import hourly_jobs, house_jobs, own_hourly_jobs, own_jobs, own_start_jobs
from api.jobs.turns import turn_of
from api.managers.console.letters import post_weekly
from api.managers.hq.watching import watch_stores
from api.managers.reports import reports_of
from engine.delivery.housekeeping import INTERVAL_S, Job, keep_house
from engine.delivery.outboxes import programme_jobs
from engine.indicators.watch import STEP_S

HOUR_S = 3_600.0
SOON_S, LATER_S = 2.0, 60.0
"""So long after a start begins what nobody waits for, last what is done by the hour: pages and engine come first."""
ASKED_S = 60.0  # how often it is asked for a turn, at least: the process that had the last one may be gone
WEEKLY_S = 120.0
"""How often it is looked whether a page of figures is due by e-mail."""


def lifespan_of(start_delivery: bool) -> Any:
    """What an application does from its start to its end; without `start_delivery` nothing is done unasked."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        """Starts the page hub and housekeeping with the server, and ends them with it."""
        tasks = _begin(app) if start_delivery else []
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
        await app.state.courier.close()
        if app.state.ctx.replica is not None:
            app.state.ctx.replica.close()

    return lifespan


def _begin(app: FastAPI) -> list[asyncio.Task[None]]:
    """What runs beside the requests: what this process delivers, and jobs of the site when they are its turn."""
    ctx: AppContext = app.state.ctx
    tasks = [
        asyncio.create_task(app.state.hub.run(), name="page hub"),
        asyncio.create_task(app.state.dispatcher.run(), name="dispatch"),
        *start_courier(ctx, app.state.courier),
    ]

    def keep(name: str, jobs: Mapping[str, Job], every_s: float, *, after_s: float = 0.0, once: bool = False) -> None:
        turn = turn_of(ctx, name, every_s) if once else None
        asked_s = every_s if turn is None else min(every_s, ASKED_S)
        kept = keep_house(jobs, interval_s=asked_s, after_s=after_s, turn=turn)
        tasks.append(asyncio.create_task(kept, name=name))

    keep("own counts", own_jobs(app), INTERVAL_S)
    keep("plans", own_start_jobs(ctx), HOUR_S)
    keep("retention", own_hourly_jobs(ctx), HOUR_S, after_s=LATER_S)
    keep("housekeeping", house_jobs(app), INTERVAL_S, after_s=SOON_S, once=True)
    keep("points", programme_jobs(ctx.db, ctx.config, ctx.plans), 1.0, after_s=SOON_S, once=True)
    keep("hourly", hourly_jobs(ctx), HOUR_S, after_s=LATER_S, once=True)
    keep("alerts", {"stores watched": partial(watch_stores, ctx, {})}, STEP_S, after_s=SOON_S, once=True)
    if app.state.orders is not None:
        keep("orders", {"orders asked for": app.state.orders.send_due}, 1.0)
    if ctx.mailer is not None:
        keep("mail", {"letters sent": ctx.mailer.send_due}, 1.0)
        weekly = {"weekly reports written": partial(post_weekly, reports_of(app), ctx.mailer)}
        keep("weekly reports", weekly, WEEKLY_S, once=True)
    return tasks


def _loudly(task: asyncio.Task[None]) -> None:
    """A background task that dies of our own mistake takes the process's log with it at least."""
    if not task.cancelled() and (error := task.exception()) is not None:
        asyncio.get_running_loop().call_exception_handler({"message": f"{task.get_name()} died", "exception": error})
