"""Presence meets campaigns: somebody has been at a place for long enough, as P(place) says. All of them at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import numpy as np

from engine.devices import CLOCK_SLACK_S, DeviceTable, StateColumn, rounds
from engine.offers.targets import Target
from engine.presence.rhythm import GAP_MAX_S, RHYTHM, gap_allowed_s, learn_gaps
from engine.records import F32, F64, I64, U64, Bools, DeviceId, Fixes, Trigger, device_hex

GAP_S = 30.0
"""Without a fix for longer nobody knows where the device was, and its dwell begins anew; unless it is known to scan
more seldom (`engine.presence.rhythm`), and was there before and after."""

VisitOf = Callable[[DeviceId], str | None]


class TriggerTimers:
    """Since when each device has been at each target's place, and whether it has fired there.

    An episode begins when P(place) = posterior @ membership reaches `begin_probability`, fires once when it has lasted
    `min_dwell_s` and P is at least `min_probability`, and ends when P falls below where it began (once it has fired,
    below `keep_probability`), when no fix came for `gap_s` (of a device that scans more seldom, for longer than its own
    rhythm explains, up to `gap_max_s`), or when the device's visit changes. P climbs for seconds after somebody came:
    with one level for both, a dwell begins when P is sure of it, and not when it began.
    """

    def __init__(self, gap_s: float = GAP_S, gap_max_s: float = GAP_MAX_S) -> None:
        self._gap_s, self._gap_max_s = gap_s, gap_max_s
        self._targets: list[Target] = []
        self._columns: list[str] = []  # the campaign of each column of the table
        self._table = _table(0)
        self._members: F32 = np.empty((0, 0), np.float32)

    def set_targets(self, targets: Sequence[Target]) -> None:
        """Replaces the targets. Campaigns that stay keep their episodes, new ones begin with none."""
        self._targets = list(targets)
        self._members = np.stack([t.membership for t in targets], axis=1) if targets else np.empty((0, 0), np.float32)
        self._least: F32 = np.array([t.min_probability for t in targets], np.float32)
        begins = [t.min_probability if t.begin_probability is None else t.begin_probability for t in targets]
        self._begin: F32 = np.array(begins, np.float32)
        keeps = [t.min_probability if t.keep_probability is None else t.keep_probability for t in targets]
        self._keep: F32 = np.array(keeps, np.float32)
        self._promised = [t.promised for t in targets]
        self._dwell_s: F64 = np.array([t.min_dwell_s for t in targets], np.float64)
        self._reorder([t.campaign_id for t in targets])

    def update(self, fixes: Fixes, visit_id: VisitOf) -> list[Trigger]:
        """Takes in fixes (n rows) and returns what fires now, in the order of time, device and target.

        A device without an open visit fires nothing: an unknown visit is no presence.
        """
        if not self._targets or not len(fixes):
            return []
        p: F32 = fixes.posterior @ self._members
        fired: list[Trigger] = []
        for rows in rounds(fixes.device, fixes.t):
            fired += self._round(fixes.device[rows], fixes.t[rows], p[rows], visit_id)
        return sorted(fired, key=lambda f: (f.at, f.device, self._columns.index(f.campaign_id)))

    def _round(self, device: U64, t: F64, p: F32, visit_id: VisitOf) -> list[Trigger]:
        """One fix per device at most: (m,) devices and times, (m, T) probabilities."""
        row = self._table.rows(device)
        since, done = self._table["since"][row], self._table["done"][row]
        gap = t - self._table["last"][row]
        fresh = gap <= gap_allowed_s(self._table, row, self._gap_s, self._gap_max_s, unknown_s=self._gap_s)  # NaN: not
        learn_gaps(self._table, row, gap, gap <= self._gap_max_s)
        maybe = p >= self._begin
        going = maybe & ~np.isnan(since) & fresh[:, None]
        since = np.where(going, since, np.where(maybe, t[:, None], np.nan))
        done &= fresh[:, None] & (p >= self._keep)
        due = (p >= self._least) & ~done & (t[:, None] - since >= self._dwell_s - CLOCK_SLACK_S)
        fired = self._fire(device, t, p, since, due, visit_id)
        self._table["since"][row], self._table["done"][row], self._table["last"][row] = since, done | due, t
        return fired

    def _fire(self, device: U64, t: F64, p: F32, since: F64, due: Bools, visit_id: VisitOf) -> list[Trigger]:
        """One turn per trigger, which are few; takes back from `due` those without a visit."""
        fired = []
        for i, k in np.argwhere(due).tolist():
            who = DeviceId(int(device[i]))
            visit = visit_id(who)
            if visit is None:
                due[i, k] = False
                continue
            campaign, began, at = self._columns[k], float(since[i, k]), float(t[i])
            name = trigger_id(campaign, who, visit, began)
            fired.append(Trigger(name, campaign, who, visit, began, at, float(p[i, k]), at, self._promised[k]))
        return fired

    def forget(self, devices: U64) -> None:
        """Drops devices that have left: (m,) of them, known or not."""
        self._table.forget(devices)

    def state(self) -> dict[str, Any]:
        """Everything later triggers depend on, but for the targets."""
        return {"campaigns": list(self._columns), "table": self._table.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` returned, before or after `set_targets`."""
        self._columns = [str(c) for c in state["campaigns"]]
        self._table = _table(len(self._columns))
        self._table.restore(state["table"])
        if self._targets:
            self._reorder([t.campaign_id for t in self._targets])

    def _reorder(self, campaigns: list[str]) -> None:
        """Moves the table's columns to these campaigns, in this order."""
        kept: I64 = np.array([self._columns.index(c) if c in self._columns else -1 for c in campaigns], np.int64)
        old = self._table.state()
        n = old["device"].shape[0]
        since, done = np.full((n, max(len(campaigns), 1)), np.nan), np.zeros((n, max(len(campaigns), 1)), np.bool_)
        into = np.flatnonzero(kept >= 0)
        since[:, into], done[:, into] = old["since"][:, kept[into]], old["done"][:, kept[into]]
        self._table = _table(len(campaigns))
        self._table.restore({**old, "since": since, "done": done})
        self._columns = campaigns


def trigger_id(campaign_id: str, device: DeviceId, visit_id: str, since: float) -> str:
    """The same episode has the same id wherever and however often it is computed."""
    return sha256(f"{campaign_id}|{device_hex(device)}|{visit_id}|{since:.3f}".encode()).hexdigest()[:16]


def _table(width: int) -> DeviceTable:
    columns = max(width, 1)  # a width of 0 would mean a scalar per device
    return DeviceTable(
        {
            "since": StateColumn(np.float64, np.nan, columns),
            "done": StateColumn(np.bool_, False, columns),
            "last": StateColumn(np.float64, np.nan),
            **RHYTHM,
        }
    )
