"""Whole recordings: the live objects (windows, locator) run over a table of readings, batch by batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from engine.plan.cells import Cells
from engine.plan.model import Plan, ap_key
from engine.positioning.doubting.silent import find_silent
from engine.positioning.fix_points import PlainFixes
from engine.positioning.lagged import Smoother
from engine.positioning.learning.self_calibration import SelfCalibration
from engine.positioning.locator import Locator, NoFix
from engine.positioning.methods import TRACKED
from engine.positioning.windows import ScanWindows
from engine.radio.hanging.faults import HearingFaults
from engine.radio.radiomap import RadioMap
from engine.records import Bools, Fixes, Hearings, Readings, Scans

SCANS_AT_ONCE = 1024  # bounds the memory of posterior rows, with
WINDOW_S, MOST_ASKED = 3.0, 4096  # an hour of three phones: who contradicts is found within twenty scans of each
ROWS_AT_MOST = 2**25  # entries of them, 128 MiB: fewer scans at once in stores of more than 32,000 cells


@dataclass(frozen=True, slots=True)
class Located:
    """What became of a recording: its fixes in the order of windows, and scans without a fix by reason."""

    fixes: PlainFixes
    refused: Counter[NoFix]


def locate_scans(
    locator: Locator,
    scans: Scans,
    maps: Sequence[tuple[float, RadioMap]] = (),
    lag_s: float = 0.0,
    on_scans: Callable[[int], None] = lambda done: None,
) -> Located:
    """Fixes of a recording's scans. From each time of `maps` on, its map is used.

    A fix uses no scan later than its time plus `lag_s`. Methods without a track know no lag.
    `on_scans` hears of how many some were located.
    """
    smoother = Smoother(locator, lag_s) if lag_s > 0 and locator.method in TRACKED else None
    parts = [PlainFixes.of(locator.locate(scans.take(slice(0, 0))))]
    for whole in causal_fixes(locator, scans, maps):
        fixes = PlainFixes.of(whole)
        parts.append(smoother.after(fixes) if smoother else fixes)
        on_scans(len(whole.t))
    if smoother:
        parts.append(smoother.rest())
    return Located(PlainFixes.concat(parts), locator.refused)


def causal_fixes(locator: Locator, scans: Scans, maps: Sequence[tuple[float, RadioMap]] = ()) -> Iterator[Fixes]:
    """Fixes with their posteriors, some hundred at a time. From each time of `maps` on, its map is used.

    A scan that is older than one of its device before it has no fix, wherever the pieces begin in which they are
    located: within one the locator would take them in the order of time.
    """
    late = _late(scans)
    if late.any():
        locator.refused[NoFix.OUT_OF_ORDER] += int(late.sum())
        scans = scans.take(~late)
    cuts = [0, *np.searchsorted(scans.t, [t for t, _ in maps]).tolist(), len(scans)]
    at_once = max(1, min(SCANS_AT_ONCE, ROWS_AT_MOST // max(len(locator.site.cells), 1)))
    for k, (start, end) in enumerate(pairwise(cuts)):
        if k > 0:
            locator.use_map(maps[k - 1][1])
        for i in range(start, end, at_once):
            yield locator.locate(scans.take(slice(i, min(i + at_once, end))))


def _late(scans: Scans) -> Bools:
    """Which scans (n,) are older than one of their device before them that says something."""
    said = np.flatnonzero((np.isfinite(scans.rssi_dbm) | np.isfinite(scans.range_m)).any(axis=1))
    when = np.unique(scans.t[said], return_inverse=True)[1]
    whose = np.unique(scans.device[said], return_inverse=True)[1]
    order = np.argsort(whose, kind="stable")
    rank = (whose * (len(said) + 1) + when)[order]  # of one device by time, and all after those of the device before
    late = np.zeros(len(scans), np.bool_)
    late[said[order]] = rank < np.maximum.accumulate(rank)
    return late


def find_doubted(
    plan: Plan, cells: Cells, radio_map: RadioMap, readings: Readings
) -> tuple[dict[str, float], dict[str, float]]:
    """The access points that contradict the others in these readings, by this map, as `Locator.contradicting`: of the
    newest MOST_ASKED scans; and those that are silent in them (`silent_in`)."""
    scans = ScanWindows(len(plan.access_points), WINDOW_S).push(readings, np.inf)
    newest = scans.take(np.argsort(scans.t, kind="stable")[-MOST_ASKED:])
    locator = Locator(plan, cells, radio_map)
    located = locate_scans(locator, newest)
    never = ~np.isin(np.arange(len(plan.access_points)), readings.ap)
    silent = silent_in(plan, cells, radio_map, newest, located.fixes)
    return locator.contradicting(), {ap: n for ap, n in silent.items() if never[plan.ap_index[ap_key(ap)]]}


def silent_in(plan: Plan, cells: Cells, radio_map: RadioMap, scans: Scans, fixes: PlainFixes) -> dict[str, float]:
    """The access points that heard nothing of these scans (n,), by their id: in how many places they should have, by
    where the `fixes` of the scans are."""
    heard = np.isfinite(scans.rssi_dbm) | ~np.isnan(scans.range_m)
    if heard.any(axis=0).all():
        return {}
    when = [np.concatenate([scans.device, fixes.device]).astype(np.float64), np.concatenate([scans.t, fixes.t])]
    which = np.unique(np.stack(when), axis=1, return_inverse=True)[1].ravel()
    row, fix = np.intersect1d(which[: len(scans)], which[len(scans) :], return_indices=True)[1:]
    found = find_silent(cells, radio_map, fixes.take(fix), heard[row])
    return {plan.access_points[a].id: n for a, n in found.items() if not heard[:, a].any()}


def self_calibrated_maps(
    plan: Plan,
    cells: Cells,
    hearings: Hearings,
    scans: Scans | None = None,
    on_time: Callable[[float], None] = lambda until: None,
    on_faults: Callable[[HearingFaults], None] = lambda faults: None,
) -> list[tuple[float, RadioMap]]:
    """Maps learnt from access points that hear each other and from shoppers' scans, each with the time from which it
    may be used: it is made of what was heard before that time only. `on_time` hears how far the recording is
    read, `on_faults` what is wrong with access points as of the last map."""
    order = np.argsort(hearings.t, kind="stable")
    t, scan_t = hearings.t[order], np.empty(0) if scans is None else scans.t  # windows come in the order of time
    if not len(t) and not len(scan_t):
        return []
    learner = SelfCalibration(plan, cells)
    out: list[tuple[float, RadioMap]] = []
    done = told = 0
    until, last = min([*t[:1], *scan_t[:1]]), max([*t[-1:], *scan_t[-1:]])
    while until <= last:
        on_time(until)
        upto = int(np.searchsorted(t, until, side="left" if out or done else "right"))
        learner.add(hearings.take(order[done:upto]))
        done = upto
        if scans is not None:
            upto = int(np.searchsorted(scan_t, until, side="left" if told else "right"))
            learner.add_scans(scans.take(slice(told, upto)))
            told = upto
        radio_map = learner.fit(until)
        if radio_map is not None:
            out.append((until, radio_map))
        later = [*t[done : done + 1], *scan_t[told : told + 1]]
        until = max(learner.due_at, min(later, default=np.inf))
    on_faults(learner.faults)
    return out
