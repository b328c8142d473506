"""What the health page and the metrics know of a running engine: counts by reason, never who."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.storage.database import Database
from engine.storage.status import put_status

if TYPE_CHECKING:
    from engine.runtime.process import EngineProcess
    from engine.runtime.store_runner import StoreRunner

COMPONENT = "engine"
EVERY_STORE = "*"  # what belongs to no store: frames for stores without a floor plan, the broker, the database


def report(process: EngineProcess, db: Database, now: float) -> None:
    """Writes the status rows of all stores and of the process."""
    for store, runner in process.runners.items():
        put_status(db, store, COMPONENT, store_values(runner), now)
    put_status(db, EVERY_STORE, COMPONENT, process_values(process), now)


def store_values(runner: StoreRunner) -> dict[str, Any]:
    """The counts of one store."""
    engine = runner.engine
    return {
        "counts": dict(engine.counts),
        "refused": dict(runner.refused),
        "no_fix": dict(engine.locator.refused),
        "duplicates": engine.dedup.duplicates,
        "late": engine.order.late,
        "held": len(engine.order),
        "devices": len(engine.stays),
        "tracks": len(engine.locator),
        "linked": len(runner.deciding.links),
        "decisions": dict(runner.deciding.counts),
        "clock_offsets_s": engine.clocks.offsets(),
    }


def process_values(process: EngineProcess) -> dict[str, Any]:
    """The counts of the process: its broker, its queue, frames that no store can use."""
    state = process.subscriber.state
    return {
        "unusable": dict(process.unusable),
        "samples": process.samples.as_json(),
        "broker": {"state": state.name, "since": state.since, "reason": state.reason},
        "connections": process.subscriber.connections,
        "queued": len(process.subscriber),
        "overflowed": process.subscriber.overflowed,
        "events_dropped": process.subscriber.events_dropped,
        "database_away": process.patience.away,
    }
