"""Stops at products and ways to the till, of stays by hand, and that they wait for whoever went no further."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from shapely.geometry import box

from engine.plan.cells import walkable_cells, zone_membership
from engine.plan.model import Level, Plan
from engine.presence.expected.histories import Histories, steps_within
from engine.presence.expected.products import STOP_M, product_places
from engine.presence.expected.rows import PRODUCT, TILL, ExpectedRow, StayLength
from engine.presence.expected.waiting import ExpectedWaiting
from engine.presence.expected.ways import (
    WAY_PRODUCT,
    WAY_PRODUCT_TILL,
    WAY_TILL,
    WAY_ZONE,
    WAY_ZONE_TILL,
    wholes_of,
)
from engine.presence.local_hours import hours_in
from engine.presence.release import days_of, hours_of
from engine.presence.stays import visit_id_of
from engine.records import DeviceId, StoreVisit
from tests.engine.presence.made import fixes_of
from tests.engine.runtime.made import boutique

PLAN = boutique()
CELLS = walkable_cells(PLAN, 0.5)
PLACES = product_places(PLAN, CELLS)
SKU = PLAN.products[0].sku
ZONE = PLACES.within[SKU]
T0 = 1_800_000_000.0 // 3600 * 3600
HOURS = hours_in("Europe/Paris")
K = 10
FAR = int(np.argmax(np.hypot(CELLS.x_m - PLAN.products[0].x_m, CELLS.y_m - PLAN.products[0].y_m)))
TILLS = [name for name in Histories(PLAN, CELLS).zones if name.startswith(TILL)]


def at_product() -> int:
    """A cell in front of it, within its zone."""
    inside = zone_membership(PLAN, CELLS)[:, PLAN.zone_index[ZONE]] > 0
    return int(np.flatnonzero((PLACES.near[PRODUCT + SKU] > 0) & inside)[0])


def stay(cells: list[int], every_s: float = 3.0) -> dict[str, float]:
    """Visits by row of a stay that is surely at these cells, `every_s` each."""
    made = Histories(PLAN, CELLS)
    t = T0 + every_s * np.arange(len(cells))
    rows = np.zeros((len(cells), len(CELLS)), np.float32)
    rows[np.arange(len(cells)), cells] = 1.0
    made.add(fixes_of([1] * len(cells), t.tolist(), rows))
    made.end([StoreVisit(visit_id_of(1, float(t[0])), DeviceId(1), float(t[0]), float(t[-1]))])
    out: dict[str, float] = {}
    for _, row in made.drain():
        out[row.zone] = out.get(row.zone, 0.0) + row.visits
    return out


def till_cell() -> int:
    members = Histories(PLAN, CELLS)._members
    column = Histories(PLAN, CELLS).zones.index(TILLS[0])
    return int(np.flatnonzero(members[:, column])[0])


def test_every_product_of_the_shipped_stores_has_floor_around_it_and_a_zone() -> None:
    assert len(PLACES.near) == len(PLAN.products)
    x, y = CELLS.x_m[PLACES.near[PRODUCT + SKU] > 0], CELLS.y_m[PLACES.near[PRODUCT + SKU] > 0]
    assert np.hypot(x - PLAN.products[0].x_m, y - PLAN.products[0].y_m).max() <= STOP_M + 0.5
    assert set(PLACES.within.values()) <= {zone.id for zone in PLAN.zones}


def test_a_stop_is_within_a_metre_and_a_half_of_where_one_faces_the_product() -> None:
    """As the indicators say of themselves (`stop_m`): of an open floor in cells of half a metre."""
    floor = Level("0", 0, "Hall", 3.0, 0.0, box(0, 0, 8, 8))
    tea = replace(PLAN.products[0], level="0", x_m=4.25, y_m=4.25)
    plan = Plan("hall", "Hall", "UTC", "EUR", None, (floor,), products=(tea,))
    cells = walkable_cells(plan, 0.5)
    near = product_places(plan, cells).near[PRODUCT + tea.sku]
    np.testing.assert_array_equal(near, np.hypot(cells.x_m - 4.25, cells.y_m - 4.25) <= 1.5)


def test_whoever_stands_at_a_product_has_stopped_there_and_gone_a_way() -> None:
    seen = stay([at_product()] * 40 + [FAR] * 20 + [till_cell()] * 20)
    assert seen[PRODUCT + SKU] == 1.0
    assert seen[WAY_ZONE + ZONE] == seen[WAY_PRODUCT + SKU] == 1.0
    assert seen[WAY_TILL] == seen[WAY_ZONE_TILL + ZONE] == seen[WAY_PRODUCT_TILL + SKU] == 1.0


def test_a_till_before_the_product_is_no_way_to_it() -> None:
    seen = stay([till_cell()] * 20 + [FAR] * 20 + [at_product()] * 40)
    assert seen[WAY_TILL] == seen[WAY_PRODUCT + SKU] == 1.0
    assert WAY_PRODUCT_TILL + SKU not in seen


def test_who_passes_by_goes_no_way() -> None:
    seen = stay([at_product()] * 15)
    assert seen[PRODUCT + SKU] == 1.0
    assert not [name for name in seen if name.startswith(":way")]


def test_walking_past_is_hardly_a_stop() -> None:
    """Histories are smoothed: three seconds are a tenth of a window."""
    assert stay([FAR] * 30 + [at_product()] + [FAR] * 30).get(PRODUCT + SKU, 0.0) <= 0.1


def row(name: str, chance: float = 1.0) -> ExpectedRow:
    return ExpectedRow(T0, name, 0.0, chance, 9.0, 0.0, 0.0, 0.0, 0.0, chance**2, 81.0, 9.0)


def waiting() -> ExpectedWaiting:
    wholes = wholes_of([ZONE], {SKU: ZONE}, [SKU])
    return ExpectedWaiting(K, lambda a, b: hours_of(a, b, HOURS), {}, wholes, lambda a, b: days_of(a, b, HOURS))


def let_out(made: ExpectedWaiting, blocks: int = 1) -> dict[str, float]:
    sums: dict[str, float] = {}
    for r in made.release(T0 + 900.0 * blocks):
        sums[r.zone] = sums.get(r.zone, 0.0) + r.visits
    return sums


def test_stops_wait_while_fewer_than_k_of_the_zone_did_not_stop() -> None:
    """Twelve of fifteen stopped: both figures together would tell of three."""
    made = waiting()
    made.keep([(d, row(ZONE)) for d in range(15)] + [(d, row(PRODUCT + SKU)) for d in range(12)], T0)
    assert PRODUCT + SKU not in let_out(made)
    made.keep([(d, row(ZONE)) for d in range(20, 30)], T0)
    assert let_out(made, 2)[PRODUCT + SKU] == pytest.approx(12.0)


def test_a_step_waits_for_those_who_went_no_further() -> None:
    made = waiting()
    came, zone = StayLength.LONG.value, WAY_ZONE + ZONE
    made.keep([(d, row(came)) for d in range(30)] + [(d, row(zone)) for d in range(28)], T0)
    assert set(let_out(made)) == {came}
    made.keep([(d, row(came)) for d in range(40, 48)], T0)
    assert let_out(made, 2)[zone] == pytest.approx(28.0)


def test_where_everybody_stopped_nobody_is_told_apart() -> None:
    made = waiting()
    made.keep([(d, row(name)) for d in range(12) for name in (ZONE, PRODUCT + SKU)], T0)
    assert let_out(made)[PRODUCT + SKU] == pytest.approx(12.0)


def test_people_who_did_not_stop_are_not_remembered_for_ever() -> None:
    """Of a product that nobody stops at, over many days."""
    made = waiting()
    for day in range(30):
        made.keep([(d, row(ZONE)) for d in range(1000)], T0 + day)
        made.turn()
    [held] = [state for state in made.state()["blocks"] if state[0] == PRODUCT + SKU]
    assert sum(len(people) for people in held[4].values()) <= 8 * K


def test_what_is_kept_by_days_begins_at_midnight() -> None:
    made = waiting()
    made.keep([(d, row(name)) for d in range(12) for name in (ZONE, PRODUCT + SKU)], T0)
    rows = [r for r in made.release(T0 + 900.0) if r.zone == PRODUCT + SKU]
    assert [HOURS.clock(r.hour_start).hour for r in rows] == [0]


def test_days_share_a_block_by_its_time_in_them() -> None:
    midnight = HOURS.midnight(HOURS.clock(T0).date())
    days = days_of(midnight - 3600.0, midnight + 3 * 3600.0, HOURS)
    assert [share for _, share in days] == [pytest.approx(0.25), pytest.approx(0.75)]
    assert days[1][0] == midnight
    assert len(days_of(midnight - 40 * 86_400.0, midnight + 1.0, HOURS)) == 8


def test_steps_of_the_shipped_store_are_parts_of_rows_that_it_has() -> None:
    steps = steps_within(PLAN, CELLS)
    known = {zone.id for zone in PLAN.zones} | {kind.value for kind in StayLength} | set(steps)
    assert {whole for of in steps.values() for whole in of} <= known
