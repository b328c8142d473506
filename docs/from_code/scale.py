"""What a site of many stores needs, reckoned from what parts of it were measured to cost. Pure: figures in and out.

Means and peaks only: no queue is modelled, which is why nothing is planned above `busy_at_most`. A table of
docs/operations/scale.md is made of it, so that the page says what the model says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from engine.yaml_files import read_yaml

MEASURED = Path(__file__).with_name("measured.yaml")
DAY_S, MONTH_DAYS, MIB, MB = 86_400.0, 30.4, 1024.0**2, 1e6
LEAST = 2
"""Of brokers and API processes: one may die."""


@dataclass(frozen=True, slots=True)
class Demand:
    """So many stores at their busiest: `phones` in each, heard by `heard_by` access points every `heard_every_s`.

    `people` come in a day, `agreed` of them to offers, who get `coupons` each and have a page open; a `rush` of the
    day's coupons falls into its busiest hour. `zones` are counted for `open_h` a day.
    """

    name: str
    stores: int
    phones: float = 60.0
    heard_every_s: float = 10.0
    heard_by: float = 5.0
    people: float = 900.0
    agreed: float = 0.05
    coupons: float = 1.0
    rush: float = 0.15
    zones: int = 12
    open_h: float = 13.0
    requests_per_coupon: float = 8.0


DEMANDS = (
    Demand("10 stores", 10),
    Demand("2,000 stores", 2_000),
    Demand("2,000 at Christmas", 2_000, phones=500.0, people=4_000.0),
    Demand("20,000 stores", 20_000),
)
PRICES = {"core": 18.0, "gib": 3.0, "disk_gb": 0.12}
"""Euros a month, of a middling European host: an assumption, to be put right by whoever plans."""
KEPT_MONTHS = {"visits": 13, "coupons": 13, "hours": 36}
"""For how many months rows are on the disk: `retention`, and three years of figures by the hour."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What it takes. `limits` are shares of what one of a kind carries that cannot be added to: 1 is the end of it."""

    demand: Demand
    updates_per_s: float
    messages_per_s: float
    network_mb_per_s: float
    brokers: int
    shards: int
    engine_cores: float
    engine_gib: float
    api_processes: int
    api_cores: float
    claims_per_s: float
    database_cores: float
    database_mb_per_s: float
    disk_gb: float
    cost_per_store: float
    limits: Mapping[str, float] = field(default_factory=dict)

    @property
    def next_limit(self) -> tuple[str, float]:
        """What ends first as it grows, and the share of it that is used."""
        return max(self.limits.items(), key=lambda named: named[1])


@cache
def measured() -> Mapping[str, float]:
    """The coefficients, by name."""
    return {name: float(row["value"]) for name, row in _rows().items()}


def work_out(of: Demand, costs: Mapping[str, float]) -> Needs:
    """What the stores need at their busiest, all at once."""
    spare = costs["busy_at_most"]
    updates = of.stores * of.phones / of.heard_every_s
    claims = of.stores * of.people * of.agreed * of.coupons * of.rush / 3_600.0
    pages = of.stores * of.phones * of.agreed
    requests = claims * of.requests_per_coupon

    claiming = claims * costs["claim_core_ms"] / 1_000.0
    engine_cores = (updates / costs["updates_per_core"] * (1 + costs["learning_share"]) + claiming) / spare
    shards = max(math.ceil(of.stores / costs["stores_per_shard"]), math.ceil(engine_cores))
    engine_gib = (of.stores * costs["mib_per_store"] + shards * costs["mib_per_process"]) / 1_024.0

    polling = 5.0 * costs["poll_core_ms"] / 1_000.0  # of one process, and as much of the database
    serving = requests * costs["request_core_ms"] / 1_000.0
    processes = max(LEAST, math.ceil(pages / (costs["pages_per_process"] * spare)), math.ceil(serving / spare))
    api_cores = (serving + processes * polling) / spare

    states = of.stores * of.phones * costs["state_bytes_per_phone"] / costs["state_every_s"]
    written = 2.0 * (states + claims * costs["bytes_per_coupon"])  # into the log and into the pages
    asked = processes * polling + claims * costs["claim_database_core_ms"] / 1_000.0 + requests * 1e-3
    database_cores = (asked + written / MB / 100.0) / spare  # a core for 100 MB/s: checksums and copies

    messages = float(of.stores)  # a source of each store speaks once a second, or oftener with less
    network = updates * of.heard_by * costs["bytes_per_reading"] * 2.0  # into the broker and out
    brokers = max(LEAST, math.ceil(2.0 * messages / (costs["messages_per_broker"] * spare)))
    disk = _disk_gb(of, costs)
    bought = engine_cores + api_cores + database_cores + brokers
    gib = engine_gib + processes * costs["mib_per_process"] / 1_024.0 + 4.0 * database_cores
    cost = bought * PRICES["core"] + gib * PRICES["gib"] + disk * PRICES["disk_gb"] * 2  # a replica has it again
    limits = {
        "PostgreSQL's writes": written / MB / costs["database_mb_per_s"],
        "the outbox's lock": claims * costs["claim_lock_ms"] / 1_000.0,
        "PostgreSQL's cores": database_cores / costs["database_cores"],
        "polls of the outbox": processes * polling / (costs["database_cores"] / 4.0),
    }
    if shards == 1:
        limits["the core of one process"] = engine_cores
    return Needs(
        of, updates, messages, network / MB, brokers, shards, engine_cores, engine_gib, processes, api_cores, claims,
        database_cores, written / MB, disk, cost / of.stores, limits,
    )  # fmt: skip


def _disk_gb(of: Demand, costs: Mapping[str, float]) -> float:
    month = of.stores * MONTH_DAYS
    agreed = month * of.people * of.agreed
    rows = {
        "visits": agreed * 4.0 * costs["bytes_per_visit"],  # zones that a visitor stays in
        "coupons": agreed * of.coupons * costs["bytes_per_coupon"],
        "hours": month * of.open_h * of.zones * costs["bytes_per_zone_hour"],
    }
    return sum(bytes_ * KEPT_MONTHS[name] for name, bytes_ in rows.items()) / 1e9


_LINES: tuple[tuple[str, Callable[[Needs], str]], ...] = (
    ("phones in the stores at once", lambda n: f"{n.demand.stores * n.demand.phones:,.0f}"),
    ("positions a second", lambda n: f"{n.updates_per_s:,.0f}"),
    ("through the brokers, in and out", lambda n: f"{n.network_mb_per_s:,.1f} MB/s"),
    ("brokers", lambda n: f"{n.brokers}"),
    ("shards", lambda n: f"{n.shards}"),
    ("cores for shards", lambda n: f"{n.engine_cores:,.1f}"),
    ("memory for shards", lambda n: f"{n.engine_gib:,.1f} GiB"),
    ("API processes", lambda n: f"{n.api_processes}"),
    ("cores for them", lambda n: f"{n.api_cores:,.1f}"),
    ("coupons a second", lambda n: f"{n.claims_per_s:,.2f}"),
    ("PostgreSQL: cores", lambda n: f"{n.database_cores:,.1f}"),
    ("PostgreSQL: written", lambda n: f"{n.database_mb_per_s:,.1f} MB/s"),
    ("PostgreSQL: disk", lambda n: f"{n.disk_gb:,.0f} GB"),
    ("euros a store and month", lambda n: f"{n.cost_per_store:,.2f}"),
    ("ends first", lambda n: f"{n.next_limit[0]}, at {n.next_limit[1]:.0%}"),
)


def scale_lines() -> tuple[tuple[str, ...], Iterator[tuple[str, ...]]]:
    """Header and lines of the table."""
    needs = [work_out(demand, measured()) for demand in DEMANDS]
    return ("", *(n.demand.name for n in needs)), ((name, *map(say, needs)) for name, say in _LINES)


def coefficient_lines() -> Iterator[tuple[str, str, str]]:
    """What it is reckoned with: name, figure, where it is from."""
    return ((f"`{name}`", f"{float(row['value']):g}", str(row["of"])) for name, row in _rows().items())


@cache
def _rows() -> Mapping[str, Mapping[str, Any]]:
    loaded = read_yaml(MEASURED)
    assert isinstance(loaded, dict)
    return loaded
