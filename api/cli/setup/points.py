"""Access points that were heard, placed on the plan by whoever knows where they hang."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shapely.geometry import Point

from api.cli.setup.asking import WrongAnswer, ask, ask_text, say
from api.cli.setup.files import write_whole
from api.cli.setup.heard import Arrivals, HeardPoint
from api.cli.setup.store import check_raw_plan
from engine.errors import OperatorError
from engine.plan.importers.draft import DEFAULT_MAST_M
from engine.plan.importers.start import plan_text
from engine.plan.load import PLAN_FILE, load_plan
from engine.plan.model import AccessPoint, Plan, ap_key, is_no_receiver

_PLACE = re.compile(r"(-?\d+(?:\.\d+)?)(?:\s*[;x,]\s*|\s+)(-?\d+(?:\.\d+)?)")
LEFT_OUT = "-"
OUTSIDE_M = 20.0  # next door, or in the yard


@dataclass(frozen=True, slots=True)
class _Spot:
    """Metres in the plan, or the access point of the plan that it is; neither for one that is left out."""

    x_m: float = math.nan
    y_m: float = math.nan
    same: AccessPoint | None = None


def place_points(folder: Path, plan: Plan, heard: Arrivals) -> Plan:
    """Asks where each access point hangs that the plan did not have when listening began, and writes each at once."""
    unknown = {k: p for k, p in heard.points.items() if plan.ap_index.get(k) is None and not is_no_receiver(k)}
    if not unknown:
        return plan
    say(f"Where do they hang? Metres from the corner at 0, 0, as '3.5 12'; the name of one in the plan where "
        f"it is that one; {LEFT_OUT} to leave it out.")  # fmt: skip
    for key, point in sorted(unknown.items(), key=lambda item: (-len(item[1].phones), item[0])):
        plan = _place(folder, plan, key, point)
    return plan


def _place(folder: Path, plan: Plan, key: str, heard: HeardPoint) -> Plan:
    """Asks until the plan's own check agrees, and writes the plan."""
    target = folder / PLAN_FILE
    while True:
        radio = plan.ap_index.get(key)  # placed just now: the addresses of one radio differ in the last digit
        default = LEFT_OUT if radio is None else (plan.access_points[radio].name or plan.access_points[radio].id)
        spot = ask(f"{heard.name}, {len(heard.phones)} phones", lambda text: _read_spot(text, plan), default)
        if spot.same is None and math.isnan(spot.x_m):
            return plan
        raw = json.loads(target.read_bytes().decode("utf-8-sig"))
        raw = _with_mac(raw, spot.same, heard.name) if spot.same else _with_point(raw, _ask_rest(plan, heard, spot))
        try:
            check_raw_plan(raw, target)
        except OperatorError as error:
            for problem in error.problems:
                say(f"  {problem.reason}" + (f" ({problem.fix})" if problem.fix else ""))
            continue
        write_whole(target, plan_text(raw))
        return load_plan(folder)


def _ask_rest(plan: Plan, heard: HeardPoint, spot: _Spot) -> dict[str, Any]:
    name = ask_text("  Name", f"AP {len(plan.access_points) + 1}" if _is_mac(heard.name) else heard.name)
    levels = list(plan.level_index)
    level = levels[0] if len(levels) == 1 else ask("  Level", lambda text: _read_level(text, levels), levels[0])
    z_m = ask("  Metres above the floor", _read_height, f"{_usual_height(plan):g}")
    properties = {"feature_type": "access_point", "id": heard.name, "level": level, "z_m": z_m, "name": name}
    geometry = {"type": "Point", "coordinates": [spot.x_m, spot.y_m]}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _with_point(raw: dict[str, Any], feature: dict[str, Any]) -> dict[str, Any]:
    return {**raw, "features": [*raw["features"], feature]}


def _with_mac(raw: dict[str, Any], same: AccessPoint, mac: str) -> dict[str, Any]:
    """The plan with one more address of an access point that it has."""

    def told(feature: dict[str, Any]) -> dict[str, Any]:
        p = feature["properties"]
        if p.get("feature_type") != "access_point" or p.get("id") != same.id:
            return feature
        return {**feature, "properties": {**p, "macs": [*(p.get("macs") or ()), mac]}}

    return {**raw, "features": [told(feature) for feature in raw["features"]]}


def _read_spot(text: str, plan: Plan) -> _Spot:
    if text == LEFT_OUT:
        return _Spot()
    found = _PLACE.fullmatch(text)
    if found is not None:
        spot = Point(float(found[1]), float(found[2]))
        outside_m = min(level.polygon.distance(spot) for level in plan.levels)
        if outside_m > OUTSIDE_M:
            raise WrongAnswer(f"that is {outside_m:.0f} m outside the floor: metres from the corner at 0, 0")
        return _Spot(spot.x, spot.y)
    same = [p for p in plan.access_points if text.casefold() in (p.id.casefold(), p.name.casefold())]
    if len(same) == 1:
        return _Spot(same=same[0])
    raise WrongAnswer(
        f"{text!r} names several access points" if same else f"two numbers as '3.5 12', one of the plan, or {LEFT_OUT}"
    )


def _read_level(text: str, levels: list[str]) -> str:
    if text not in levels:
        raise WrongAnswer(f"one of {', '.join(levels)}")
    return text


def _read_height(text: str) -> float:
    try:
        z_m = float(text.replace(",", "."))
    except ValueError:
        raise WrongAnswer("a number of metres") from None
    if not 0 <= z_m <= 60:
        raise WrongAnswer("from 0 to 60 m")
    return z_m


def _usual_height(plan: Plan) -> float:
    heights = sorted(point.z_m for point in plan.access_points)
    return heights[len(heights) // 2] if heights else DEFAULT_MAST_M


def _is_mac(name: str) -> bool:
    return re.fullmatch("[0-9a-f]{12}", ap_key(name)) is not None
