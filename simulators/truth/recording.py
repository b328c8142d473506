"""A scenario written down as tables: readings and the truth behind them; the same seed gives the same bytes."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import OperatorError, Problem
from engine.files.experiments import write_potential
from engine.files.flows import write_flows
from engine.files.labels import write_labels, write_receipts
from engine.files.outcomes import write_coupons, write_hours
from engine.files.write import whole_file
from engine.offers.campaigns import Campaign
from engine.presence.flows import FlowRow
from simulators.truth.coupons import coupons
from simulators.truth.flows import zone_flows
from simulators.truth.hours import zone_hours
from simulators.truth.labels import receipts, shelf_scans
from simulators.truth.potential import potential_outcomes
from simulators.truth.readings_file import UNFINISHED, finish, write_world_readings
from simulators.truth.table_bytes import fixed_cells, name_cells, table_bytes
from simulators.truth.truth import Episode, Positions, consents, near_products, positions, session_events, zone_visits
from simulators.world import World

Rows = list[tuple[Any, ...]]


def record(
    world: World,
    folder: Path,
    on_tick: Callable[[], None] = lambda: None,
    campaigns: Sequence[Campaign] = (),
    write_beside: Callable[[], Mapping[str, int]] = lambda: {},
) -> dict[str, int]:
    """Writes all tables into `folder`, made where it is missing, and what `write_beside` does; returns rows by table.

    `on_tick` is called after each tick, for a progress bar. Raises OperatorError when something cannot be written. A
    recording that was cut off is marked by UNFINISHED, and goes on where it was when the same world is recorded into
    the same folder again.

    * `readings.csv`, `truth.csv` (each second, of every device that is heard): as the engine's offline tables;
    * `shoppers.csv`: everybody, heard or not; `visits.csv`: stays in zones; `near.csv`: time near products;
      `stops.csv`: stays at products and tills on purpose; `purchases.csv`; `sessions.csv`;
    * `hours.csv`: zones by hour as the phones that are heard would tell, `hours_everybody.csv`: as they are;
      `flows.csv` and `flows_everybody.csv`: likewise, transitions between zones by hour;
      `coupons.csv`: which of `campaigns` should fire for whom and when;
    * `labels.csv` and `receipts.csv`: what the shop tells of where people were, with the planogram's mistakes;
    * `potential_outcomes.csv`: of each consenting shopper and running campaign, whether its product is bought on this
      visit without the coupon and with it, what the basket comes to and what margin is left
      (`simulators.truth.potential`).
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, "(folder)", error) from error
    with _told_where_unfinished(folder):
        counts = {**_write_tables(world, folder, on_tick, campaigns), **write_beside()}
        finish(folder)
    return counts


@contextmanager
def _told_where_unfinished(folder: Path) -> Iterator[None]:
    try:
        yield
    except OperatorError as error:
        if not (folder / UNFINISHED).is_file():
            raise
        left = f"{folder} holds an unfinished recording, marked by {UNFINISHED}: the same command goes on with it"
        raise OperatorError(error.problems, left) from error


def _write_tables(
    world: World, folder: Path, on_tick: Callable[[], None], campaigns: Sequence[Campaign]
) -> dict[str, int]:
    start_t = world.scenario.starts_at.timestamp()
    try:
        readings = write_world_readings(world, folder, start_t, on_tick)
    except OSError as error:
        raise _unwritable(folder / "readings.csv", "(whole file)", error) from error
    at = positions(world)
    counts = {"readings": readings, "truth": _write_truth(folder / "truth.csv", world, at, start_t)}
    visits = zone_visits(world, at)
    for name, header, rows in _tables(world, at, visits, start_t):
        write_rows(folder / f"{name}.csv", header, rows)
        counts[name] = len(rows)
    counts |= _write_told(world, folder, start_t)
    return counts | _comparable(world, at, visits, campaigns, folder)


def _write_told(world: World, folder: Path, start_t: float) -> dict[str, int]:
    """What the shop tells of where people were."""
    scans, bought = shelf_scans(world), receipts(world)
    write_labels(folder / "labels.csv", [(start_t + t, device, kind, sku) for t, device, kind, sku in scans])
    write_receipts(folder / "receipts.csv", [(start_t + t, device, sku) for t, device, sku in bought])
    return {"labels": len(scans), "receipts": len(bought)}


def _comparable(
    world: World, at: Positions, visits: list[Episode], campaigns: Sequence[Campaign], folder: Path
) -> dict[str, int]:
    """The tables that an engine's are compared with, in the engine's own columns."""
    everybody = np.ones(len(world.journeys), np.bool_)
    heard, whole = (zone_hours(world, at, visits, who) for who in (world.phones.connected, everybody))
    due = coupons(world, at, campaigns)
    write_hours(folder / "hours.csv", heard)
    write_hours(folder / "hours_everybody.csv", whole)
    flows = {"flows": world.phones.connected, "flows_everybody": everybody}
    moved = {name: zone_flows(world, visits, who) for name, who in flows.items()}
    for name, rows in moved.items():
        write_flows(folder / f"{name}.csv", (FlowRow(*row) for row in rows))
    write_coupons(folder / "coupons.csv", due)
    fates = potential_outcomes(world, campaigns)
    write_potential(folder / "potential_outcomes.csv", fates)
    counts = {"hours": len(heard), "hours_everybody": len(whole), "coupons": len(due), "potential_outcomes": len(fates)}
    return counts | {name: len(rows) for name, rows in moved.items()}


def _write_truth(path: Path, world: World, at: Positions, start_t: float) -> int:
    """Places of connected phones only: a locator owes no fix to who is never heard. Returns how many."""
    rows = np.flatnonzero(world.phones.connected[at.shopper]) if len(at.shopper) else np.empty(0, np.int64)
    shopper, level = at.shopper[rows], at.level[rows]
    columns = [
        fixed_cells(start_t + at.t_s[rows], 3),
        name_cells(world.device_names(), shopper),
        name_cells([lv.id for lv in world.plan.levels], level),
        fixed_cells(at.x_m[rows], 3),
        fixed_cells(at.y_m[rows], 3),
    ]
    with whole_file(path) as draft, draft.open("wb") as stream:
        stream.write(b"t,device,level,x_m,y_m\n")
        stream.writelines(table_bytes(columns))
    return len(rows)


def write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A CSV file with the same bytes everywhere. Raises OperatorError when it cannot be written."""
    with whole_file(path) as draft, draft.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _tables(
    world: World, at: Positions, visits: list[Episode], start_t: float
) -> list[tuple[str, tuple[str, ...], Rows]]:
    names, ssid = world.device_names(), world.scenario.phones.ssid
    bought = ("t", "device", "till", "sku", "quantity", "unit_price_minor", "currency")

    def rows_of(episodes: list[Episode]) -> Rows:
        return [(names[e.shopper], e.place, _t(start_t, e.since_s), _t(start_t, e.until_s)) for e in episodes]

    agrees = consents(world)
    sessions: Rows = [
        (_t(start_t, t_s), names[i], event, ssid, int(agrees[i])) for t_s, i, event in session_events(world)
    ]
    return [
        (
            "shoppers",
            ("device", "connected", "entered_at", "left_at", "list", "kind", "party"),
            _shoppers(world, start_t),
        ),
        ("visits", ("device", "zone", "entered_at", "left_at"), rows_of(visits)),
        ("near", ("device", "sku", "since", "until"), rows_of(near_products(world, at))),
        ("stops", ("device", "kind", "ref", "since", "until", "level", "x_m", "y_m"), _stops(world, start_t)),
        ("purchases", bought, _list_purchases(world, start_t)),
        ("sessions", ("t", "device", "event", "ssid", "consent"), sessions),
    ]


def _shoppers(world: World, start_t: float) -> Rows:
    """Everybody who came before the end; `left_at` may lie after it."""
    return [
        (
            j.shopper.name,
            int(on),
            _t(start_t, j.start_s),
            _t(start_t, j.end_s),
            " ".join(j.shopper.skus),
            j.shopper.kind,
            j.shopper.party,
        )
        for j, on in zip(world.journeys, world.phones.connected, strict=True)
        if j.start_s < world.run_s
    ]


def _stops(world: World, start_t: float) -> Rows:
    """Stays at products and tills that began before the end; `until` may lie after it."""
    rows: Rows = []
    ids = [lv.id for lv in world.plan.levels]
    for journey in world.journeys:
        for s in journey.stops:
            if s.since_s < world.run_s:
                since, until = _t(start_t, s.since_s), _t(start_t, s.until_s)
                place = (ids[s.level], f"{s.x_m:.3f}", f"{s.y_m:.3f}")
                rows.append((journey.shopper.name, s.kind, s.ref, since, until, *place))
    return rows


def _list_purchases(world: World, start_t: float) -> Rows:
    bought = [(p.t_s, j.shopper.name, p) for j in world.journeys for p in j.purchases if p.t_s < world.run_s]
    return [
        (_t(start_t, t_s), name, p.till, p.product.sku, 1, p.product.price_minor, world.plan.currency)
        for t_s, name, p in sorted(bought, key=lambda b: (b[0], b[1], b[2].product.sku))
    ]


def _t(start_t: float, t_s: float) -> str:
    return f"{start_t + t_s:.3f}"


def _unwritable(path: Path, place: str, error: OSError) -> OperatorError:
    return OperatorError([Problem(str(path), place, error.strerror or str(error), "give a place to write")])
