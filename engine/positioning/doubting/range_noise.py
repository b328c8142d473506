"""How long the errors of a store's ranges last, and how large they are: inferred from its own scans, without places.

Two measurements whose errors have the correlation rho say 2 / (1 + rho) of what one says, so of the second the share
(1 - rho) / (1 + rho) is new. The share that `trust` gives a scan dt after the one before, dt / (dt + memory), is that
of errors with

    rho(dt) = memory / (memory + 2 dt)

which falls as slowly as measured sites have it. What scans cannot explain by any place (`own_fit`) says how large rho
is: with P the freedom by which the default is believed and D that of all pairs of scans,

    mean rho_memory(dt) = (sum q_i q_j / s² + P mean rho_default(dt)) / (D + P)

is solved for the memory, between 0 and the default: errors that last longer say as much of a walker's next place.

Where errors do not last, their spread is told by the scans too: the squares of what is left over its freedom. Where
that is less than the map's a range says so much more, as far as a cell of the grid can hold it.

One device's oddity is not the store's. So of each period, rho and spread are the medians of the devices heard in it.
Nor is one access point's: whose ranges contradict the others' is left aside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np

from engine.columns import Columns
from engine.devices import DeviceTable, StateColumn
from engine.positioning.doubting.own_fit import LEAST, OwnFit, own_fit, pairs
from engine.positioning.measurement.site import Site
from engine.positioning.settings import LocatorSettings
from engine.radio.range_fit import weighted_quantile
from engine.records import F64, I64, U64, Bools, Scans

PERIOD_S = 5.0  # a scan goes by what was heard before its period, so that it is the same however scans are batched
DEFAULT_FREEDOM = 5.0  # by which the default is believed: two or three scans of five ranges; 10 costs a walk's start
FORGETS_AFTER = 5000.0  # freedom: an hour of one phone, some minutes of a crowd. Stores are rebuilt
SHARES = np.linspace(0.0, 1.0, 13)  # of the default memory: those that are tried
MOST_SCANS = 64  # that a period is asked of, about: in a crowd so large a share of the devices
SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio: numbers of devices times that are even over all
ANEW_S = 300.0  # scans so much older than the period under way are not late: the store's time starts anew
LEAST_ASKED = 20.0  # ranges of an access point, to say how they fit
FAR_WORSE = 5.0  # times the median access point's square: twelve measured recordings come to at most 3.3
FARTHEST_S = 30.0  # scans of a device farther apart say little of what lasts from one to the next


@dataclass(frozen=True, slots=True)
class RangeNoise(Columns):
    """Of n scans: how long errors of ranges last, `memory_s`, and as a share of the default, `lasting`, 0 to 1; how
    many times what it does by the map a range tells, `exactness`."""

    memory_s: F64
    lasting: F64
    exactness: F64

    @staticmethod
    def usual(n: int, settings: LocatorSettings) -> RangeNoise:
        """Before anything was heard."""
        return RangeNoise(np.full(n, settings.range_memory_s), np.ones(n), np.ones(n))


@dataclass(frozen=True, slots=True)
class _Heard(Columns):
    """Of scans of ranges: the period and device; squares and freedom; of those that follow on a scan of the same
    device, 0 elsewhere: the product with what was left there, what it would be if all lasted, its freedom, and that
    times rho(dt) of each of the memories tried. What is left of each access point's range, squared, and whether it was
    heard (n, A)."""

    period: F64
    device: U64
    squares: F64
    freedom: F64
    product: F64
    whole: F64
    shared: F64
    foreseen: Annotated[F64, len(SHARES)]
    of_each: Annotated[F64, "n_ap"]
    heard: Annotated[Bools, "n_ap"]


class StoreRanges:
    """What a store's ranges are like, up to the period that is under way."""

    def __init__(self, site: Site, settings: LocatorSettings) -> None:
        self._site, self._settings = site, settings
        self._last = DeviceTable(_columns(len(site.ap_xyz)))
        self._period, self._many, self._before = -np.inf, 0, 0  # scans that could be asked, in it and before it
        self._pending: list[_Heard] = []
        self._sums: F64 = np.zeros(4)  # lasting, freedom of pairs; squares, freedom of scans
        self._foreseen: F64 = np.zeros(len(SHARES))
        self._of_each: F64 = np.zeros((2, len(site.ap_xyz)))  # squares, and how many
        self._aside: Bools = np.zeros(len(site.ap_xyz), np.bool_)  # access points that are not asked
        self._now = (1.0, 1.0)

    def use_site(self, site: Site) -> None:
        """Another map of the same store."""
        self._site = site

    def take_in(self, scans: Scans) -> RangeNoise:
        """Scans, of no time before those given earlier but for late ones; answers what each (n,) is to go by."""
        noise = RangeNoise.usual(len(scans), self._settings)
        ranges = np.isfinite(scans.range_m).sum(axis=1)
        ranged = np.flatnonzero(ranges)
        if not len(ranged):
            return noise
        ranged = ranged[np.lexsort((scans.device[ranged], scans.t[ranged]))]  # whatever the order of rows
        if scans.t[ranged[-1]] < self._period * PERIOD_S - ANEW_S:
            self._last.drop(np.ones(len(self._last), np.bool_))
            self._period = -np.inf
        period = np.maximum(np.floor(scans.t[ranged] / PERIOD_S), self._period)
        each, at = np.unique(period, return_inverse=True)
        could = ranges[ranged] >= LEAST
        many = np.bincount(at[could], minlength=len(each))
        asked = could & self._are_asked(scans.device[ranged], self._many_before(each, many)[at])
        for own, scans_of in zip(each.tolist(), many.tolist(), strict=True):
            if own > self._period:
                self._go_on(own)
            self._many += scans_of
            rows = period == own
            noise.lasting[ranged[rows]], noise.exactness[ranged[rows]] = self._now
            self._hear(scans.take(ranged[rows & asked]), own)
        noise.memory_s[:] = noise.lasting * self._settings.range_memory_s
        return noise

    def _many_before(self, period: F64, many: I64) -> I64:
        """How many scans could be asked in the period before each of these (p,), of `many` (p,) scans each."""
        goes_on = period[0] == self._period
        first = [self._before, self._many + many[0]] if goes_on else [self._many, many[0]]
        return np.array([*first, *many[1:]], np.int64)[: len(period)]

    def _are_asked(self, device: U64, before: I64) -> Bools:
        """Which devices (n,) are, where so many scans came in the period before (n,)."""
        return np.asarray(device * SPREAD <= np.minimum(MOST_SCANS / np.maximum(before, 1), 1.0) * 2.0**64)

    def forget(self, devices: U64) -> None:
        """Drops what was left of these devices' scans."""
        self._last.forget(devices)
        self._pending = [heard.take(~np.isin(heard.device, devices)) for heard in self._pending]

    def state(self) -> dict[str, Any]:
        """Sums, the period under way, and what was left of devices' last scans."""
        pending = _Heard.concat(self._pending) if self._pending else _Heard.empty(n_ap=len(self._aside))
        return {
            "sums": self._sums.copy(),
            "foreseen": self._foreseen.copy(),
            "period": self._period,
            "many": np.array([self._many, self._before]),
            "now": np.array(self._now),
            "of_each": self._of_each.copy(),
            "aside": self._aside.copy(),
            "last": self._last.state(),
            "pending": {name: getattr(pending, name) for name in _Heard.__slots__},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` returned."""
        self._sums, self._foreseen = (np.array(state[name], np.float64) for name in ("sums", "foreseen"))
        self._period, pending = float(state["period"]), state["pending"]
        self._many, self._before = np.asarray(state["many"]).tolist()
        self._last.restore(state["last"])
        self._pending = [_Heard(*(np.asarray(pending[name]) for name in _Heard.__slots__))]
        self._of_each, self._aside = np.array(state["of_each"], np.float64), np.array(state["aside"], np.bool_)
        lasting, exactness = np.asarray(state["now"]).tolist()
        self._now = (lasting, exactness)

    def _hear(self, scans: Scans, period: float) -> None:
        """Takes in scans of one period, of which those that hold LEAST ranges of access points that are asked."""
        scans = replace(scans, range_m=np.where(self._aside, np.float32(np.nan), scans.range_m))
        scans = scans.take(np.flatnonzero(np.isfinite(scans.range_m).sum(axis=1) >= LEAST))
        n = len(scans)
        if not n:
            return
        fit = own_fit(self._site, scans, self._settings)
        before, after, follows = self._follow(scans, fit)
        product, whole, shared, foreseen = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros((n, len(SHARES)))
        if len(follows):
            own = shared[follows] = np.maximum(before.fit.shared_freedom(after.fit), 0.0)
            product[follows] = before.fit.product(after.fit)
            whole[follows] = own * 0.5 * (_spread(before.fit) + _spread(after.fit))
            foreseen[follows] = own[:, None] * _lasting(after.t - before.t, self._settings.range_memory_s)
        told = fit.squares, fit.freedom, product, whole, shared, foreseen, fit.left**2, fit.heard
        self._pending.append(_Heard(np.full(n, period), scans.device, *told))

    def _follow(self, scans: Scans, fit: OwnFit) -> tuple[_Last, _Last, I64]:
        """Scans and those of the same devices that follow on them, and the rows of those; keeps the last ones."""
        table, device, n = self._last, np.unique(scans.device), len(scans)
        known = table.find(device)
        device, known = device[known >= 0], known[known >= 0]
        kept = _Last(table["t"][known], OwnFit(*(table[name][known] for name in OwnFit.__slots__)))
        both = _Last.concat([kept, _Last(scans.t, fit)])  # what is kept of a device comes before its first scan here
        two = pairs(np.concatenate([device, scans.device]))
        apart = both.t[two[:, 1]] - both.t[two[:, 0]]
        two = two[(apart > 0) & (apart <= FARTHEST_S)]
        ids, last = np.unique(scans.device[::-1], return_index=True)
        slot, last = table.rows(ids), n - 1 - last
        table["t"][slot] = scans.t[last]
        for name in OwnFit.__slots__:
            table[name][slot] = getattr(fit, name)[last]
        return both.take(two[:, 0]), both.take(two[:, 1]), two[:, 1] - len(device)

    def _go_on(self, period: float) -> None:
        """Closes the period under way."""
        if self._pending:
            self._add(_Heard.concat(self._pending))
            self._leave_aside()
            self._now = self._infer()
        self._last.drop(self._last["t"][self._last.held] < period * PERIOD_S - FARTHEST_S)
        self._pending, self._period = [], period
        self._many, self._before = 0, self._many

    def _add(self, heard: _Heard) -> None:
        _, who = np.unique(heard.device, return_inverse=True)
        told = (heard.squares, heard.freedom, heard.product, heard.whole, heard.shared)
        squares, freedom, product, whole, shared = (np.bincount(who, v).astype(np.float64) for v in told)
        more = np.zeros(4)
        free, follow = freedom > 0, (shared > 0) & (whole > 0)
        if free.any():
            more[2:] = _median(squares[free] / freedom[free], freedom[free])
        if follow.any():
            more[:2] = _median(np.clip(product[follow] / whole[follow], -1.0, 1.0), shared[follow])
        self._sums = self._sums + more
        if follow.any():
            self._foreseen = self._foreseen + heard.foreseen.sum(axis=0)
        self._of_each = self._of_each + np.stack([heard.of_each.sum(axis=0), heard.heard.sum(axis=0)])
        keep = min(FORGETS_AFTER / max(self._sums[3], 1.0), 1.0)
        self._sums, self._foreseen, self._of_each = self._sums * keep, self._foreseen * keep, self._of_each * keep

    def _leave_aside(self) -> None:
        """Access points whose ranges fit the others' far worse than those do: stuck at a value, or elsewhere than the
        plan says. What was learnt with them is of no worth."""
        squares, many = self._of_each
        known = many >= LEAST_ASKED
        if known.sum() < LEAST:
            return
        mean = squares / np.maximum(many, 1.0)
        aside = known & (mean > FAR_WORSE * np.median(mean[known & ~self._aside]))
        if (aside != self._aside).any():
            self._aside, self._now = aside, (1.0, 1.0)
            self._sums, self._foreseen = np.zeros_like(self._sums), np.zeros_like(self._foreseen)

    def _infer(self) -> tuple[float, float]:
        """Share of the default memory, and exactness."""
        lasting, shared, squares, freedom = self._sums.tolist()
        share = 1.0
        if shared > 0:
            foreseen = self._foreseen / shared
            found = (lasting + DEFAULT_FREEDOM * foreseen[-1]) / (shared + DEFAULT_FREEDOM)
            share = float(np.interp(found, foreseen, SHARES))
        of_map = float(1.0 / self._site.range.weight[0, 0])
        variance = (squares + DEFAULT_FREEDOM * of_map) / (freedom + DEFAULT_FREEDOM)
        finest = max(2.0 * of_map / self._site.cells.cell_m**2, 1.0)
        exactness = float(np.clip(of_map / variance, 1.0, finest) ** (1.0 - share))
        return share, exactness


@dataclass(frozen=True, slots=True)
class _Last(Columns):
    t: F64
    fit: OwnFit


def _columns(n_ap: int) -> dict[str, StateColumn]:
    return {
        "t": StateColumn(np.float64, np.nan),
        "left": StateColumn(np.float64, 0.0, n_ap),
        "heard": StateColumn(np.bool_, False, n_ap),
        "span": StateColumn(np.float64, 0.0, 3 * n_ap),
    }


def _spread(fit: OwnFit) -> F64:
    """Variance (n,) of one range, by the scan alone."""
    return np.asarray(fit.squares / np.maximum(fit.freedom, 1e-6))


def _lasting(dt: F64, default_s: float) -> F64:
    """rho(dt) (n, shares) by each of the memories tried."""
    memory = default_s * SHARES
    return np.asarray(memory / (memory + 2.0 * dt[:, None]))


def _median(values: F64, weight: F64) -> F64:
    """The weighted median times the whole weight, and that."""
    return np.array([weighted_quantile(values, weight, 0.5), 1.0]) * float(weight.sum())
