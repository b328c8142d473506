"""A site with two days of plausible counts in its database, and real servers of it.

`python -m tests.api.managers.site DIR PORT` serves one until it is killed.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from engine.config import Config
from engine.plan.cells import walkable_cells, zone_membership
from engine.plan.load import load_plans
from engine.plan.model import Plan
from engine.presence.flows import OUTSIDE, FlowRow
from engine.presence.frames import heat_frames, squares_of_cells
from engine.presence.heat import HeatRow, ZoneHourRow
from engine.privacy.secrets import Secrets
from engine.storage.database import Database, open_database
from engine.storage.journal import save_checkpoint
from engine.storage.models.vouchers import DecisionTable
from engine.storage.status import put_status
from tests.databases import new_sqlite

FLOORPLANS = Path(__file__).parents[3] / "floorplans"
SECRETS = Secrets(site_key=b"k" * 32, manager_key="manager-key-of-the-test", till_key="till-key-of-the-test")
HOUR_S = 3600.0
INPUTS = {"store": "<b>bakery</b>", "currency": "EUR", "channel": "page", "gain_minor": 24.5, "worth_minor": 99}
# People in the store by hour UTC, and how much more they are drawn to some zones than to plain aisles.
CROWD = {8: 14, 9: 25, 10: 41, 11: 52, 12: 38, 13: 24, 14: 22, 15: 30, 16: 46, 17: 68, 18: 61, 19: 27}
DRAW = {"Boulangerie": 4.5, "Caisses": 3.5, "Fruits et légumes": 2.2, "Fromagerie et charcuterie": 2.6, "Cave": 0.4,
        "Animalerie": 0.3, "Entretien": 0.5, "Nouveautés": 3.5, "Cabines": 3.0, "Denim": 1.8}  # fmt: skip


def opening_hour(t: float, shift_h: int = 0) -> int:
    """The key into CROWD at `t`; `shift_h` moves the shop's day, so that a live site is busy whatever the time is."""
    return int(t // HOUR_S + shift_h) % 24


def busy_now(now: float) -> int:
    """The shift that makes `now` the busiest hour."""
    return 17 - opening_hour(now)


def counts(
    plan: Plan, hours: list[float], rng: np.random.Generator, shift_h: int = 0
) -> tuple[list[HeatRow], list[ZoneHourRow]]:
    """Heat and zone hours of `hours`, the crowd of each by its hour of the day."""
    cells = walkable_cells(plan, 0.5)
    frames = heat_frames(plan, 1.0)
    member = zone_membership(plan, cells)
    pull = 1.0 + (member * [DRAW.get(z.name, 1.2) - 1.0 for z in plan.zones]).sum(axis=1).clip(-0.9)
    to_squares = squares_of_cells(frames, cells)
    heat, zone_hours = [], []
    for hour in hours:
        people = CROWD.get(opening_hour(hour, shift_h), 0)
        per_cell = pull * rng.gamma(6.0, 1 / 6, len(cells))
        per_cell *= people * HOUR_S / per_cell.sum()
        squares = to_squares @ per_cell
        for frame in frames:
            for i in range(frame.size):
                if squares[frame.first + i] > 0:
                    s = float(squares[frame.first + i])
                    heat.append(HeatRow(hour, frame.level, i % frame.cols, i // frame.cols, s, s / 3))
        in_zone = per_cell @ member
        for z, zone in enumerate(plan.zones):
            visits = int(in_zone[z] / 95) + 1 if people else 0
            if visits:
                zone_hours.append(
                    ZoneHourRow(hour, zone.id, float(in_zone[z]), visits, float(in_zone[z]), in_zone[z] / 1800)
                )
    return heat, zone_hours


def flows(plan: Plan, zone_hours: list[ZoneHourRow]) -> list[FlowRow]:
    """People go round: in at the plan's first zone, from each to the next, some back, out at the last."""
    around = [OUTSIDE, *(z.id for z in plan.zones), OUTSIDE]
    out = []
    for row in zone_hours:
        i = plan.zone_index[row.zone] + 1
        forth = FlowRow(row.hour_start, row.zone, around[i + 1], row.visits)
        back = FlowRow(row.hour_start, row.zone, around[i - 1], row.visits // 3)
        out += [r for r in (forth, back) if r.count]
        if i == 1:
            out.append(FlowRow(row.hour_start, OUTSIDE, row.zone, row.visits))
    return out


def hours_before(now: float, n: int) -> list[float]:
    """The hours of the last `n` hours, the running one last."""
    return [now // HOUR_S * HOUR_S - HOUR_S * i for i in range(n - 1, -1, -1)]


def fill(db: Database, plans: dict[str, Plan], now: float, shift_h: int = 0) -> None:
    """Two days up to `now`."""
    rng = np.random.default_rng(4)
    for store, plan in plans.items():
        heat, zone_hours = counts(plan, hours_before(now, 48), rng, shift_h)
        save_checkpoint(db, store, 0, b"", heat, zone_hours, [], now, flows=flows(plan, zone_hours))
        put_status(db, store, "engine", {"devices": 37}, now)
        fill_decisions(db, store, now, rng)


def fill_decisions(db: Database, store: str, now: float, rng: np.random.Generator, n: int = 120) -> None:
    """Decisions of the last 50 minutes, one every 25 s, most of them refused."""
    reasons = ["ok"] * 5 + ["cap_visit"] * 6 + ["no_consent"] * 4 + ["lost_arbitration"] * 2 + ["budget"]
    with db.write() as session:
        for i in range(n):
            reason = str(rng.choice(reasons))
            session.add(
                DecisionTable(
                    decision_id=f"{store}-{i:04d}",
                    trigger_id=f"{i:016x}",
                    store=store,
                    campaign_id="croissants",
                    shopper_id="" if reason == "no_consent" else f"shopper-{i}",
                    visit_id=f"visit-{i}",
                    outcome="issue" if reason == "ok" else "refuse",
                    reason=reason,
                    at=now - 25.0 * i,
                    since=now - 25.0 * i - 8,
                    probability=0.8,
                    caused_by_t=now - 25.0 * i,
                    inputs=json.dumps(INPUTS),
                )
            )


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """A real web server in a thread; gives its address."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(60)


def main(folder: str, port: str) -> None:
    """Serves until it is killed."""
    db = open_database(new_sqlite(Path(folder) / "rayon.db"))
    plans = load_plans(FLOORPLANS)
    fill(db, plans, time.time(), busy_now(time.time()))
    app = create_app(Config(), db, SECRETS, plans)
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning")


if __name__ == "__main__":
    main(*sys.argv[1:])
