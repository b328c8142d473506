"""Two access points that hang in each other's place, or one that hangs anywhere, as readings without places tell it.

A crowd's map bends around them and foresees scans better than the plan, with people at the wrong places: in somebody
else's two stores it put them 1.1 to 1.7 times as far off as no map, and blamed an access point that hung right. So the
plan is asked first, by what it foresees itself: where any two access points, exchanged, foresee what devices hear
better than the plan does, it is wrong somewhere. In eighteen honest recordings no pair did.

A running store asks the same of its newest scans, with fewer suspects: there, such maps put people 1.2 to 1.4 times as
far off as none.

An access point that hangs elsewhere can make such a pair with one that is right, or of two that are. Of two that are
interchanged each fits at the other's place by itself, too, with the other not heard at all. And where one hangs
elsewhere, nothing being known of its place explains more than any pair does: in ten recordings of two strangers'
stores, five with each fault, the better explanation was the true one in nine, and in one neither was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import ClassVar

import numpy as np

from engine.positioning.learning.crowd_em import Assessment, CrowdLearning, Learnt
from engine.positioning.learning.tracklets import Stretches
from engine.radio.ridge import FittedLaw
from engine.records import F32, F64

SURELY = 2.0  # standard errors of the mean over devices: each has its own body, so devices are what counts
LOST = 4.0  # for one that hangs anywhere. In fourteen honest recordings the most that any came to were 2.2, and one
# 10 to 12 m from its place comes to 8.5 and more
MOST_ASKED = 10  # access points, of which every pair is tried: 45
ASKED_LIVE = 6  # access points of a running store, those that fit the worst: 15 pairs
LEAST_SOUND = 3  # access points: of two nobody knows which hangs elsewhere
ENOUGH = 48  # stretches: what twenty people's tell no more of would tell


@dataclass(frozen=True, slots=True)
class Interchange:
    """Of two access points: exchanged, they foresee scans better, by `gain` nats. `sure`: each by itself fits the
    other's place."""

    pair: tuple[int, int]
    sure: bool
    gain: float

    @property
    def aps(self) -> tuple[int, ...]:
        """Both."""
        return self.pair


@dataclass(frozen=True, slots=True)
class Lost:
    """An access point that, anywhere, foresees scans better than at its place, by `gain` nats."""

    ap: int
    gain: float
    sure: ClassVar[bool] = True

    @property
    def aps(self) -> tuple[int, ...]:
        """Itself."""
        return (self.ap,)


def ask_worst(seen: Assessment, most: int) -> list[int]:
    """The access points, at most so many, that what was heard fits the worst."""
    worst = np.argsort(-np.nan_to_num(seen.left_db, nan=-1.0))[:most]
    return [int(a) for a in worst[seen.scans[worst] > 0]]


def find_astray(
    crowd: CrowdLearning, law: FittedLaw, learnt: Learnt, stretches: Stretches, asked: Sequence[int], alone: bool
) -> Interchange | Lost | None:
    """Who hangs elsewhere, of those `asked`: the pair of `find_interchanged`, or, where one `alone` may, the one of
    `find_lost` that explains more. None where no pair is."""
    pair = find_interchanged(crowd.foresee(law), stretches, asked)
    if pair is None or not alone:
        return pair
    power_db = learnt.soft.coefficients.ap_power_db
    lost = find_lost(lambda aps: crowd.foresee(law, aps), stretches, asked, power_db)
    return lost if lost is not None and lost.gain > pair.gain else pair


def find_interchanged(
    foresee: Callable[[Stretches], F64], stretches: Stretches, suspects: Sequence[int]
) -> Interchange | None:
    """The pair among the `suspects` that, exchanged, foresees these stretches best, if it does so better than the plan.
    `foresee` gives the nats of each stretch (S,) by the plan's law."""
    few = _few(stretches)
    best, gain = _best_pair(foresee, few, suspects)
    if best is None:
        return None
    sure = all(_fits_at(foresee, few, ap, other) for ap, other in (best, best[::-1]))
    return Interchange(best, sure, gain)


def find_contradiction(
    foresee: Callable[[Stretches], F64], stretches: Stretches, suspects: Sequence[int], power_db: F64
) -> tuple[int, int] | None:
    """The pair of `find_interchanged`, if there is one with each access point's power (A,) as it was learnt, too: one
    that is weak fits the far end of a hall, and hangs where it should."""
    few = _few(stretches)
    best, _ = _best_pair(foresee, few, suspects)
    if best is None:
        return None
    levelled = replace(few, rssi_dbm=few.rssi_dbm - power_db.astype(np.float32))
    return best if _best_pair(foresee, levelled, suspects)[0] is not None else None


def find_lost(
    foresee: Callable[[Sequence[int]], Callable[[Stretches], F64]],
    stretches: Stretches,
    suspects: Sequence[int],
    power_db: F64,
) -> Lost | None:
    """The one of the `suspects` that foresees these stretches best with nothing known of where it hangs, if it does so
    better than at its place: by LOST standard errors, with each access point's power by the plan and as it was learnt
    (A,). `foresee` is given those of which nothing is known."""
    few, found = _few(stretches), list[Lost]()
    both = (few, replace(few, rssi_dbm=few.rssi_dbm - power_db.astype(np.float32)))
    before = [foresee(())(told) for told in both]
    for ap in suspects:
        more = [foresee((ap,))(told) - known for told, known in zip(both, before, strict=True)]
        if all(_surely_more(nats, few, LOST) for nats in more):
            found.append(Lost(ap, min(float(nats.sum()) for nats in more)))  # a weak one is right once it is known so
    return max(found, key=lambda lost: lost.gain, default=None)


def _few(stretches: Stretches) -> Stretches:
    return stretches.take(np.arange(0, len(stretches), max(len(stretches) // ENOUGH, 1)))


def _best_pair(
    foresee: Callable[[Stretches], F64], stretches: Stretches, suspects: Sequence[int]
) -> tuple[tuple[int, int] | None, float]:
    before = foresee(stretches)
    best, gain = None, 0.0
    for one, other in combinations(sorted(suspects), 2):
        more = foresee(_exchange(stretches, (one, other))) - before
        if more.sum() > gain and _surely_more(more, stretches):
            best, gain = (one, other), float(more.sum())
    return best, gain


def _exchange(stretches: Stretches, pair: tuple[int, int]) -> Stretches:
    rssi = stretches.rssi_dbm.copy()
    rssi[:, :, list(pair)] = rssi[:, :, list(pair[::-1])]
    return replace(stretches, rssi_dbm=rssi)


def _fits_at(foresee: Callable[[Stretches], F64], stretches: Stretches, ap: int, other: int) -> bool:
    """Whether `ap`, with the `other` not heard, hangs rather at the other's place than at its own."""
    here: F32 = stretches.rssi_dbm.copy()
    here[:, :, other] = np.nan
    there = here.copy()
    there[:, :, other], there[:, :, ap] = here[:, :, ap], np.nan
    more = foresee(replace(stretches, rssi_dbm=there)) - foresee(replace(stretches, rssi_dbm=here))
    return _surely_more(more, stretches)


def _surely_more(nats: F64, stretches: Stretches, surely: float = SURELY) -> bool:
    """Whether devices have more nats a scan than none, for all that they differ: by so many standard errors."""
    device = np.unique(stretches.device, return_inverse=True)[1]
    scans = np.bincount(device, weights=stretches.steps)
    each = np.bincount(device, weights=nats) / np.maximum(scans, 1)
    if len(each) < 2:
        return False
    return bool(each.mean() > surely * each.std(ddof=1) / np.sqrt(len(each)))
