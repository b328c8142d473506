"""A small store drawn for these tests: two aisles between three shelves, a wall with a door, four access points."""

from __future__ import annotations

from collections.abc import Iterator

from shapely.geometry import LineString, Point, Polygon, box

from engine.plan.model import AccessPoint, Fixture, Level, Opening, Plan, Product, Wall, Zone
from simulators.scenario.scenario import Scenario
from simulators.world import Heard, World


def shelf(id_: str, x0: float, y0: float, x1: float, y1: float, level: str = "0") -> Fixture:
    return Fixture(id_, level, id_, "gondola", 2.5, False, box(x0, y0, x1, y1))


def access_point(id_: str, x_m: float, y_m: float, level: str = "0") -> AccessPoint:
    return AccessPoint(id_, level, x_m, y_m, 2.8, id_, None, None)


def product(sku: str, x_m: float, y_m: float, level: str = "0", category: str = "grocery") -> Product:
    return Product(sku, f"Product {sku}", category, 250, level, x_m, y_m, "")


def small_plan() -> Plan:
    """20 x 12 m: shelves across the middle, so that ways bend; a back room behind a wall with a gap at the top."""
    floor = Level("0", 0, "Ground", 3.0, 0.0, box(0, 0, 20, 12))
    return Plan(
        store="small",
        name="Small",
        timezone="Europe/Paris",
        currency="EUR",
        anchor=None,
        levels=(floor,),
        walls=(Wall("0", LineString([(16, 0), (16, 10)]), "plasterboard", 4.0),),
        fixtures=(shelf("g1", 3, 2, 4, 10), shelf("g2", 7, 2, 8, 10), shelf("g3", 11, 2, 12, 10)),
        zones=(
            Zone("front", "0", "Front", "", box(0, 0, 8, 12)),
            Zone("back", "0", "Back", "", box(8, 0, 20, 12)),
        ),
        openings=(
            Opening("door", "0", "entrance", LineString([(0, 0.5), (0, 1.5)])),
            Opening("till-1", "0", "checkout", Point(1.5, 11)),
            Opening("till-2", "0", "checkout", Point(2.5, 0.8)),
        ),
        access_points=(
            access_point("ap-1", 1, 1),
            access_point("ap-2", 19, 1),
            access_point("ap-3", 1, 11),
            access_point("ap-4", 19, 11),
        ),
        products=(
            product("milk", 5.5, 6),
            product("bread", 4.5, 9),
            product("soap", 9.5, 4, category="household"),
            product("wine", 18, 2),
        ),
    )


def two_level_plan() -> Plan:
    """The small store with an upper floor, joined by stairs at the right, and one product up there."""
    ground = small_plan()
    upper = Level("1", 1, "First", 3.0, 3.0, box(0, 0, 20, 12))
    flight: Polygon = box(13, 4, 15, 6)
    return Plan(
        store="tall",
        name="Tall",
        timezone="Europe/Paris",
        currency="EUR",
        anchor=None,
        levels=(*ground.levels, upper),
        walls=ground.walls,
        fixtures=(*ground.fixtures, shelf("u1", 5, 2, 6, 10, "1")),
        zones=(*ground.zones, Zone("s0", "0", "Stairs", "stairs", flight), Zone("s1", "1", "Stairs", "stairs", flight)),
        openings=ground.openings,
        access_points=(*ground.access_points, access_point("ap-5", 10, 6, "1")),
        products=(*ground.products, product("hat", 2, 6, "1")),
    )


def all_ticks(world: World) -> Iterator[Heard]:
    """A whole scenario, tick by tick."""
    return (world.tick(k) for k in range(world.ticks))


def scenario(**changes: object) -> Scenario:
    """A short scenario on the small store, with keys replaced."""
    return Scenario.model_validate({"name": "made", "store": "small", "seed": 3, "duration_s": 600.0, **changes})
