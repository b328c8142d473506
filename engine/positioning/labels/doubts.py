"""What labels that are wrong look like: one that belongs somewhere else, a stream that lies, a product that the
planogram has elsewhere.

Everything is asked of where the devices seemed to be when they were labelled: a label is right
with a probability, as in a mixture of places around the label and anywhere on the floor. A stream whose labels lie no
nearer to their devices than to those of each other's contradicts the map where odds say that, too (`shares`): in a
small store nothing lies much nearer. What contradicts it is left aside whatever its labels agree upon among themselves:
a mirrored planogram agrees with itself. So does one that is off by one vector, and there the map may be what is off, by
a metre or two: the plan's access points must say so as well, beyond what they differ by, or the vector must be longer
than most labels, all over the floor, lie from it. Of a shorter vector nobody can say whose it is (`find_unsure`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from engine.plan.model import Plan
from engine.positioning.labels.places import KINDS, UNTIMED, Taught
from engine.positioning.labels.shares import evidence_of
from engine.radio.frames.frame import ASKEW, MIRRORS, SHIFTED, STRETCHED, SWAPPED, SWAPPED_TURNED, TURNED
from engine.radio.frames.heard import HeardRows, rows_of
from engine.radio.frames.told import Sureness, likely_shift, other_frame
from engine.records import F64, I32, I64, Bools

WRONG = 0.05  # of a planogram's places
TRACK_M = 1.5  # per axis: what errors of a place add to a fix's own sigma
LEAST_TIMED = 20  # labels of a stream that can be judged
CHANCE = 0.6  # of what chance gives: what lies no nearer says nothing of places
BETTER = 0.7  # of the distance as given: so much nearer is another reading of the plan
LEAST_DEVICES = 3  # that must say a product is elsewhere
SURE = 3.5  # standard errors
LEAST_MOVE_M = 4.5  # nearer, it may be the map that is off there
LEAST_AT_ONE = 3  # other products that a device named in the same place, and most of those it named
LOCAL_M = 5.0  # around a product, within which labels share the map's error

CHANCE_SAYS = "no nearer than by chance"
LIES = (*MIRRORS, SWAPPED, TURNED, SWAPPED_TURNED, ASKEW, STRETCHED, SHIFTED, CHANCE_SAYS)
LEAST_SHIFT_M = 2.5  # common to a stream: less may be the map's, and costs no more than labels are worth
ALL_OFF = 0.8  # of how far labels lie from their common vector, for tracks alone to tell it; maps of nine measured
# sites are off by 0.66 of it at most over two routes, and by 1.8 on one
ALL_OFF_M = 1.5  # and in all; those sites' maps come to 1.5 m, and to 3.7 on one route
ALL_OFF_BY_POINTS = 0.3  # of it, along it, is what access points have to say, however unsure: not that places are right
UNSURE_M = 0.5  # a common vector that is shorter moves nobody by what could be told
SURELY_NOT_MAP, SURELY_NOT_MAP_M = 0.65, 1.2  # of how far labels lie from it, and in all: maps learnt from a crowd were
# off by 0.58 of it at most where they were off by 0.8 m, and by 1.1 m at 0.45, on nine days of two drawn shops
LEAST_SPREAD = 8  # squares of SQUARE_M with labels
LEAST_OFF = 40  # labels, to say that all are off
SQUARE_M = 5.0
BESIDE_TRACKS = Sureness(0.95, 2.0, 0.0, 0.0, 0.0)  # what is asked of access points where tracks say the same
_UNTIMED = [KINDS.index(kind) for kind in UNTIMED]


@dataclass(frozen=True, slots=True)
class MovedProduct:
    """Product number `product` seems to stand at (x_m, y_m), `moved_m` from its place in the plan; so `devices` say."""

    product: int
    level: int
    x_m: float
    y_m: float
    moved_m: float
    devices: int


def are_timed(kind: I32) -> Bools:
    """(n,) which labels have a time of their own."""
    return ~np.isin(kind, _UNTIMED)


def weigh(taught: Taught, floor_m2: float) -> F64:
    """(n,) how likely each label is right, 0 to 1, by where its device seemed to be; its own weight included."""
    variance = _variance(taught)
    here = (1.0 - WRONG) * np.exp(-(taught.off_m**2) / (2 * variance)) / (2 * np.pi * variance)
    return np.asarray(taught.weight * here / (here + WRONG / floor_m2), np.float64)


def _variance(taught: Taught) -> F64:
    """(n,) m² on each axis, of where a device seems to be around its label's place."""
    return np.asarray(taught.fix_sigma_m**2 / 2 + taught.place_sigma_m**2 / 2 + TRACK_M**2, np.float64)


def lying(taught: Taught) -> dict[int, str]:
    """Streams, by their number, whose labels are of a plan drawn from another side: of which."""
    return {source: what for source, own in _streams(taught) if (what := _mirror(own))}


def no_nearer(taught: Taught, floor_m2: float) -> dict[int, F64]:
    """Streams, by their number, whose labels lie no nearer to their devices than by chance: what these say of the share
    of them that is of its place (`evidence_of`). Labels of one device share its errors, as lines of a receipt do."""
    out = {}
    for source, own in _streams(taught):
        if np.median(own.off_m) >= CHANCE * np.median(_between(own)):
            ratio = _told_apart(own, floor_m2)
            out[source] = np.sum([evidence_of(ratio[own.number == d]) for d in np.unique(own.number)], axis=0)
    return out


def _told_apart(own: Taught, floor_m2: float) -> F64:
    """(n,) how much likelier a device's track is of its label's place than of any that the stream names."""
    variance = _variance(own)[None]
    near = (1.0 - WRONG) * np.exp(-(_between(own) ** 2) / (2 * variance)) / (2 * np.pi * variance) + WRONG / floor_m2
    return np.asarray(np.diagonal(near) / near.mean(axis=0), np.float64)


def _between(own: Taught) -> F64:
    """(n, n) from each label's place, by rows, to where each device seemed to be."""
    return np.hypot(own.x_m[:, None] - own.fix_x_m, own.y_m[:, None] - own.fix_y_m)


def _streams(taught: Taught) -> Iterator[tuple[int, Taught]]:
    """Streams with labels enough that have a time of their own, and those."""
    for source in np.unique(taught.source).tolist():
        own = taught.take((taught.source == source) & are_timed(taught.kind))
        if len(own) >= LEAST_TIMED:
            yield source, own


@dataclass(frozen=True, slots=True)
class Displaced:
    """What a stream looks like whose places were told in another frame than the plan's; of one that is SHIFTED, by how
    much they lie off (x, y)."""

    what: str
    off_m: tuple[float, float] | None = None


def find_displaced(plan: Plan, taught: Taught) -> dict[int, Displaced]:
    """Streams, by their number, whose places were told in another frame than the plan's, as its access points and the
    devices' tracks both say, or tracks alone beyond doubt."""
    found = ((source, _by_points(plan, own) or _by_tracks(plan, own)) for source, own in _streams(taught))
    return {source: said for source, said in found if said is not None}


def _by_points(plan: Plan, own: Taught) -> Displaced | None:
    """By the plan's access points, where the devices' tracks say so, too."""
    frame = other_frame(plan, _rows(plan, own), BESIDE_TRACKS)
    if frame is None or (frame.kind == SHIFTED and frame.off_m < LEAST_SHIFT_M):
        return None
    x, y = frame.right(own.level, own.x_m, own.y_m)
    if np.median(np.hypot(x - own.fix_x_m, y - own.fix_y_m)) >= BETTER * np.median(own.off_m):
        return None
    off_x, off_y = (-frame.shift_m).tolist()
    return Displaced(frame.kind, (off_x, off_y) if frame.kind == SHIFTED else None)


def _by_tracks(plan: Plan, own: Taught) -> Displaced | None:
    """One vector by which labels all over the floor lie off where their devices seemed to be, against how far labels
    lie from it."""
    common = _common_vector(own)
    if common is None or common.off_m < max(ALL_OFF_M, ALL_OFF * common.beside_m):
        return None
    return Displaced(SHIFTED, common.off) if _by_points_too(plan, own, common) else None


@dataclass(frozen=True, slots=True)
class UnsureVector:
    """A vector by which all labels of a stream lie off where their devices seemed to be, `off` (x, y), half of them
    within `beside_m` of it."""

    off: tuple[float, float]
    beside_m: float

    @property
    def off_m(self) -> float:
        """How long it is."""
        return float(np.hypot(*self.off))

    @property
    def surely_not_map(self) -> bool:
        """Whether it is longer than maps are off."""
        return self.off_m >= max(SURELY_NOT_MAP_M, SURELY_NOT_MAP * self.beside_m)


def find_unsure(plan: Plan, taught: Taught) -> dict[int, UnsureVector]:
    """Streams, by their number, that lie off by one vector, as access points have it, too, which may be the map's."""
    found = ((source, own, _common_vector(own)) for source, own in _streams(taught))
    return {
        source: common
        for source, own, common in found
        if common is not None and common.off_m >= UNSURE_M and _by_points_too(plan, own, common)
    }


def put_back(taught: Taught, unsure: Mapping[int, UnsureVector]) -> Taught:
    """Labels less their stream's common vector: they teach differences between places, and move nobody as a whole."""
    x, y = taught.x_m.copy(), taught.y_m.copy()
    for source, common in unsure.items():
        own = taught.source == source
        x[own] -= common.off[0]
        y[own] -= common.off[1]
    return replace(taught, x_m=x, y_m=y)


def _common_vector(own: Taught) -> UnsureVector | None:
    """The median of each axis, as some labels are wrong; None of few labels, or of a part of the floor."""
    off = np.column_stack([own.x_m - own.fix_x_m, own.y_m - own.fix_y_m])
    common = np.median(off, axis=0)
    x, y = own.x_m - common[0], own.y_m - common[1]  # a plan ends: what is off at its edge lies on it
    if len(own) < LEAST_OFF or len(np.unique(squares_of(own.level, x, y))) < LEAST_SPREAD:
        return None
    return UnsureVector((float(common[0]), float(common[1])), float(np.median(np.hypot(*(off - common).T))))


def _by_points_too(plan: Plan, own: Taught, common: UnsureVector) -> bool:
    """Whether access points say as much along it, however unsure."""
    back = likely_shift(plan, _rows(plan, own))
    return back is not None and float(-back @ np.array(common.off)) >= ALL_OFF_BY_POINTS * common.off_m**2


def squares_of(level: I32, x_m: F64, y_m: F64) -> I64:
    """(n,) the square of SQUARE_M that each place lies in."""
    x, y = (np.floor(at / SQUARE_M).astype(np.int64) for at in (x_m, y_m))
    return np.asarray((level.astype(np.int64) << 42) + (x << 21) + y, np.int64)


def _rows(plan: Plan, own: Taught) -> HeardRows:
    """What access points heard at labels (n,), as of one device: their offsets are taken out of it."""
    n, n_ap = own.rssi_dbm.shape
    places = {name: np.repeat(getattr(own, name), n_ap) for name in ("level", "x_m", "y_m")}
    none, ap = np.zeros(n * n_ap, np.int32), np.tile(np.arange(n_ap, dtype=np.int32), n)
    value = own.rssi_dbm.astype(np.float64).ravel()
    return rows_of(plan, ranged=none.astype(np.bool_), ap=ap, source=none, value=value, **places)


def _mirror(own: Taught) -> str:
    here = float(np.median(own.off_m))
    xy, fix = np.column_stack([own.x_m, own.y_m]), np.column_stack([own.fix_x_m, own.fix_y_m])
    middle = (fix.min(axis=0) + fix.max(axis=0)) / 2
    others = {
        name: float(np.median(np.hypot(*((xy - middle) * sign + middle - fix).T))) for name, sign in MIRRORS.items()
    }
    best = min(others, key=lambda name: others[name])
    return best if others[best] < BETTER * here else ""


def moved_products(taught: Taught) -> list[MovedProduct]:
    """Products whose devices seem to be elsewhere, all in the same place, beyond what the map is off there."""
    own = taught.take(are_timed(taught.kind) & (taught.product >= 0))
    own = own.take(witnesses_of(own))
    if not len(own):
        return []
    off = np.column_stack([own.fix_x_m - own.x_m, own.fix_y_m - own.y_m])
    spread = 1.4826 * float(np.median(np.abs(off)))
    means = {p: off[own.product == p].mean(axis=0) for p in np.unique(own.product).tolist()}
    between = 1.4826 * float(np.median(np.abs(np.array(list(means.values())))))
    out = []
    for product in means:
        its = own.product == product
        devices = len(np.unique(own.number[its]))
        if devices < LEAST_DEVICES:
            continue
        fix = np.median(np.column_stack([own.fix_x_m, own.fix_y_m])[its], axis=0)
        level = int(own.level[its][0])
        bias = _bias(own, off, ~its & (own.level == level), fix)
        x, y = float(own.x_m[its][0]), float(own.y_m[its][0])
        there = fix - bias
        moved = float(np.hypot(there[0] - x, there[1] - y))
        scale = np.sqrt(between**2 + spread**2 / devices + 0.3**2)
        agree = float(np.median(np.hypot(own.fix_x_m[its] - fix[0], own.fix_y_m[its] - fix[1])))
        if moved >= max(LEAST_MOVE_M, SURE * scale) and agree < moved / 2:
            out.append(MovedProduct(product, level, float(there[0]), float(there[1]), moved, devices))
    return sorted(out, key=lambda m: -m.moved_m)


def witnesses_of(own: Taught) -> Bools:
    """(n,) labels that may say where their product stands. Where a device was in one place as it named products from
    all over the store, it is the device that stood there: a terminal on its trolley, whose scanner goes about."""
    other = (own.number[:, None] == own.number) & (own.product[:, None] != own.product)
    apart = np.hypot(own.x_m[:, None] - own.x_m, own.y_m[:, None] - own.y_m)
    found = np.hypot(own.fix_x_m[:, None] - own.fix_x_m, own.fix_y_m[:, None] - own.fix_y_m)
    other &= apart >= LEAST_MOVE_M
    stood = (other & (found < apart / 2)).sum(axis=1)
    return np.asarray((stood < LEAST_AT_ONE) | (2 * stood <= other.sum(axis=1)))


def _bias(own: Taught, off: F64, others: Bools, at: F64) -> F64:
    """(2,) by how much fixes of other labels of its floor around a place are off: the median of those that lie near."""
    near = others & (np.hypot(own.x_m - at[0], own.y_m - at[1]) < LOCAL_M) & (own.off_m < 2 * LOCAL_M)
    return np.median(off[near], axis=0) if near.sum() >= LEAST_DEVICES else np.zeros(2)
