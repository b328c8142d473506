"""DXF drawings: layers become walls, shelves, zones and access points, by what their names say or the operator does.

The floor is a closed line of a level's layer, or else what the walls stand around: gaps in them are the doors.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np
import shapely
import shapely.ops
from shapely.geometry import LineString, Point, Polygon

from engine.plan.checks.crosscheck import MOST_EXTENT_M
from engine.plan.importers.answers import METRES, DrawingAnswers
from engine.plan.importers.draft import Draft, Storey
from engine.plan.importers.faces import have_two_faces
from engine.plan.importers.formats.dxf_strokes import DrawnText, Insert, Stroke, Strokes, read_strokes
from engine.plan.importers.geometry import middle_line, outline_of_level, polygons_in, segments
from engine.plan.importers.notes import Notes
from engine.plan.importers.outline import outline_of_walls, refuse_tangle
from engine.plan.importers.words import (
    clean,
    fixture_category,
    id_like,
    is_mac,
    kinds_of_layer,
    opening_category,
    some,
    wall_material,
)
from engine.plan.materials import wall_attenuation_db
from engine.plan.model import ap_key

INSUNITS = {1: "in", 2: "ft", 4: "mm", 5: "cm", 6: "m", 7: "km", 14: "dm", 21: "us-ft"}
"""Codes of `$INSUNITS` that a floor may be drawn in; 0 is none, and common."""
FARTHEST_M = 1e8  # national grids with a zone before the easting reach 6e7
COLUMN_MOST_M = 1.5  # a circle or square on a wall's layer up to this size is a pillar
WALL_WIDTH_M = 0.6
DOOR_REACH_M = 2.0  # a door's arc starts at the gap it closes, and is as wide
SHOP_SIDES_M = (4.0, 400.0)  # what a shop measures, for guessing at a unit
NAMES = ("NAME", "NOM", "ID", "LABEL", "LIBELLE", "DESIGNATION", "REF", "TAG")
HEIGHTS = ("HEIGHT", "HAUTEUR", "HAUT", "Z", "ELEVATION")
LEVEL = "0"


def import_dxf(files: dict[str, bytes], answers: DrawingAnswers, notes: Notes) -> Draft:
    """The draft of one DXF drawing. Raises OperatorError where its unit or its layers have to be said first."""
    (name, content), *others = [(n, c) for n, c in files.items() if n.lower().endswith(".dxf")] or list(files.items())
    if others:
        notes.say("(archive)", f"only {name} is read", "import the others one by one")
    found = read_strokes(content, notes)
    kinds = _kinds(found, answers, notes)
    scale_m = _scale(found, kinds, answers, notes)
    origin = _origin(found)
    _refuse_far(found, kinds, scale_m, notes)
    drawing = _Drawing(
        found, kinds, scale_m, origin, Draft(notes, name=clean(name.rsplit("/", 1)[-1].rsplit(".", 1)[0]))
    )
    return drawing.draw()


# ---- what layers hold, and in what unit


def _kinds(found: Strokes, answers: DrawingAnswers, notes: Notes) -> dict[str, str]:
    """What each layer with anything on it holds; `ignore` where nothing tells."""
    used = Counter([s.layer for s in found.strokes] + [b.layer for b in found.blocks] + [p[0] for p in found.points])
    by_name = {layer.casefold(): layer for layer in [*used, *(t.layer for t in found.texts)]}
    for said in answers.layers:
        if said not in by_name and said not in found.hidden:
            notes.refuse("--layer", f"there is no layer {said!r}", f"layers are {some(sorted(by_name.values()), 20)}")
    kinds = {layer: answers.layers.get(layer.casefold()) or _guess(layer) for layer in used}
    if not {"wall", "level"} & set(kinds.values()):
        listed = some([f"{layer} ({n})" for layer, n in used.most_common()], 20) or "none with a line on it"
        notes.refuse(
            "(layers)", f"no layer is known to hold walls; layers are {listed}", "--layer NAME=wall says which"
        )
    unknown = [
        f"{layer} ({n})" for layer, n in used.most_common() if not kinds[layer] and layer.casefold() != "defpoints"
    ]
    if unknown:
        notes.say(
            "(layers)", f"left out, as their names do not tell what they hold: {some(unknown, 10)}", "--layer NAME=KIND"
        )
    guessed = [f"{layer} as {kind}" for layer, kind in kinds.items() if kind and layer.casefold() not in answers.layers]
    if guessed:
        notes.say("(layers)", f"taken: {some(guessed, 20)}", "--layer NAME=KIND says otherwise")
    if found.hidden:
        notes.say("(layers)", f"frozen or off, and left out: {some(found.hidden)}")
    return kinds


def _guess(layer: str) -> str:
    """What a layer of this name holds; tills are drawn as counters, not as doors."""
    kind = next(iter(kinds_of_layer(layer)), "")
    return (
        "fixture"
        if kind == "opening" and opening_category(layer) in ("checkout", "pickup", "drive", "locker")
        else kind
    )


def _scale(found: Strokes, kinds: dict[str, str], answers: DrawingAnswers, notes: Notes) -> float:
    """Metres in a drawing unit. Raises OperatorError where neither drawing nor operator says."""
    if answers.scale_m is not None:
        return answers.scale_m
    unit = answers.units or INSUNITS.get(found.insunits, "")
    corners = np.concatenate([s.xy for s in found.strokes if kinds[s.layer] in ("wall", "level")] or [np.zeros((1, 2))])
    width, depth = np.ptp(corners, axis=0).tolist()
    if unit in METRES:
        _refuse_size(width * METRES[unit], depth * METRES[unit], unit, notes)
        _doubt(found, unit, notes)
        return METRES[unit]
    least, most = SHOP_SIDES_M
    likely = [u for u, m in METRES.items() if least <= max(width, depth) * m <= most and u not in ("us-ft", "km")]
    measured, says = found.dimensions[0] if found.dimensions else (0.0, 0.0)
    said = f" (a dimension over {measured:g} units says {says:g})" if measured else ""
    likely.sort(key=lambda u: not 0.98 < measured * METRES[u] / (says or 1.0) < 1.02)  # the one that it says first
    would = "; ".join(f"--units {u}: {width * METRES[u]:.4g} by {depth * METRES[u]:.4g} m" for u in likely)
    reason = f"the drawing does not say its unit: it is {width:g} by {depth:g} units{said}"
    return notes.refuse("$INSUNITS", reason, f"{would or '--units'}; or --known-length UNITS=METRES")


def _longer_side(area: Polygon) -> float:
    """Of the box around it, in its unit."""
    x0, y0, x1, y1 = area.bounds
    return float(max(x1 - x0, y1 - y0))


def _refuse_size(width_m: float, depth_m: float, unit: str, notes: Notes) -> None:
    """Nothing, unless the walls are of a size that no shop has."""
    if not 1.0 <= max(width_m, depth_m) <= MOST_EXTENT_M:
        reason = f"in {unit} it would be {width_m:.4g} by {depth_m:.4g} m: that is no shop"
        notes.refuse("$INSUNITS", reason, f"say what it is drawn in: --units {', '.join(METRES)}")


def _refuse_far(found: Strokes, kinds: dict[str, str], scale_m: float, notes: Notes) -> None:
    """Nothing, unless something that is used lies where no grid of the world has anything."""
    for stroke in found.strokes:
        if kinds[stroke.layer] not in ("", "ignore") and np.abs(stroke.xy).max() * scale_m > FARTHEST_M:
            reason = f"lies {np.abs(stroke.xy).max() * scale_m:.3g} m from the origin, past any grid"
            notes.refuse(f"{stroke.kind} on layer {stroke.layer}", reason, "delete it, or say --units")


def _doubt(found: Strokes, unit: str, notes: Notes) -> None:
    """Says where dimensions in the drawing do not agree with its unit, in metres or in the unit itself."""
    for measured, says in found.dimensions:
        ratios = [says / (measured * factor) for factor in (1.0, METRES[unit], METRES[unit] * 1000, METRES[unit] * 100)
                  if measured * factor > 0]  # fmt: skip
        if not any(0.98 < ratio < 1.02 for ratio in ratios):
            reason = f"a dimension over {measured:g} {unit} says {says:g}: is the drawing in {unit}?"
            notes.say("(dimensions)", reason, "--units, or --known-length UNITS=METRES")
            return


def _origin(found: Strokes) -> Any:
    """A corner near the drawing, for small numbers: national grids are millions of metres away."""
    return np.floor(found.strokes[0].xy[0]) if found.strokes else np.zeros(2)


# ---- drawing


class _Drawing:
    """One drawing on its way to a draft, in metres from a corner near it."""

    def __init__(self, found: Strokes, kinds: dict[str, str], scale_m: float, origin: Any, draft: Draft) -> None:
        self._found, self._kinds, self._scale_m, self._origin, self._draft = found, kinds, scale_m, origin, draft
        self._doors: list[tuple[Point, str]] = []

    def draw(self) -> Draft:
        """The draft. Walls come first: their number is known before anything is made of them."""
        self._doors = self._read_doors()
        walls = self._walls()
        refuse_tangle([wall for wall, _ in walls], self._draft.notes)
        faces = have_two_faces([wall for wall, _ in walls])
        for (wall, layer), face in zip(walls, faces, strict=True):
            material = wall_material(layer)
            half_db = (wall_attenuation_db(material or "unspecified") or 0.0) / 2 if face else None
            self._draft.add("wall", LEVEL, wall, material=material, attenuation_db=half_db)
        if any(faces):
            self._draft.notes.say(
                "(walls)", f"{sum(faces)} are faces of walls with a thickness: each loses half of one"
            )
        floor = self._floor(walls)
        self._fixtures()
        self._sections()
        self._access_points()
        self._openings(floor)
        return self._draft

    def _metres(self, xy: Any) -> Any:
        return (xy - self._origin) * self._scale_m

    def _strokes(self, kind: str) -> list[Stroke]:
        return [s for s in self._found.strokes if self._kinds[s.layer] == kind]

    def _polygon(self, stroke: Stroke) -> Polygon | None:
        """The area in a stroke that ends where it began, a centimetre aside."""
        xy = self._metres(stroke.xy)
        if len(xy) < 4 or np.hypot(*(xy[0] - xy[-1])) > 0.01:
            return None
        inside = polygons_in(shapely.make_valid(Polygon(xy)))
        return inside[0] if inside else None

    def _walls(self) -> list[tuple[LineString, str]]:
        """Pieces of wall with their layers; pillars that are drawn as walls go to the draft."""
        walls: list[tuple[LineString, str]] = []
        for stroke in self._strokes("wall"):
            area = self._polygon(stroke)
            if area is not None and _longer_side(area) <= COLUMN_MOST_M:
                self._draft.counts["columns"] += 1
                self._draft.add("fixture", LEVEL, area, category="pillar")
                continue
            thin = middle_line(area, WALL_WIDTH_M) if area is not None and len(stroke.xy) == 5 else None
            line = thin if thin is not None else LineString(self._metres(stroke.xy))
            walls += [(piece, stroke.layer) for piece in segments(line) if piece.length > 0]
        return walls

    def _floor(self, walls: list[tuple[LineString, str]]) -> Polygon:
        """The level, into the draft: a closed line that is one, or what walls stand around, with the gaps as doors."""
        drawn = [area for s in self._strokes("level") if (area := self._polygon(s)) is not None]
        if drawn:
            self._draft.storeys.append(Storey(LEVEL, 0, LEVEL, polygons_in(shapely.union_all(drawn))))
        outline = outline_of_walls([wall for wall, _ in walls])
        if not drawn and outline is None:
            reason = "walls stand around no floor, and no layer is an outline"
            self._draft.notes.refuse("(layers)", reason, "draw a closed line around it: --layer NAME=level")
        if not drawn and outline is not None:
            self._draft.storeys.append(Storey(LEVEL, 0, LEVEL, [outline.polygon]))
            self._draft.notes.say(
                "(layers)", "no layer is an outline: the floor is what the walls stand around", "--layer NAME=level"
            )
        for gap in outline.gaps if outline is not None else []:
            self._draft.add("opening", LEVEL, gap, id="door", category=self._category_at(gap))
        return outline_of_level(self._draft.storeys[0].parts, LEVEL, self._draft.notes)

    def _read_doors(self) -> list[tuple[Point, str]]:
        """Where doors are drawn (a block's place, an arc's middle), and the words about them."""
        doors = [
            (Point(self._metres(b.xy)), f"{b.name} {b.layer} {' '.join(b.attributes.values())}")
            for b in self._found.blocks
            if self._kinds[b.layer] == "opening"
        ]
        strokes = [s for s in self._strokes("opening") if not s.block]
        return doors + [(Point(self._metres(s.xy).mean(axis=0)), s.layer) for s in strokes]

    def _category_at(self, gap: LineString) -> str:
        words = [word for door, word in self._doors if door.distance(gap) < DOOR_REACH_M]
        return opening_category(" ".join(words))

    def _openings(self, floor: Polygon) -> None:
        """Doors of the outer walls where these have no gap; doors inside are nobody's way in."""
        edge = LineString(floor.exterior.coords)
        for door, word in self._doors:
            drawn = [o.shape for o in self._draft.of_kind("opening")]
            if edge.distance(door) < DOOR_REACH_M and all(shape.distance(door) > DOOR_REACH_M for shape in drawn):
                at = edge.interpolate(edge.project(door))
                self._draft.add("opening", LEVEL, at, id="door", category=opening_category(word))

    def _fixtures(self) -> None:
        """One fixture for each block, and for each closed line outside of blocks."""
        strokes = self._strokes("fixture")
        of_block: dict[int, list[Stroke]] = {}
        for stroke in strokes:
            of_block.setdefault(stroke.block, []).append(stroke)
        blocks = {b.number: b for b in self._found.blocks}
        for number, own in sorted(of_block.items()):
            if number:
                words = f"{blocks[number].name} {own[0].layer}"
                for outline in self._outlines(own):
                    self._fixture(outline, words, _attribute(blocks[number], NAMES))
                continue
            closed = [(s, self._polygon(s)) for s in own]
            for stroke, area in closed:
                if area is not None:
                    self._fixture(area, stroke.layer, "")
            loose = [LineString(self._metres(s.xy)) for s, area in closed if area is None and len(s.xy) > 1]
            for face in shapely.ops.polygonize(shapely.union_all(loose)) if loose else []:
                self._fixture(face, own[0].layer, "")

    def _outlines(self, strokes: list[Stroke]) -> list[Polygon]:
        """What a block covers: its closed lines, those that touch as one, or else the box around
        its strokes."""
        areas = [area for s in strokes if (area := self._polygon(s)) is not None]
        if areas:
            return polygons_in(shapely.union_all(areas))
        lines = [LineString(self._metres(s.xy)) for s in strokes]
        return polygons_in(shapely.union_all(lines).minimum_rotated_rectangle)

    def _fixture(self, area: Polygon, words: str, name: str) -> None:
        category = fixture_category(words)
        self._draft.counts["columns"] += category == "pillar"
        self._draft.add("fixture", LEVEL, area, name=name, category=category)

    def _sections(self) -> None:
        areas = [area for s in self._strokes("section") if (area := self._polygon(s)) is not None]
        labels = [
            DrawnText(b.layer, b.xy, [_attribute(b, NAMES)]) for b in self._found.blocks if not self._is_access_point(b)
        ]
        texts = [t for t in (*self._found.texts, *labels) if t.lines[0] and not _is_measure(t)]
        names = _names_in(areas, [(Point(self._metres(t.xy)), t) for t in texts])
        for area, name in zip(areas, names, strict=True):
            if not name:
                self._draft.notes.say(
                    "(zones)", "a zone has no text in it, and gets a number", "write section names that people read"
                )
            self._draft.add("section", LEVEL, area, name=name)

    def _access_points(self) -> None:
        blocks = [b for b in self._found.blocks if self._is_access_point(b)]
        for block in blocks:
            mac = next((v for v in block.attributes.values() if is_mac(v)), "")
            self._access_point(block.xy, block.z, mac, _attribute(block, NAMES), _attribute(block, HEIGHTS))
        if not blocks:
            circles = [(s.xy[:-1].mean(axis=0), 0.0) for s in self._strokes("access_point") if s.kind == "CIRCLE"]
            points = [(xy, z) for layer, xy, z in self._found.points if self._kinds[layer] == "access_point"]
            for xy, z in circles + points:
                self._access_point(xy, z, "", self._text_at(xy), "")

    def _is_access_point(self, block: Insert) -> bool:
        kind = self._kinds[block.layer]
        return kind == "access_point" or (kind != "ignore" and any(map(is_mac, block.attributes.values())))

    def _text_at(self, xy: Any) -> str:
        near = sorted((float(np.hypot(*(t.xy - xy))) * self._scale_m, t.lines[0]) for t in self._found.texts)
        return near[0][1] if near and near[0][0] < 1.5 else ""

    def _access_point(self, xy: Any, z: float, mac: str, name: str, height: str) -> None:
        if not mac and is_mac(name):
            mac = name
        if not mac:
            reason = "no attribute holds a MAC: the id is what sources have to call it by"
            self._draft.notes.say(f"access point {name}".strip(), reason, "give each its MAC as id, or in macs")
        key = ap_key(mac)
        own = ":".join(key[i : i + 2] for i in range(0, 12, 2)) if mac else id_like(name)
        high = float(height.replace(",", ".")) if re.fullmatch(r"\d+([.,]\d+)?", height) else z * self._scale_m
        self._draft.add(
            "access_point", LEVEL, Point(self._metres(xy)), id=own, name=name, z_m=high if high > 0 else None
        )


def _attribute(block: Insert, tags: tuple[str, ...]) -> str:
    return next(
        (block.attributes[tag] for tag in tags if block.attributes.get(tag) and not is_mac(block.attributes[tag])), ""
    )


def _is_measure(text: DrawnText) -> bool:
    """A number with a unit or without: an area, a scale, a length."""
    return re.fullmatch(r"[\d.,:/ ]+ ?(m|cm|mm|m²|m2|ha)?", text.lines[0]) is not None


def _names_in(areas: list[Polygon], texts: list[tuple[Point, DrawnText]]) -> list[str]:
    """The name of each area: the first line of the text in it, which belongs to the smallest area around it."""
    names = [""] * len(areas)
    tree = shapely.STRtree(areas)
    for at, text in texts:
        around = [int(i) for i in tree.query(at, predicate="intersects")] if areas else []
        if around:
            own = min(around, key=lambda i: areas[i].area)
            names[own] = names[own] or text.lines[0]
    return names
