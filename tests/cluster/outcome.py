"""What a run left in the database, in terms that do not depend on the run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from engine.storage.database import Database
from engine.storage.figures.heatsums import heat_rows
from engine.storage.presence.heatmaps import zone_flows, zone_hours
from engine.storage.status import get_status

BITS = {"probability": 4, "gain_minor": 1}
"""Digits that do not depend on how many readings were worked out at once. A float's last bits do: numpy gives one row
to another routine of BLAS than several (gemv, not gemm), and BLAS itself takes another from about a million products
on; each adds in another order. Of the boutique in cells of 2 m, posteriors of phones located alone differ by up to 2e-6
from those of nine located at once; of four and five at once they are the same to the bit."""
WHEN = {"at", "issued_at", "expires_at"}
"""Columns that say when it was decided, by our own clock: that alone may differ."""


class Outcome:
    """Totals of stores, and every decision and voucher. `who` are MACs by shopper's id."""

    def __init__(self, db: Database, stores: Sequence[str], who: Mapping[str, str]) -> None:
        self.decisions = _rows(db, "SELECT * FROM decision", who)
        self.vouchers = _rows(db, "SELECT campaign_id, shopper_id, store, visit_id, decision_id FROM voucher", who)
        self.visits = _rows(db, "SELECT shopper_id, store, zone, store_visit_id, started_at, dwell_s FROM visit", who)
        self.zone_visits, self.flows, self.person_s = Counter[Any](), Counter[Any](), 0.0
        self.heat_fixes = 0.0
        for store in stores:
            for hour in zone_hours(db, store, from_t=0.0, to_t=4e9):
                self.zone_visits[store, hour.hour_start, hour.zone] = hour.visits
                self.person_s += hour.person_s
            for flow in zone_flows(db, store, from_t=0.0, to_t=4e9):
                self.flows[store, flow.hour_start, flow.from_zone, flow.to_zone] = flow.count
            self.heat_fixes += sum(row.fixes for row in heat_rows(db, store, from_t=0.0, to_t=4e9))

    @property
    def totals(self) -> dict[str, int]:
        """For people."""
        return {
            "decisions": sum(self.decisions.values()),
            "vouchers": sum(self.vouchers.values()),
            "visits": sum(self.visits.values()),
            "zone_visits": sum(self.zone_visits.values()),
            "flows": sum(self.flows.values()),
        }


def counts(db: Database) -> Counter[str]:
    """What the engines of all stores counted: readings, fixes, visits, and readings that came too late."""
    total: Counter[str] = Counter()
    for status in get_status(db):
        if status.component == "engine" and status.store != "*":
            total.update({what: int(n) for what, n in status.values.get("counts", {}).items()})
            total["late"] += int(status.values["late"])
    return total


def _rows(db: Database, query: str, who: Mapping[str, str]) -> Counter[tuple[Any, ...]]:
    with db.read() as session:
        found = session.connection().execute(text(query)).mappings().all()
    return Counter(
        tuple(
            (name, who.get(str(value), value) if name == "shopper_id" else _digits(name, value))
            for name, value in row.items()
            if name not in WHEN
        )
        for row in found
    )


def _digits(name: str, value: Any) -> Any:
    if name == "inputs":
        return json.dumps({what: _digits(what, said) for what, said in json.loads(value).items()}, sort_keys=True)
    return round(float(value), BITS[name]) if name in BITS else value
