"""What the health page and the metrics know of a running engine: counts by reason, never who."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from engine.ingest.mqtt.link import LinkName
from engine.ingest.mqtt.receiver import Subscriber
from engine.ingest.samples import FrameSamples, UnknownPoints
from engine.privacy.k_anonymity import whole_ks
from engine.runtime.store_runner import StoreRunner
from engine.storage.database import Database
from engine.storage.status import ENGINE, EVERY_STORE, put_statuses
from engine.vocabulary import FrameRefusal, RecordRefusal, StoreTrouble

PEOPLE = frozenset(
    {
        *("counts.visits", "counts.triggers"),
        *("devices", "tracks", "linked", "staff_by_behaviour"),
        "decisions",
        *("labels.used", "labels.kept", "labels.labelled_devices", "labels.left_devices"),
        "promises.*.labelled",
    }
)
"""By name, parts after a dot; of a mapping that is named whole, each of its numbers."""

OTHERS = frozenset(
    {
        "k",
        *("counts.readings", "counts.readings_used", "counts.ap_readings", "counts.fixes", "counts.radio_maps"),
        *("no_fix", "duplicates", "late", "not_played", "held", "held_back", "refused", "damaged"),  # readings, scans
        *("clock_offsets_s", "points", "troubles"),  # of sources
        *("contradicting_aps", "misplaced_aps", "interchanged_aps", "mute_aps", "stuck_aps", "range_units"),
        "heard_once_share",  # moves by k stays
        *("labels.refused", "labels.share", "labels.gain_m", "labels.lying_sources", "labels.moved_products"),
        *("labels.off_m", "labels.apart_m", "labels.by_places"),
        *("promises.*.asked", "promises.*.threshold", "promises.*.precision", "promises.*.precision_low"),
        *("promises.*.precision_high", "promises.*.recall", "promises.*.by_labels"),
    }
)
"""Of messages, access points and settings, and shares of many: told as they are."""

_OF_EACH = frozenset({"promises"})  # by campaign, whose names nobody can list


def report(
    db: Database,
    runners: Sequence[StoreRunner],
    now: float,
    process: Mapping[str, Any] | None = None,
    news: Collection[str] | None = None,
) -> set[str]:
    """Writes the status rows of stores and, given `process`, that of the engine that runs them, in one transaction. Of
    stores not in `news`, where that is given, it is said that what was said last still holds. Returns those of them of
    which somebody has forgotten it.

    Raises LeaseLost where another engine runs one of them and writes its own: nothing is then written.
    """
    said = {runner.plan.store: runner for runner in runners}
    values = {store: in_ks(runner.figures()) for store, runner in said.items() if news is None or store in news}
    same = said.keys() - values.keys()
    if process is not None:
        values[EVERY_STORE] = dict(process)
    return put_statuses(db, ENGINE, values, now, leases=[runner.lease for runner in runners], same=same)


def in_ks(figures: Mapping[str, Any]) -> dict[str, Any]:
    """A store's figures with all that counts people, or what they did, in steps of its `k`: whoever looks before and
    after learns of nobody alone. Counts of messages stay as they are; what nobody declared above is not told at all."""
    told: dict[str, Any] = _tell(figures, "", int(figures["k"]))
    return told


def _tell(value: Any, name: str, k: int) -> Any:
    if name in OTHERS:
        return value
    if name in PEOPLE:
        return {part: whole_ks(n, k) for part, n in value.items()} if isinstance(value, Mapping) else whole_ks(value, k)
    below = {part: f"{name}.{'*' if name in _OF_EACH else part}".lstrip(".") for part in value}
    return {part: _tell(value[part], path, k) for part, path in below.items() if _is_declared(path)}


def _is_declared(name: str) -> bool:
    return any(known == name or known.startswith(f"{name}.") for known in PEOPLE | OTHERS)


def process_values(
    subscriber: Subscriber,
    unusable: Mapping[FrameRefusal | RecordRefusal, int],
    samples: FrameSamples,
    unknown_points: UnknownPoints,
    sources: Mapping[str, Any],
    *,
    database_away: bool,
) -> dict[str, Any]:
    """The counts of the process: its broker, its queue, frames that no store can use."""
    state = subscriber.state
    away = state.name is not LinkName.CONNECTED
    return {
        "troubles": {StoreTrouble.BROKER_AWAY: int(away)},
        "unusable": dict(unusable),
        "samples": samples.as_json(),
        "unknown_aps": unknown_points.as_json(),
        "sources": dict(sources),
        "broker": {
            "state": state.name,
            "since": state.since,
            "reason": state.reason,
            "unsteady": subscriber.unsteady,
        },
        "connections": subscriber.connections,
        "queued": len(subscriber),
        "overflowed": subscriber.overflowed,
        "events_dropped": subscriber.events_dropped,
        "database_away": database_away,
    }
