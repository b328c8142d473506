"""What is odd in a table of readings as a whole: values that cannot be, of whom they nearly all are, in which unit they
may be, and access points that say the same wherever they are heard."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from engine.plan.model import Plan
from engine.positioning.doubting.stuck import LEAST_ALIKE, SAME, hardly_varying, never_varying, of_one_level
from engine.records import F64, I32, I64, Bools

RSSI_FLOOR_DBM = -120.0  # below thermal noise of any Wi-Fi or BLE receiver: not a measurement
RSSI_CEILING_DBM = (
    0.0  # from here on: a receiver reports at most about -10 dBm, 0 is "not reported", more an error code
)
FARTHEST_M = 100_000.0  # of a range: nothing hears a phone from there
SIGMAS_M = (0.001, 10_000.0)  # of a range: no radio measures to less than a millimetre, and more says nothing
ABSURD_DBM, ABSURD_M = 1e6, 1e8  # above what any unit says
NEARLY_ALL = 0.9
LEAST = 10  # values, to say something of all of them
NOT_HEARD_DBM = -90.0  # what stands for "not heard" in tables is no higher: -100 or -110 as a rule
NOT_HEARD_GAP_DB = 5.0  # levels that were measured thin out towards the faintest


@dataclass(frozen=True, slots=True)
class Oddities:
    """`counts` rows by reason; of each reason the access points `of` which nearly all values are such, by id. `units`
    that the values may be in: `range_in_mm`, `rssi_above_zero`, `rssi_in_mw`, and those of
    `engine.positioning.doubting.range_units`, in which all ranges are; `rssi_all_alike` where all access points say one
    level; and those of times (`engine.files.odd.times`). `stuck`: access points whose values hardly vary, by id, and
    what they say, which is left out. `bands`: what stands for a band and is none, with how many rows say so, the most
    first."""

    counts: dict[str, int] = field(default_factory=dict)
    of: dict[str, tuple[str, ...]] = field(default_factory=dict)
    units: tuple[str, ...] = ()
    stuck: dict[str, str] = field(default_factory=dict)
    bands: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Usable:
    """Values (n,), NaN where there is none that can be used, ranges infinite where they are too long for the store; the
    rows to `keep`."""

    rssi: F64
    range: F64
    sigma: F64
    keep: Bools


def at_most_absurd(rssi: F64, rng: F64) -> tuple[F64, F64]:
    """Levels and ranges (n,), those beyond what any unit says where that ends: their squares are numbers yet."""
    return np.clip(rssi, -ABSURD_DBM, ABSURD_DBM), np.clip(rng, -ABSURD_M, ABSURD_M)


def of_some_unit(rng: F64) -> F64:
    """Ranges (n,) that may be in another unit than metres; NaN of those that are none in any."""
    return np.where(abs(rng) < ABSURD_M, rng, np.nan)


def without_oddities(
    plan: Plan, ap: I32, rssi: F64, rng: F64, sigma: F64, phone: I64 | None = None
) -> tuple[Usable, Oddities]:
    """Of rows (n,), what can be used, and what is odd in them. `ap` indexes the plan's access points, -1 of others.
    `phone` numbers devices whose places are asked for, -1 of others: their levels have to differ."""
    absurd_rssi = (rssi >= RSSI_CEILING_DBM) | (rssi < RSSI_FLOOR_DBM)
    absurd_range = (rng < 0.0) | (rng > plan.longest_range_m)
    far = absurd_range & (rng > 0.0) & (rng <= FARTHEST_M)
    negative = sigma <= 0
    absurd_sigma = negative | (sigma < SIGMAS_M[0]) | (sigma > SIGMAS_M[1])
    none = np.isnan(rssi) & np.isnan(rng)
    not_heard = find_not_heard(ap, np.where(absurd_rssi, np.nan, rssi), len(plan.access_points))
    measured = np.where(absurd_rssi | not_heard, np.nan, rssi)
    alike = of_one_level(phone, ap, measured) if phone is not None else np.zeros_like(not_heard)
    counted = {
        "unknown_ap": ap < 0,
        "bad_rssi": absurd_rssi,
        "rssi_not_heard": not_heard,
        "rssi_of_one_level": alike,
        "bad_range": absurd_range,
        "range_sigma_not_positive": negative,
        "bad_range_sigma": absurd_sigma & ~negative,
        "neither_rssi_nor_range": none,
    }
    good_rssi, good_range = np.where(alike, np.nan, measured), np.where(absurd_range, np.nan, rng)
    of = {
        "bad_rssi": _name(plan, _nearly_all(ap, np.isfinite(rssi), absurd_rssi, len(plan.access_points))),
        "bad_range": _name(plan, _nearly_all(ap, ~np.isnan(rng), absurd_range, len(plan.access_points))),
    }
    n_ap = len(plan.access_points)
    constant, stuck = never_varying(ap, good_range, n_ap), hardly_varying(ap, good_rssi, n_ap)
    odd = Oddities(
        {reason: int(rows.sum()) for reason, rows in counted.items() if rows.any()},
        {reason: names for reason, names in of.items() if names},
        _units(ap, rssi, rng, plan.longest_range_m),
        _say_stuck(plan, ap, good_range, constant, "m") | _say_stuck(plan, ap, good_rssi, stuck, "dBm"),
    )
    good_rssi, good_range = (
        np.where(np.isin(ap, aps), np.nan, values) for aps, values in ((stuck, good_rssi), (constant, good_range))
    )
    good_sigma = np.where(absurd_sigma | far, np.nan, sigma)
    good_range = np.where(far, np.inf, good_range)
    keep = (ap >= 0) & ~(np.isnan(good_rssi) & np.isnan(good_range))
    return Usable(good_rssi, good_range, good_sigma, keep), odd


def find_not_heard(ap: I32, rssi: F64, n_ap: int) -> Bools:
    """Rows (n,) whose level stands for an access point that was not heard: the faintest of all, more frequent than all
    levels of the next NOT_HEARD_GAP_DB together, of most access points, which have been heard elsewhere."""
    ok = np.isfinite(rssi) & (ap >= 0)
    lowest = float(rssi[ok].min(initial=np.inf))
    found: Bools = ok & (rssi < lowest + SAME)
    if lowest > NOT_HEARD_DBM or found.sum() < LEAST_ALIKE:
        return np.zeros_like(found)
    heard = ok & (rssi > lowest + NOT_HEARD_GAP_DB)
    filled = (np.bincount(ap[rows], minlength=n_ap) >= 2 for rows in (found, heard))
    of_most = 2 * np.logical_and(*filled).sum() > len(np.unique(ap[ok]))
    thick = found.sum() > (ok & ~found & ~heard).sum()
    return found if of_most and thick else np.zeros_like(found)


def _say_stuck(plan: Plan, ap: I32, values: F64, stuck: I64, unit: str) -> dict[str, str]:
    """What these access points say, by id."""
    out = {}
    for a in stuck.tolist():
        said, often = np.unique(values[(ap == a) & np.isfinite(values)], return_counts=True)
        most = np.sort(said[np.argsort(-often)[:3]])[::-1]
        out[plan.access_points[a].id] = " or ".join(f"{value:g}" for value in most.tolist()) + f" {unit}"
    return out


def _name(plan: Plan, index: I64) -> tuple[str, ...]:
    return tuple(plan.access_points[a].id for a in index.tolist())


def _nearly_all(ap: I32, given: Bools, absurd: Bools, n_ap: int) -> I64:
    """Access points of whose values nearly all are absurd; none where those of all access points are."""
    ours = ap >= 0
    many, bad = (np.bincount(ap[ours & rows], minlength=n_ap) for rows in (given, absurd))
    found = (many >= LEAST) & (bad >= NEARLY_ALL * many)
    return np.flatnonzero(found) if (many > 0)[~found].any() else np.empty(0, np.int64)


def _units(ap: I32, rssi: F64, rng: F64, longest_m: float) -> tuple[str, ...]:
    """What the values may be in, where most of them cannot be dBm or metres, or one level of all tells no place."""
    ranges, levels = rng[np.isfinite(rng)], rssi[np.isfinite(rssi)]
    out = []
    if len(ranges) >= LEAST and (ranges > longest_m).mean() > 0.5 and np.median(ranges) <= 1000.0 * longest_m:
        out.append("range_in_mm")
    if len(levels) >= LEAST and (levels > 0.0).mean() >= NEARLY_ALL:
        out.append("rssi_in_mw" if levels.max() < 1.0 else "rssi_above_zero")
    alone = len(levels) >= LEAST_ALIKE and not len(ranges)
    if alone and np.ptp(levels) < SAME and len(np.unique(ap[np.isfinite(rssi)])) > 1:
        out.append("rssi_all_alike")
    return tuple(out)
