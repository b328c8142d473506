"""GeoJSON as QGIS writes it: one file a layer, named as its author liked; what a layer holds is said or guessed.

Collections of OpenStreetMap's indoor tags go to `osm_indoor`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import shapely
from shapely.geometry import LineString, Point, Polygon

from engine.plan.importers.answers import Answers
from engine.plan.importers.draft import Draft, Storey
from engine.plan.importers.formats.layers import Feature, Layer, read_layers
from engine.plan.importers.formats.osm_indoor import draw_osm_indoor, is_osm_indoor
from engine.plan.importers.geometry import middle_line, polygons_in, segments
from engine.plan.importers.notes import Notes
from engine.plan.importers.outline import outline_of_walls
from engine.plan.importers.read_json import number_of
from engine.plan.importers.words import (
    clean,
    fixture_category,
    id_like,
    is_mac,
    kinds_of_layer,
    opening_category,
    plain,
    some,
    unique_id,
)
from engine.plan.model import ap_key

NAMES = [
    "name",
    "nom",
    "denumire",
    "nume",
    "label",
    "libelle",
    "titre",
    "title",
    "bezeichnung",
    "nombre",
    "nome",
    "naam",
    "designation",
]
IDS = ["code", "cod", "ref", "reference", "numero", "nr", "num", "key", "cle", "id", "fid", "gid", "objectid"]
LEVELS = ["level", "etage", "niveau", "floor", "storey", "ordinal", "etaj", "piano", "planta", "stock", "geschoss"]
HEIGHTS = [
    "z_m",
    "haut",
    "hauteur",
    "height",
    "z",
    "inaltime",
    "altezza",
    "altura",
    "hohe",
    "mounting_height",
    "elevation",
]
KINDS_IN = [
    "feature_type",
    "layer",
    "couche",
    "calque",
    "type",
    "kind",
    "class",
    "classe",
    "categorie",
    "category",
    "tip",
]
LOSSES = ["attenuation_db", "loss_db", "attenuation", "db"]
ZONE_LEAST_M2 = 8.0
"""Polygons of one layer that lie in its outline: from this size on they are zones, below they are shelves."""
ON_OUTLINE = 0.9  # share of a polygon's area in another one to lie in it


def import_geojson(files: dict[str, bytes], answers: Answers, notes: Notes) -> Draft:
    """The draft of one GeoJSON file or of a folder of layers. Raises OperatorError where it is none, or where nobody
    can know what its numbers or layers are."""
    layers, ground = read_layers(files, answers, notes)
    draft = Draft(notes, ground=ground)
    if is_osm_indoor(layers):
        draw_osm_indoor(layers, draft)
        return draft
    kinds = _kinds([part for layer in layers for part in _split(layer)], answers, notes)
    by_kind: dict[str, list[Layer]] = {}
    for layer, kind in kinds:
        by_kind.setdefault(kind, []).append(layer)
    draft.name = _stem(files)
    _draw_levels(by_kind, draft)
    if not draft.storeys:
        notes.refuse("(layers)", f"none of {_names(layers)} is an outline of the shop", "--layer NAME=level says which")
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


def _names(layers: Sequence[Layer]) -> str:
    return some([repr(layer.name) for layer in layers], 8)


# ---- which layer is what


def _split(layer: Layer) -> list[Layer]:
    """A file whose features say themselves what they are, in a property, is as many layers."""
    for key in KINDS_IN:
        said = [clean(_value(f, [key])) for f in layer.features]
        known = [word for word in said if kinds_of_layer(word) or word in ("access_point",)]
        if known and len(known) >= 0.5 * len(said):
            parts = {word: Layer(word or layer.name) for word in said}
            for word, feature in zip(said, layer.features, strict=True):
                parts[word].features.append(feature)
            return list(parts.values())
    return [layer] if layer.features else []


def _kinds(layers: list[Layer], answers: Answers, notes: Notes) -> list[tuple[Layer, str]]:
    """What each layer holds: as said, as its name says, or as its shapes look."""
    unknown = [name for name in answers.layers if name not in {layer.name.casefold() for layer in layers}]
    if unknown:
        notes.refuse("--layer", f"there is no layer {unknown[0]!r}", f"layers are {_names(layers)}")
    kinds: dict[int, str] = {}
    for i, layer in enumerate(layers):
        said = answers.layers.get(layer.name.casefold())
        kinds[i] = said or next((k for k in _likely(layer) if _fits(layer, k)), "")
    for i, layer in enumerate(layers):
        if not kinds[i]:
            kinds[i] = _look(layer, layers, has_level="level" in kinds.values())
    guessed = [
        f"{layer.name!r} as {kinds[i]}" for i, layer in enumerate(layers) if layer.name.casefold() not in answers.layers
    ]
    if guessed:
        notes.say("(layers)", f"taken: {some(guessed, 12)}", "--layer NAME=KIND says otherwise")
    return [(layer, kinds[i]) for i, layer in enumerate(layers)]


def _likely(layer: Layer) -> list[str]:
    macs = sum(_mac(f) is not None for f in layer.features if isinstance(f.shape, Point))
    return (["access_point"] if macs * 2 > len(layer.features) else []) + kinds_of_layer(layer.name)


def _fits(layer: Layer, kind: str) -> bool:
    """Whether most of a layer's shapes can be of this kind."""
    shapes: dict[str, tuple[type, ...]] = {
        "level": (Polygon,), "section": (Polygon,), "fixture": (Polygon,), "wall": (LineString, Polygon),
        "opening": (Point, LineString), "access_point": (Point,),
    }  # fmt: skip
    able = sum(isinstance(f.shape, shapes.get(kind, (object,))) for f in layer.features)
    return able * 2 > len(layer.features)


def _look(layer: Layer, layers: list[Layer], *, has_level: bool) -> str:
    """What a layer whose name tells nothing looks like."""
    if all(isinstance(f.shape, Point) for f in layer.features):
        return "ignore"
    if not _fits(layer, "level"):
        return "wall"
    areas = [f.shape.area for f in layer.features]
    largest = max(f.shape.area for other in layers for f in other.features)
    if not has_level and max(areas) >= 0.9 * largest:
        return "level"
    return "fixture" if float(np.median(areas)) < ZONE_LEAST_M2 else "section"


# ---- what a feature says


def _value(feature: Feature, keys: Sequence[str]) -> Any:
    """The first property of these names that is not null, case and accents aside."""
    plainly = {plain(key).replace(" ", "_"): value for key, value in feature.properties.items() if value is not None}
    return next((plainly[key] for key in keys if key in plainly), None)


def _mac(feature: Feature) -> str | None:
    """The first property that is a MAC, as 12 digits with colons."""
    for value in feature.properties.values():
        if isinstance(value, str) and is_mac(value):
            key = ap_key(value)
            return ":".join(key[i : i + 2] for i in range(0, 12, 2))
    return None


def _number(feature: Feature, keys: Sequence[str]) -> float | None:
    value = _value(feature, keys)
    if isinstance(value, str) and re.fullmatch(r"\s*-?\d+([.,]\d+)?\s*(m|dB)?\s*", value):
        value = float(re.sub(r"[^\d.-]", "", value.replace(",", ".")))
    found = number_of(value, float("nan"))
    return found if found == found else None  # NaN is not itself


def _ids(layer: Layer, notes: Notes) -> list[str]:
    """An id for each feature where the layer has a property that tells them apart; empty texts where not."""
    for key in IDS:
        found = [clean(_value(f, [key]), 100) for f in layer.features]
        if not any(found):
            continue
        if all(found) and len(set(found)) == len({f.place for f in layer.features}):
            return [id_like(layer.name) + "-" + text if text.isdigit() else text for text in found]
        notes.say(layer.name, f"property {key!r} is the same on several features: it is no identifier")
    return [""] * len(layer.features)


def _name(feature: Feature) -> str:
    return clean(_value(feature, NAMES))


# ---- drawing


def _draw_levels(by_kind: dict[str, list[Layer]], draft: Draft) -> None:
    """Storeys from outlines; what lies in an outline of the same layer goes to zones and shelves."""
    outlines, inner = [], []
    for layer in by_kind.get("level", []):
        for key in dict.fromkeys(clean(_value(f, LEVELS)) for f in layer.features):
            here = [f for f in layer.features if clean(_value(f, LEVELS)) == key and isinstance(f.shape, Polygon)]
            own, nested = _nested(here)
            outlines += own
            inner += nested
    if not outlines:
        walls = [
            f.shape for layer in by_kind.get("wall", []) for f in layer.features if isinstance(f.shape, LineString)
        ]
        drawn = outline_of_walls(walls) if walls else None
        if drawn is not None:
            draft.notes.say("(layers)", "no layer is an outline: it is drawn around the walls", "--layer NAME=level")
            draft.storeys.append(Storey("0", 0, "0", [drawn.polygon]))
        return
    keyed = Counter(clean(_value(f, LEVELS)) for f in outlines)
    for key in keyed:
        parts = [f.shape for f in outlines if clean(_value(f, LEVELS)) == key and isinstance(f.shape, Polygon)]
        draft.storeys.append(Storey(key or "0", 0, key or "0", parts))
    _number_storeys(draft)
    zones = [f for f in inner if f.shape.area >= ZONE_LEAST_M2]
    shelves = [f for f in inner if f.shape.area < ZONE_LEAST_M2]
    if inner:
        reason = (
            f"polygons lie on each other: the outermost is the level, {len(zones)} in it zones, {len(shelves)} shelves"
        )
        draft.notes.say("(layers)", reason)
    by_kind.setdefault("section", []).append(Layer("zone", zones))
    by_kind.setdefault("fixture", []).append(Layer("shelf", shelves))


def _nested(polygons: list[Feature]) -> tuple[list[Feature], list[Feature]]:
    """(those that lie in no other, those that do); one drawn twice counts once."""
    shapes = np.array([f.shape for f in polygons], dtype=object)
    areas = shapely.area(shapes)
    tree = shapely.STRtree(shapes)
    outer: list[Feature] = []
    inner: list[Feature] = []
    for i, feature in enumerate(polygons):
        around = [int(j) for j in tree.query(feature.shape) if int(j) != i and areas[j] >= areas[i]]
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
    said = clean(_value(feature, LEVELS))
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
                    "wall", _level_of(f, draft), piece, f.place, attenuation_db=_number(f, LOSSES),
                    material=clean(_value(f, ["material", "materiau", "matiere"])),
                )  # fmt: skip


def _draw_fixtures(layer: Layer, draft: Draft) -> None:
    ids = _ids(layer, draft.notes)
    for f, own in zip(layer.features, ids, strict=True):
        if isinstance(f.shape, LineString) and f.shape.is_ring:
            shape: Any = Polygon(f.shape)
        else:
            shape = f.shape
        if isinstance(shape, Polygon):
            category = fixture_category(f"{layer.name} {clean(_value(f, KINDS_IN))}")
            draft.counts["columns"] += category == "pillar"
            draft.add(
                "fixture", _level_of(f, draft), shape, f.place, id=own, name=_name(f), category=category,
                attenuation_db=_number(f, LOSSES),
            )  # fmt: skip
        else:
            draft.notes.say(layer.name, "a shelf is an outline: lines and points of this layer are left out")


def _draw_sections(layer: Layer, draft: Draft) -> None:
    ids = _ids(layer, draft.notes) if any(not _name(f) for f in layer.features) else [""] * len(layer.features)
    taken: dict[str, int] = {}
    for f, own in zip(layer.features, ids, strict=True):
        if isinstance(f.shape, Polygon):
            name = _name(f)
            if not name:
                name = own or unique_id("Zone 1", taken).replace("Zone 1-", "Zone ")
                draft.notes.say(
                    layer.name, "a zone has no name, and gets a number", "write section names that people read"
                )
            draft.add("section", _level_of(f, draft), f.shape, f.place, id=id_like(name), name=name)


def _draw_openings(layer: Layer, draft: Draft) -> None:
    for f in layer.features:
        word = f"{layer.name} {_name(f)} {' '.join(clean(v) for v in f.properties.values())}"
        shape = f.shape.representative_point() if isinstance(f.shape, Polygon) else f.shape
        draft.add("opening", _level_of(f, draft), shape, f.place, id=id_like(_name(f)), category=opening_category(word))


def _draw_access_points(layer: Layer, draft: Draft) -> None:
    for f, own in zip(layer.features, _ids(layer, draft.notes), strict=True):
        if not isinstance(f.shape, Point):
            draft.notes.say(f.place, "an access point is a point: left out")
            continue
        mac, name = _mac(f), _name(f)
        if mac is None:
            reason = "no property holds a MAC: the id is what sources have to call it by"
            draft.notes.say(f.place, reason, "give each its MAC as id, or in macs")
        z_m = _number(f, HEIGHTS)
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
