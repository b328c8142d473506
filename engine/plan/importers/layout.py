"""A draft laid out as a plan of ours: one frame from the outline's corner, ids, what lies nowhere left out, GeoJSON."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry import LineString, Point, Polygon

from engine.errors import Problem
from engine.plan.checks.crosscheck import MOST_EXTENT_M, OUTSIDE_M
from engine.plan.features import DEFAULT_HEIGHT_M, RISERS
from engine.plan.header import VERSION
from engine.plan.importers.answers import DEFAULT_CURRENCY, DEFAULT_TIMEZONE, DrawingAnswers
from engine.plan.importers.draft import DEFAULT_MAST_M, Draft, Piece, Storey
from engine.plan.importers.geometry import Shape, outline_of_level, polygons_in
from engine.plan.importers.ground import Turn, turn_to_walls
from engine.plan.importers.words import clean, id_like, unique_id
from engine.plan.model import Anchor, ap_key

DECIMALS = 4  # a tenth of a millimetre: finer than anybody draws, coarse enough to read
_LOSS_MAX_DB = 100.0
_SHAPES = {Point: "Point", LineString: "LineString", Polygon: "Polygon"}


@dataclass(frozen=True)
class ImportedPlan:
    """A plan.geojson as an object, what the drawing held in numbers, and what was guessed or left out."""

    plan: dict[str, Any]
    counts: dict[str, Any]
    warnings: list[Problem]


def lay_out(draft: Draft, answers: DrawingAnswers) -> ImportedPlan:
    """The plan of a draft. Raises OperatorError where there is no level in it, or one that no shop has."""
    for storey in draft.storeys:
        storey.parts = [part for part in storey.parts if part.area > 0]
    if not any(s.parts for s in draft.storeys):
        draft.notes.refuse("(whole file)", "holds no outline of a floor", "say which layer it is: --layer NAME=level")
    turn = _turn(draft)
    drawn = [s for s in draft.storeys if s.parts]
    outlines = {s.id: _move(outline_of_level(_largest(s, draft), s.name, draft.notes), turn) for s in drawn}
    _refuse_sizes(outlines, draft)
    storeys = [s for s in draft.storeys if s.id in outlines]
    pieces = [
        Piece(p.kind, p.level, _move(p.shape, turn), p.properties, p.place)
        for p in (*draft.pieces, *_joining(draft))
        if p.level in outlines
    ]
    pieces = [piece for piece in pieces if _lies_on(piece, outlines[piece.level], draft)]
    anchor = turn.anchor(draft.ground) if draft.ground is not None else None
    features = [_level_feature(storey, outlines[storey.id]) for storey in storeys] + _features(pieces, draft)
    plan = {"type": "FeatureCollection", "rayon": _header(draft, answers, anchor), "features": features}
    return ImportedPlan(plan, _counts(draft, storeys, outlines, pieces), draft.notes.problems)


def _turn(draft: Draft) -> Turn:
    if draft.keep_frame:
        return Turn((0.0, 0.0), 0.0)
    return turn_to_walls([p for s in draft.storeys for p in s.parts], turned=draft.ground is not None)


def _largest(storey: Storey, draft: Draft) -> list[Polygon]:
    parts = polygons_in(shapely.union_all(storey.parts))
    if len(parts) > 1:
        reason = f"is in {len(parts)} parts, which become one level with a strip of 5 mm between them"
        draft.notes.say(f"level {storey.name}", reason, "join them by what people walk on, or leave them apart")
    return parts


def _move(shape: Shape, turn: Turn) -> Any:
    moved = shapely.transform(shapely.force_2d(shape), lambda xy: np.round(turn.apply(xy), DECIMALS) + 0.0)
    if isinstance(moved, Polygon) and not moved.is_valid:  # rounding may fold a sliver
        sound = polygons_in(shapely.make_valid(moved))
        return sound[0] if sound else moved
    return moved


def _refuse_sizes(outlines: dict[str, Polygon], draft: Draft) -> None:
    for level, outline in outlines.items():
        x0, y0, x1, y1 = outline.bounds
        side_m = max(x1 - x0, y1 - y0)
        if side_m > MOST_EXTENT_M or outline.area < 1.0:
            reason = f"would be {_length(x1 - x0)} by {_length(y1 - y0)}: that is no shop"
            draft.notes.refuse(f"level {level}", reason, "say what it is drawn in: --units mm, cm, m, in, ft or deg")


def _length(metres: float) -> str:
    return f"{metres / 1000:.4g} km" if metres >= 1000 else f"{metres:.4g} m" if metres >= 0.1 else f"{metres:.2g} m"


def _joining(draft: Draft) -> list[Piece]:
    """Stairs and lifts that stand above one of their kind on another storey, as sections; the others are told of."""
    ordinal = {s.id: s.ordinal for s in draft.storeys}
    kept = []
    for riser in draft.risers:
        if riser.level not in ordinal:
            continue
        meets = any(
            other.properties["category"] == riser.properties["category"]
            and ordinal.get(other.level, ordinal[riser.level]) != ordinal[riser.level]
            and other.shape.intersects(riser.shape)
            for other in draft.risers
        )
        if meets:
            kept.append(Piece("section", riser.level, riser.shape, riser.properties, riser.place))
        else:
            word = riser.properties["category"]
            reason = f"{word} drawn on one level alone lead nowhere, and are left out"
            draft.notes.say(f"level {riser.level}", reason, f"draw a section of category {word} on both levels")
    return kept


def _lies_on(piece: Piece, outline: Polygon, draft: Draft) -> bool:
    """Whether a piece is of any size and on its level, as `plan check` wants it; the others are told of."""
    shape, word = piece.shape, piece.kind.replace("_", " ")
    flat = isinstance(shape, Polygon) and (shape.area < 1e-4 or not shape.is_valid)
    if flat or (isinstance(shape, LineString) and shape.length < 1e-3):
        draft.counts["left_out"] += 1
        draft.notes.say(piece.place or word, f"a {word} without size is left out")
        return False
    reach_m = OUTSIDE_M if piece.kind in ("wall", "opening") else 0.0
    on = shape.distance(outline) <= reach_m
    if isinstance(shape, Polygon):
        on = bool(shape.intersection(outline).area > 0)
    if not on and piece.kind != "access_point":
        draft.counts["left_out"] += 1
        reason = f"outside the outline of level {piece.level}, and left out"
        draft.notes.say(f"{word} {piece.place}".strip(), reason, "is the outline right?")
        return False
    return True


def _header(draft: Draft, answers: DrawingAnswers, anchor: Anchor | None) -> dict[str, Any]:
    if not answers.timezone or not answers.currency:
        assumed = " and ".join(filter(None, [DEFAULT_TIMEZONE * (not answers.timezone),
                                             DEFAULT_CURRENCY * (not answers.currency)]))  # fmt: skip
        draft.notes.say(
            "rayon", f"a drawing tells neither clock nor money: {assumed} assumed", "--timezone, --currency"
        )
    where = None if anchor is None else {"lon": anchor.lon, "lat": anchor.lat, "bearing_deg": anchor.bearing_deg}
    return {
        "version": VERSION,
        "store": answers.store,
        "name": answers.name or clean(draft.name) or answers.store,
        "timezone": answers.timezone or DEFAULT_TIMEZONE,
        "currency": answers.currency or DEFAULT_CURRENCY,
        "anchor": where,
    }


def _level_feature(storey: Storey, outline: Polygon) -> dict[str, Any]:
    usual = storey.height_m == DEFAULT_HEIGHT_M or not 1.5 <= storey.height_m <= 50
    height_m = None if usual else storey.height_m
    properties = {"id": storey.id, "ordinal": storey.ordinal, "name": storey.name}
    return _feature("level", outline, properties | ({"height_m": round(height_m, 3)} if height_m else {}))


def _features(pieces: list[Piece], draft: Draft) -> list[dict[str, Any]]:
    """The features of all pieces, with ids that are their own within each type."""
    taken: dict[str, dict[str, int]] = {}
    aps: set[str] = set()
    order = {"wall": 0, "fixture": 1, "section": 2, "opening": 3, "access_point": 4}
    made = []
    for piece in sorted(pieces, key=lambda p: order[p.kind]):
        properties = dict(piece.properties)
        if piece.kind == "wall":
            properties = {"level": piece.level, **properties}
        else:
            wish = properties.pop("id", "") or id_like(properties.get("name", "")) or _noun(properties, piece.kind)
            own = unique_id(clean(wish, 100) or piece.kind, taken.setdefault(piece.kind, {}))
            properties = {"id": own, "level": piece.level, **properties}
        if piece.kind == "access_point" and not _complete_access_point(properties, aps, piece, draft):
            continue
        if piece.kind == "section":
            properties.setdefault("name", f"Zone {len(taken['section'])}")
        if "attenuation_db" in properties:
            properties["attenuation_db"] = min(_LOSS_MAX_DB, max(0.0, float(properties["attenuation_db"])))
        made.append(_feature(piece.kind, piece.shape, properties))
    return made


def _noun(properties: dict[str, Any], kind: str) -> str:
    return id_like(properties.get("category", "")) or {"access_point": "ap", "section": "zone"}.get(kind, kind)


def _complete_access_point(properties: dict[str, Any], taken: set[str], piece: Piece, draft: Draft) -> bool:
    """Gives it a height, and leaves one out whose address another one has already."""
    z_m = properties.get("z_m")
    if z_m is None or not math.isfinite(z_m) or not 0 <= z_m <= 60:
        properties["z_m"] = DEFAULT_MAST_M
        reason = f"no height is given: {DEFAULT_MAST_M:g} m above the floor assumed"
        draft.notes.say(f"access point {properties['id']}", reason, "give z_m: half a metre matters")
    names = {ap_key(name) for name in (properties["id"], *properties.get("macs", ()))}
    if names & taken:
        reason = "another access point has this address already: left out"
        draft.notes.say(f"access point {properties['id']}", reason, "give each its own")
        return False
    taken |= names
    return True


def _feature(kind: str, shape: Shape, properties: dict[str, Any]) -> dict[str, Any]:
    geometry = {"type": _SHAPES[type(shape)], "coordinates": _coordinates(shape)}
    return {"type": "Feature", "properties": {"feature_type": kind, **properties}, "geometry": geometry}


def _coordinates(shape: Shape) -> Any:
    if isinstance(shape, Point):
        return [shape.x, shape.y]
    if isinstance(shape, LineString):
        return [[x, y] for x, y in shape.coords]
    return [[[x, y] for x, y in ring.coords] for ring in (shape.exterior, *shape.interiors)]


def _counts(draft: Draft, storeys: list[Storey], outlines: dict[str, Polygon], pieces: list[Piece]) -> dict[str, Any]:
    """What the plan holds, a thing on two storeys counted once; pillars and kiosks are fixtures of the plan and are
    counted by themselves."""
    sizes = {s.id: outlines[s.id].bounds for s in storeys}
    special = draft.counts["columns"] + draft.counts["kiosks"]
    counted = {
        "levels": len(storeys),
        "ordinals": [s.ordinal for s in storeys],
        "zones": _count_drawn(p for p in pieces if p.kind == "section" and p.properties.get("category") not in RISERS),
        "walls": sum(p.kind == "wall" for p in pieces),
        "fixtures": sum(p.kind == "fixture" for p in pieces) - special,
        "openings": _count_drawn(p for p in pieces if p.kind == "opening"),
        "aps": sum(p.kind == "access_point" for p in pieces),
        "size_m": {level: [round(x1 - x0, 3), round(y1 - y0, 3)] for level, (x0, y0, x1, y1) in sizes.items()},
        "area_m2": {s.id: round(outlines[s.id].area, 2) for s in storeys},
    }
    return counted | {key: n for key, n in sorted(draft.counts.items()) if n}


def _count_drawn(pieces: Iterable[Piece]) -> int:
    """How many were drawn: what has a place in the drawing counts once, however many storeys or parts it has."""
    places = [piece.place for piece in pieces]
    return len({place for place in places if place}) + places.count("")
