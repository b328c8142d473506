"""A report as data: JSON, CSV, GeoJSON. The same cells as on the screen, with programs' names and plain units."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from shapely import transform
from shapely.geometry import Point, box, mapping
from shapely.geometry.base import BaseGeometry

from api.managers.console.figures.asked import View
from api.managers.console.figures.report import Report
from api.managers.console.figures.tables import Cell
from api.managers.told import FEWER_THAN_K, TableFigure
from api.times import rfc3339
from engine.plan.importers.ground import of_anchor
from engine.plan.model import Plan

DIGITS = 4
PLACE_DIGITS = 8  # of a degree: a millimetre
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take for the beginning of a formula (CWE-1236)."""
Json = dict[str, Any]


def head_json(report: Report) -> Json:
    """Which report it is: everything but its rows."""
    span, asked = report.span, report.asked
    return {
        "store": report.plan.store,
        "report": report.view.value,
        "from": rfc3339(span.from_t),
        "to": rfc3339(span.end_t),
        "first_day": span.first.isoformat(),
        "last_day": span.last.isoformat(),
        "timezone": report.plan.timezone,
        "running": report.is_running,
        "compare": asked.compare.value,
        "compared_with": [
            {"first_day": c.span.first.isoformat(), "last_day": c.span.last.isoformat()}
            for _, c in report.looked.before
        ],
        "hours": list(span.hours),
        "weekdays": sorted(span.weekdays),
        "zone": asked.zone,
        "product": asked.product,
        "category": asked.category,
        "k": report.k,
        "plans": [{"since": rfc3339(v.since), "version": v.digest} for v in report.versions],
        "notes": [{"code": n.code.value, **{k: str(v) for k, v in n.values.items()}} for n in report.notes],
        "columns": [{"name": c.name, "unit": c.unit} for c in report.table.columns],
    }


def rows_json(report: Report, after: str | None, limit: int) -> tuple[list[Json], str | None]:
    """A page of rows after the row of key `after`, and the cursor of the next; an unknown key begins nowhere."""
    rows = report.table.rows
    start = 0 if after is None else next((i + 1 for i, r in enumerate(rows) if r.key == after), len(rows))
    page = rows[start : start + limit]
    names = [c.name for c in report.table.columns]
    items = [{n: cell_json(c) for n, c in zip(names, row.cells, strict=True)} for row in page]
    return items, page[-1].key if page and start + limit < len(rows) else None


def cell_json(cell: Cell) -> Any:
    """A code, or a figure with its interval; where it is withheld, why there is none."""
    if isinstance(cell, TableFigure):
        said = {"value": round_off(cell.value), "low": round_off(cell.low), "high": round_off(cell.high)}
        return said | {"reason": FEWER_THAN_K} if cell.withheld else said
    return cell


def table_csv(report: Report) -> str:
    """The table by RFC 4180, with two columns more for each figure that has intervals, and at last which figures of the
    row are withheld."""
    columns = report.table.columns
    wide = {
        i
        for row in report.table.rows
        for i, cell in enumerate(row.cells)
        if isinstance(cell, TableFigure) and cell.low is not None
    }
    out = io.StringIO()
    writer = csv.writer(out)
    head: list[str] = []
    for i, column in enumerate(columns):
        head += [column.name, f"{column.name}_low", f"{column.name}_high"] if i in wide else [column.name]
        if column.unit in ("zone", "product"):
            head.append(f"{column.name}_name")
    head.append(FEWER_THAN_K)
    writer.writerow(head)
    zones = {z.id: z.name for z in report.plan.zones}
    named = {"zone": zones, "product": {p.sku: p.name for p in report.plan.products}}
    for row in report.table.rows:
        line: list[Any] = []
        for i, (column, cell) in enumerate(zip(columns, row.cells, strict=True)):
            if isinstance(cell, TableFigure):
                ends = (cell.value, cell.low, cell.high) if i in wide else (cell.value,)
                line += ["" if end is None else round_off(end) for end in ends]
            else:
                line.append(WEEKDAYS[int(cell)] if column.unit == "weekday" else _safe(cell))
                if column.unit in named:
                    line.append(_safe(named[column.unit].get(cell, "")))
        pairs = zip(columns, row.cells, strict=True)
        line.append(" ".join(c.name for c, cell in pairs if isinstance(cell, TableFigure) and cell.withheld))
        writer.writerow(line)
    return out.getvalue()


def _safe(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULAS) else text


def geojson(report: Report) -> Json:
    """Zones with their figures, and the squares of the heat where the report is of heat (RFC 7946).

    In degrees where the plan has an anchor; without one in the store's own metres, which `frame` says. The anchor
    itself stands beside the features, as in the plan's own file.
    """
    plan = report.plan
    figures = {row.key: row.cells for row in report.table.rows}
    names = [c.name for c in report.table.columns]
    features: list[Json] = []
    for zone in plan.zones:
        cells = figures.get(zone.id)
        said = {} if cells is None else {n: cell_json(c) for n, c in zip(names, cells, strict=True)}
        features.append(
            _feature(plan, zone.polygon, {"kind": "zone", "id": zone.id, "name": zone.name, "level": zone.level} | said)
        )
    if report.view is View.HEAT:
        features += _squares(report)
    if report.view is View.PRODUCTS:
        features += _products(report)
    anchor = plan.anchor
    return {
        "type": "FeatureCollection",
        "rayon": head_json(report)
        | {
            "frame": "store_metres" if anchor is None else "wgs84",
            "anchor": None
            if anchor is None
            else {"lon": anchor.lon, "lat": anchor.lat, "bearing_deg": anchor.bearing_deg},
        },
        "features": features,
    }


def _squares(report: Report) -> list[Json]:
    out = []
    for heat, hot in zip(report.counts.heat.levels, report.counts.heat.outlined, strict=True):
        frame = heat.frame
        for row, col in np.argwhere(heat.mask & (heat.person_s > 0)).tolist():
            x, y, side = frame.x0_m + col * frame.heat_cell_m, frame.y0_m + row * frame.heat_cell_m, frame.heat_cell_m
            said = {
                "kind": "square",
                "level": frame.level,
                "person_s": round_off(float(heat.person_s[row, col])),
                "z": round_off(float(heat.z[row, col])),
                "hot": bool(hot[row, col]),
            }
            out.append(_feature(report.plan, box(x, y, x + side, y + side), said))
    return out


def _products(report: Report) -> list[Json]:
    """Where one faces each product, with its figures."""
    names, out = [c.name for c in report.table.columns], []
    for row in report.table.rows:
        product = report.plan.product_by_sku[row.key]
        said = {n: cell_json(c) for n, c in zip(names, row.cells, strict=True)}
        properties = {"kind": "product", "id": product.sku, "name": product.name, "level": product.level} | said
        out.append(_feature(report.plan, Point(product.x_m, product.y_m), properties))
    return out


def _feature(plan: Plan, shape: BaseGeometry, properties: Mapping[str, Any]) -> Json:
    return {"type": "Feature", "properties": dict(properties), "geometry": mapping(_place(plan, shape))}


def _place(plan: Plan, shape: BaseGeometry) -> BaseGeometry:
    if plan.anchor is None:
        return shape
    ground, turn = of_anchor(plan.anchor)
    return transform(shape, lambda xy: np.round(ground.to_degrees(turn.undo(xy)), PLACE_DIGITS))


def round_off(value: float | None) -> float | None:
    """To four decimals; None of what is no number."""
    if value is None or not np.isfinite(value):
        return None
    rounded = round(float(value), DIGITS)
    return int(rounded) if rounded.is_integer() else rounded
