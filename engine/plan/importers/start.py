"""A plan to start from: a rectangle with one of each thing, and a page that says what to change."""

from __future__ import annotations

import json
from typing import Any

from engine.plan.header import VERSION

README = """\
# {name}

`plan.geojson` in this folder is a start: a rectangle of {width_m:g} by {depth_m:g} m with one of each thing. Change it
with any text editor, and after each change run

    rayon plan check {folder}
    rayon plan draw {folder} -o plan.svg

Coordinates are metres, x to the right and y up, from the corner at 0, 0. One line is one feature:

- `level`: the floor. Walk around the shop with a laser or a tape, and write its corners in turn, the first one again at
  the end. Another storey is another line, with an `ordinal` one higher.
- `wall`: where people cannot walk and radio loses some. Leave gaps where people pass. `material` tells how much is
  lost: glass, drywall, brick, concrete, metal and others.
- `fixture`: a shelf, as its outline on the floor. Copy the line for each one; half a metre is close enough.
- `section`: a zone, as managers and campaigns should know it. `id` is for campaigns, `name` for people. Zones may
  overlap.
- `opening`: doors (`entrance`, `exit`) and tills (`checkout`).
- `access_point`: where each hangs, as exactly as you can, and `z_m`, how high above the floor. Its `id` is what
  readings call it: **its MAC** as a rule; the start has ap-1 to ap-4. `macs` may list further addresses of its radios.

In the member `rayon`: `timezone` and `currency` of the shop, and `anchor`, where the corner at 0, 0 lies on Earth and
where the y axis points (degrees clockwise from north), or null.

Products with their places go into `products.csv`, coupons into `campaigns.yaml`. There is a drawing already? Then
`rayon plan import` may do most of this.
"""


def new_plan(store: str, name: str, timezone: str, currency: str, width_m: float, depth_m: float) -> dict[str, Any]:
    """A plan.geojson as an object: a level of this size, its walls with a door, a zone, a shelf, a till, and four
    access points to be moved and named."""
    w, d = round(width_m, 2), round(depth_m, 2)
    door = [round(w / 2 - 1, 2), round(w / 2 + 1, 2)]
    shelf = [round(w * 0.3, 2), round(d * 0.45, 2), round(w * 0.7, 2), round(d * 0.45 + min(1.0, d / 6), 2)]
    inset = min(3.0, w / 4, d / 4)
    corners = [(inset, inset), (w - inset, inset), (w - inset, d - inset), (inset, d - inset)]
    features = [
        _feature("level", "Polygon", _box(0, 0, w, d), id="0", ordinal=0, name="Ground floor", height_m=3.0),
        _feature(
            "wall",
            "LineString",
            [[door[0], 0], [0, 0], [0, d], [w, d], [w, 0], [door[1], 0]],
            level="0",
            material="brick",
        ),
        _feature("fixture", "Polygon", _box(*shelf), id="shelf-1", level="0", name="First shelf", category="gondola"),
        _feature("section", "Polygon", _box(0, round(d / 2, 2), w, d), id="back", level="0", name="Back of the shop"),
        _feature("opening", "LineString", [[door[0], 0], [door[1], 0]], id="door", level="0", category="entrance"),
        _feature(
            "opening", "Point", [round(w * 0.8, 2), round(d * 0.15, 2)], id="till", level="0", category="checkout"
        ),
    ]
    for i, (x, y) in enumerate(corners, 1):
        spot = [round(x, 2), round(y, 2)]
        features.append(_feature("access_point", "Point", spot, id=f"ap-{i}", level="0", z_m=2.7, name=f"AP {i}"))
    head = {
        "version": VERSION,
        "store": store,
        "name": name,
        "timezone": timezone,
        "currency": currency,
        "anchor": None,
    }
    return {"type": "FeatureCollection", "rayon": head, "features": features}


def plan_text(plan: dict[str, Any]) -> str:
    """A plan as its file holds it, one feature a line: people can read it, and tools compare it."""
    features = ",\n  ".join(json.dumps(feature, ensure_ascii=False) for feature in plan["features"])
    head = {key: value for key, value in plan.items() if key != "features"}
    return json.dumps(head, ensure_ascii=False)[:-1] + f', "features": [\n  {features}\n]}}\n'


def _box(x0: float, y0: float, x1: float, y1: float) -> list[list[list[float]]]:
    return [[[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]]]


def _feature(kind: str, shape: str, coordinates: Any, **properties: Any) -> dict[str, Any]:
    geometry = {"type": shape, "coordinates": coordinates}
    return {"type": "Feature", "properties": {"feature_type": kind, **properties}, "geometry": geometry}
