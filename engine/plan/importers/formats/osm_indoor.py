"""OpenStreetMap's Simple Indoor Tagging as overpass and editors write it to GeoJSON.

`indoor=room|area|corridor` with a name become zones, `indoor=wall` walls, doors and entrances openings, stairs and
lifts what joins levels. `level` is a list (`0;1`), a range (`0-1`) or a fraction (`0.5`); what has none is told of.
"""

from __future__ import annotations

import re
from typing import Any

from shapely.geometry import LineString, Point, Polygon

from engine.plan.importers.draft import Draft, Piece, Storey
from engine.plan.importers.formats.layers import Feature, Layer
from engine.plan.importers.geometry import middle_line, segments
from engine.plan.importers.words import clean, some

ROOMS = ("room", "area", "corridor", "yes")
SHELVES = ("shelf", "shelves", "furniture", "column", "pillar", "counter")
RISER_TAGS = {
    ("room", "stairs"): "stairs",
    ("stairs", "yes"): "stairs",
    ("highway", "steps"): "stairs",
    ("highway", "elevator"): "elevator",
    ("room", "elevator"): "elevator",
    ("elevator", "yes"): "elevator",
    ("conveying", "yes"): "escalator",
    ("room", "escalator"): "escalator",
}
MOST_LEVELS = 60  # of a range such as `0-50`: a tower's; more is a mistake
_VALUE = r"-?\d{1,3}(?:\.\d{1,2})?"
Tags = dict[str, str]


def is_osm_indoor(layers: list[Layer]) -> bool:
    """Whether any feature carries OpenStreetMap's indoor tags."""
    return any(
        "indoor" in f.properties or "building:levels" in f.properties for layer in layers for f in layer.features
    )


def levels_of(text: str) -> list[float]:
    """The levels that a `level` names, none where it names none: `-1;0;1`, `0-1`, `0.5`."""
    found: list[float] = []
    for part in re.split(r"\s*[;,]\s*", text.strip()):
        one, span = re.fullmatch(_VALUE, part), re.fullmatch(f"({_VALUE})\\s*-\\s*({_VALUE})", part)
        if one:
            found.append(float(part))
        elif span and 0 < float(span[2]) - float(span[1]) <= MOST_LEVELS:
            first, last = float(span[1]), float(span[2])
            found += [first + i for i in range(int(last - first) + 1)]
        elif part:
            return []
    return list(dict.fromkeys(found))


def draw_osm_indoor(layers: list[Layer], draft: Draft) -> None:
    """Draws all features; what has no level goes to level 0 if it is a door, and is left out if it is a room."""
    features = [f for layer in layers for f in layer.features]
    placed = [(f, _tags(f)) for f in features]
    on = {id(f): _levels(f, tags) for f, tags in placed}
    keys = sorted({key for f, tags in placed for key in on[id(f)] if _is_indoor(tags)})
    if not keys:
        draft.notes.refuse("(whole file)", "nothing of it is on a level", "tag indoor features with level=*")
    ids = {key: f"{key:g}" for key in keys}
    _draw_storeys(placed, on, ids, draft)
    for f, tags in placed:
        levels = [ids[key] for key in on[id(f)] if key in ids]
        if not levels and _is_door(tags) and isinstance(f.shape, Point):
            levels = [ids.get(0.0, ids[keys[0]])]
            draft.notes.say(
                _name_of(f, tags), f"a door without a level is taken to be on level {levels[0]}", "tag it level=*"
            )
        elif not levels and _is_indoor(tags):
            draft.notes.say(
                _name_of(f, tags), "has no level that can be read, and is left out", "tag it level=0, or level=0;1"
            )
        for level in levels:
            _draw(f, tags, level, draft)
    if any("internet_access" in tags for _, tags in placed):
        draft.notes.say("internet_access", "says that there is Wi-Fi, not where an access point hangs: left out")
    if not draft.of_kind("access_point"):
        draft.notes.say("(whole file)", "OpenStreetMap knows no access points: the plan has none")


def _tags(f: Feature) -> Tags:
    inner = f.properties.get("tags")
    raw = inner if isinstance(inner, dict) else f.properties
    return {str(key): clean(value) for key, value in raw.items() if clean(value)}


def _levels(f: Feature, tags: Tags) -> list[float]:
    return list(dict.fromkeys([*levels_of(tags.get("level", "")), *levels_of(tags.get("repeat_on", ""))]))


def _is_indoor(tags: Tags) -> bool:
    return "indoor" in tags or _riser(tags) is not None


def _is_door(tags: Tags) -> bool:
    return any(key in tags and tags[key] != "no" for key in ("door", "entrance"))


def _riser(tags: Tags) -> str | None:
    return next((word for (key, value), word in RISER_TAGS.items() if tags.get(key) == value), None)


def _name_of(f: Feature, tags: Tags) -> str:
    return tags.get("@id") or f.id or f.place


# ---- levels


def _draw_storeys(
    placed: list[tuple[Feature, Tags]], on: dict[int, list[float]], ids: dict[float, str], draft: Draft
) -> None:
    """A storey for each level that anything indoors is on, its outline the building's where the building reaches it."""
    buildings = [
        (f, tags) for f, tags in placed if "building" in tags and "indoor" not in tags and isinstance(f.shape, Polygon)
    ]
    draft.name = next((tags["name"] for _, tags in buildings if "name" in tags), "")
    ground = next((i for i, key in enumerate(sorted(ids)) if key >= 0), 0)
    for i, key in enumerate(sorted(ids)):
        here = [(f, tags) for f, tags in placed if key in on[id(f)] and isinstance(f.shape, Polygon)]
        drawn = [f.shape for f, tags in here if tags.get("indoor") == "level"]
        around = [f.shape for f, tags in buildings if _reaches(tags, key)]
        rooms = [f.shape for f, tags in here if tags.get("indoor") in ROOMS or _riser(tags)]
        parts = drawn or around or rooms
        if not parts:
            draft.notes.say(f"level {key:g}", "holds no room and no outline, and is left out", "draw indoor=level")
            continue
        draft.storeys.append(Storey(ids[key], i - ground, f"{key:g}", [p for p in parts if isinstance(p, Polygon)]))
        if not drawn and not around:
            draft.notes.say(
                f"level {key:g}", "the building does not reach it: its rooms are its outline", "draw indoor=level"
            )
        if rooms and all(_riser(tags) for f, tags in here if tags.get("indoor") in ROOMS):
            draft.notes.say(
                f"level {key:g}", "holds nothing but stairs or a lift", "leave it out if nobody shops there"
            )
    if any(key != round(key) for key in ids) or len(draft.storeys) < max(ids, default=0) - min(ids, default=0):
        said = some([f"{s.id} is {s.ordinal}" for s in draft.storeys], 12)
        draft.notes.say(
            "levels", f"are numbered in their order, from 0 at the ground: {said}", "change ordinal where wrong"
        )


def _reaches(tags: Tags, key: float) -> bool:
    """Whether a building has this level: between `min_level` and `max_level`, or by its number of levels.

    `building:levels` are those above the ground, with the `building:min_level` that are not there below a part that
    begins higher up; those under it are counted by themselves (OpenStreetMap's pages of these keys).
    """
    if key != round(key):
        return False
    lowest, highest = _whole(tags.get("min_level")), _whole(tags.get("max_level"))
    skipped, under = (_whole(tags.get(f"building:{what}")) or 0 for what in ("min_level", "levels:underground"))
    count = _whole(tags.get("building:levels"))
    ground = skipped if lowest is None else max(lowest, 0)
    if highest is None and count is not None and (count or under):  # none at all is a slip
        highest = ground + count - skipped - 1
    if lowest is None:
        lowest = -under if key < 0 else ground
    return lowest <= key and (highest is None or key <= highest)


def _whole(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"-?\d{1,3}", text) else None


# ---- what is on them


def _draw(f: Feature, tags: Tags, level: str, draft: Draft) -> None:
    kind, riser, shape = tags.get("indoor", ""), _riser(tags), f.shape
    place = _name_of(f, tags)
    if riser and isinstance(shape, Polygon | Point):
        floor = shape.buffer(1.0) if isinstance(shape, Point) else shape
        named: dict[str, Any] = {"name": tags.get("name", riser.capitalize()), "category": riser}
        draft.risers.append(Piece("section", level, floor, named, place))
    elif kind == "wall":
        _draw_wall(f, tags, level, draft)
    elif kind in SHELVES or ":shelf" in tags.get("shop", ""):
        if isinstance(shape, Polygon):
            category = {"shelf": "gondola", "shelves": "gondola", "column": "pillar"}.get(kind, kind or "gondola")
            draft.counts["columns"] += category == "pillar"
            draft.add("fixture", level, shape, place, name=tags.get("name", ""), category=category)
    elif kind in ROOMS and isinstance(shape, Polygon):
        if "name" in tags:
            draft.add("section", level, shape, place, name=tags["name"], category=tags.get("shop") or kind)
    elif _is_door(tags) and not isinstance(shape, Polygon):
        way_out = tags.get("entrance") in ("exit", "emergency") or tags.get("door") == "emergency"
        draft.add("opening", level, shape, place, category="exit" if way_out else "entrance")


def _draw_wall(f: Feature, tags: Tags, level: str, draft: Draft) -> None:
    lines: list[LineString] = []
    if isinstance(f.shape, LineString):
        lines = [f.shape]
    elif isinstance(f.shape, Polygon):
        middle = middle_line(f.shape, 1.0)
        lines = [middle] if middle is not None else [LineString(f.shape.exterior.coords)]
    for line in lines:
        for piece in segments(line):
            draft.add("wall", level, piece, _name_of(f, tags), material=tags.get("material", ""))
