"""People who come along: beside their leader where there is room, behind where there is not, a moment later."""

from __future__ import annotations

import numpy as np

from engine.records import F64, Bools
from simulators.people.journeys import Journey, Stop
from simulators.people.people import Shopper
from simulators.people.walking.ways import Ways

LONGER = 1.3
"""A companion goes beside the leader only where that makes a stretch at most so many times as long."""

SIDLE_M = 0.5
"""Who takes a shorter step than this does not turn round for it."""


def follow(leader: Journey, shopper: Shopper, ways: Ways, rng: np.random.Generator) -> Journey:
    """The journey of somebody who goes with `leader`. No step of it leaves the free area."""
    lag_s = float(rng.uniform(0.2, 1.0))
    side_m = float(rng.uniform(0.4, 0.7) * rng.choice([-1.0, 1.0]))
    led = np.column_stack([leader.x_m, leader.y_m])
    beside = led + side_m * _normals(led)
    at = np.where(_beside_where_clear(leader, led, beside, ways)[:, None], beside, led)
    moved = np.diff(at, axis=0, append=at[-1:])
    walking = np.hypot(moved[:, 0], moved[:, 1]) > 1e-9
    heading = np.where(walking, np.arctan2(moved[:, 1], moved[:, 0]), np.array(leader.heading_rad))
    t_s = np.array(leader.t_s) + lag_s
    x_m, y_m = at[:, 0].tolist(), at[:, 1].tolist()
    out = Journey(shopper, t_s.tolist(), list(leader.level), x_m, y_m, heading.tolist())
    for stop in leader.stops:
        if stop.kind != "till":
            k = int(np.searchsorted(t_s, stop.since_s + lag_s - 1e-6))
            place = (out.level[k], out.x_m[k], out.y_m[k])
            out.stops.append(Stop(stop.kind, stop.ref, stop.since_s + lag_s, stop.until_s + lag_s, *place))
    return out


def _normals(led: F64) -> F64:
    """(k, 2): unit vectors to the left of the way that leads to each point."""
    step = np.diff(led, axis=0, prepend=led[:1])
    length = np.hypot(step[:, 0], step[:, 1])
    walked = np.flatnonzero(length > SIDLE_M)
    if not len(walked):
        return np.zeros_like(led)
    # points reached by standing or sidling, and the first one, take the direction of the walk before (or the first one)
    last = np.clip(np.searchsorted(walked, np.arange(len(led)), side="right") - 1, 0, None)
    unit = step[walked[last]] / length[walked[last], None]
    return np.column_stack([-unit[:, 1], unit[:, 0]])


def _beside_where_clear(leader: Journey, led: F64, beside: F64, ways: Ways) -> Bools:
    """(k,): at which points the companion can be beside the leader, so that every stretch in between is clear.

    The choice with the most points beside, by dynamic programming over the two states of each point.
    """
    level = np.array(leader.level, np.int32)
    flat, standing = level[1:] == level[:-1], np.hypot(*np.diff(led, axis=0).T) < 1e-9
    places = (led, beside)
    allowed = np.zeros((2, 2, len(led) - 1), np.bool_)
    allowed[0, 0] = True
    longest = LONGER * np.hypot(*np.diff(led, axis=0).T)
    for a, b in ((0, 1), (1, 0), (1, 1)):
        lines = np.stack([places[a][:-1], places[b][1:]], axis=1)
        walk = flat & ~standing & (np.hypot(*(lines[:, 1] - lines[:, 0]).T) <= longest)
        walk[walk] = ways.clear_lines(level[:-1][walk], lines[walk])
        allowed[a, b] = walk | (standing & flat & (a == b))
    return _most_beside(allowed)


def _most_beside(allowed: Bools) -> Bools:
    """The path through states 0 (as the leader) and 1 (beside) with the most of state 1, both ends in state 0."""
    k = allowed.shape[2] + 1
    best = np.full((k, 2), -np.inf)
    came = np.zeros((k, 2), np.int64)
    best[0, 0] = 0.0
    for i in range(k - 1):
        for b in (0, 1):
            scores = [best[i, a] if allowed[a, b, i] else -np.inf for a in (0, 1)]
            came[i + 1, b] = int(np.argmax(scores))
            best[i + 1, b] = max(scores) + b
    out = np.zeros(k, np.bool_)
    state = 0
    for i in range(k - 1, -1, -1):
        out[i] = state == 1
        state = int(came[i, state])
    return out
