"""A fresh site per test: its own database file, its own server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.server import run_api
from engine.config import ApiConfig, Config, DeliveryConfig, StorageConfig
from engine.plan.model import Plan
from engine.storage.database import open_database
from engine.storage.vouchers.campaigns import seed_campaigns
from tests.api.site import SECRETS, Site, campaign, small_plan
from tests.brokers import free_port
from tests.clocks import HeldClock, hold_rate_limits
from tests.databases import new_sqlite


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Tests change it by overriding this fixture."""
    return config_in(tmp_path)


def config_in(folder: Path) -> Config:
    """With its data in this folder."""
    return Config(
        api=ApiConfig(port=0),
        storage=StorageConfig(data_dir=folder / "data"),
        delivery=DeliveryConfig(push_contact="mailto:it@example.org"),  # else push is not asked for
    )


@pytest.fixture
def plan() -> Plan:
    """The same: tests may override it."""
    return small_plan()


@pytest.fixture
def site(tmp_path: Path, config: Config, plan: Plan, rate_clock: HeldClock) -> Iterator[Site]:
    """The whole HTTP side on a real SQLite file, listening on a free port of this machine."""
    with served(new_sqlite(tmp_path / "rayon.db"), config, plan) as made:
        yield made


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The same for tests that only look, one for all of them in a file: to start it takes longer than to ask it."""
    folder = tmp_path_factory.mktemp("standing")
    with pytest.MonkeyPatch.context() as patched:
        hold_rate_limits(patched)
        with served(new_sqlite(folder / "rayon.db"), config_in(folder), small_plan()) as made:
            yield made


@contextmanager
def served(database_url: str, config: Config, plan: Plan) -> Iterator[Site]:
    """The same on any database."""
    db = open_database(database_url)
    seed_campaigns(db, plan.store, [campaign(), campaign("store-1", place={"store": True})], time.time())
    server = run_api(
        config, db, SECRETS, {plan.store: plan}, port=free_port()
    ).start()  # its own, also while it is down
    try:
        yield Site(config, db, plan, server)
    finally:
        server.stop()
        db.close()
