"""The HTTP side for cases, on either database."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from api.server import run_api
from engine.config import ApiConfig, Config
from engine.storage.database import Database
from engine.storage.vouchers.campaigns import seed_campaigns
from tests.api.site import SECRETS, Site, campaign, small_plan
from tests.brokers import free_port


@contextmanager
def open_site(db: Database, config: Config | None = None) -> Iterator[Site]:
    """A running server on this database, with the small plan and its campaign."""
    config, plan = config or Config(api=ApiConfig(port=0)), small_plan()
    seed_campaigns(db, plan.store, [campaign()], time.time())
    server = run_api(config, db, SECRETS, {plan.store: plan}, port=free_port()).start()
    try:
        yield Site(config, db, plan, server)
    finally:
        server.stop()
