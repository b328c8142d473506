"""What a good plan becomes, and which plans are good."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import zoneinfo
from collections.abc import Iterator
from pathlib import Path

import pytest
from shapely.geometry import LineString, Point, box

from engine.errors import OperatorError
from engine.plan.load import check_plan, load_plan, load_plan_of, load_plans, load_sound_plans, store_folders
from engine.plan.materials import FIXTURE_DB_BY_CATEGORY, WALL_DB
from tests.engine.plan.sketch import AP, FIXTURE, LEVEL, OPENING, SECTION, WALL, feature, ring, shop, write


def test_every_field_of_a_plan(tmp_path: Path) -> None:
    plan = load_plan(write(tmp_path))
    assert (plan.store, plan.name, plan.timezone, plan.currency) == ("shop", "The shop", "Europe/Paris", "EUR")
    assert plan.anchor is not None
    assert (plan.anchor.lon, plan.anchor.lat, plan.anchor.bearing_deg) == (2.35, 48.86, 10.0)
    (level,) = plan.levels
    assert (level.id, level.ordinal, level.name, level.height_m, level.floor_z_m) == ("0", 0, "Ground", 3.0, 0.0)
    assert level.polygon.equals(box(0, 0, 12, 8))
    (wall,) = plan.walls
    assert (wall.level, wall.material, wall.attenuation_db) == ("0", "brick", WALL_DB["brick"])
    assert wall.line.equals(LineString([(8, 0), (8, 6)]))
    (fixture,) = plan.fixtures
    assert (fixture.id, fixture.name, fixture.category, fixture.walkable) == ("g1", "g1", "gondola", False)
    assert fixture.attenuation_db == FIXTURE_DB_BY_CATEGORY["gondola"]
    assert [(z.id, z.name, z.category) for z in plan.zones] == [("bread", "Bread", "")]
    assert [(o.id, o.category) for o in plan.openings] == [("door", "entrance")]
    ap = plan.access_points[0]
    assert (ap.id, ap.x_m, ap.y_m, ap.z_m, ap.name) == ("AA-BB-CC-00-00-01", 1.0, 1.0, 2.8, "AA-BB-CC-00-00-01")
    assert (ap.p0_dbm, ap.exponent) == (None, None)
    assert plan.ap_index == {"aabbcc000001": 0, "aabbcc000002": 1, "ceiling-3": 2}
    product = plan.product_by_sku["A1"]
    assert (product.name, product.category, product.price_minor, product.level) == ("Pain", "boulangerie", 110, "0")
    assert (product.x_m, product.y_m, product.legal_class) == (2.5, 2.5, "food")


def test_optional_properties_win_over_defaults(tmp_path: Path) -> None:
    raw = shop()
    features = raw["features"]
    features[LEVEL]["properties"]["height_m"] = 4.5
    features[WALL]["properties"]["attenuation_db"] = 0
    features[FIXTURE]["properties"] |= {"name": "Shelf", "attenuation_db": 9.5, "walkable": True}
    features[SECTION]["properties"]["category"] = "fresh"
    features[OPENING]["geometry"] = {"type": "Point", "coordinates": [1.5, 0.0]}
    features[AP]["properties"] |= {"name": "Door", "p0_dbm": -38.5, "exponent": 2.2}
    plan = load_plan(write(tmp_path, raw))
    assert plan.levels[0].height_m == 4.5
    assert plan.walls[0].attenuation_db == 0.0
    assert (plan.fixtures[0].name, plan.fixtures[0].attenuation_db, plan.fixtures[0].walkable) == ("Shelf", 9.5, True)
    assert plan.zones[0].category == "fresh"
    assert plan.openings[0].geometry.equals(Point(1.5, 0))
    ap = plan.access_points[0]
    assert (ap.name, ap.p0_dbm, ap.exponent) == ("Door", -38.5, 2.2)


def test_a_plan_without_sections_gets_one_zone_per_level(tmp_path: Path) -> None:
    raw = shop()
    raw["features"] = [
        raw["features"][LEVEL],
        feature("level", "Polygon", ring(0, 0, 5, 5), id="1", ordinal=1, name="Up"),
    ]
    plan = load_plan(write(tmp_path, raw, products=None))
    assert [(z.id, z.level, z.name) for z in plan.zones] == [("0", "0", "Ground"), ("1", "1", "Up")]
    assert plan.zones[1].polygon.equals(box(0, 0, 5, 5))
    assert (plan.walls, plan.fixtures, plan.products) == ((), (), ())


def test_floors_stand_on_the_levels_below(tmp_path: Path) -> None:
    heights = {-2: 2.5, -1: 3.5, 0: 5.0, 1: 4.0, 3: 3.0}
    raw = shop()
    raw["features"] = [
        feature("level", "Polygon", ring(0, 0, 5, 5), id=f"L{o}", ordinal=o, name=f"L{o}", height_m=h)
        for o, h in sorted(heights.items(), reverse=True)
    ]
    plan = load_plan(write(tmp_path, raw, products=None))
    assert {lv.ordinal: lv.floor_z_m for lv in plan.levels} == {-2: -6.0, -1: -3.5, 0: 0.0, 1: 5.0, 3: 9.0}


def test_two_buildings_share_an_ordinal(tmp_path: Path) -> None:
    raw = shop()
    raw["features"] = [
        feature("level", "Polygon", ring(0, 0, 5, 5), id="west", ordinal=0, name="West", height_m=4),
        feature("level", "Polygon", ring(9, 0, 14, 5), id="east", ordinal=0, name="East", height_m=3),
        feature("level", "Polygon", ring(0, 0, 5, 5), id="up", ordinal=1, name="Up"),
    ]
    plan = load_plan(write(tmp_path, raw, products=None))
    assert [lv.floor_z_m for lv in plan.levels] == [0.0, 0.0, 4.0]


def test_holes_in_a_level_are_kept(tmp_path: Path) -> None:
    raw = shop()
    raw["features"][LEVEL]["geometry"]["coordinates"] += ring(9, 5, 11, 7)
    plan = load_plan(write(tmp_path, raw))
    assert plan.levels[0].polygon.area == pytest.approx(12 * 8 - 2 * 2)


def test_anchor_may_be_null_or_absent(tmp_path: Path) -> None:
    raw = shop()
    raw["rayon"]["anchor"] = None
    assert load_plan(write(tmp_path / "a", raw)).anchor is None
    del raw["rayon"]["anchor"]
    assert load_plan(write(tmp_path / "b", raw)).anchor is None


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    folder = write(tmp_path, "\ufeff" + json.dumps(shop()), "\ufeffsku,name,category,price_minor,level,x_m,y_m\n")
    assert load_plan(folder).products == ()


def test_products_may_stand_at_a_shelf_edge_within_the_tolerance(tmp_path: Path) -> None:
    rows = "sku,name,category,price_minor,level,x_m,y_m\nA,a,c,0,0,4.5,3.4\nB,b,c,1,0,12.5,4\n"
    assert len(load_plan(write(tmp_path, shop(), rows)).products) == 2


def test_a_quoted_name_may_hold_commas_and_quotes(tmp_path: Path) -> None:
    rows = 'name,sku,category,price_minor,y_m,x_m,level\n"Thon, ""albacore""",A,c,479,2,2,0\n\n'
    (product,) = load_plan(write(tmp_path, shop(), rows)).products
    assert (product.name, product.legal_class) == ('Thon, "albacore"', "")


def test_the_folder_may_have_any_name(tmp_path: Path) -> None:
    assert load_plan(write(tmp_path / "copy of a copy")).store == "shop"


def test_plans_of_a_directory_by_store(tmp_path: Path) -> None:
    for name in ("east", "west"):
        raw = shop()
        raw["rayon"]["store"] = name
        write(tmp_path / name, raw)
    (tmp_path / "notes").mkdir()
    assert sorted(load_plans(tmp_path)) == ["east", "west"]
    assert list(load_plans(tmp_path, ["west"])) == ["west"]


def test_plans_list_the_mistakes_of_all_stores(tmp_path: Path) -> None:
    for name in ("east", "west"):
        raw = shop()
        raw["rayon"] |= {"store": name, "currency": "euro"}
        write(tmp_path / name, raw)
    with pytest.raises(OperatorError) as caught:
        load_plans(tmp_path)
    assert [(Path(p.file).parent.name, p.place) for p in caught.value.problems] == [
        ("east", "rayon.currency"),
        ("west", "rayon.currency"),
    ]


def test_what_is_sound_is_given_beside_the_mistakes_of_other_stores(tmp_path: Path) -> None:
    for folder, store, currency in (("east", "east", "EUR"), ("north", "west", "EUR"), ("west", "west", "euro")):
        raw = shop()
        raw["rayon"] |= {"store": store, "currency": currency}
        write(tmp_path / folder, raw)
    plans, faults = load_sound_plans(tmp_path)
    assert list(plans) == ["east"]
    places = {folder: [p.place for p in problems] for folder, problems in faults.items()}
    assert places == {"north": ["rayon.store"], "west": ["rayon.currency"]}
    with pytest.raises(OperatorError, match="lies in folder 'north'"):
        load_plan_of(tmp_path, "north")
    with pytest.raises(OperatorError, match=r"rayon\.currency"):
        load_sound_plans(tmp_path, ["west"])


@pytest.fixture
def without_rights() -> Iterator[Path]:
    """A folder that whoever has no rights may read: the test goes on as such a one, also where root runs it."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder, who = Path(name), os.geteuid()
        folder.chmod(0o755)
        try:
            yield folder
        finally:
            os.seteuid(who)
            for closed in folder.iterdir():
                closed.chmod(0o700)


def test_a_folder_that_is_closed_to_us_is_a_store_whose_plan_cannot_be_read(without_rights: Path) -> None:
    for store in ("closed", "open"):
        raw = shop()
        raw["rayon"] |= {"store": store}
        write(without_rights / store, raw)
    load_plans(without_rights)
    (without_rights / "closed").chmod(0)
    (without_rights / "lost+found").mkdir(mode=0)  # no store can be called so
    if os.geteuid() == 0:
        os.seteuid(65534)
    assert store_folders(without_rights) == ["closed", "open"]
    plans, faults = load_sound_plans(without_rights)
    assert (list(plans), list(faults)) == (["open"], ["closed"])
    with pytest.raises(OperatorError, match=r"closed/plan\.geojson: \(whole file\): Permission denied"):
        load_plans(without_rights)


def test_two_folders_of_one_store_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "a")
    write(tmp_path / "b")
    with pytest.raises(OperatorError, match="has another floor plan already"):
        load_plans(tmp_path)


def test_a_store_asked_for_lies_in_its_folder(tmp_path: Path) -> None:
    write(tmp_path / "east")
    with pytest.raises(OperatorError, match="store 'shop' lies in folder 'east'"):
        load_plans(tmp_path, ["east"])
    with pytest.raises(OperatorError, match=r"nowhere/plan\.geojson: \(whole file\): No such file"):
        load_plans(tmp_path, ["nowhere"])


def test_a_directory_without_plans_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="holds no floor plan"):
        load_plans(tmp_path)
    with pytest.raises(OperatorError, match="holds no floor plan"):
        load_plans(tmp_path / "nowhere")


def test_a_good_plan_has_nothing_to_warn_of(tmp_path: Path) -> None:
    plan, errors, warnings = check_plan(write(tmp_path))
    assert plan is not None
    assert (errors, warnings) == ([], [])


def test_a_machine_without_time_zones_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("tzdata.")]:
        monkeypatch.delitem(sys.modules, name)  # zones that another test has read already
    monkeypatch.setitem(sys.modules, "tzdata", None)
    zoneinfo.ZoneInfo.clear_cache()
    zoneinfo.reset_tzpath(to=[])
    try:
        with pytest.raises(OperatorError, match="this machine has no time zones"):
            load_plan(write(tmp_path))
    finally:
        zoneinfo.reset_tzpath()
