"""From the start of the server to its end: tasks, and who is told that it stops."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from fastapi import FastAPI

from api.context import AppContext
from api.crm.courier import start_courier
from api.jobs.house import hourly_jobs, house_jobs
from api.managers.console.letters import post_weekly
from api.managers.hq.watching import watch_stores
from api.managers.reports import reports_of
from engine.delivery.housekeeping import keep_house
from engine.delivery.outboxes import programme_jobs
from engine.indicators.watch import STEP_S

WEEKLY_S = 120.0
"""How often it is looked whether a page of figures is due by e-mail."""


def lifespan_of(start_delivery: bool) -> Any:
    """What an application does from its start to its end; without `start_delivery` nothing is done unasked."""

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
            hourly = keep_house(hourly_jobs(ctx), interval_s=3600.0)
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
        await app.state.courier.close()

    return lifespan


def _loudly(task: asyncio.Task[None]) -> None:
    """A background task that dies of our own mistake takes the process's log with it at least."""
    if not task.cancelled() and (error := task.exception()) is not None:
        asyncio.get_running_loop().call_exception_handler({"message": f"{task.get_name()} died", "exception": error})
