"""IMDF (OGC 20-094), the format of malls: an archive with one GeoJSON collection per type, in longitude and latitude.

Levels, sections, fixtures, kiosks and openings become ours. Fixtures of category `wall`, and units of a wall's
material, become walls. Units are rooms: they are not zones unless no section is drawn, and what nobody walks on
(columns, voids) is cut out of the level. IMDF has no access points.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry import LineString, Point, Polygon

from engine.plan.features import OPENINGS
from engine.plan.fields import closest
from engine.plan.importers.answers import DrawingAnswers
from engine.plan.importers.draft import DEFAULT_MAST_M, Draft, Piece, Storey
from engine.plan.importers.geometry import Shape, middle_line, outline_of_level, polygons_in, read_shapes
from engine.plan.importers.ground import Ground
from engine.plan.importers.notes import Notes
from engine.plan.importers.read_json import features_of, number_of, properties_of, read_json
from engine.plan.importers.words import clean, id_like, is_mac, opening_category, some, unique_id

TYPES = ("level", "unit", "section", "fixture", "kiosk", "opening", "amenity", "occupant", "anchor", "venue")
MATERIALS = ("brick", "concrete", "drywall", "glass", "wood")
HOLES = ("column", "opentobelow", "structure")
NO_ZONE = ("walkway", "nonpublic", "storage", *HOLES, *MATERIALS)
UNIT_RISERS = {"stairs": "stairs", "steps": "stairs", "elevator": "elevator", "escalator": "escalator"}
FIXTURE_WORDS = {"furniture": "gondola", "desk": "counter", "checkin.desk": "counter"}
OPENING_WORDS = {
    "pedestrian": "entrance",
    "pedestrian.principal": "entrance",
    "emergencyexit": "exit",
    "service": "exit",
    "automobile": "exit",
}
WALL_WIDTH_M = 1.0  # a wall drawn as a polygon is thinner; what is thicker stands there like a pillar
ON_SHOP_M = 0.5  # a shop's walls and doors are drawn on its outline, on either side of it
AT_DOOR_M = 3.0  # an amenity `entry` this near an opening is that opening
MARK = "rayon:"
"""How `rayon plan export` begins an amenity's `correlation_id`: what the amenity is for us follows, as JSON."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Archive:
    """The features of an archive by type, their shapes in metres, and how its names are read."""

    rows: dict[str, list[Row]]
    ground: Ground
    language: str
    notes: Notes

    def shapes(self, row: Row, place: str) -> list[Shape]:
        """In metres east and north of `ground`."""
        found = read_shapes(row.get("geometry"), place, self.notes)
        return [shapely.transform(shape, self.ground.to_metres) for shape in found]

    def each(self, kind: str) -> Iterator[tuple[str, Row, Row]]:
        """(place, feature, properties) of each feature of a type."""
        for i, row in enumerate(self.rows.get(kind, [])):
            yield f"{kind}[{i}]", row, properties_of(row)

    def name(self, properties: Row) -> str:
        """The name in the archive's language, or in whatever there is."""
        raw = properties.get("name")
        if isinstance(raw, dict):
            raw = next((raw[k] for k in raw if k.split("-")[0] == self.language and raw[k]), None) or next(
                (v for v in raw.values() if v), None
            )
        return clean(raw)


def import_imdf(files: dict[str, bytes], answers: DrawingAnswers, notes: Notes) -> Draft:
    """The draft of an archive. Raises OperatorError where it is none, or its shops cannot be found."""
    archive = _open(files, notes)
    draft = Draft(notes, ground=archive.ground)
    draft.name = next((archive.name(p) for _, _, p in archive.each("venue")), "")
    levels = _levels(archive, draft)
    shop = _shop(archive, answers, levels, draft)
    _units(archive, draft, levels, shop)
    _areas(archive, draft, levels, shop)
    _openings(archive, draft, levels, shop)
    _amenities(archive, draft, levels, shop)
    if not draft.of_kind("access_point"):
        notes.say(
            "(archive)", "IMDF knows no access points: the plan has none", "add a feature of type access_point for each"
        )
    return draft


def _open(files: dict[str, bytes], notes: Notes) -> Archive:
    members = {name.rsplit("/", 1)[-1].lower(): content for name, content in files.items()}
    if "level.geojson" not in members:
        notes.refuse("(archive)", "holds no level.geojson", "an IMDF archive: a .zip with one .geojson per type")
    rows = {
        kind: features_of(read_json(members[f"{kind}.geojson"], f"{kind}.geojson", notes), f"{kind}.geojson", notes)
        for kind in TYPES
        if f"{kind}.geojson" in members
    }
    manifest = read_json(members["manifest.json"], "manifest.json", notes) if "manifest.json" in members else {}
    corners = [c for row in rows["level"] for s in read_shapes(row.get("geometry"), "level.geojson", notes)
               for c in shapely.get_coordinates(s).tolist()]  # fmt: skip
    if not corners:
        notes.refuse("level.geojson", "no level has an outline", "a Polygon or MultiPolygon each")
    (west, south), (east, north) = np.min(corners, axis=0), np.max(corners, axis=0)
    if not (west >= -180 and east <= 180 and south >= -89 and north <= 89 and east - west < 1 and north - south < 1):
        reason = f"spans {west:.6g} to {east:.6g}, {south:.6g} to {north:.6g}"
        notes.refuse("level.geojson", reason, "longitude and latitude of one building, in degrees")
    ground = Ground(float(west + east) / 2, float(south + north) / 2)
    return Archive(rows, ground, str(manifest.get("language") or "").split("-")[0].lower(), notes)


def _levels(archive: Archive, draft: Draft) -> dict[str, str]:
    """The storeys, into the draft; the archive's ids of levels to ours."""
    ids: dict[str, str] = {}
    taken: dict[str, int] = {}
    outdoors = [place for place, _, p in archive.each("level") if p.get("outdoor") is True]
    only = len(outdoors) < len(archive.rows["level"])
    for place, row, p in archive.each("level"):
        parts = [s for s in archive.shapes(row, place) if isinstance(s, Polygon)]
        if not parts or (only and place in outdoors):
            reason = "is outdoors, and left out" if place in outdoors else "has no outline, and is left out"
            archive.notes.say(f"level {archive.name(p) or place}", reason)
            continue
        ordinal = number_of(p.get("ordinal"), 0.0)
        short = p.get("short_name")
        wish = archive.name({"name": short}) or f"{ordinal:g}"
        own = unique_id(wish, taken)
        ids[str(row.get("id"))] = own
        draft.storeys.append(Storey(own, round(ordinal), archive.name(p) or own, parts))
    return ids


def _shop(archive: Archive, answers: DrawingAnswers, levels: dict[str, str], draft: Draft) -> dict[str, Polygon] | None:
    """The outline of the shops asked for by level, which then are the levels'; None where all of it is wanted."""
    named = _named_units(archive)
    if not answers.shops:
        if len(named) > 1:
            reason = f"the whole venue becomes one plan; it holds {len(named)} units with a name: {some(named)}"
            archive.notes.say("unit.geojson", reason, "--shop NAME takes one alone, --shop NAME --shop OTHER several")
        return None
    wanted: dict[str, list[Polygon]] = {}
    for shop in answers.shops:
        found = [units for name, units in named.items() if name.casefold() == shop.strip().casefold()]
        if not found:
            archive.notes.refuse("--shop", f"no unit or occupant is called {shop!r}", closest(shop, named))
        for place, row, p in found[0]:
            if str(p.get("level_id")) in levels:
                parts = [s for s in archive.shapes(row, place) if isinstance(s, Polygon)]
                wanted.setdefault(levels[str(p["level_id"])], []).extend(parts)
    draft.storeys = [s for s in draft.storeys if s.id in wanted]
    for storey in draft.storeys:
        storey.parts = wanted[storey.id]
    draft.name = answers.shops[0].strip()
    return {level: outline_of_level(parts, level, archive.notes) for level, parts in wanted.items() if parts}


def _named_units(archive: Archive) -> dict[str, list[tuple[str, Row, Row]]]:
    """Units by name: their own, and that of the occupant whose anchor is in them."""
    units = {str(row.get("id")): (place, row, p) for place, row, p in archive.each("unit")}
    unit_of = {str(row.get("id")): str(p.get("unit_id")) for _, row, p in archive.each("anchor")}
    named: dict[str, list[tuple[str, Row, Row]]] = {}
    for unit in units.values():
        if archive.name(unit[2]) and unit[2].get("category") not in ("walkway", *HOLES, *MATERIALS):
            named.setdefault(archive.name(unit[2]), []).append(unit)
    for _, _, p in archive.each("occupant"):
        tenant = units.get(unit_of.get(str(p.get("anchor_id")), ""))
        name = archive.name(p)
        if tenant is not None and name and name not in named:
            named[name] = [tenant]
    return named


def _inside(shape: Shape, level: str, shop: dict[str, Polygon] | None) -> bool:
    """Whether most of a shape is in the shops asked for."""
    if shop is None:
        return True
    if level not in shop:
        return False
    own = shop[level].buffer(ON_SHOP_M)
    if isinstance(shape, Polygon):
        return bool(shape.intersection(own).area > 0.5 * shape.area)
    if isinstance(shape, LineString):
        return bool(shape.intersection(own).length > 0.5 * shape.length)
    return bool(own.intersects(shape))


def _on_levels(
    archive: Archive, kind: str, levels: dict[str, str], shop: dict[str, Polygon] | None
) -> Iterator[tuple[str, str, Row, Shape]]:
    """(place, our level, properties, shape) of the features of a type that are on a level of ours, and in the shop."""
    for place, row, p in archive.each(kind):
        level = levels.get(str(p.get("level_id")))
        if level is None:
            if row.get("geometry") is not None:
                archive.notes.say(place, f"a {kind} on no level of the plan is left out")
            continue
        for shape in archive.shapes(row, place):
            if _inside(shape, level, shop):
                yield place, level, p, shape


def _units(archive: Archive, draft: Draft, levels: dict[str, str], shop: dict[str, Polygon] | None) -> None:
    holes: dict[str, list[Polygon]] = {}
    zones = archive.rows.get("section") is None or not archive.rows["section"]
    draft.counts["units"] = len(archive.rows.get("unit", []))
    for place, level, p, shape in _on_levels(archive, "unit", levels, shop):
        category = str(p.get("category"))
        if not isinstance(shape, Polygon):
            continue
        if category in HOLES:
            holes.setdefault(level, []).append(shape)
        elif category in UNIT_RISERS:
            word = UNIT_RISERS[category]
            named = {"name": archive.name(p) or word.capitalize(), "category": word}
            draft.risers.append(Piece("section", level, shape, named, place))
        elif category in MATERIALS:
            _wall(draft, level, shape, category, place)
        elif zones and shop is None and archive.name(p) and category not in NO_ZONE:
            draft.add("section", level, shape, place, name=archive.name(p), category=category)
    for storey in draft.storeys:
        if storey.id in holes:
            cut = shapely.union_all(storey.parts).difference(shapely.union_all(holes[storey.id]))
            storey.parts = polygons_in(cut) or storey.parts
    if draft.of_kind("section"):
        archive.notes.say("unit.geojson", "no section is drawn: units with a name are the zones")


def _wall(draft: Draft, level: str, shape: Polygon, material: str, place: str) -> None:
    line = middle_line(shape, WALL_WIDTH_M)
    if line is not None:
        draft.add("wall", level, line, place, material=material)
    else:
        draft.add("fixture", level, shape, place, category="wall")


def _areas(archive: Archive, draft: Draft, levels: dict[str, str], shop: dict[str, Polygon] | None) -> None:
    for place, level, p, shape in _on_levels(archive, "section", levels, shop):
        if isinstance(shape, Polygon):
            draft.add("section", level, shape, place, name=archive.name(p), category=clean(p.get("category")))
    for place, level, p, shape in _on_levels(archive, "fixture", levels, shop):
        category = clean(p.get("category"))
        if not isinstance(shape, Polygon):
            continue
        if category == "wall":
            _wall(draft, level, shape, "", place)
        else:
            draft.add(
                "fixture", level, shape, place, name=archive.name(p), category=FIXTURE_WORDS.get(category, category)
            )
    for place, level, p, shape in _on_levels(archive, "kiosk", levels, shop):
        if isinstance(shape, Polygon):
            draft.add("fixture", level, shape, place, name=archive.name(p), category="counter")
            draft.counts["kiosks"] += 1


def _openings(archive: Archive, draft: Draft, levels: dict[str, str], shop: dict[str, Polygon] | None) -> None:
    for place, level, p, shape in _on_levels(archive, "opening", levels, shop):
        if not isinstance(shape, Polygon):
            category = OPENING_WORDS.get(str(p.get("category")), "entrance")
            words = f"{archive.name(p)} {archive.name({'name': p.get('alt_name')})}"
            if category == "entrance" and opening_category(words) == "exit":
                category = "exit"
            draft.add("opening", level, shape, place, id=id_like(archive.name(p)), category=category)


def _amenities(archive: Archive, draft: Draft, levels: dict[str, str], shop: dict[str, Polygon] | None) -> None:
    level_of = {str(r.get("id")): levels.get(str(p.get("level_id"))) for _, r, p in archive.each("unit")}
    for place, row, p in archive.each("amenity"):
        units = p.get("unit_ids")
        where = [level_of.get(str(u)) for u in units] if isinstance(units, list) else []
        level = next((lv for lv in where if lv), draft.storeys[0].id if len(draft.storeys) == 1 else None)
        for shape in archive.shapes(row, place):
            if level is None or not isinstance(shape, Point) or not _inside(shape, level, shop):
                continue
            draft.counts["amenities"] += 1
            _amenity(archive, draft, level, shape, p, place)


def _amenity(archive: Archive, draft: Draft, level: str, shape: Point, p: Row, place: str) -> None:
    category, mark = str(p.get("category")), _read_mark(p.get("correlation_id"))
    if mark.get("feature_type") == "access_point":
        macs = mark.get("macs")
        own_macs = [clean(mac) for mac in macs if is_mac(clean(mac))] if isinstance(macs, list) else None
        z_m = number_of(mark.get("z_m"), DEFAULT_MAST_M)
        name = archive.name(p)
        draft.add("access_point", level, shape, place, id=clean(mark.get("id"), 128), name=name, z_m=z_m, macs=own_macs)
    elif mark.get("feature_type") == "opening" and mark.get("category") in OPENINGS:
        draft.add("opening", level, shape, place, id=clean(mark.get("id"), 128), category=mark["category"])
    elif category == "entry":
        doors = [d for d in draft.of_kind("opening") if d.level == level and d.shape.distance(shape) < AT_DOOR_M]
        if not doors:
            draft.add("opening", level, shape, place, category="entrance")
    elif category == "cashier":
        under = [f for f in draft.of_kind("fixture") if f.level == level and f.shape.distance(shape) < ON_SHOP_M]
        if under:
            under[0].properties["category"] = "checkout"
        else:
            draft.add("opening", level, shape, place, category="checkout")
    elif category == "wifi":
        archive.notes.say(place, "amenity wifi is where guests find Wi-Fi, not where an access point hangs: left out")


def _read_mark(mark: Any) -> Row:
    """What `rayon plan export` wrote of an amenity; empty for those of others."""
    if not isinstance(mark, str) or not mark.startswith(MARK):
        return {}
    try:
        raw = json.loads(mark[len(MARK) :])
    except (ValueError, RecursionError):
        return {}
    return raw if isinstance(raw, dict) else {}
