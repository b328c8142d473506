"""GeoJSON as QGIS writes it: one file a layer, named as its author liked; what a layer holds is said or guessed.

Collections of OpenStreetMap's indoor tags go to `osm_indoor`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import shapely
from shapely.geometry import LineString, Point, Polygon

from engine.plan.importers.answers import DrawingAnswers
from engine.plan.importers.draft import Draft, Storey
from engine.plan.importers.formats.layer_kinds import (
    HEIGHTS,
    KINDS_IN,
    LEVELS,
    LOSSES,
    ZONE_LEAST_M2,
    ids_of,
    kinds_of,
    mac_of,
    name_of,
    names_of,
    number_in,
    split_layer,
    value_of,
)
from engine.plan.importers.formats.layers import Feature, Layer, read_layers
from engine.plan.importers.formats.osm_indoor import draw_osm_indoor, is_osm_indoor
from engine.plan.importers.geometry import middle_line, polygons_in, segments
from engine.plan.importers.notes import Notes
from engine.plan.importers.outline import outline_of_walls, refuse_tangle
from engine.plan.importers.words import (
    clean,
    fixture_category,
    id_like,
    opening_category,
    plain,
    some,
    unique_id,
)

MOST_MEETINGS = 100_000  # of polygons on each other; a mall with its shelves has some thousands
ON_OUTLINE = 0.9  # share of a polygon's area in another one to lie in it


def import_geojson(files: dict[str, bytes], answers: DrawingAnswers, notes: Notes) -> Draft:
    """The draft of one GeoJSON file or of a folder of layers. Raises OperatorError where it is none, or where nobody
    can know what its numbers or layers are."""
    layers, ground = read_layers(files, answers, notes)
    draft = Draft(notes, ground=ground)
    if is_osm_indoor(layers):
        draw_osm_indoor(layers, draft)
        return draft
    parts = [part for layer in layers for part in split_layer(layer)]
    kinds = kinds_of(parts, answers, notes)
    by_kind: dict[str, list[Layer]] = {}
    for layer, kind in kinds:
        by_kind.setdefault(kind, []).append(layer)
    draft.name = _stem(files)
    _draw_levels(by_kind, draft)
    if not draft.storeys:
        notes.refuse(
            "(layers)", f"none of {names_of(parts)} is an outline of the shop", "--layer NAME=level says which"
        )
    drawers: dict[str, Callable[[Layer, Draft], None]] = {
        "wall": _draw_walls, "fixture": _draw_fixtures, "section": _draw_sections,
        "opening": _draw_openings, "access_point": _draw_access_points,
    }  # fmt: skip
    for kind, draw in drawers.items():
        for layer in by_kind.get(kind, []):
            draw(layer, draft)
    if not draft.of_kind("wall"):
        _walls_from_outline(draft)
    return draft


def _stem(files: dict[str, bytes]) -> str:
    return next(iter(files)).rsplit("/", 1)[-1].rsplit(".", 1)[0] if len(files) == 1 else ""


# ---- drawing


def _draw_levels(by_kind: dict[str, list[Layer]], draft: Draft) -> None:
    """Storeys from outlines; what lies in an outline of the same layer goes to zones and shelves."""
    outlines, inner = [], []
    for layer in by_kind.get("level", []):
        areas = _find_areas(layer, draft, "a level")
        for key in dict.fromkeys(clean(value_of(f, LEVELS)) for f in areas):
            here = [f for f in areas if clean(value_of(f, LEVELS)) == key]
            own, nested = _part_nested(here, draft.notes)
            outlines += own
            inner += nested
    if not outlines:
        walls = [
            f.shape for layer in by_kind.get("wall", []) for f in layer.features if isinstance(f.shape, LineString)
        ]
        refuse_tangle([piece for wall in walls for piece in segments(wall)], draft.notes)
        drawn = outline_of_walls(walls) if walls else None
        if drawn is not None:
            draft.notes.say("(layers)", "no layer is an outline: it is drawn around the walls", "--layer NAME=level")
            draft.storeys.append(Storey("0", 0, "0", [drawn.polygon]))
        return
    keyed = Counter(clean(value_of(f, LEVELS)) for f in outlines)
    for key in keyed:
        parts = [f.shape for f in outlines if clean(value_of(f, LEVELS)) == key and isinstance(f.shape, Polygon)]
        draft.storeys.append(Storey(key or "0", 0, key or "0", parts))
    _number_storeys(draft)
    for storey in draft.storeys:
        called = (name_of(f) for f in outlines if (clean(value_of(f, LEVELS)) or "0") == storey.id)
        storey.name = next(filter(None, called), storey.name)
    zones = [f for f in inner if f.shape.area >= ZONE_LEAST_M2]
    shelves = [f for f in inner if f.shape.area < ZONE_LEAST_M2]
    if inner:
        reason = (
            f"polygons lie on each other: the outermost is the level, {len(zones)} in it zones, {len(shelves)} shelves"
        )
        draft.notes.say("(layers)", reason)
    by_kind.setdefault("section", []).append(Layer("zone", zones))
    by_kind.setdefault("fixture", []).append(Layer("shelf", shelves))


def _find_areas(layer: Layer, draft: Draft, what: str) -> list[Feature]:
    """The layer's outlines, of which a line that closes is one; what is none is left out, and said."""
    found = []
    for f in layer.features:
        shape = Polygon(f.shape) if isinstance(f.shape, LineString) and f.shape.is_ring else f.shape
        if isinstance(shape, Polygon):
            found.append(replace(f, shape=shape))
        else:
            draft.notes.say(layer.name, f"{what} is an outline: open lines and points of this layer are left out")
    return found


def _part_nested(polygons: list[Feature], notes: Notes) -> tuple[list[Feature], list[Feature]]:
    """(those that lie in no other, those that do); one drawn twice counts once. Raises OperatorError for a heap."""
    polygons = list({shapely.to_wkb(shapely.normalize(f.shape)): f for f in reversed(polygons)}.values())[::-1]
    shapes = np.array([f.shape for f in polygons], dtype=object)
    areas = shapely.area(shapes)
    tree = shapely.STRtree(shapes)
    outer: list[Feature] = []
    inner: list[Feature] = []
    met = 0
    for i, feature in enumerate(polygons):
        around = [int(j) for j in tree.query(feature.shape) if int(j) != i and areas[j] >= areas[i]]
        met += len(around)
        if met > MOST_MEETINGS:
            reason = f"lies on so many others that this is no floor: {MOST_MEETINGS:,} pairs of polygons meet"
            notes.refuse(feature.place, reason, "draw each zone and shelf once, or leave the layer out")
        covered = [j for j in around if feature.shape.intersection(shapes[j]).area > ON_OUTLINE * areas[i]]
        twins = [j for j in covered if areas[j] * ON_OUTLINE < areas[i]]
        if any(j < i for j in twins):
            continue
        (inner if set(covered) - set(twins) else outer).append(feature)
    return outer, inner


def _number_storeys(draft: Draft) -> None:
    """Ordinals from what storeys are called, in their order where they are no numbers."""
    numbers = [re.search(r"-?\d+", s.name) for s in draft.storeys]
    for i, (storey, found) in enumerate(zip(draft.storeys, numbers, strict=True)):
        storey.ordinal = int(found[0]) if found and -20 <= int(found[0]) <= 200 else i
        ground = plain(storey.name) in (
            "rdc",
            "rez de chaussee",
            "eg",
            "erdgeschoss",
            "ground",
            "ground floor",
            "parter",
        )
        storey.ordinal = 0 if ground else storey.ordinal
    if len({s.ordinal for s in draft.storeys}) < len(draft.storeys):
        for i, storey in enumerate(draft.storeys):
            storey.ordinal = i
        draft.notes.say(
            "(levels)", f"which lies above which is not told: taken as {some(s.name for s in draft.storeys)}"
        )


def _level_of(feature: Feature, draft: Draft) -> str:
    """The storey a feature says it is on, or else the one it lies on, or else the first."""
    said = clean(value_of(feature, LEVELS))
    if len(draft.storeys) == 1 or any(s.id == said for s in draft.storeys):
        return said if any(s.id == said for s in draft.storeys) else draft.storeys[0].id
    here = [s.id for s in draft.storeys if any(part.intersects(feature.shape) for part in s.parts)]
    if len(here) != 1:
        draft.notes.say(feature.place, "does not say which level it is on: taken for the first that is there")
    return here[0] if here else draft.storeys[0].id


def _draw_walls(layer: Layer, draft: Draft) -> None:
    for f in layer.features:
        lines = [f.shape] if isinstance(f.shape, LineString) else []
        if isinstance(f.shape, Polygon):
            thin = middle_line(f.shape, 1.0)
            lines = (
                [thin]
                if thin is not None
                else [LineString(ring.coords) for ring in (f.shape.exterior, *f.shape.interiors)]
            )
        for line in lines:
            for piece in segments(line):
                draft.add(
                    "wall", _level_of(f, draft), piece, f.place, attenuation_db=number_in(f, LOSSES),
                    material=clean(value_of(f, ["material", "materiau", "matiere"])),
                )  # fmt: skip


def _draw_fixtures(drawn: Layer, draft: Draft) -> None:
    layer = Layer(drawn.name, _find_areas(drawn, draft, "a shelf"))
    ids = ids_of(layer, draft.notes)
    for f, own in zip(layer.features, ids, strict=True):
        category = fixture_category(f"{layer.name} {clean(value_of(f, KINDS_IN))}")
        draft.counts["columns"] += category == "pillar"
        draft.add(
            "fixture", _level_of(f, draft), f.shape, f.place, id=own, name=name_of(f), category=category,
            attenuation_db=number_in(f, LOSSES),
        )  # fmt: skip


def _draw_sections(drawn: Layer, draft: Draft) -> None:
    layer = Layer(drawn.name, _find_areas(drawn, draft, "a zone"))
    ids = ids_of(layer, draft.notes) if any(not name_of(f) for f in layer.features) else [""] * len(layer.features)
    taken: dict[str, int] = {}
    for f, own in zip(layer.features, ids, strict=True):
        name = name_of(f)
        if not name:
            name = own or unique_id("Zone 1", taken).replace("Zone 1-", "Zone ")
            draft.notes.say(layer.name, "a zone has no name, and gets a number", "write section names that people read")
        draft.add("section", _level_of(f, draft), f.shape, f.place, id=id_like(name), name=name)


def _draw_openings(layer: Layer, draft: Draft) -> None:
    for f in layer.features:
        word = f"{layer.name} {name_of(f)} {' '.join(clean(v) for v in f.properties.values())}"
        shape = f.shape.representative_point() if isinstance(f.shape, Polygon) else f.shape
        draft.add(
            "opening", _level_of(f, draft), shape, f.place, id=id_like(name_of(f)), category=opening_category(word)
        )


def _draw_access_points(layer: Layer, draft: Draft) -> None:
    for f, own in zip(layer.features, ids_of(layer, draft.notes), strict=True):
        if not isinstance(f.shape, Point):
            draft.notes.say(f.place, "an access point is a point: left out")
            continue
        mac, name = mac_of(f), name_of(f)
        if mac is None:
            reason = "no property holds a MAC: the id is what sources have to call it by"
            draft.notes.say(f.place, reason, "give each its MAC as id, or in macs")
        z_m = number_in(f, HEIGHTS)
        draft.add(
            "access_point", _level_of(f, draft), f.shape, f.place, id=mac or own or id_like(name), name=name,
            z_m=z_m if z_m is not None else f.z_m,
        )  # fmt: skip


def _walls_from_outline(draft: Draft) -> None:
    """No layer holds walls: the outline is where the outer ones stand."""
    for storey in draft.storeys:
        for part in polygons_in(shapely.union_all(storey.parts)):
            for ring in (part.exterior, *part.interiors):
                for piece in segments(LineString(ring.coords)):
                    draft.add("wall", storey.id, piece, material="exterior")
    draft.notes.say("(layers)", "no layer holds walls: the outline is taken for the outer ones", "--layer NAME=wall")
