"""A small store as plan.geojson holds it, to be changed by tests: 12 by 8 m, one gondola, one wall with a door."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

Json = dict[str, Any]

PRODUCTS = "sku,name,category,price_minor,level,x_m,y_m,legal_class\nA1,Pain,boulangerie,110,0,2.5,2.5,food\n"


def ring(x0: float, y0: float, x1: float, y1: float) -> list[list[list[float]]]:
    """The coordinates of a rectangle."""
    return [[[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]]]


def feature(kind: str, shape: str, coordinates: Any, **properties: Any) -> Json:
    """A feature of a plan."""
    geometry = {"type": shape, "coordinates": coordinates}
    return {"type": "Feature", "properties": {"feature_type": kind, **properties}, "geometry": geometry}


LEVEL, WALL, FIXTURE, SECTION, OPENING, AP, AP2, AP3 = range(8)
"""Where each feature of `SHOP` stands in its list."""

SHOP: Json = {
    "type": "FeatureCollection",
    "rayon": {
        "version": 1,
        "store": "shop",
        "name": "The shop",
        "timezone": "Europe/Paris",
        "currency": "EUR",
        "anchor": {"lon": 2.35, "lat": 48.86, "bearing_deg": 10.0},
    },
    "features": [
        feature("level", "Polygon", ring(0, 0, 12, 8), id="0", ordinal=0, name="Ground"),
        feature("wall", "LineString", [[8, 0], [8, 6]], level="0", material="brick"),
        feature("fixture", "Polygon", ring(3, 3, 6, 4), id="g1", level="0", category="gondola"),
        feature("section", "Polygon", ring(0, 0, 7, 8), id="bread", level="0", name="Bread"),
        feature("opening", "LineString", [[1, 0], [2, 0]], id="door", level="0", category="entrance"),
        feature("access_point", "Point", [1, 1], id="AA-BB-CC-00-00-01", level="0", z_m=2.8),
        feature("access_point", "Point", [11, 1], id="AA-BB-CC-00-00-02", level="0", z_m=2.8),
        feature("access_point", "Point", [6, 7], id="ceiling-3", level="0", z_m=2.8),
    ],
}


def shop() -> Json:
    """A fresh copy of the store."""
    return copy.deepcopy(SHOP)


def write(folder: Path, plan: Json | str = SHOP, products: str | None = PRODUCTS) -> Path:
    """Writes a store's folder; gives it back."""
    folder.mkdir(parents=True, exist_ok=True)
    text = plan if isinstance(plan, str) else json.dumps(plan, ensure_ascii=False)
    (folder / "plan.geojson").write_text(text, encoding="utf-8")
    if products is not None:
        (folder / "products.csv").write_text(products, encoding="utf-8")
    return folder
