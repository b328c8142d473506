"""What came of a day with labels, in counts that add up over days: several stores of a kind make one row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.files.outcomes import CouponTable
from engine.records import F64, I64
from engine.referee.shares import interval_by_device
from engine.referee.triggers import Counts
from engine.runtime.offline import Chain, device_number
from simulators.truth.labels import misplace_products
from simulators.truth.truth import positions
from tests.accuracy.days import Figures, trigger_report
from tests.accuracy.labelled.days import Labelled

MOST_CM = 5_000  # an error beyond counts as so much


@dataclass(frozen=True)
class Sent:
    """Triggers of campaigns that state one precision, of those who are scored: (due, came, fired, right) of each
    device, seconds after due of those that came; precision as told beforehand, summed over what was sent, recall over
    what was due; how many campaigns are `silent`, of how many."""

    by_device: list[Counts]
    delays_s: list[float]
    told_precision: float
    told_recall: float
    silent: int
    campaigns: int


@dataclass(frozen=True)
class Located:
    """Fixes of those who are scored, by their error in whole cm: all, and those in a stay where a coupon is due.
    `labels` used, `phones` that they are of, products called misplaced, and those of them that are."""

    every_cm: list[int]
    shelf_cm: list[int]
    labels: int
    phones: int
    moved_found: int
    moved_right: int


def sent(given: Labelled, chain: Chain, stated: float) -> Sent:
    """Of one day."""
    report = trigger_report(given.day, chain, stated, given.scored)
    own = [c.id for c in given.day.campaigns if c.precision == stated]
    told = [(chain.promises[name], counts) for name, counts in report.by_campaign.items()]
    return Sent(
        list(report.by_device.values()),
        [round(d, 2) for delays in report.delays_s.values() for d in delays],
        sum(p.precision * c[2] for p, c in told),
        sum((p.recall if p.kept else 0.0) * c[0] for p, c in told),
        sum(not chain.promises[name].kept for name in own),
        len(own),
    )


def located(given: Labelled, chain: Chain) -> Located:
    """Of one day."""
    error_m, at_shelf = errors_m(given, chain)
    wrong = {said for sku, said in misplace_products(given.world).items() if sku != said}
    found = [m["sku"] in wrong for m in chain.labels.get("moved_products", [])]
    cm = np.minimum(np.round(100 * error_m), MOST_CM).astype(np.int64)
    return Located(
        np.bincount(cm).tolist(),
        np.bincount(cm[at_shelf]).tolist(),
        int(chain.labels.get("used", 0)),
        int(chain.labels.get("labelled_devices", 0)),
        len(found),
        sum(found),
    )


def errors_m(given: Labelled, chain: Chain) -> tuple[F64, np.ndarray]:
    """(n,) of the fixes of those who are scored, and whether each is of a stay where a coupon is due."""
    at, f = positions(given.world), chain.fixes
    start_t = given.world.scenario.starts_at.timestamp()
    error, shelf = [np.empty(0)], [np.empty(0, np.bool_)]
    for i, name in enumerate(given.world.device_names()):
        own, true = np.flatnonzero(f.device == np.uint64(device_number(name))), np.flatnonzero(at.shopper == i)
        if name in given.scored and len(own) and len(true):
            t = f.t[own] - start_t
            x, y = (np.interp(t, at.t_s[true], v[true]) for v in (at.x_m, at.y_m))
            error.append(np.hypot(f.x_m[own] - x, f.y_m[own] - y))
            shelf.append(_in_stays(f.t[own], given.day.due, name))
    return np.concatenate(error), np.concatenate(shelf)


def _in_stays(t: F64, due: CouponTable, name: str) -> np.ndarray:
    """(n,) whether each time lies in a stay of this device."""
    own = due.device == name
    return ((t[:, None] >= due.since[own]) & (t[:, None] <= due.until[own])).any(axis=1)


def sent_figures(days: Sequence[Sent]) -> Figures:
    """Of days together: precision and recall with intervals by device, each device being of one day."""
    devices = [counts for day in days for counts in day.by_device]
    due, _, fired, _ = np.sum([*devices, (0, 0, 0, 0)], axis=0).tolist()
    out: Figures = {"due": due, "sent": fired, "silent": sum(d.silent for d in days) / sum(d.campaigns for d in days)}
    for name, of, right in (("precision", 2, 3), ("recall", 0, 1)):
        share = interval_by_device([c[right] for c in devices], [c[of] for c in devices])
        if share is not None:
            out |= {name: share.share, f"{name}_low": share.low, f"{name}_high": share.high}
    if fired:
        out["told_precision"] = sum(d.told_precision for d in days) / fired
    if due:
        out["told_recall"] = sum(d.told_recall for d in days) / due
    delays = [d for day in days for d in day.delays_s]
    return out | ({"delay_s": float(np.median(delays))} if delays else {})


def located_figures(days: Sequence[Located]) -> Figures:
    """Of days together: errors in metres, labels and phones of a day on average."""
    every, shelf = _added([d.every_cm for d in days]), _added([d.shelf_cm for d in days])
    return {
        "median_m": _quantile_m(every, 0.5),
        "p90_m": _quantile_m(every, 0.9),
        "shelf_m": _quantile_m(shelf, 0.5),
        "labels": sum(d.labels for d in days) / len(days),
        "phones": sum(d.phones for d in days) / len(days),
        "moved_found": sum(d.moved_found for d in days),
        "moved_right": sum(d.moved_right for d in days),
    }


def _added(counts: Sequence[Sequence[int]]) -> I64:
    out = np.zeros(MOST_CM + 1, np.int64)
    for own in counts:
        out[: len(own)] += np.array(own, np.int64)
    return out


def _quantile_m(by_cm: I64, q: float) -> float:
    """The least error, m, that a share q of what is counted by cm does not exceed; NaN of nothing."""
    total = int(by_cm.sum())
    return float(np.searchsorted(np.cumsum(by_cm), q * total)) / 100 if total else float("nan")
