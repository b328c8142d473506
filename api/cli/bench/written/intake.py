"""How many events of shop systems are taken in a second: the signature looked at, decoded, and in the database, by as
many threads as a server has for that. A message is a transaction, of one event or of a till's last twenty."""

from __future__ import annotations

import base64
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from api.cli.bench.paired import figures_of
from engine.config import SourceConfig
from engine.delivery.webhooks import sign_call
from engine.ingest.decoders.heard import VendorMessage
from engine.ingest.sources.shops import ShopSource, declare_shops
from engine.privacy.customers import customer_digest
from engine.privacy.secrets import Secrets
from engine.storage.commerce.events import keep_events
from engine.storage.database import Database, open_database

ROUNDS = 3
EVENTS = 20
THREADS = 4
STORE, SOURCE, VARIABLE = "bench", "bench", "BENCH_SECRET"
KEY = bytes(range(32))
SECRETS = Secrets(b"of the bench, and of nobody else", "manager-key-of-the-bench", "till-key-of-the-bench")


def measure_intake(seconds: float, url: str | None = None) -> dict[str, Any]:
    """Purchases of three lines a second in a new SQLite file, and in the empty database at `url`, if there is one: in
    messages of EVENTS, and of one. Median and range of rounds."""
    with tempfile.TemporaryDirectory() as folder:
        figures = _measure("sqlite", f"sqlite:///{Path(folder) / 'rayon.db'}", seconds)
    return figures if url is None else figures | _measure("postgresql", url, seconds)


def _measure(name: str, url: str, seconds: float) -> dict[str, Any]:
    db, shop = open_database(url), _shop()
    try:
        many, one = (
            np.array([_rate(db, shop, n, events, seconds / ROUNDS / 2) for n in range(ROUNDS)])
            for events in (EVENTS, 1)
        )
    finally:
        db.close()
    return figures_of(f"intake_{name}_events_per_s", many) | figures_of(f"intake_{name}_single_events_per_s", one)


def _shop() -> ShopSource:
    said = {"name": SOURCE, "kind": "shop", "stores": [STORE], "receiver": True, "secret_env": VARIABLE}
    environ = {VARIABLE: f"whsec_{base64.b64encode(KEY).decode()}"}
    config = SourceConfig.model_validate(said)
    declared = declare_shops([config], [STORE], environ, customer_digest(SECRETS))
    return declared[SOURCE]


def _rate(db: Database, shop: ShopSource, number: int, events: int, seconds: float) -> float:
    taken, start = [0] * THREADS, time.perf_counter()

    def take(thread: int) -> None:
        while not taken[thread] or time.perf_counter() - start < seconds:
            message = _message(f"{start}-{number}-{thread}-{taken[thread]}", events)
            shop.check(message)
            taken[thread] += keep_events(db, shop.decode(message).events, message.received_at)

    threads = [threading.Thread(target=take, args=(thread,)) for thread in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(taken) / (time.perf_counter() - start)


def _message(name: str, events: int) -> VendorMessage:
    now = time.time()
    body = {"events": [_purchase(f"{name}-{n}", now) for n in range(events)]}
    content, headers = sign_call(KEY, f"msg_{name}", now, body)
    return VendorMessage(content, now, headers={key.lower(): value for key, value in headers.items()})


def _purchase(name: str, now: float) -> dict[str, Any]:
    lines = [{"id": str(n), "sku": f"SKU-{n}", "quantity_milli": 1_000, "amount_minor": 990} for n in range(3)]
    return {
        "kind": "purchase",
        "id": name,
        "version": 1,
        "at": datetime.fromtimestamp(now, UTC).isoformat(),
        "channel": "store",
        "store": STORE,
        "currency": "EUR",
        "total_minor": 2_970,
        "lines": lines,
        "customer": {"card": "9250000000017"},
    }
