"""What of a mall is a shop's, which doors lead out, what stands at a till: to the limits of each."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.errors import OperatorError
from tests.engine.plan.importers.drawings import Json, box, feature, imported, line, of_type, point, polygon, said
from tests.engine.plan.importers.formats.test_imdf import archive, named

BARE: dict[str, list[Json]] = {
    "level": [feature(polygon(box(0, 0, 120, 60)), id="l0", ordinal=0)],
    "unit": [feature(polygon(box(40, 0, 70, 20)), id="u1", category="room", level_id="l0", name={"fr": "Boutique"})],
}


def mall(shops: tuple[str, ...] = (), **rows: list[Json]) -> Any:
    return imported(archive(BARE | rows), shops=shops)


def categories(made: Any, kind: str) -> list[str]:
    return [f["properties"]["category"] for f in of_type(made, kind)]


@pytest.mark.parametrize(
    ("category", "name", "alt_name", "is_"),
    [
        ("pedestrian", None, None, "entrance"),
        ("pedestrian.principal", None, None, "entrance"),
        ("emergencyexit", None, None, "exit"),
        ("service", {"fr": "Entrée"}, None, "exit"),
        ("automobile", None, None, "exit"),
        ("pedestrian.transit", None, None, "entrance"),
        ("pedestrian", {"fr": "Sortie"}, None, "exit"),
        ("pedestrian", {"fr": "Porte 1"}, {"fr": "Sortie de secours"}, "exit"),
        ("pedestrian", {"fr": "Caisse"}, None, "entrance"),
    ],
)
def test_which_doors_lead_out(category: str, name: Any, alt_name: Any, is_: str) -> None:
    door = feature(line((53, 0), (57, 0)), category=category, level_id="l0", name=name, alt_name=alt_name)
    assert categories(mall(opening=[door]), "opening") == [is_]


@pytest.mark.parametrize(
    ("amenity", "y", "openings", "fixtures"),
    [
        ("entry", 2.9, ["exit"], ["counter"]),  # that door
        ("entry", 3.1, ["exit", "entrance"], ["counter"]),
        ("cashier", 17.4, ["exit"], ["checkout"]),  # the kiosk under it
        ("cashier", 17.6, ["exit", "checkout"], ["counter"]),
        ("wifi", 5.0, ["exit"], ["counter"]),
        ("restroom", 5.0, ["exit"], ["counter"]),
    ],
)
def test_amenities_are_of_the_door_or_till_beside_them(
    amenity: str, y: float, openings: list[str], fixtures: list[str]
) -> None:
    made = mall(
        opening=[feature(line((53, 0), (57, 0)), category="service", level_id="l0", name=None)],
        kiosk=[feature(polygon(box(54, 16, 56, 17)), level_id="l0", name=None)],
        amenity=[feature(point(55, y), category=amenity, unit_ids=["gone", "u1"], name=None)],
    )
    assert (categories(made, "opening"), categories(made, "fixture")) == (openings, fixtures)
    assert (made.counts["amenities"], made.counts["kiosks"]) == (1, 1)


@pytest.mark.parametrize(
    ("x0", "kept"), [(67.9, True), (68.1, False), (37.1, True), (36.9, False)]
)  # the shop is from 40 to 70 m, and half a metre around it
def test_what_lies_in_a_shop_by_more_than_half_is_its_own(x0: float, kept: bool) -> None:
    made = mall(
        ("boutique ",),
        fixture=[feature(polygon(box(x0, 2, x0 + 5, 3)), category="furniture", level_id="l0", name=None)],
        opening=[feature(line((x0, 5), (x0 + 5, 5)), category="pedestrian", level_id="l0", name=None)],
        amenity=[feature(point(70.4 if kept else 70.6, 9), category="cashier", unit_ids=["u1"], name=None)],
    )
    assert [made.counts[key] for key in ("fixtures", "openings")] == ([1, 2] if kept else [0, 0])
    assert made.plan["rayon"]["name"] == "boutique"


@pytest.mark.parametrize(
    ("mark", "aps", "openings"),
    [
        ({"feature_type": "access_point", "id": "a1", "z_m": 3.1, "macs": ["02005e005301", "x", 7]},
         [("a1", 3.1, ["02005e005301"])], []),
        ({"feature_type": "access_point", "id": "a1"}, [("a1", 2.7, None)], []),
        ({"feature_type": "opening", "id": "o", "category": "drive"}, [], ["drive"]),
        ({"feature_type": "opening", "id": "o", "category": "gate"}, [], ["checkout"]),  # the amenity's own
        ([1], [], ["checkout"]),
        ("{", [], ["checkout"]),
        (None, [], ["checkout"]),
    ],
)  # fmt: skip
def test_what_we_exported_is_read_as_it_was(mark: Any, aps: list[Any], openings: list[str]) -> None:
    said_ = "rayon:" + (mark if isinstance(mark, str) else json.dumps(mark))
    made = mall(amenity=[feature(point(55, 9), category="cashier", unit_ids=["u1"], name=None, correlation_id=said_)])
    found = [f["properties"] for f in of_type(made, "access_point")]
    assert [(p["id"], p["z_m"], p.get("macs")) for p in found] == aps
    assert categories(made, "opening") == openings
    assert ("IMDF knows no access points" in said(made)) == (not aps)


def test_marks_of_others_and_amenities_on_no_level_say_nothing() -> None:
    other = json.dumps({"feature_type": "access_point", "id": "a1"})
    upper = feature(polygon(box(0, 0, 120, 60)), id="l1", ordinal=1)
    made = mall(
        level=[*BARE["level"], upper],
        amenity=[
            feature(point(55, 9), category="atm", unit_ids=["u1"], name=None, correlation_id=other),
            feature(point(55, 9), category="cashier", unit_ids=["gone"], name=None),
            feature(point(55, 9), category="cashier", unit_ids=None, name=None),
        ],
    )
    assert (made.counts["amenities"], made.counts["aps"], made.counts["openings"]) == (1, 0, 0)


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        ({"ordinal": 2}, ("2", 2, "2")),
        ({"ordinal": -1, "name": {"fr": "Cave"}}, ("-1", -1, "Cave")),
        ({"ordinal": 1, "short_name": {"en": "U", "fr": "H"}, "name": named("Haut", "Up")}, ("H", 1, "Haut")),
        ({"ordinal": None, "outdoor": True}, ("0", 0, "0")),  # there is no other
        ({"ordinal": 0, "name": {"de": "", "en-GB": "Ground"}}, ("0", 0, "Ground")),
    ],
)
def test_a_storey_is_called_by_its_short_name_or_number(properties: Json, told: tuple[str, int, str]) -> None:
    made = imported(archive({"level": [feature(polygon(box(0, 0, 30, 20)), id="l0", **properties)]}))
    [level] = [f["properties"] for f in of_type(made, "level")]
    assert (level["id"], level["ordinal"], level["name"]) == told


@pytest.mark.parametrize(
    ("category", "zone", "walls", "area_m2"),
    [
        ("room", 1, 0, 7200), ("walkway", 0, 0, 7200), ("nonpublic", 0, 0, 7200), ("storage", 0, 0, 7200),
        ("column", 0, 0, 7195), ("opentobelow", 0, 0, 7195), ("structure", 0, 0, 7195), ("brick", 0, 1, 7200),
        ("concrete", 0, 1, 7200), ("drywall", 0, 1, 7200), ("glass", 0, 1, 7200), ("wood", 0, 1, 7200),
        ("steps", 0, 0, 7200),
    ],
)  # fmt: skip
def test_what_a_unit_is(category: str, zone: int, walls: int, area_m2: float) -> None:
    """10 m long and half a metre thick."""
    unit = feature(polygon(box(10, 10, 20, 10.5)), id="u9", category=category, level_id="l0", name={"fr": "Neuf"})
    made = imported(archive(BARE | {"unit": [unit]}))
    inner = [f for f in of_type(made, "wall") if f["properties"].get("material") == category]
    assert (made.counts["zones"], len(inner)) == (zone, walls)
    assert made.counts["area_m2"] == {"0": pytest.approx(area_m2, abs=1)}


def test_what_is_on_no_level_is_said_where_it_is_anywhere() -> None:
    off = [feature(polygon(box(1, 1, 2, 2)), category="furniture", level_id="gone"), feature(None, level_id="gone")]
    made = mall(fixture=off)
    assert [p.place for p in made.warnings if p.reason == "a fixture on no level of the plan is left out"] == [
        "fixture[0]"
    ]


@pytest.mark.parametrize(
    ("side_deg", "reason"), [(0.999, "that is no shop"), (1.0, "longitude and latitude of one building")]
)
def test_a_building_is_within_a_degree(side_deg: float, reason: str) -> None:
    for east, north in ((side_deg, 0.001), (0.001, side_deg)):
        geometry = {"type": "Polygon", "coordinates": [box(0, 0, east, north)]}
        with pytest.raises(OperatorError, match=reason):
            imported(archive({"level": [feature(geometry, id="l0", ordinal=0)]}))


@pytest.mark.parametrize(
    ("outline", "on_earth"),
    [
        ((179.9995, 0, 180, 0.0002), True), ((179.9995, 0, 180.0001, 0.0002), False),
        ((-180, 0, -179.9995, 0.0002), True), ((-180.0001, 0, -179.9995, 0.0002), False),
        ((0, 88.9998, 0.01, 89), True), ((0, 88.9998, 0.01, 89.0001), False),
        ((0, -89, 0.01, -88.9998), True), ((0, -89.0001, 0.01, -88.9998), False),
    ],
)  # fmt: skip
def test_a_building_is_on_earth_but_for_its_poles(outline: tuple[float, ...], on_earth: bool) -> None:
    geometry = {"type": "Polygon", "coordinates": [box(*outline)]}
    content = archive({"level": [feature(geometry, id="l0", ordinal=0)]})
    if on_earth:
        assert imported(content).counts["levels"] == 1
        return
    with pytest.raises(OperatorError, match="longitude and latitude of one building"):
        imported(content)


def test_a_tenant_is_called_by_its_name_where_its_anchor_is_in_a_unit() -> None:
    anchors = [feature(point(55, 10), id="a1", unit_id="u1"), feature(point(1, 1), id="a2", unit_id="gone")]
    tenants = [
        feature(None, name={"fr": "Chez Ana"}, anchor_id="a1"),
        feature(None, name={"fr": "Ailleurs"}, anchor_id="a2"),
        feature(None, name={"fr": "Sans ancre"}, anchor_id=None),
        feature(None, name=None, anchor_id="a1"),
    ]
    rows = {"anchor": anchors, "occupant": tenants}
    assert "it holds 2 units with a name: Boutique, Chez Ana" in said(mall(**rows))
    assert mall(("chez ana",), **rows).counts["size_m"]["0"] == pytest.approx([30, 20], abs=0.01)
    for name in ("Ailleurs", "Sans ancre"):
        with pytest.raises(OperatorError, match=f"no unit or occupant is called '{name}'"):
            mall((name,), **rows)
