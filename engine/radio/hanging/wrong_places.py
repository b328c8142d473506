"""Access points that do not hang where the plan says, by what access points hear of each other.

Of one, or of two that may be interchanged, the law is learnt from the pairs of the others that they hear
(`engine.radio.hanging.links`). It then foresees their own, y, as the plan has them and as they would be otherwise:

    odds(h) = prior(h) sum_s p(others | s) p(y | others, h, s) / sum_s p(others | s) p(y | others, told, s)

over spreads s of which nothing is known. "Elsewhere" is anywhere on the level, every place as likely, but not near what
the plan says. "As told" has it easy: it is the likeliest of hanging right there, of hanging near it, and of having
links that are odder than those of others.

By how they are made, the mean of odds over stores whose plans are right is their prior: 0.03 for any one elsewhere, and
0.03 for any two interchanged. So 19 to 1 against all that is told is reached in one of 316 such stores at most (by
Markov's inequality), whatever their radio, as far as the law holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
import shapely

from engine.plan.model import Plan
from engine.radio.hanging.links import (
    LinkFeatures,
    LinkLaw,
    Links,
    design,
    foresee,
    learn,
    links_of_plan,
    places_on,
    prior_law,
    told_places,
)
from engine.records import F64, I64, Bools, Hearings

SPREADS_DB = (1.5, 2.5, 4.0, 6.0, 9.0)  # of links around the law: open air to a store full of walls nobody drew
ODDER = 2.0  # times that, of one that hangs where it is told to, with steel beside it: as ODD_SHARE of them
ODD_SHARE = 0.1
ELSEWHERE_SHARE = INTERCHANGED_SHARE = 0.03  # of stores: one of theirs; two, as labels are mixed up
SURE = 0.95
NEAR_M = 5.0  # a smaller move costs little, and shadows look alike
PLACES = 100  # of a level, that are tried
LEAST_LINKS = 4  # of one: two for its place, one for its power, one to tell
MOST_LINKS = 16  # of one, the strongest: more take long and tell little
WORTH_NATS = 2.0  # by which each one of two, by itself, is better in the other's place, both together: else none asks
MOST_WRONG = 0.4  # of those heard: where more seem so nobody knows which are right


@dataclass(frozen=True, slots=True)
class WrongPlace:
    """Access point number `ap` does not hang where the plan says, with this `probability`: it is interchanged with
    `other`, or elsewhere where that is None, likeliest at (x_m, y_m)."""

    ap: int
    probability: float
    other: int | None
    x_m: float
    y_m: float


def find_wrong_places(plan: Plan, hearings: Hearings) -> list[WrongPlace]:
    """Those of which it is sure, in the order of the plan; none where that were more than MOST_WRONG of all. Pairs on
    different levels say nothing of it."""
    links = links_of_plan(plan, hearings)
    heard = len(np.unique(links.ends))
    if len(links) < LEAST_LINKS:
        return []
    store, used, out = _Store(plan, links), np.ones(len(links), np.bool_), list[WrongPlace]()
    while True:
        found = _surely_wrong(store, used)
        if not found:
            return sorted(out, key=lambda wrong: wrong.ap)
        out += found
        if len(out) > MOST_WRONG * heard:
            return []
        used &= ~links.of(tuple(wrong.ap for wrong in found))


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """Log odds that one access point is elsewhere, before its prior; by how much the place of each other one (A,) suits
    it better than its own, -inf on another level; and the likeliest place elsewhere."""

    nats: float
    gain: F64
    x_m: float
    y_m: float


@dataclass(frozen=True, slots=True)
class _Asked:
    """Links (n,) of the access points that are asked about, `aps` at any of their ends, and the laws that the links of
    the others teach, by SPREADS_DB."""

    asked: tuple[int, ...]
    links: Links
    aps: I64
    laws: tuple[LinkLaw, ...]

    def nats(self, features: F64, variance: F64) -> F64:
        """How likely the links are (k,), if they are of these features (k, n, 3) and variance (k, n)."""
        return self._sum(features, variance, 1.0)

    def told_nats(self, features: F64, variance: F64) -> float:
        """The same of the plan's places, (n, 3) and (n,), any of those asked about having links that are odd."""
        out = []
        for odd in product((False, True), repeat=len(self.asked)):
            which = [a for a, is_odd in zip(self.asked, odd, strict=True) if is_odd]
            times = np.where(np.isin(self.links.ends, which).any(axis=1), ODDER, 1.0)
            share = np.log([ODD_SHARE if is_odd else 1.0 - ODD_SHARE for is_odd in odd]).sum()
            out.append(share + self._sum(features[None], variance[None], times)[0])
        return float(np.logaddexp.reduce(out))

    def _sum(self, features: F64, variance: F64, times: F64 | float) -> F64:
        rows = design(features, self.links, self.aps)
        each = [
            law.nats + foresee(law, rows, self.links.rssi_dbm, (times * s) ** 2 + variance)
            for law, s in zip(self.laws, SPREADS_DB, strict=True)
        ]
        return np.asarray(np.logaddexp.reduce(each), dtype=np.float64)


class _Store:
    """The links of a plan, where it has their ends."""

    def __init__(self, plan: Plan, links: Links) -> None:
        self.plan, self.links = plan, links
        self._told, self._prior = told_places(plan), prior_law(plan)
        self._grids: dict[tuple[str, float], tuple[F64, F64, LinkFeatures]] = {}

    def ask(self, aps: tuple[int, ...], used: Bools) -> _Asked:
        """About these, by the links that are used (n,): each one's strongest."""
        own = used & self.links.of(aps)
        row = np.unique(np.concatenate([self._strongest(own & self.links.of((a,))) for a in aps]))
        hood = np.unique(self.links.ends[row])
        others = np.flatnonzero(used & ~own & np.isin(self.links.ends, hood).all(axis=1))
        rest, prior = self.links.take(others), self._prior.of(hood)
        features, variance = self.as_told(rest.ends)
        rows = design(features, rest, hood)
        laws = tuple(learn(prior, rows, rest.rssi_dbm, s**2 + variance) for s in SPREADS_DB)
        return _Asked(aps, self.links.take(row), hood, laws)

    def as_told(self, ends: I64) -> tuple[F64, F64]:
        """Features (..., 3) and variance (...,) between these access points (..., 2), where the plan has them."""
        i, j = ends[..., 0], ends[..., 1]
        return self._told.features[i, j], self._told.variance[i, j]

    def places_for(self, a: int) -> tuple[F64, F64, LinkFeatures]:
        """x, y (C,) all over the level of an access point, and what matters there at its height."""
        ap = self.plan.access_points[a]
        key = (ap.level, ap.z_m)
        if key not in self._grids:
            number = self.plan.level_index[ap.level]
            x, y = _grid(self.plan.levels[number].polygon)
            self._grids[key] = x, y, places_on(self.plan, number, x, y, ap.z_m)
        return self._grids[key]

    def _strongest(self, rows: Bools) -> I64:
        at = np.flatnonzero(rows)
        return at[np.argsort(-self.links.rssi_dbm[at], kind="stable")[:MOST_LINKS]]


def _grid(polygon: shapely.Polygon) -> tuple[F64, F64]:
    x0, y0, x1, y1 = polygon.bounds
    step = max(1.0, float(np.sqrt(polygon.area / PLACES)))
    x, y = (v.ravel() for v in np.meshgrid(np.arange(x0 + step / 2, x1, step), np.arange(y0 + step / 2, y1, step)))
    inside = shapely.contains_xy(polygon, x, y)
    return x[inside], y[inside]


def _surely_wrong(store: _Store, used: Bools) -> list[WrongPlace]:
    """Those of this round: what is left may be sure once their links are gone."""
    many = np.bincount(store.links.ends[used].ravel(), minlength=len(store.plan.access_points))
    alone = {a: _weigh_elsewhere(store, a, used) for a in np.flatnonzero(many >= LEAST_LINKS).tolist()}
    n_pairs = max(len(alone) * (len(alone) - 1) / 2, 1.0)
    pairs = {p: _weigh_interchange(store, p, used) - np.log(n_pairs) for p in _worth_asking(alone)}
    each = np.log(ELSEWHERE_SHARE / max(len(alone), 1))
    odds: dict[tuple[int, ...], float] = {(a,): found.nats + each for a, found in alone.items()}
    odds |= {p: nats + np.log(INTERCHANGED_SHARE) for p, nats in pairs.items()}
    if not odds:
        return []
    whole = np.logaddexp.reduce([0.0, *odds.values()])
    likely = {which: float(np.exp(nats - whole)) for which, nats in odds.items()}
    out = []
    for a, found in alone.items():
        mine = {which: p for which, p in likely.items() if a in which}
        best = max(mine, key=lambda which: mine[which])
        wrong = sum(mine.values())
        if wrong >= SURE:
            other = next((b for b in best if b != a), None) if mine[best] >= SURE * wrong else None
            out.append(WrongPlace(a, wrong, other, found.x_m, found.y_m))
    return out


def _worth_asking(alone: dict[int, _Elsewhere]) -> Iterator[tuple[int, int]]:
    """Pairs whose places would suit each other."""
    return ((a, b) for a, b in combinations(alone, 2) if alone[a].gain[b] + alone[b].gain[a] > WORTH_NATS)


def _weigh_elsewhere(store: _Store, a: int, used: Bools) -> _Elsewhere:
    asked = store.ask((a,), used)
    ends = asked.links.ends
    other = np.where(ends[:, 0] == a, ends[:, 1], ends[:, 0])
    told = asked.told_nats(*store.as_told(ends))
    x, y, places = store.places_for(a)
    nats = asked.nats(places.features[other].swapaxes(0, 1), places.variance[other].T)
    near = np.hypot(x - store.plan.access_points[a].x_m, y - store.plan.access_points[a].y_m) < NEAR_M
    gain = _suit_places_of_others(store, asked, a, other)
    if near.all():
        return _Elsewhere(-np.inf, gain, 0.0, 0.0)
    as_told = max(told, _mean(nats[near])) if near.any() else told
    best = int(np.flatnonzero(~near)[nats[~near].argmax()])
    return _Elsewhere(_mean(nats[~near]) - as_told, gain, float(x[best]), float(y[best]))


def _suit_places_of_others(store: _Store, asked: _Asked, a: int, other: I64) -> F64:
    """`_Elsewhere.gain` of access point `a`, whose links lead to each `other` (n,)."""
    level = [ap.level for ap in store.plan.access_points]
    there = np.flatnonzero([one == level[a] for one in level])
    # in the place of b, as far from b as ever: b would hang in its own
    ends = np.where(other == there[:, None], a, there[:, None]), np.broadcast_to(other, (len(there), len(other)))
    nats = asked.nats(*store.as_told(np.stack(ends, axis=-1)))
    out = np.full(len(level), -np.inf)
    out[there] = nats - nats[there == a]
    return out


def _weigh_interchange(store: _Store, pair: tuple[int, int], used: Bools) -> float:
    """Log odds that the two hang in each other's places, before any prior."""
    a, b = pair
    asked = store.ask(pair, used)
    ends = asked.links.ends
    features, variance = store.as_told(np.where(ends == a, b, np.where(ends == b, a, ends)))
    return float(asked.nats(features[None], variance[None])[0]) - asked.told_nats(*store.as_told(ends))


def _mean(nats: F64) -> float:
    """Log of the mean."""
    return float(np.logaddexp.reduce(nats) - np.log(len(nats)))
