"""A day of a year as rows: the columns of each table, and the day's own figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.records import Bools
from engine.vocabulary import DecisionOutcome, DecisionReason
from simulators.year.year import DayOut, Year

T = 3  # decimals of times
TABLES: dict[str, dict[str, int | None]] = {
    "shoppers": {
        "device": None,
        "connected": 0,
        "entered_at": T,
        "left_at": T,
        "list": None,
        "kind": None,
        "party": None,
    },
    "visits": {"device": None, "zone": None, "entered_at": T, "left_at": T},
    "purchases": {
        "t": T,
        "device": None,
        "till": None,
        "sku": None,
        "quantity": 0,
        "unit_price_minor": 0,
        "currency": None,
    },
    "coupons": {
        "device": None,
        "campaign_id": None,
        "place": None,
        "since": T,
        "until": T,
        "due_at": T,
        "outcome": None,
        "reason": None,
    },
    "reactions": {
        "t": T,
        "device": None,
        "campaign_id": None,
        "issued": 0,
        "opens": 0,
        "buys_without": 0,
        "buys_with": 0,
        "bought": 0,
        "redeemed": 0,
        "shared": 0,
        "friend_opened": 0,
    },
}
DAY_COUNTS = (
    "visitors",
    "connected",
    "consenting",
    "visits",
    "buyers",
    "sales_minor",
    "coupons_issued",
    "coupons_redeemed",
    "shares",
    "points",
    "discounts_minor",
    "coupons_held_out",
    "zone_visits",
)
"""Of `days.csv`, after `date` and `opened`."""


class Rows:
    """Makes rows of the days of one year."""

    def __init__(self, year: Year) -> None:
        plan = year.plan
        self._rules, self._currency, self._targets = year.config.coupons, plan.currency, year.coupons.target
        self._skus = np.array([p.sku for p in plan.products], np.str_)
        self._prices = np.array([p.price_minor for p in plan.products], np.int64)
        self._zones = np.array([z.id for z in plan.zones], np.str_)
        self._tills = np.array(year.floor.till_names, np.str_)

    def counts(self, out: DayOut) -> dict[str, int]:
        """The day's figures, by the names of `DAY_COUNTS`."""
        stops, moments, crowd = out.stops, out.moments, out.crowd
        redeemed = _mark_redeemed(out)
        prices = self._prices[stops.product]
        off = prices[moments.stop[redeemed]] * self._rules.basis_points // 10_000
        leaders = crowd.shopper[: len(out.arrive_s)]
        return {
            "visitors": len(np.unique(crowd.code)),
            "connected": len(np.unique(crowd.code[crowd.connected])),
            "consenting": len(np.unique(leaders[out.consenting])),
            "visits": len(crowd.names),
            "buyers": int((out.payments.till >= 0).sum()),
            "sales_minor": int(prices[out.kept].sum()),
            "coupons_issued": int(moments.issued.sum()),
            "coupons_redeemed": int(redeemed.sum()),
            "shares": int(moments.shared.sum()),
            "points": int(moments.friend_opened.sum()) * self._rules.points_per_open,
            "discounts_minor": int(off.sum()),
            "coupons_held_out": int((~moments.issued).sum()),
            "zone_visits": len(out.stays.zone),
        }

    def tables(self, out: DayOut) -> dict[str, Sequence[Any]]:
        """The day's rows by table, as columns in the order of `TABLES`."""
        stays, names = out.stays, out.crowd.names
        return {
            "shoppers": self._shopper_rows(out),
            "visits": (names[stays.person].tolist(), self._zones[stays.zone].tolist(), stays.since, stays.until),
            "purchases": self._purchase_rows(out),
            **self._coupon_rows(out),
        }

    def _shopper_rows(self, out: DayOut) -> Sequence[Any]:
        crowd = out.crowd
        lists = [" ".join(self._skus[row].tolist()) for row in out.wanted]
        enter, leave = (out.start_t + s[crowd.leader] + crowd.lag_s for s in (out.arrive_s, out.left_s))
        led = crowd.nth > 0
        party = np.where(led, crowd.names[crowd.leader], "").tolist()
        kind = np.where(led, "companion", "shopper").tolist()
        order = np.lexsort((crowd.nth, crowd.leader))
        columns = (crowd.names.tolist(), crowd.connected, enter, leave, [lists[i] for i in crowd.leader], kind, party)
        return [c[order] if isinstance(c, np.ndarray) else [c[i] for i in order.tolist()] for c in columns]

    def _purchase_rows(self, out: DayOut) -> Sequence[Any]:
        rows = np.flatnonzero(out.kept)
        who, product = out.stops.who[rows], out.stops.product[rows]
        order = np.lexsort((self._skus[product], out.payments.paid_s[who]))
        who, product, n = who[order], product[order], len(rows)
        paid_t, till = out.start_t + out.payments.paid_s[who], self._tills[out.payments.till[who]]
        device, sku = out.crowd.names[who].tolist(), self._skus[product].tolist()
        return paid_t, device, till.tolist(), sku, np.ones(n), self._prices[product], [self._currency] * n

    def _coupon_rows(self, out: DayOut) -> dict[str, Sequence[Any]]:
        m, stops = out.moments, out.stops
        order = np.argsort(stops.since_s[m.stop], kind="stable")
        stop = m.stop[order]
        since, until = out.start_t + stops.since_s[stop], out.start_t + stops.until_s[stop]
        due = since + self._rules.min_dwell_s
        device = out.crowd.names[stops.who[stop]].tolist()
        campaign = [f"year-{target}" for target in self._targets[stops.product[stop]].tolist()]
        place, issued = self._skus[stops.product[stop]].tolist(), m.issued[order]
        outcome = np.where(issued, DecisionOutcome.ISSUE, DecisionOutcome.REFUSE).tolist()
        reason = np.where(issued, DecisionReason.OK, DecisionReason.HOLDOUT).tolist()
        fates = (
            m.issued,
            m.opens,
            m.buys_without,
            m.buys_with,
            m.bought,
            _mark_redeemed(out),
            m.shared,
            m.friend_opened,
        )
        return {
            "coupons": (device, campaign, place, since, until, due, outcome, reason),
            "reactions": (due, device, campaign, *(fate[order] for fate in fates)),
        }


def _mark_redeemed(out: DayOut) -> Bools:
    """(moments,) coupons that were looked at and whose product was paid for."""
    return np.asarray(out.moments.issued & out.moments.opens & out.kept[out.moments.stop], np.bool_)
