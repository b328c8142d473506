"""IMDF archives of a mall: two storeys, a shop among others, all of it 17 degrees against north."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.errors import OperatorError
from tests.engine.plan.importers.drawings import (
    Json,
    bounds,
    box,
    collection,
    feature,
    imported,
    line,
    of_type,
    point,
    polygon,
    said,
    zipped,
)


def named(fr: str, en: str) -> Json:
    return {"fr": fr, "en": en}


def two_parts() -> Json:
    """An upper storey in two halves, one with a hole over the atrium."""
    west = polygon(box(0, 0, 55, 60), box(20, 30, 30, 40))
    east = polygon(box(65, 0, 120, 60))
    return {"type": "MultiPolygon", "coordinates": [west["coordinates"], east["coordinates"]]}


MALL: dict[str, list[Json]] = {
    "venue": [feature(polygon(box(-5, -5, 125, 65)), id="v", category="shoppingcenter", name=named("Centre", "Mall"))],
    "building": [feature(None, id="b", category="unspecified")],
    "level": [
        feature(
            polygon(box(0, 0, 120, 60)), id="l0", category="unspecified", outdoor=False, ordinal=0,
            name=named("Niveau 0", "Level 0"), short_name=named("0", "0"),
        ),
        feature(
            two_parts(), id="l1", category="unspecified", outdoor=False, ordinal=1,
            name=named("Niveau 1", "Level 1"), short_name=named("1", "1"),
        ),
        feature(polygon(box(-5, -5, 125, 65)), id="lx", outdoor=True, ordinal=0, name=named("Dehors", "Outside")),
    ],
    "unit": [
        feature(
            polygon(box(40, 0, 70, 20), box(47, 9, 48, 10)), id="u1", category="room", level_id="l0",
            name=named("Boutique", "Boutique"),
        ),
        feature(polygon(box(47, 9, 48, 10)), id="u2", category="column", level_id="l0", name=None),
        feature(polygon(box(0, 20, 120, 40)), id="u3", category="walkway", level_id="l0", name=named("Allée", "Mall")),
        feature(polygon(box(0, 0, 40, 20)), id="u4", category="room", level_id="l0", name=named("Autre", "Other")),
        feature(polygon(box(40, 0, 52, 20)), id="u5", category="nonpublic", level_id="l1", name={"fr": "Réserve"}),
        feature(polygon(box(90, 0.0, 90.2, 20)), id="u6", category="glass", level_id="l0", name=None),
        feature(polygon(box(60, 30, 64, 34)), id="u7", category="stairs", level_id="l0", name=None),
    ],
    "section": [
        feature(polygon(box(40, 0, 55, 10)), category="retaildepartment", level_id="l0", name=named("Bio", "Organic")),
        feature(polygon(box(55, 0, 70, 10)), category="retaildepartment", level_id="l0", name={"en": "Drinks"}),
        feature(polygon(box(0, 40, 60, 60)), category="eatingdrinking", level_id="l0", name=named("Repas", "Food")),
    ],
    "fixture": [
        *[
            feature(polygon(box(42 + 6 * i, 2, 43.2 + 6 * i, 8)), category="furniture", level_id="l0", name=None)
            for i in range(4)
        ],
        feature(polygon(box(39.8, 0, 40, 20)), category="wall", level_id="l0", name=None),
        feature(polygon(box(70, 0, 70.2, 20)), category="wall", level_id="l0", name=None),
        feature(polygon(box(5, 45, 7, 47)), category="desk", level_id="l0", name=named("Comptoir", "Desk")),
    ],
    "kiosk": [feature(polygon(box(63, 16, 65, 17)), level_id="l0", name=named("Caisse 1", "Till 1"), anchor_id="a1")],
    "opening": [
        feature(line((53, 20), (57, 20)), category="pedestrian.principal", level_id="l0", name=None),
        feature(line((45, 0), (46, 0)), category="emergencyexit", level_id="l0", name=None),
        feature(line((0, 28), (0, 32)), category="pedestrian", level_id="l0", name=None),
        feature(line((44, 20), (45, 20)), category="pedestrian", level_id="l1", name=None),
    ],
    "amenity": [
        feature(point(64, 16.5), category="cashier", unit_ids=["u1"], name=None),
        feature(point(55, 20), category="entry", unit_ids=["u1"], name=None),
        feature(point(55, 5), category="wifi", unit_ids=["u1"], name=None),
    ],
    "anchor": [feature(point(55, 10), id="a1", unit_id="u1")],
    "occupant": [feature(None, name=named("Chez Rayon", "Rayon's"), category="supermarket", anchor_id="a1")],
    "relationship": [feature(None, category="stairs")],
}  # fmt: skip


def archive(rows: dict[str, list[Json]] = MALL, **manifest: Any) -> bytes:
    members = {f"{kind}.geojson": collection(*features, name=kind) for kind, features in rows.items()}
    head = {"version": "1.0.0", "created": "2026-11-28T10:00:00Z", "language": "fr-FR", **manifest}
    return zipped({"manifest.json": json.dumps(head).encode(), **members})


def test_a_mall_becomes_a_plan_along_its_walls() -> None:
    made = imported(archive())
    counted = {key: made.counts[key] for key in ("levels", "ordinals", "zones", "walls", "fixtures", "openings", "aps")}
    assert counted == {
        "levels": 2, "ordinals": [0, 1], "zones": 3, "walls": 3, "fixtures": 5, "openings": 4, "aps": 0,
    }  # fmt: skip
    assert (made.counts["kiosks"], made.counts["units"], made.counts["amenities"]) == (1, 7, 3)
    assert made.counts["size_m"] == {"0": pytest.approx([120, 60], abs=0.01), "1": pytest.approx([120, 60], abs=0.01)}
    # 1 m² of column is no floor; two halves of 55 by 60 m, less the hole of 10 by 10 m
    assert made.counts["area_m2"] == {"0": pytest.approx(7199, abs=1), "1": pytest.approx(6500, abs=1)}
    anchor = made.plan["rayon"]["anchor"]
    assert (anchor["lon"], anchor["lat"]) == (pytest.approx(2.3503, abs=2e-8), pytest.approx(48.8501, abs=2e-8))
    assert anchor["bearing_deg"] == pytest.approx(-17, abs=0.01)


def test_names_are_the_archives_language_and_places_are_in_metres() -> None:
    made = imported(archive())
    assert made.plan["rayon"]["name"] == "Centre"
    assert [s["properties"]["name"] for s in of_type(made, "section")] == ["Bio", "Drinks", "Repas"]
    assert bounds(of_type(made, "section")[0]) == pytest.approx((40, 0, 55, 10), abs=0.02)
    walls = [w["geometry"]["coordinates"] for w in of_type(made, "wall")]
    assert sorted(round(w[0][0], 1) for w in walls) == [39.9, 70.1, 90.1]
    assert [w["properties"].get("material") for w in of_type(made, "wall")].count("glass") == 1
    kinds = {f["properties"].get("name"): f["properties"]["category"] for f in of_type(made, "fixture")}
    assert kinds == {None: "gondola", "Comptoir": "counter", "Caisse 1": "checkout"}  # the till stands on the kiosk
    assert [o["properties"]["category"] for o in of_type(made, "opening")] == [
        "entrance",
        "exit",
        "entrance",
        "entrance",
    ]


def test_one_shop_alone_is_no_mall_that_one_of_has_to_be_taken() -> None:
    units = [row for row in MALL["unit"] if not row["properties"].get("name")]
    alone = archive({**MALL, "unit": [MALL["unit"][0], *units], "occupant": []})
    both = archive({**MALL, "unit": [MALL["unit"][0], MALL["unit"][3], *units], "occupant": []})
    assert "the whole venue becomes one plan" not in said(imported(alone))
    assert "it holds 2 units with a name" in said(imported(both))


@pytest.mark.parametrize(("thick_m", "walls", "blocks"), [(0.9, 1, 0), (1.5, 0, 1)])
def test_a_wall_is_a_line_up_to_a_metre_and_a_block_above(thick_m: float, walls: int, blocks: int) -> None:
    fixture = [feature(polygon(box(10, 0, 10 + thick_m, 20)), category="wall", level_id="l0", name=None)]
    units = [row for row in MALL["unit"] if row["properties"]["category"] != "glass"]
    made = imported(archive({**MALL, "unit": units, "fixture": fixture, "kiosk": []}))
    assert (made.counts["walls"], len(of_type(made, "fixture"))) == (walls, blocks)


def test_what_nobody_can_know_is_said_once() -> None:
    text = said(imported(archive()))
    for words in (
        "IMDF knows no access points", "2 parts, which become one level", "4 units with a name", "Dehors: is outdoors",
        "stairs drawn on one level alone", "amenity wifi is where guests find Wi-Fi",
    ):  # fmt: skip
        assert text.count(words) == 1, words


@pytest.mark.parametrize("shop", ["Boutique", "chez rayon"])
def test_one_shop_of_it_by_its_own_or_its_tenants_name(shop: str) -> None:
    made = imported(archive(), shops=(shop, "Réserve"))
    assert made.counts["size_m"] == {"0": pytest.approx([30, 20], abs=0.01), "1": pytest.approx([12, 20], abs=0.01)}
    assert made.counts["area_m2"] == {"0": pytest.approx(599, abs=0.1), "1": pytest.approx(240, abs=0.1)}
    counted = [made.counts[key] for key in ("levels", "zones", "walls", "fixtures", "openings", "kiosks")]
    assert counted == [2, 2, 2, 4, 3, 1]
    assert bounds(of_type(made, "section")[0]) == pytest.approx((0, 0, 15, 10), abs=0.02)
    assert made.plan["rayon"]["name"] == shop


def test_a_shop_that_is_not_there_is_asked_for() -> None:
    with pytest.raises(
        OperatorError, match=r"--shop: no unit or occupant is called 'Boutiqe' \(did you mean 'Boutique'"
    ):
        imported(archive(), shops=("Boutiqe",))


def test_stairs_on_two_storeys_join_them() -> None:
    def stairs(level: str) -> Json:
        return feature(polygon(box(50, 42, 54, 46)), id=f"s{level}", category="stairs", level_id=level, name=None)

    made = imported(archive(MALL | {"unit": [*MALL["unit"], stairs("l0"), stairs("l1")]}))
    kept = [s["properties"] for s in of_type(made, "section") if s["properties"].get("category") == "stairs"]
    assert [s["level"] for s in kept] == ["0", "1"]
    assert made.counts["zones"] == 3


def test_without_sections_units_with_a_name_are_the_zones() -> None:
    made = imported(archive(MALL | {"section": []}))
    assert [s["properties"]["name"] for s in of_type(made, "section")] == ["Boutique", "Autre"]
    assert "units with a name are the zones" in said(made)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"level": []}, "no level has an outline"),
        ({"level": [feature(None, id="l0", ordinal=0)]}, "no level has an outline"),
        (
            {"level": [feature({"type": "Polygon", "coordinates": [box(0, 0, 120, 60)]}, id="l0", ordinal=0)]},
            "longitude and latitude of one building",
        ),
    ],
)
def test_what_is_no_archive_of_a_building_is_refused(change: dict[str, list[Json]], reason: str) -> None:
    with pytest.raises(OperatorError, match=reason):
        imported(archive(MALL | change))


def test_other_zips_are_refused() -> None:
    without_a_level = zipped({"manifest.json": b"{}", "venue.geojson": collection(), "unit.geojson": collection()})
    with pytest.raises(OperatorError, match=r"holds no level\.geojson"):
        imported(without_a_level)
    with pytest.raises(OperatorError, match=r"holds no level\.geojson"):
        imported(zipped({"venue.geojson": collection()}), format_="imdf")
    with pytest.raises(OperatorError, match="damaged or locked archive"):
        imported(archive()[:400], format_="imdf")
