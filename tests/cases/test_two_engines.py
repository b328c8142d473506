"""two-engines: two engines on one database doubled the heat and issued 23 vouchers where the caps allowed 12.

Input: several engines on one database, killed, frozen, woken and stopped in turn while readings come in.
Right: one works at a time; vouchers, visits, flows and heat are those of one engine that nothing happened to.
"""

from __future__ import annotations

import json
import random
import urllib.error
from pathlib import Path

import pytest

from engine.plan.model import Plan
from engine.storage.database import Database, open_database
from engine.storage.leases import read_leases
from tests.brokers import Mosquitto
from tests.databases import new_sqlite
from tests.engine.runtime.made import FLOORPLANS, boutique, frames, payload, stands
from tests.engine.runtime.shifts import LEASE_S, STORE, Outcome, Shift, sign_everyone_in
from tests.engine.runtime.wire import Wire
from tests.sites import Site, until

ORIGIN = 1_800_000_000.0
TAKEOVERS = 20
EVERY_S = 0.5
SILENT_EVERY_S = 1.5  # once nothing is published: less than a lease, which nobody may take over for that
PHONES = 8
RUN_S = 120.0
AFTER_S = 150.0  # silence that is believed, the visits that end by it, the figures that are let out after them
EVENTS = ("killed", "frozen", "stopped")


class Floor:
    """Readings of a busy boutique, published on a wire that any number of engines listen to."""

    def __init__(self, db: Database, folder: Path, plan: Plan) -> None:
        self.db, self.folder, self.plan = db, folder, plan
        self.wire = Wire()
        self.wire.now = ORIGIN
        self.engines: list[Shift] = []
        standing = stands(plan, PHONES, RUN_S)
        self.macs = sorted({s.mac for s in standing})
        self.shoppers = sign_everyone_in(db, self.macs, plan, ORIGIN)
        self._frames = iter(list(frames(plan, standing, RUN_S, EVERY_S)))

    def hire(self) -> Shift:
        """One more engine."""
        self.engines.append(Shift(self.db, self.plan, self.folder, self.wire))
        return self.engines[-1]

    def pass_time(self, by_s: float = EVERY_S) -> bool:
        """Half a second: its frames, and what every engine that lives makes of them. False when all was published."""
        self.wire.now += by_s
        sent, readings = next(self._frames, (0.0, None))
        if readings is not None:
            self.wire.publish(f"rayon/{STORE}/readings/c1", payload(sent, readings, ORIGIN))
        for engine in self.engines:
            engine.live()
        return readings is not None

    def finish(self) -> Outcome:
        """Everybody has left; the statistics are written."""
        for _ in range(int(AFTER_S / SILENT_EVERY_S)):
            self.pass_time(SILENT_EVERY_S)
        for engine in self.engines:
            engine.stop()
        return Outcome(self.db, self.shoppers)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """What one engine makes of it."""
    folder = tmp_path_factory.mktemp("alone")
    db = open_database(new_sqlite(folder / "rayon.db"))
    try:
        floor = Floor(db, folder, boutique())
        floor.hire()
        while floor.pass_time():
            pass
        return floor.finish()
    finally:
        db.close()


def test_twenty_takeovers_under_load_leave_what_one_engine_leaves(db: Database, tmp_path: Path, alone: Outcome) -> None:
    floor, chance = Floor(db, tmp_path, boutique()), random.Random(4)
    floor.hire()
    asleep: list[tuple[float, Shift]] = []
    done = 0
    trouble_at = ORIGIN + 3.0
    floor.hire()
    while floor.pass_time():
        for wakes_at, engine in [(t, e) for t, e in asleep if t <= floor.wire.now]:
            asleep.remove((wakes_at, engine))
            engine.process.turn()  # it knows nothing yet: what it writes is refused
            floor.engines.append(engine)
        working = [engine for engine in floor.engines if engine.works]
        assert len(working) <= 1, "an engine that lives knows who runs the store"
        if working and done < TAKEOVERS and floor.wire.now >= trouble_at:
            done += 1
            floor.engines.remove(working[0])
            event = EVENTS[done % 3]
            if event == "frozen":
                asleep.append((floor.wire.now + chance.uniform(1.0, 2.0) + 1.5 * LEASE_S, working[0]))
            elif event == "stopped":
                working[0].stop()
                floor.hire()
            else:
                floor.hire()
            trouble_at = floor.wire.now + 2 * LEASE_S + chance.uniform(0.0, 1.0)
    shared = floor.finish()
    assert done == TAKEOVERS
    assert read_leases(db)[STORE].epoch >= TAKEOVERS
    assert sum(alone.vouchers.values()) >= PHONES
    assert shared.vouchers == alone.vouchers
    assert shared.visits == alone.visits
    assert shared.zone_visits == alone.zone_visits
    assert shared.flows == alone.flows
    # A checkpoint rounds the tracks: where it comes at another time, a stay may begin a fix sooner or later.
    assert shared.dwell_s == pytest.approx(alone.dwell_s, rel=0.03)
    assert alone.fixes > 100
    assert shared.fixes == pytest.approx(alone.fixes, rel=0.02)
    assert shared.person_s == pytest.approx(alone.person_s, rel=0.02)


@pytest.mark.e2e
def test_of_two_servers_one_works_and_the_other_says_who_does_and_takes_over(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    storage = {"storage": {"lease_s": 15.0}}  # a busy machine may keep a process from renewing for some seconds
    first = Site(tmp_path, mosquitto.port, FLOORPLANS, [STORE], **storage)
    second = Site(tmp_path / "second", mosquitto.port, FLOORPLANS, [STORE], **storage)
    second.config.write_text(first.config.read_text().replace(str(first.api_port), str(second.api_port)))
    try:
        first.start("serve")
        first.wait_ready()
        first.wait_connected()
        second.start("serve")
        second.wait_ready()
        until(lambda: any(r.startswith(f"store {STORE} is run by ") for r in readiness(second)), 60)
        until(lambda: not readiness(first), 60)
        until(lambda: "not ready: store" in second.log, 60)
        first.kill()
        until(lambda: not readiness(second), 60, lambda: second.log)
        assert f"{STORE}: taken over from" in second.log
        assert second.log.count("not ready: store") == 1
    finally:
        first.stop()
        second.stop()


def readiness(site: Site) -> list[str]:
    """Why the site is not ready; empty where it is."""
    try:
        return list(site.get("/health/ready")["reasons"])
    except urllib.error.HTTPError as error:
        return list(json.loads(error.read())["reasons"])
