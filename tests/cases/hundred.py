"""A small store on one day of a hundred shoppers, drawn from a seed: who was in which zone, what coupons they got.

What the engine lets out of them is in the database as in a real site; the truth is beside it.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
from shapely.geometry import box

from engine.plan.cells import walkable_cells
from engine.plan.model import Plan, Zone
from engine.presence.expected.rows import ExpectedRow, stay_row
from engine.presence.heat import HeatRow
from engine.presence.local_hours import hours_in
from engine.presence.release import Release, Statistics
from engine.presence.zonehours import ZoneHourRow
from engine.records import DeviceId, Fixes, VisitEvent
from engine.storage.database import Database
from engine.storage.journal import save_checkpoint
from engine.storage.models.vouchers import DecisionTable, DeliveryTable, RedemptionTable, VoucherTable
from engine.vocabulary import VisitChange
from tests.api.site import small_plan

K, BLOCK_S, SHOPPERS = 20, 900.0, 100
DAY = dt.date(2026, 3, 3)
PLAN: Plan = replace(
    small_plan("hundred"),
    zones=(
        Zone("shop", "ground", "Boutique", "", box(0, 0, 10, 8)),
        Zone("tea", "ground", "Thés", "", box(0, 2, 5, 8)),
        Zone("cups", "ground", "Tasses", "", box(5, 2, 10, 8)),
        Zone("tills", "ground", "Caisses", "checkout", box(0, 0, 10, 2)),
    ),
    openings=(),
)
LOCAL = hours_in(PLAN.timezone)


@dataclass(frozen=True, slots=True)
class Stay:
    """One shopper's way through the zones: (zone, from, until), s UTC."""

    device: int
    way: tuple[tuple[str, float, float], ...]
    issued: bool
    shown: bool
    used: bool


def clock(hour: int, minute: int = 0) -> float:
    """A time of the day, s UTC."""
    return dt.datetime.combine(DAY, dt.time(hour, minute), ZoneInfo(PLAN.timezone)).timestamp()


def drawn_stays(seed: int) -> list[Stay]:
    """A hundred shoppers between nine and seven, most of them at the tills, few of them back among the cups."""
    rng = np.random.default_rng(seed)
    stays = []
    for device in range(1, SHOPPERS + 1):
        t = clock(9) + float(rng.uniform(0, 9.5 * 3600))
        zones = ["tea", *(["cups"] if rng.random() < 0.6 else []), *(["tea"] if rng.random() < 0.15 else []), "tills"]
        zones = [z for i, z in enumerate(zones) if not i or zones[i - 1] != z]
        way = []
        for zone in zones:
            dwell_s = float(rng.uniform(40, 240))
            way.append((zone, t, t + dwell_s))
            t += dwell_s
        issued = rng.random() < 0.9
        shown = bool(issued and rng.random() < 0.85)
        stays.append(Stay(device, tuple(way), bool(issued), shown, bool(shown and rng.random() < 0.4)))
    return stays


def fill_figures(db: Database, stays: list[Stay]) -> list[tuple[str, float]]:
    """What the engine lets out, quarter by quarter; of what is expected each block's name and visits."""
    blocks: list[tuple[str, float]] = []
    cells = walkable_cells(PLAN, 0.5)
    made = Release(PLAN, cells, 1.0, k=K, block_s=BLOCK_S)
    made.take(Statistics(), clock(8))
    for i in range(1, 13 * 4):
        begin, end = clock(8) + BLOCK_S * (i - 1), clock(8) + BLOCK_S * i
        events, moves, rows, fixes, heat, hours = [], [], [], [], [], []
        for stay in stays:
            first, last = stay.way[0][1], stay.way[-1][2]
            if begin <= last < end:  # it is over
                events += [_left(stay.device, zone, a, b) for zone, a, b in stay.way]
                events.append(_left(stay.device, "shop", first, last))
                names = ["", *(zone for zone, _, _ in stay.way), ""]
                moves += [(stay.device, a, b) for a, b in pairwise(names)]
                rows.append((stay.device, stay_row(first, last - first, LOCAL)))
                rows += [(stay.device, _expected(zone, a, b)) for zone, a, b in stay.way]
            fixes += [
                (stay.device, zone, t) for zone, a, b in stay.way for t in np.arange(a, b, 10.0) if begin <= t < end
            ]
        if fixes:
            seen = _fixes(fixes)
            made.see(seen, [])
            for x, y in zip(seen.x_m.tolist(), seen.y_m.tolist(), strict=True):
                heat.append(HeatRow(LOCAL.start(begin), "ground", int(x), int(y), 10.0, 1.0))
        made.see(_fixes([]), events)
        made.see_moves(moves)
        hours += [ZoneHourRow(LOCAL.start(begin), e.zone, 0.0, 1, e.dwell_s, 1.0) for e in events]
        out = made.take(Statistics(heat=heat, zone_hours=hours, stays=rows), end)
        let_out: Counter[str] = Counter()
        for row in out.expected:
            let_out[row.zone] += row.visits  # type: ignore[assignment]
        blocks += let_out.items()
        save_checkpoint(
            db, PLAN.store, 0, b"", out.heat, out.zone_hours, [], end, flows=out.flows, expected=out.expected
        )
    return blocks


def _left(device: int, zone: str, a: float, b: float) -> VisitEvent:
    return VisitEvent(VisitChange.LEAVE, DeviceId(device), zone, a, b, b - a, 0.9)


def _expected(zone: str, a: float, b: float) -> ExpectedRow:
    dwell_s = b - a
    return ExpectedRow(
        LOCAL.start(a), zone, dwell_s, 0.9, 0.9 * dwell_s, 0.1 * dwell_s, 0.09, 9.0, 0.5, 0.81, dwell_s**2, dwell_s
    )


def _fixes(at: list[tuple[int, str, float]]) -> Fixes:
    """Fixes in the middle of zones, a little beside it for each device."""
    middle = {z.id: z.polygon.centroid for z in PLAN.zones}
    n = len(at)
    return Fixes(
        t=np.array([t for _, _, t in at], np.float64),
        device=np.array([d for d, _, _ in at], np.uint64),
        level=np.zeros(n, np.int32),
        x_m=np.array([middle[z].x + (d % 5 - 2) * 0.9 for d, z, _ in at], np.float64),
        y_m=np.array([middle[z].y + (d % 3 - 1) * 0.7 for d, z, _ in at], np.float64),
        cov_m2=np.zeros((n, 2, 2)),
        n_ap=np.full(n, 4, np.int32),
        posterior=np.zeros((n, 0), np.float32),
    )


def fill_coupons(db: Database, stays: list[Stay]) -> None:
    """Decisions, coupons, messages and uses, each at its time."""
    with db.write() as session:
        for stay in stays:
            name, at = f"s{stay.device}", stay.way[0][1] + 20.0
            session.add(_decision(name, at, issued=stay.issued))
            if not stay.issued:
                continue
            session.add(_voucher(name, at, used=stay.used))
            session.flush()
            state = "acknowledged" if stay.shown else "expired"
            session.add(
                DeliveryTable(
                    voucher_id=f"v-{name}",
                    shopper_id=name,
                    store=PLAN.store,
                    channel="page",
                    state=state,
                    created_at=at,
                    expires_at=at + 600,
                    acknowledged_at=at + 3.0 if stay.shown else None,
                    caused_by_t=at,
                    payload="{}",
                    reason="" if stay.shown else "not_shown",
                )
            )
            if stay.used:
                session.add(_use(name, stay.way[-1][2], 40 + 3 * (stay.device % 30)))


def _decision(name: str, at: float, *, issued: bool) -> DecisionTable:
    return DecisionTable(
        decision_id=f"d-{name}",
        trigger_id=f"t-{name}",
        store=PLAN.store,
        campaign_id="tea-20",
        shopper_id=name,
        visit_id=f"visit-{name}",
        outcome="issue" if issued else "refuse",
        reason="ok" if issued else "cap_visit",
        at=at,
        since=at - 10,
        probability=0.8,
        caused_by_t=at,
        inputs='{"store": "hundred", "currency": "EUR", "channel": "page", "gain_minor": 24.5}',
    )


def _voucher(name: str, at: float, *, used: bool) -> VoucherTable:
    return VoucherTable(
        voucher_id=f"v-{name}",
        store=PLAN.store,
        campaign_id="tea-20",
        shopper_id=name,
        visit_id=f"visit-{name}",
        decision_id=f"d-{name}",
        code_hmac=f"h-{name}",
        state="redeemed" if used else "issued",
        issued_at=at,
        expires_at=at + 86_400,
        holds_slot=True,
        reserved_minor=0,
        worth_minor=99,
        currency="EUR",
        uses=int(used),
        offer="{}",
        texts="{}",
    )


def _use(name: str, at: float, discount_minor: int) -> RedemptionTable:
    return RedemptionTable(
        redemption_id=f"r-{name}",
        voucher_id=f"v-{name}",
        store=PLAN.store,
        till="1",
        key=name,
        content="",
        state="redeemed",
        discount_minor=discount_minor,
        line_minor="[]",
        basket_minor=499,
        currency="EUR",
        redeemed_at=at,
        state_before="seen",
    )
