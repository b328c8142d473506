"""Three ordinary stores drawn for measuring: a pharmacy, a bookshop and a DIY store, zones three to four metres wide.

Rows of shelves with aisles between them, cut into zones; a front with the entrance and the tills; products in front of
the shelves. What differs is size, goods (and what they cost radio), access points, and how people shop. Everything is
drawn from a seed: the plan is a function of kind and seed, and so is the day.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from shapely.geometry import LineString, Point, Polygon, box

from engine.offers.campaigns import Campaign
from engine.plan.model import AccessPoint, Fixture, Level, Opening, Plan, Product, Wall, Zone
from simulators.scenario.people import DwellHabit, PeopleConfig
from simulators.scenario.phones import PhonesConfig
from simulators.scenario.radio import RadioConfig
from simulators.scenario.scenario import Scenario

RADIUS_M, DWELL_S = 3.0, 10.0
"""Of the campaigns: at a product's shelf, for as long as it takes to read what is on it."""


@dataclass(frozen=True)
class Kind:
    """A kind of store. Shelves stand along y, `pitch_m` apart, in `bands` (from y, to y), each cut into zones."""

    width_m: float
    depth_m: float
    access_points: int
    mast_m: float
    pitch_m: float
    shelf_m: float
    bands: tuple[tuple[float, float], ...]
    zone_m: float
    shelf_db: float
    wall_db: float
    products: int  # in a zone
    tills: int
    arrivals_per_hour: float
    list_length: float
    dwell_s: float


KINDS = {
    "pharmacy": Kind(24, 16, 5, 2.8, 3.2, 0.8, ((4, 8), (10, 14)), 4, 2.5, 10, 4, 2, 150, 3, 30),
    "bookshop": Kind(30, 20, 8, 3.0, 3.5, 0.9, ((5, 9), (9, 13), (14.5, 18.5)), 4, 3.5, 10, 4, 2, 100, 4, 45),
    "diy": Kind(80, 50, 15, 6.0, 4.0, 1.2, ((9, 25), (29, 45)), 8, 6.0, 12, 3, 5, 150, 5, 35),
}


def drawn_plan(kind: str, seed: int = 1) -> Plan:
    """The plan; which products stand where, and where access points hang to the metre, is drawn."""
    k, rng = KINDS[kind], np.random.default_rng([seed, 17])
    floor = box(0, 0, k.width_m, k.depth_m)
    edge = LineString([(0, 0), (0, k.depth_m), (k.width_m, k.depth_m), (k.width_m, 0)])
    zones = [Zone(f"z{i:02d}", "0", f"Zone {i}", "", area) for i, area in enumerate(_zones(k))]
    return Plan(
        store=kind,
        name=kind,
        timezone="Europe/Paris",
        currency="EUR",
        anchor=None,
        levels=(Level("0", 0, "Ground", k.mast_m + 0.4, 0.0, floor),),
        walls=(Wall("0", edge, "brick", k.wall_db),),
        fixtures=tuple(
            Fixture(f"g{i:02d}", "0", "", "gondola", k.shelf_db, False, area) for i, area in enumerate(_shelves(k))
        ),
        zones=tuple(zones),
        openings=_openings(k),
        access_points=tuple(_access_points(k, rng)),
        products=tuple(_products(k, zones, rng)),
    )


def drawn_day(kind: str, seed: int = 1, seconds: float = 3600.0) -> Scenario:
    """People, phones and air: defaults but for how many come and how long they look."""
    k = KINDS[kind]
    return Scenario(
        name=kind,
        store=kind,
        seed=1000 + seed,
        duration_s=seconds,
        people=PeopleConfig(
            arrivals_per_hour=k.arrivals_per_hour,
            start_inside=int(k.arrivals_per_hour / 15),
            speed_min_m_s=0.6,
            speed_max_m_s=1.2,
            list_length_mean=k.list_length,
            popularity_exponent=0.7,
            dwell=DwellHabit(median_s=k.dwell_s, sigma_log=0.6),
            till_fixed_s=20,
        ),
        phones=PhonesConfig(connected_share=0.8, consent_share=0.8, sign_in_share=1.0),
        radio=RadioConfig(shadowing_sigma_db=3.0, shadowing_length_m=3.0),
    )


def drawn_campaigns(plan: Plan, wanted: int = 12, min_probability: float = 0.6) -> list[Campaign]:
    """Coupons at shelves: of one product of each zone, those most asked for first."""
    title = {"title": "-10 %", "text": "-10 %"}
    return [
        Campaign.model_validate(
            {
                "id": f"c-{p.sku.lower()}",
                "name": p.name,
                "place": {"product": p.sku, "radius_m": RADIUS_M},
                "min_probability": min_probability,
                "min_dwell_s": DWELL_S,
                "offer": {"kind": "percent", "basis_points": 500, "applies_to": "product", "sku": p.sku},
                "margin_minor": 50,
                "redeem_probability": 0.2,
                "texts": {"fr": title, "en": title},
            },
            strict=False,
        )
        for p in plan.products[:: KINDS[plan.store].products][:wanted]
    ]


def _columns(k: Kind) -> list[float]:
    """The x of the middle of each row of shelves."""
    n = int((k.width_m - 3.0) // k.pitch_m) + 1
    first = (k.width_m - (n - 1) * k.pitch_m) / 2
    return [first + i * k.pitch_m for i in range(n)]


def _shelves(k: Kind) -> Iterator[Polygon]:
    for y0, y1 in k.bands:
        for x in _columns(k):
            yield box(x - k.shelf_m / 2, y0, x + k.shelf_m / 2, y1)


def _zones(k: Kind) -> Iterator[Polygon]:
    """Each aisle from the middle of one row of shelves to that of the next."""
    columns = _columns(k)
    for y0, y1 in k.bands:
        for y in np.arange(y0, y1 - 0.1, k.zone_m).tolist():
            for left, right in pairwise(columns):
                yield box(left, y, right, min(y + k.zone_m, y1))


def _openings(k: Kind) -> tuple[Opening, ...]:
    door = Opening("door", "0", "entrance", LineString([(3.0, 0.0), (5.0, 0.0)]))
    way_out = Opening("out", "0", "exit", LineString([(k.width_m - 5.0, 0.0), (k.width_m - 3.0, 0.0)]))
    tills = [
        Opening(f"till-{i}", "0", "checkout", Point(k.width_m - 6.0 - 2.5 * i, k.bands[0][0] / 2))
        for i in range(k.tills)
    ]
    return (door, way_out, *tills)


def _access_points(k: Kind, rng: np.random.Generator) -> Iterator[AccessPoint]:
    """On a lattice of its size, pushed about by up to a metre."""
    rows = max(1, round(float(np.sqrt(k.access_points * k.depth_m / k.width_m))))
    per_row = [k.access_points // rows + (i < k.access_points % rows) for i in range(rows)]
    number = 0
    for i, n in enumerate(per_row):
        for j in range(n):
            x, y = (j + 0.5) / n * k.width_m, (i + 0.5) / rows * k.depth_m
            dx, dy = rng.uniform(-1.0, 1.0, 2).tolist()
            mac = f"00:00:5e:00:53:{number:02x}"
            yield AccessPoint(mac, "0", round(x + dx, 1), round(y + dy, 1), k.mast_m, mac, None, None)
            number += 1


def _products(k: Kind, zones: list[Zone], rng: np.random.Generator) -> list[Product]:
    """Half a step from the shelf that bounds a zone on the left or on the right. Zone by zone in an order by lot: some
    zones are far more asked for than others."""
    out = []
    for i in rng.permutation(len(zones)).tolist():
        x0, y0, x1, y1 = zones[i].polygon.bounds
        for _ in range(k.products):
            from_shelf = k.shelf_m / 2 + 0.45
            x = x0 + from_shelf if rng.random() < 0.5 else x1 - from_shelf
            y = float(rng.uniform(y0 + 0.3, y1 - 0.3))
            sku = f"p{len(out):03d}"
            out.append(Product(sku, f"Product {len(out)}", zones[i].id, 500, "0", round(x, 2), round(y, 2), "other"))
    return out
