"""Access points' places from a vendor's own map, put into a plan that has an anchor.

Meraki: what the Dashboard API answers at `/networks/{id}/floorPlans` or `/organizations/{id}/devices`, with `mac`,
`lat` and `lng` of each device. Other vendors give pixels of a picture, which a plan has not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.plan.importers.draft import DEFAULT_MAST_M
from engine.plan.importers.ground import of_anchor
from engine.plan.importers.notes import Notes
from engine.plan.importers.read_json import number_of, read_json_any
from engine.plan.importers.words import clean, is_mac, plain, some
from engine.plan.model import AccessPoint, Level, Plan, ap_key

FAR_M = 200.0  # outside of the plan's levels: another building's, or the anchor is wrong
SENDERS = ("MR", "CW")
"""How models of access points begin; switches and cameras are on the same maps."""
Json = dict[str, Any]


@dataclass(frozen=True)
class FoundPlace:
    """Where a vendor's map has an access point, in the plan's metres. `index` is that of the plan's access point, -1
    for a new one; `moved_m` how far it is from where the plan had it, NaN for a new one."""

    mac: str
    name: str
    level: str
    x_m: float
    y_m: float
    index: int
    moved_m: float


@dataclass(frozen=True)
class _Device:
    mac: str
    name: str
    floor: str
    lon: float
    lat: float


def read_places(content: bytes, plan: Plan, notes: Notes, level: str = "") -> list[FoundPlace]:
    """The access points on the vendor's maps. `level` is that of new ones where the maps' names do not tell.

    Raises OperatorError for what is no such answer, for a plan without an anchor, and for places far from the shop.
    """
    if plan.anchor is None:
        fix = '{"lon": …, "lat": …, "bearing_deg": …} of the corner at 0, 0'
        notes.refuse("rayon.anchor", "is null: places on Earth cannot be put into this plan", fix)
    devices = list(_devices(read_json_any(content, "(whole file)", notes), ""))
    if not devices:
        fix = "the answer of Meraki's /networks/{id}/floorPlans or /organizations/{id}/devices"
        notes.refuse("(whole file)", "holds no access point with mac, lat and lng", fix)
    ground, turn = of_anchor(plan.anchor)
    at = turn.apply(ground.to_metres(np.array([(d.lon, d.lat) for d in devices])))
    found = [_find_place(d, float(x), float(y), plan, level, notes) for d, (x, y) in zip(devices, at, strict=True)]
    return [place for place in found if place is not None]


def _devices(raw: Any, floor: str, depth: int = 0) -> Iterator[_Device]:
    """Whatever has a MAC and a place, and the name of the map around it."""
    if depth > 6 or not isinstance(raw, list | dict):
        return
    if isinstance(raw, list):
        for one in raw:
            yield from _devices(one, floor, depth + 1)
        return
    mac, lat, lon = clean(raw.get("mac")), number_of(raw.get("lat"), math.nan), number_of(raw.get("lng"), math.nan)
    model = clean(raw.get("model"))
    if is_mac(mac) and abs(lat) <= 89 and abs(lon) <= 180 and (not model or model.upper().startswith(SENDERS)):
        yield _Device(mac, clean(raw.get("name")), floor, lon, lat)
        return
    own = clean(raw.get("name")) if "devices" in raw else floor
    for value in raw.values():
        yield from _devices(value, own, depth + 1)


def _find_place(device: _Device, x: float, y: float, plan: Plan, level: str, notes: Notes) -> FoundPlace | None:
    index = int(plan.ap_index.get(ap_key(device.mac), -1))
    known = plan.access_points[index] if index >= 0 else None
    on = known.level if known is not None else _level(device, plan, level, notes)
    if on is None:
        return None
    x0, y0, x1, y1 = plan.levels[plan.level_index[on]].polygon.bounds
    if not (x0 - FAR_M <= x <= x1 + FAR_M and y0 - FAR_M <= y <= y1 + FAR_M):
        notes.say(
            device.mac,
            f"is more than {FAR_M:g} m from the shop, and left out",
            "another building's? is the anchor right?",
        )
        return None
    moved_m = math.nan if known is None else math.hypot(known.x_m - x, known.y_m - y)
    return FoundPlace(device.mac, device.name, on, round(x, 2), round(y, 2), index, moved_m)


def _level(device: _Device, plan: Plan, level: str, notes: Notes) -> str | None:
    """The level of an access point that the plan has not: the operator's, the map's by its name, or the only one."""
    if level or len(plan.levels) == 1:
        return level or plan.levels[0].id
    named = [lv for lv in plan.levels if plain(device.floor) and _is_called(lv, device.floor)]
    if len(named) == 1:
        return named[0].id
    reason = f"is new, and map {device.floor!r} is no level by its name ({some(plan.level_index)}): left out"
    notes.say(device.mac, reason, "--level says which")
    return None


def _is_called(level: Level, name: str) -> bool:
    return plain(name) in (plain(level.id), plain(level.name))


def with_places(raw: Json, plan: Plan, places: list[FoundPlace]) -> Json:
    """The plan.geojson `raw` (that `plan` was read from) with access points moved and added."""
    moved = {place.index: place for place in places if place.index >= 0}
    features: list[Json] = []
    index = -1
    for feature in raw["features"]:
        if feature["properties"].get("feature_type") == "access_point":
            index += 1
            if index in moved:
                geometry = {**feature["geometry"], "coordinates": [moved[index].x_m, moved[index].y_m]}
                features.append({**feature, "geometry": geometry})
                continue
        features.append(feature)
    return {**raw, "features": [*features, *(_feature(p, plan.access_points) for p in places if p.index < 0)]}


def _feature(place: FoundPlace, others: tuple[AccessPoint, ...]) -> Json:
    """A new access point, as high as most others."""
    heights = sorted(ap.z_m for ap in others)
    z_m = heights[len(heights) // 2] if heights else DEFAULT_MAST_M
    named = {"name": place.name} if place.name else {}
    properties = {"feature_type": "access_point", "id": place.mac, "level": place.level, "z_m": z_m, **named}
    geometry = {"type": "Point", "coordinates": [place.x_m, place.y_m]}
    return {"type": "Feature", "properties": properties, "geometry": geometry}
