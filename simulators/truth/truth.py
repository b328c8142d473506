"""What really happened: places, visits to zones, time spent near products, sessions. `recording` writes it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from engine.records import F64, I32, Bools
from engine.vocabulary import SessionChange
from simulators.people.phones import session_times
from simulators.world import World

TRUTH_STEP_S = 1.0
CONSENT_STREAM = 0xC0


@dataclass(frozen=True, slots=True)
class Positions:
    """True places at a fixed step, each (n,), by shopper then time; `level` indexes the plan's levels."""

    t_s: F64
    shopper: I32
    level: I32
    x_m: F64
    y_m: F64


@dataclass(frozen=True, slots=True, order=True)
class Episode:
    """One shopper's unbroken time at a place (a zone's id or a product's sku), first and last second of it."""

    shopper: int
    place: str
    since_s: float
    until_s: float


def positions(world: World, step_s: float = TRUTH_STEP_S) -> Positions:
    """Everybody's place at each multiple of `step_s` while inside, to the run's end."""
    times, who = [np.empty(0)], [np.empty(0, np.int32)]
    for i, journey in enumerate(world.journeys):
        end_s = min(journey.end_s, world.run_s)
        t = np.arange(np.ceil(journey.start_s / step_s), np.floor(end_s / step_s) + 1) * step_s
        times.append(t)
        who.append(np.full(len(t), i, np.int32))
    t_s, shopper = np.concatenate(times), np.concatenate(who)
    at = world.crowd.at(shopper, t_s)
    return Positions(t_s, shopper, at.level, at.x_m, at.y_m)


def zone_visits(world: World, at: Positions) -> list[Episode]:
    """Stays within each zone, its border included."""
    out: list[Episode] = []
    for zone in world.plan.zones:
        shapely.prepare(zone.polygon)  # asked about every place, here and by the tables that come after
        inside = shapely.intersects_xy(zone.polygon, at.x_m, at.y_m)
        out += episodes_at(at, zone.id, np.flatnonzero(inside & (at.level == world.plan.level_index[zone.level])))
    return sorted(out)


def near_products(world: World, at: Positions) -> list[Episode]:
    """Time within `near_radius_m` of each product's place, with no shelf or wall in between; passing by counts too."""
    out: list[Episode] = []
    radius_m, ways = world.scenario.truth.near_radius_m, world.store.ways
    for product in world.plan.products:
        spot = ways.spot(f"product {product.sku}")
        close = np.hypot(at.x_m - spot.x_m, at.y_m - spot.y_m) <= radius_m
        rows = np.flatnonzero(close & (at.level == spot.level))
        out += episodes_at(at, product.sku, rows[ways.clear_from(spot, at.x_m[rows], at.y_m[rows])])
    return sorted(out)


def session_events(world: World) -> list[tuple[float, int, SessionChange]]:
    """(time, shopper, what it did with the network) of connected phones within the run, by time, drop-outs included."""
    idle_s, out = world.scenario.phones.idle_timeout_s, []
    for i in np.flatnonzero(world.phones.connected).tolist():
        journey = world.journeys[i]
        for t_s, event in session_times(journey.start_s, journey.end_s, world.silences[i], idle_s):
            out.append((t_s, i, event))
    return sorted(e for e in out if e[0] < world.run_s)


def consents(world: World) -> Bools:
    """(shoppers,) who signs in and agrees to offers, of connected phones; a shopper to order always does.

    Drawn from a stream of its own: asking changes nobody's way. Live phones draw anew when they meet the page.
    """
    phones = world.scenario.phones
    draw = np.random.default_rng([world.scenario.seed, CONSENT_STREAM]).random(len(world.shoppers))
    agrees = draw < phones.sign_in_share * phones.consent_share
    agrees |= np.array([s.script is not None for s in world.shoppers], np.bool_)
    return np.asarray(agrees & world.phones.connected, np.bool_)


def episodes_at(at: Positions, place: str, rows: npt.NDArray[np.integer]) -> list[Episode]:
    """Unbroken times at `place`: runs of neighbouring `rows` (ascending, of `at`) of one shopper, in their order."""
    if not len(rows):
        return []
    same = (np.diff(rows) == 1) & (np.diff(at.shopper[rows]) == 0)
    first = np.concatenate([[0], np.flatnonzero(~same) + 1])
    last = np.concatenate([first[1:] - 1, [len(rows) - 1]])
    who, since_s, until_s = at.shopper[rows[first]], at.t_s[rows[first]], at.t_s[rows[last]]
    return [Episode(i, place, a, b) for i, a, b in zip(who.tolist(), since_s.tolist(), until_s.tolist(), strict=True)]
