"""What asks a running server: reports of a month of a busy store, and webhooks at 200 a second.

The server runs here, on a database of its own; senders are another process. Times are what the asker waits; the
processor's time beside them is that of the serving process, which other work on the machine moves less.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from api.cli.bench.month import fill_days
from api.cli.bench.sender import SECRET_VARIABLE
from api.cli.demo.broker import BrokerProcess, mosquitto_binary
from api.server import ApiServer, run_api
from engine.config import Config
from engine.ingest.mqtt.link import LinkName
from engine.ingest.mqtt.receiver import Subscriber
from engine.plan.load import load_plan
from engine.plan.model import Plan
from engine.privacy.secrets import Secrets
from engine.storage.database import Database, open_database

PAGES = ("heat", "zones", "flows", "hours", "trend", "funnel", "queue")
LAST = dt.date(2026, 10, 31)
MONTH_DAYS, QUICK_DAYS = 31, 3
ROUNDS = 3
PER_SECOND = 200
SECRETS = Secrets(b"of the bench, and of nobody else", "manager-key-of-the-bench", "till-key-of-the-bench")
OPENED_S = 20.0


def measure_serving(seconds: float, *, days: int = MONTH_DAYS) -> dict[str, Any]:
    """Milliseconds: 95th percentiles of both, and processor time of one report and one webhook. Without a broker
    (Mosquitto, or the extra `demo`) there are no webhooks."""
    with (
        tempfile.TemporaryDirectory(prefix="rayon-bench-") as folder,
        as_file(files("floorplans") / "supermarket") as at,
    ):
        plan, db = load_plan(at), open_database(f"sqlite:///{folder}/rayon.db")
        try:
            fill_days(db, plan, [LAST - dt.timedelta(days=i) for i in reversed(range(days))])
            out = _measure_reports(db, plan, days)
            if mosquitto_binary() is not None or importlib.util.find_spec("amqtt") is not None:
                out |= _measure_receivers(db, plan, Path(folder), max(seconds, 0.1))
        finally:
            db.close()
    return out


def _measure_reports(db: Database, plan: Plan, days: int) -> dict[str, Any]:
    """Every page of a month, its hours from another one on in each round: nobody has read it before."""
    server = run_api(Config.model_validate({"api": {"port": 0}}), db, SECRETS, {plan.store: plan}, start_delivery=False)
    server.start()
    waited_ms, spent_ms = [], []
    first = (LAST - dt.timedelta(days=days - 1)).isoformat()
    try:
        key = {"Authorization": f"Bearer {SECRETS.manager_key}"}
        with httpx.Client(base_url=server.url, headers=key, timeout=60.0) as client:
            for k in range(ROUNDS + 1):  # the first warms up
                for page in PAGES:
                    asked = {"from": first, "to": LAST.isoformat(), "hours": f"{k}-24"}  # as much, and another period
                    began, spent = time.perf_counter(), time.process_time()
                    client.get(f"/v1/stores/{plan.store}/reports/{page}", params=asked).raise_for_status()
                    if k > 0:
                        waited_ms.append(1000.0 * (time.perf_counter() - began))
                        spent_ms.append(1000.0 * (time.process_time() - spent))
    finally:
        server.stop()
    return {
        "report_month_p95_ms": float(np.quantile(waited_ms, 0.95)),
        "report_month_p95_processor_ms": float(np.quantile(spent_ms, 0.95)),
    }


def _measure_receivers(db: Database, plan: Plan, folder: Path, seconds: float) -> dict[str, Any]:
    """Webhooks of ten phones each, sent when their time has come, whether those before are answered or not."""
    broker = BrokerProcess(folder)
    broker.start()
    os.environ[SECRET_VARIABLE] = secrets.token_hex(16)
    try:
        source = {
            "name": "bench",
            "kind": "mist",
            "stores": [plan.store],
            "receiver": True,
            "secret_env": SECRET_VARIABLE,
        }
        config = Config.model_validate({"api": {"port": 0}, "mqtt": {"port": broker.port}, "sources": [source]})
        ear = Subscriber(config.mqtt)  # its session stays: an engine has asked
        ear.start()
        ear.wait_connected(OPENED_S)
        ear.stop()
        server = run_api(config, db, SECRETS, {plan.store: plan}, start_delivery=False)
        server.start()
        try:
            _until_connected(server)
            return _send(f"{server.url}/in/bench", seconds)
        finally:
            server.stop()
    finally:
        del os.environ[SECRET_VARIABLE]
        broker.stop()


def _until_connected(server: ApiServer) -> None:
    until = time.monotonic() + OPENED_S
    while server.app.state.hand_over.state is not LinkName.CONNECTED and time.monotonic() < until:
        time.sleep(0.05)


def _send(url: str, seconds: float) -> dict[str, Any]:
    command = (sys.executable, "-m", "api.cli.bench.sender", url, str(PER_SECOND), str(seconds))
    began = time.process_time()
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    spent_ms = 1000.0 * (time.process_time() - began)
    waited_ms = json.loads(said)
    return {
        "receivers_p95_ms": float(np.quantile(waited_ms, 0.95)),
        "receivers_processor_ms": spent_ms / len(waited_ms),
    }
