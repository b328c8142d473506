"""The courier of this process: what it is made of, and what runs beside it."""

from __future__ import annotations

import asyncio
import os
from functools import partial

from api.context import AppContext
from api.middleware.metrics import Metrics
from engine.delivery.crm.courier import Courier, Mailbox
from engine.delivery.crm.opening import crm_specs, open_crm
from engine.delivery.crm.reporting import report_receivers
from engine.delivery.housekeeping import keep_house

REPORTED_S = 15.0


def open_courier(ctx: AppContext, metrics: Metrics, mailbox: Mailbox) -> Courier:
    """Connected to the customer files of the configuration. Raises OperatorError."""

    def count(receiver: str, outcome: str) -> None:
        metrics.crm.labels(receiver, outcome).inc()

    return Courier(ctx.db, open_crm(ctx.config, os.environ), mailbox, specs=crm_specs(ctx.config), count=count)


def start_courier(ctx: AppContext, courier: Courier) -> list[asyncio.Task[None]]:
    """Sends until cancelled, and says how receivers do, where there are any."""
    tasks = [asyncio.create_task(courier.run(), name="customer files")]
    if ctx.config.crm.receivers:
        told = keep_house({"customer files in trouble": partial(report_receivers, ctx.db)}, interval_s=REPORTED_S)
        tasks.append(asyncio.create_task(told, name="customer files' status"))
    return tasks
